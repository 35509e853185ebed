"""How far areal BMD changes when the patient lies turned: the same finely sampled scan, taken again in every pose.

    python Testing/tools/densitometry_pose.py --seed 680000 --count 3

A scan straight from the table would be sharper than one resampled, so none is: the reference too is resampled, turned
by 3 degrees about each axis. The scans have no noise and voxels of 1 mm; what is measured has 1.5 x 1.5 x 2 mm. The
line from HU to density is the same for all. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from densitometry_study_scans import SPACING_MM, study_traits
from study_tables import markdown

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.calibration_choice import CalibrationChoice
from OsteoScreenLib.densitometry.measure import measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.phantom.digital_patient import make_digital_patient
from OsteoScreenLib.phantom.labels import sided
from OsteoScreenLib.phantom.protocol import PROTOCOLS

REFERENCE_DEG = (3.0, 3.0, 3.0)
TURNS_DEG = tuple(
    tuple(sign * 20.0 if axis == turned else 0.0 for axis in range(3)) for turned in range(3) for sign in (1, -1)
)
FINE_MM = 1.0
MARGIN_MM = 22.0
SITES = ("femoral_neck", "total_hip")


def turned_by(degrees: Sequence[float]) -> np.ndarray:
    """Rotation about x, then y, then z."""
    result = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        step = np.eye(3)
        step[i, i] = step[j, j] = np.cos(angle)
        step[i, j], step[j, i] = -np.sin(angle), np.sin(angle)
        result = step @ result
    return result


def resampled(ct: CTVolume, mask: np.ndarray, rotation: np.ndarray, number: int) -> tuple[CTVolume, np.ndarray]:
    """A femur with its surroundings, as a scan of the turned patient shows it, with its label."""
    from scipy import ndimage

    fine = ct.geometry
    index = np.argwhere(mask)[:, ::-1]
    points = np.asarray(fine.origin_lps_mm) + index * fine.spacing_xyz_mm
    seen = points @ rotation.T
    low, high = seen.min(axis=0) - MARGIN_MM, seen.max(axis=0) + MARGIN_MM
    low[2], high[2] = low[2] + MARGIN_MM, high[2] - 6.0 + MARGIN_MM
    counts = np.ceil((high - low) / SPACING_MM).astype(int)
    grid = Geometry(
        tuple(counts[::-1].tolist()),
        SPACING_MM,
        tuple(low.tolist()),
        (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0),
    )
    # Voxel of the turned scan -> its place there -> the place in the fine scan -> voxel of that.
    to_fine = (rotation.T * SPACING_MM) / np.asarray(fine.spacing_xyz_mm)[:, None]
    start = (rotation.T @ low - fine.origin_lps_mm) / fine.spacing_xyz_mm
    matrix, offset = to_fine[::-1, ::-1], start[::-1]
    # Voxels of 1.5 mm are means over 1.5 mm.
    smooth = ndimage.gaussian_filter(ct.hu.astype(np.float32), 0.4)
    distance = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask)
    hu = ndimage.affine_transform(smooth, matrix, offset, grid.shape_zyx, order=1, mode="nearest")
    inside = (
        ndimage.affine_transform(distance.astype(np.float32), matrix, offset, grid.shape_zyx, order=1, cval=-9.0) > 0
    )
    return replace(ct, hu=np.rint(hu).astype(np.int16), geometry=grid), inside.astype(np.uint8) * number


def changes(seed: int) -> Iterator[tuple[tuple[float, ...], str, float]]:
    """Pose, site and relative change of areal BMD of one patient's femora."""
    protocol = replace(
        PROTOCOLS["hip"],
        kvp=120.0,
        kernel="STANDARD",
        noise_hu=0.0,
        cupping_hu=0.0,
        hardening=0.0,
        spacing_xyz_mm=(FINE_MM,) * 3,
        slice_thickness_mm=FINE_MM,
    )
    traits = replace(study_traits(seed), implant=None, implant_side=None)
    patient = make_digital_patient(traits, protocol, with_truth=False, workers=1)
    for number, side in enumerate(("left", "right"), start=1):
        mask = patient.labels == sided("femur", "LR"[number - 1])
        values = {}
        for pose in (REFERENCE_DEG, *TURNS_DEG):
            ct, labels = resampled(patient.ct, mask, turned_by(pose), number)
            facts = PatientFacts(traits.sex, traits.age_years, contrast=False)
            femur = measure(ct, labels, CalibrationChoice(method="fixed"), facts).femora[side]
            for site in SITES:
                values[pose, site] = femur.areal[site]["abmd"].value
        for pose in TURNS_DEG:
            for site in SITES:
                now, before = values[pose, site], values[REFERENCE_DEG, site]
                if now is not None and before is not None:
                    yield pose, site, now / before - 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=680_000)
    parser.add_argument("--count", type=int, default=3)
    options = parser.parse_args(arguments)
    found = [entry for seed in range(options.seed, options.seed + options.count) for entry in changes(seed)]
    lines = []
    for pose in TURNS_DEG:
        for site in SITES:
            here = 100 * np.array([change for p, s, change in found if p == pose and s == site])
            words = f"{here.mean():+.2f} +- {here.std():.2f} ({np.abs(here).max():.2f})"
            lines.append((" ".join(f"{a:g}" for a in pose), site, len(here), words))
    for site in SITES:
        every = 100 * np.array([change for _, s, change in found if s == site])
        lines.append(("all", site, len(every), f"{every.mean():+.2f} +- {every.std():.2f} ({np.abs(every).max():.2f})"))
    print(
        markdown(("turned about x, y, z, degrees", "site", "femora", "change of aBMD, %: mean +- SD (largest)"), lines)
    )


if __name__ == "__main__":
    main()
