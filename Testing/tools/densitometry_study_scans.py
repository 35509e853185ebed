"""Scans of digital patients for the study of densitometry: simulated once, measured as often as wanted.

    python Testing/tools/densitometry_study_scans.py DIR --seed 660000 --count 200

Every patient is scanned once, the hips only. Protocol and tube voltage take turns, so that every protocol meets every
voltage; kernel, noise, slice thickness, position, cupping, hardening and the scanner's scale and offset are drawn.
Voxels are 1.5 x 1.5 x 2 mm for all: a whole study then takes an hour. With ``--own-beam`` each body hardens the beam
by its own size, as real ones do; without, all have the beam behind 26 cm of water that densitometry reckons with.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.digital_patient import DigitalPatient, make_digital_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.labels import sided
from OsteoScreenLib.phantom.plan import plan_body
from OsteoScreenLib.phantom.protocol import PROTOCOLS, Protocol, draw_protocol
from OsteoScreenLib.phantom.traits import PatientTraits

KINDS = ("low-dose-abdomen", "abdomen", "hip", "thin-sharp", "abdomen-portal-venous")
VOLTAGES = (120.0, 100.0, 140.0, 80.0)
SPACING_MM = (1.5, 1.5, 2.0)
AGES = (50.0, 90.0)
SITES = ("femoral_neck", "total_hip")
SIDES = {"left": "L", "right": "R"}


@dataclass(frozen=True, eq=False)
class StudyScan:
    """A scan as it is kept.

    Attributes:
        ct: the image, with what its header would say. labels: (z, y, x) uint8, true femora, 1 left and 2 right.
        facts: what is true: traits, protocol, line of a perfect phantom, densities, scores and landmarks by side.
    """

    ct: CTVolume
    labels: np.ndarray
    facts: dict[str, Any]


def study_traits(seed: int) -> PatientTraits:
    """A patient of 50 to 90 years, women and men in turn, implants as often as in the population."""
    age = float(np.random.default_rng([seed, *b"age"]).uniform(*AGES))
    return draw_patient(seed, sex="FM"[seed % 2], age_years=age)


def study_protocol(seed: int) -> tuple[str, Protocol]:
    """Kind and protocol of a patient's scan: named and covered as a scan of the hips."""
    kind, kvp = KINDS[seed % len(KINDS)], VOLTAGES[seed // len(KINDS) % len(VOLTAGES)]
    rng = np.random.default_rng([seed, *b"densitometry"])
    drawn = draw_protocol(PROTOCOLS[kind], rng)
    thickness = float(rng.choice([SPACING_MM[2], SPACING_MM[2], 3.0]))
    return kind, replace(drawn, name="hip", kvp=kvp, spacing_xyz_mm=SPACING_MM, slice_thickness_mm=thickness)


def perfect_line(protocol: Protocol) -> tuple[float, float]:
    """Slope and intercept that a perfect liquid phantom in this scan would give."""
    step = Beam.of(protocol.kvp, water_cm=protocol.water_cm).k2hpo4_hu
    return 1 / (protocol.hu_scale * step), ((1000 - protocol.hu_offset) / protocol.hu_scale - 1000) / step


def own_water_cm(traits: PatientTraits) -> float:
    """Water as thick as the body on the way through the hips: a disc as large as the trunk's ellipse, 20 to 32 cm."""
    plan = plan_body(traits)
    return float(np.clip(0.2 * np.sqrt(plan.hip_half_width_mm * plan.waist_half_depth_mm), 20.0, 32.0))


def make_scan(seed: int, own_beam: bool = False) -> StudyScan:
    """Simulate one patient."""
    kind, protocol = study_protocol(seed)
    traits = study_traits(seed)
    if own_beam:
        protocol = replace(protocol, water_cm=own_water_cm(traits))
    patient = make_digital_patient(traits, protocol, workers=1)
    labels = np.zeros(patient.labels.shape, np.uint8)
    for number, letter in enumerate("LR", start=1):
        labels[patient.labels == sided("femur", letter)] = number
    return StudyScan(patient.ct, labels, _facts(patient, kind))


def _facts(patient: DigitalPatient, kind: str) -> dict[str, Any]:
    traits, protocol, truth = patient.traits, patient.protocol, patient.truth
    assert truth is not None
    return {
        "seed": traits.seed,
        "kind": kind,
        "sex": traits.sex,
        "age": traits.age_years,
        "implant": {"L": "left", "R": "right"}.get(traits.implant_side or "", ""),
        "kvp": protocol.kvp,
        "phase": protocol.phase,
        "kernel": protocol.kernel,
        "water_cm": protocol.water_cm,
        "line": perfect_line(protocol),
        "truth": {side: _femur_facts(patient, letter) for side, letter in SIDES.items()},
    }


def _femur_facts(patient: DigitalPatient, letter: str) -> dict[str, Any]:
    assert patient.truth is not None
    record, femur, points = patient.truth.femurs[letter], patient.landmarks[letter], patient.landmarks_in_image[letter]
    return {
        "abmd": {site: record.areal[site].abmd_g_cm2 for site in SITES},
        "t_score": {site: record.t_scores[site] for site in SITES},
        "neck_shaft_angle_deg": femur.shape.neck_shaft_angle_deg,
        "head_centre": points["head_centre"],
        "neck_centre": points["neck_centre"],
    }


def save(scan: StudyScan, path: Path) -> None:
    """Write a scan, whole or not at all."""
    facts = {**scan.facts, "geometry": scan.ct.geometry.to_dict(), "acquisition": scan.ct.acquisition.to_dict()}
    unfinished = path.with_suffix(".part.npz")
    hu = np.clip(np.rint(scan.ct.hu), -32768, 32767).astype(np.int16)
    np.savez_compressed(unfinished, hu=hu, labels=scan.labels, facts=np.array(json.dumps(facts)))
    unfinished.replace(path)


def load(path: Path) -> StudyScan:
    """Read what :func:`save` wrote."""
    with np.load(path, allow_pickle=False) as data:
        facts = json.loads(str(data["facts"]))
        geometry, acquisition = Geometry.from_dict(facts["geometry"]), Acquisition.from_dict(facts["acquisition"])
        return StudyScan(CTVolume(data["hu"], geometry, acquisition), data["labels"], facts)


def paths(folder: Path, first_seed: int, count: int) -> Iterator[Path]:
    """Where the scans of these seeds are kept."""
    return (folder / f"{seed}.npz" for seed in range(first_seed, first_seed + count))


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the scans that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=660_000)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--own-beam", action="store_true", help="each body hardens the beam by its own size")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for path in paths(options.folder, options.seed, options.count):
        if not path.exists():
            started = time.perf_counter()
            save(make_scan(int(path.stem), options.own_beam), path)
            print(path.stem, f"{time.perf_counter() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
