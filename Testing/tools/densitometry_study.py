"""How far densitometry is off on digital patients whose density is known. Simulated: see Docs/densitometry.md.

    python Testing/tools/densitometry_study_scans.py SCANS --seed 660000 --count 200
    python Testing/tools/densitometry_study_masks.py SCANS --seed 660000 --count 200
    python Testing/tools/densitometry_study.py SCANS --rows ROWS.jsonl --seed 660000 --count 200

Each scan is measured twice, with the network's own masks and with the true ones, both with internal calibration. Rows
that are there already are kept; the tables are printed at the end (``--report``: at once).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from densitometry_study_masks import StudyMasks, load_masks, mask_path, version_of
from densitometry_study_report import report
from densitometry_study_scans import SITES, StudyScan, load, paths

from OsteoScreenLib.densitometry.calibrate_fixed import calibrate_fixed
from OsteoScreenLib.densitometry.calibration import Calibration
from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice
from OsteoScreenLib.densitometry.densitometry_result import Densitometry, FemurDensitometry
from OsteoScreenLib.densitometry.measure import measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import default_settings

REGIONS = ("head", "neck", "trochanteric", "intertrochanteric", "total_hip")
Row = dict[str, Any]


def rows_of(scan: StudyScan, masks: StudyMasks) -> list[Row]:
    """Rows of both femora, with true masks and with the network's."""
    facts = PatientFacts(scan.facts["sex"], scan.facts["age"], contrast=scan.facts["phase"] != "none")
    known = {name: scan.facts[name] for name in ("seed", "kind", "sex", "age", "kvp", "phase", "kernel", "implant")}
    known["slice_mm"] = scan.ct.acquisition.slice_thickness_mm
    choice = CalibrationChoice(method="internal")
    implants = [scan.facts["implant"]] if scan.facts["implant"] else []
    true = measure(scan.ct, scan.labels, choice, facts, implants=implants)
    found = measure(scan.ct, masks.labels, choice, facts, implants=masks.implants, unusable=masks.unusable)
    lines = _lines(scan)
    rows = []
    for name, result in (("truth", true), ("network", found)):
        for side, femur in result.femora.items():
            ideal = true.femora[side]
            rows.append(
                {**known, "masks": name, "side": side, **_scan_row(result, scan), **_femur_row(femur, ideal, lines)}
            )
            rows[-1]["truth"] = scan.facts["truth"][side]
    return rows


def _lines(scan: StudyScan) -> dict[str, Any]:
    """The lines from HU to density that internal calibration is compared with."""
    settings = default_settings()
    return {
        "perfect": scan.facts["line"],
        "own": calibrate_fixed(settings, scan.facts["kvp"]),
        "at_120": calibrate_fixed(settings, 120.0),
    }


def _scan_row(result: Densitometry, scan: StudyScan) -> Row:
    calibration = result.calibration
    if calibration is None:
        return {"refused": result.no_calibration or result.withheld}
    slope, intercept = scan.facts["line"]
    return {"refused": "", "slope": calibration.slope / slope - 1, "intercept": calibration.intercept - intercept}


def _femur_row(femur: FemurDensitometry, ideal: FemurDensitometry, lines: Mapping[str, Any]) -> Row:
    """What was measured; densities beside what a perfect phantom reads in the true mask."""
    row: Row = {"withheld": femur.withheld, "regions": {}, "areal": {}, "landmarks": _landmarks(femur)}
    row["no_density"] = femur.regions["total_hip"]["vbmd"].withheld if "total_hip" in femur.regions else ""
    row["status"] = None if femur.status is None else femur.status.status
    slope, intercept = lines["perfect"]
    for name in REGIONS:
        if name not in femur.regions or name not in ideal.regions:
            continue
        density, hu = femur.regions[name]["trabecular_vbmd"], ideal.regions[name]["trabecular_hu"]
        if density.value is None or hu.value is None:
            continue
        entry = {"vbmd": density.value, "sd": density.sd, "perfect": slope * hu.value + intercept}
        entry |= {n: float(c.density(hu.value)) for n, c in lines.items() if isinstance(c, Calibration)}
        row["regions"][name] = entry
    for site in SITES:
        if site in femur.areal and femur.areal[site]["abmd"].value is not None:
            abmd, score = femur.areal[site]["abmd"], femur.areal[site]["t_score"]
            row["areal"][site] = {"abmd": abmd.value, "sd": abmd.sd, "t_score": score.value, "t_sd": score.sd}
    return row


def _landmarks(femur: FemurDensitometry) -> Row:
    marks = femur.landmarks
    if marks is None:
        return {}
    found = {
        "neck_shaft_angle_deg": marks.neck_shaft_angle_deg,
        "head_centre": marks.head_centre_lps_mm,
        "neck_axis": marks.neck_axis,
    }
    return {name: value for name, value in found.items() if value is not None}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is not measured yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scans", type=Path)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=660_000)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--bundle", type=Path, help="folder of the femur model; the newest installed one if not given")
    parser.add_argument("--report", action="store_true", help="only the tables of the rows that are there")
    options = parser.parse_args(arguments)
    rows = [json.loads(line) for line in options.rows.read_text().splitlines()] if options.rows.exists() else []
    if not options.report:
        rows += _measured(options, {row["seed"] for row in rows})
    print(report(rows))


def _measured(options: argparse.Namespace, there: set[int]) -> list[Row]:
    version, made = version_of(options.bundle), []
    with options.rows.open("a", encoding="utf-8") as out:
        for path in paths(options.scans, options.seed, options.count):
            masks = mask_path(options.scans, version, int(path.stem))
            if int(path.stem) in there or not path.exists() or not masks.exists():
                continue
            started = time.perf_counter()
            new = [{**row, "model": version} for row in rows_of(load(path), load_masks(masks))]
            made += new
            out.write("".join(json.dumps(row) + "\n" for row in new))
            out.flush()
            print(path.stem, f"{time.perf_counter() - started:.1f} s", flush=True)
    return made


if __name__ == "__main__":
    main()
