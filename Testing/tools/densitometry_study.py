"""How far densitometry is off on digital patients whose density is known. Simulated: see Docs/densitometry.md.

    python Testing/tools/densitometry_study.py ROWS.jsonl --seed 650101 --count 14 --kvp 100 120 140 80
    python Testing/tools/densitometry_study.py ROWS.jsonl --seed 650200 --count 3 --kvp 80 100 120 140 --all-voltages

Each row is one femur, measured with its true mask and internal calibration; rows that are there already are kept. A
summary is printed at the end. Kernel, noise, slices, position, cupping, hardening, scale and offset are drawn anew for
each scan.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from OsteoScreenLib.densitometry.calibrate_fixed import calibrate_fixed
from OsteoScreenLib.densitometry.calibration import Calibration
from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice
from OsteoScreenLib.densitometry.measure import measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import default_settings
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.digital_patient import DigitalPatient, make_digital_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.labels import sided
from OsteoScreenLib.phantom.protocol import PROTOCOLS, Protocol

REGIONS = ("head", "neck", "trochanteric", "intertrochanteric", "total_hip")
SITES = ("femoral_neck", "total_hip")
SPACING = (1.5, 1.5, 2.0)
Row = dict[str, Any]


def drawn_protocol(seed: int, kvp: float) -> Protocol:
    """A hip scan of a scanner of its own."""
    rng = np.random.default_rng([seed, int(kvp)])
    roll, yaw, pitch = (float(v) for v in rng.normal(0, (3, 1.5, 1.5)))
    return replace(
        PROTOCOLS["hip"],
        name=f"hip-{kvp:g}",
        kvp=kvp,
        noise_hu=float(rng.uniform(10, 26)),
        kernel=str(rng.choice(["STANDARD", "SOFT"])),
        spacing_xyz_mm=SPACING,
        slice_thickness_mm=float(rng.choice([SPACING[2], SPACING[2], 3.0])),
        tilt_deg=(roll, yaw, pitch),
        cupping_hu=float(rng.normal(3, 2.5)),
        hardening=float(rng.uniform(0.1, 0.9)),
        hu_scale=float(rng.normal(1, 0.008)),
        hu_offset=float(rng.normal(0, 3)),
    )


def perfect_line(protocol: Protocol) -> tuple[float, float]:
    """Slope and intercept that a perfect liquid phantom in this scan would give."""
    step = Beam.of(protocol.kvp).k2hpo4_hu
    return 1 / (protocol.hu_scale * step), ((1000 - protocol.hu_offset) / protocol.hu_scale - 1000) / step


def rows_of(patient: DigitalPatient, truth: Any) -> list[Row]:
    """What was measured of both femora, and what is true."""
    protocol, traits = patient.protocol, patient.traits
    labels = np.zeros(patient.labels.shape, np.uint8)
    for number, side in ((1, "L"), (2, "R")):
        labels[patient.labels == sided("femur", side)] = number
    facts = PatientFacts(traits.sex, max(traits.age_years, 50.0), contrast=False)
    result = measure(patient.ct, labels, CalibrationChoice(method="internal"), facts)
    base: Row = {"seed": traits.seed, "kvp": protocol.kvp, "refused": result.no_calibration}
    calibration = result.calibration
    if calibration is None:
        return [base]
    slope, intercept = perfect_line(protocol)
    lines = {
        "own": calibrate_fixed(default_settings(), protocol.kvp),
        "at_120": calibrate_fixed(default_settings(), 120),
    }
    base |= {"slope": calibration.slope / slope - 1, "intercept": calibration.intercept - intercept}
    base |= {"uncertainty": calibration.uncertainty_mg_cm3, "tissues": [s.name for s in calibration.samples]}
    rows = []
    for side, femur in result.femora.items():
        row: Row = {**base, "side": side, "withheld": femur.withheld, "regions": {}, "areal": {}}
        for name in REGIONS:
            density, hu = (femur.regions[name][f"trabecular_{what}"] for what in ("vbmd", "hu"))
            if density.value is not None and hu.value is not None:
                found = {"vbmd": density.value, "sd": density.sd, "perfect": slope * hu.value + intercept}
                found |= {n: float(c.density(hu.value)) for n, c in lines.items() if isinstance(c, Calibration)}
                row["regions"][name] = found
        for site in SITES:
            abmd = femur.areal[site]["abmd"]
            true = truth.femurs[side[0].upper()]
            if abmd.value is not None:
                score = femur.areal[site]["t_score"].value
                row["areal"][site] = [abmd.value, abmd.sd, true.areal[site].abmd_g_cm2, score, true.t_scores[site]]
        rows.append(row)
    return rows


def words(values: list[float]) -> str:
    """Mean, standard deviation and largest."""
    found = np.asarray(values)
    return f"{found.mean():+.2f} +- {found.std(ddof=1):.2f}, largest {np.abs(found).max():.2f}"


def summary(rows: list[Row]) -> None:
    """Print the errors."""
    scans = {(row["seed"], row["kvp"]): row for row in rows}.values()
    made = [row for row in scans if not row["refused"]]
    print(f"{len(scans)} scans, {len(scans) - len(made)} refused")
    print(f"slope, %: {words([100 * r['slope'] for r in made])}; intercept: {words([r['intercept'] for r in made])}")
    for name in REGIONS:
        found = [row["regions"][name] for row in rows if name in row.get("regions", {})]
        for line in ("vbmd", "own", "at_120"):
            print(f"{name}, {line} against a perfect phantom: {words([f[line] - f['perfect'] for f in found])}")
        inside = np.mean([abs(f["vbmd"] - f["perfect"]) < 1.96 * f["sd"] for f in found])
        print(f"{name}: {100 * inside:.0f} % within the stated 95 %")
    for site in SITES:
        areas = np.array([row["areal"][site] for row in rows if site in row.get("areal", {})])
        off = areas[:, 0] - areas[:, 2]
        root = np.sqrt(np.mean((areas[:, 3] - areas[:, 4]) ** 2))
        correlation = np.corrcoef(areas[:, 0], areas[:, 2])[0, 1]
        print(f"{site}, g/cm2: {words(off.tolist())}; r {correlation:.3f}; T-score RMSE {root:.2f}")
        print(f"{site}: {100 * np.mean(np.abs(off) < 1.96 * areas[:, 1]):.0f} % within the stated 95 %")


def main() -> None:
    """Make patients, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--kvp", type=float, nargs="+", default=[120.0])
    parser.add_argument(
        "--all-voltages", action="store_true", help="each patient at each voltage, not one after another"
    )
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.rows.read_text().splitlines()] if options.rows.exists() else []
    there = {(row["seed"], row["kvp"]) for row in rows}
    with options.rows.open("a", encoding="utf-8") as out:
        for number in range(options.count):
            seed, truth = options.seed + number, None
            traits = replace(draw_patient(seed, sex="FM"[number % 2]), implant=None, implant_side=None)
            for kvp in options.kvp if options.all_voltages else [options.kvp[number % len(options.kvp)]]:
                if (seed, kvp) in there:
                    continue
                protocol = drawn_protocol(seed, kvp)
                patient = make_digital_patient(traits, protocol, with_truth=truth is None, workers=1)
                truth = truth or patient.truth
                for row in rows_of(patient, truth):
                    rows.append(row)
                    out.write(json.dumps(row) + "\n")
                out.flush()
    summary(rows)


if __name__ == "__main__":
    main()
