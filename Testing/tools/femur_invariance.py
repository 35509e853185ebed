"""Whether the femur masks of a scan stay the same when the scan is stored in another way.

    python Testing/tools/femur_invariance.py CT [CT ...] [--bundle DIR] [--engine NAME] [--out ROWS.csv]

Each scan is segmented as it is; then with every axis flipped, turned by 180 degrees in the plane (as of a prone
patient), feet first, with its axes in another order (the geometry follows in all of these, so that every voxel stays
where it is in the patient), with voxels of 0.5 mm in the plane, and with slices of 5 mm. Each mask is brought back to
the scan's own grid and compared with the first one, side by side: a side that is named otherwise has a coefficient of
0. ``grid alone`` is what the way to the other grid and back costs the first mask: hardly more can be expected.
``coarser grid`` compares the two masks on the coarser of the two grids, where the first mask has the voxels that it
fills at least by half; nothing is lost there on a way back.

Prints a Markdown table. Rows are kept in a CSV file as they are made; called again, the tool goes on from there. Exit 1
where a Dice coefficient is under 0.97, or where a femur is found in one form of the scan and not in the other.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from scan_variants import (
    dice,
    flipped,
    labels_in_thick_slices,
    level_axis,
    onto,
    reordered,
    resampled_in_plane,
    with_thick_slices,
)
from study_rows import StudyRows, number
from study_tables import markdown, shown

from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import OsteoScreenError
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurMasks
from OsteoScreenLib.segmentation.vbnet_segmenter import femur_segmenter

LEAST_DSC = 0.97
KEY = ("scan", "sha256", "model", "variant")
COLUMNS = (*KEY, "side", "dsc", "grid_alone", "coarser_grid", "original", "found", "seconds")
FINE_MM, THICK_MM = 0.5, 5.0


class Segments(Protocol):
    """What this tool needs of a segmenter."""

    models: tuple[Mapping[str, str], ...]

    def segment(self, ct: CTVolume) -> FemurMasks:
        """Masks of a scan."""
        ...


VARIANTS: Mapping[str, Callable[[CTVolume], CTVolume]] = {
    "x flipped": lambda ct: flipped(ct, 2),
    "y flipped": lambda ct: flipped(ct, 1),
    "z flipped": lambda ct: flipped(ct, 0),
    "turned by 180 degrees in the plane (prone)": lambda ct: flipped(ct, 1, 2),
    "feet first, supine": lambda ct: flipped(ct, 0, 2),
    "feet first, prone": lambda ct: flipped(ct, 0, 1),
    "axes reordered, sagittal": lambda ct: reordered(ct, (2, 0, 1)),
    "axes reordered, coronal, feet first": lambda ct: reordered(flipped(ct, 0, 2), (1, 0, 2)),
    f"{FINE_MM:g} mm in the plane": lambda ct: resampled_in_plane(ct, FINE_MM),
    f"slices of {THICK_MM:g} mm": lambda ct: with_thick_slices(ct, THICK_MM),
}


def variants_of(ct: CTVolume) -> dict[str, Callable[[CTVolume], CTVolume]]:
    """The forms that a scan can be given: slices of 5 mm or more cannot be averaged to 5 mm."""
    thick = ct.geometry.spacing_xyz_mm[2 - level_axis(ct.geometry)] >= THICK_MM
    return {name: make for name, make in VARIANTS.items() if not (thick and name.startswith("slices"))}


def compared(ct: CTVolume, first: FemurMasks, changed: CTVolume, second: FemurMasks) -> list[dict[str, object]]:
    """One row per side: agreement of the two masks on the grid of ``ct``."""
    back = onto(second.labels, changed.geometry, ct.geometry)
    is_coarser = changed.geometry.voxel_volume_mm3 > 1.01 * ct.geometry.voxel_volume_mm3
    there = labels_in_thick_slices(first.labels, ct.geometry, THICK_MM) if is_coarser else first.labels
    seen = second.labels if is_coarser else back
    there_and_back = onto(onto(first.labels, ct.geometry, changed.geometry), changed.geometry, ct.geometry)
    return [
        {
            "side": side,
            "dsc": dice(first.labels == label, back == label),
            "grid_alone": dice(first.labels == label, there_and_back == label),
            "coarser_grid": dice(there == label, seen == label),
            "original": first.femurs[side].presence,
            "found": second.femurs[side].presence,
        }
        for side, label in SIDE_LABELS.items()
    ]


def run_scan(ct: CTVolume, name: str, segmenter: Segments, rows: StudyRows) -> None:
    """Segment all forms of a scan that have no rows yet."""
    key = (name, (ct.source.sha256 or "")[:12], "".join(entry["sha256"] for entry in segmenter.models)[:12])
    wanted = {variant: make for variant, make in variants_of(ct).items() if not rows.has(*key, variant)}
    if not wanted:
        print(f"{name}: done before", flush=True)
        return
    first = segmenter.segment(ct)
    for variant, make in wanted.items():
        changed = make(ct)
        started = time.perf_counter()
        second = segmenter.segment(changed)
        seconds = time.perf_counter() - started
        group = [
            {**dict(zip(KEY, (*key, variant), strict=True)), **row, "seconds": seconds}
            for row in compared(ct, first, changed, second)
        ]
        rows.add(group)
        said = ", ".join(f"{row['side']} {'absent' if row['dsc'] is None else row['dsc']}" for row in group)
        print(f"{name}, {variant}: {said} ({seconds:.1f} s)", flush=True)


def is_same(row: Mapping[str, str]) -> bool:
    """Whether a row says that the form of the scan made no difference that counts."""
    value = number(row, "dsc")
    if (row["original"] == "absent") != (row["found"] == "absent"):
        return False
    return value is None or value >= LEAST_DSC


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """All rows as Markdown, and what they come to."""
    lines = [
        (
            row["scan"],
            row["variant"],
            row["side"],
            shown(number(row, "dsc"), 4),
            shown(number(row, "grid_alone"), 4),
            shown(number(row, "coarser_grid"), 4),
            row["original"],
            row["found"],
            "yes" if is_same(row) else "NO",
        )
        for row in rows
    ]
    head = ("scan", "form", "side", "DSC", "grid alone", "coarser grid", "original", "found", f"same (>= {LEAST_DSC})")
    values = [value for value in (number(row, "dsc") for row in rows) if value is not None]
    least = f"Least Dice coefficient {min(values):.4f}, median {np.median(values):.4f}." if values else "No femur."
    return f"{markdown(head, lines)}\n\n{least} {sum(not is_same(row) for row in rows)} of {len(rows)} differ."


def main(arguments: Sequence[str] | None = None) -> int:
    """Segment every form of every scan; exit 1 where the form makes a difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scans", type=Path, nargs="+", help="CT files or DICOM folders")
    parser.add_argument("--bundle", type=Path, help="folder of the model; the newest installed one if not given")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path, default=Path("bench-output/femur_invariance.csv"), help="CSV of the rows")
    options = parser.parse_args(arguments)
    try:
        rows = run_scans(options)
    except OsteoScreenError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n" + table(rows))
    return 0 if all(is_same(row) for row in rows) else 1


def run_scans(options: argparse.Namespace) -> list[dict[str, str]]:
    """Rows of all scans, made now or before with the same model."""
    segmenter = femur_segmenter(options.engine, options.threads, options.bundle)
    rows = StudyRows(options.out, COLUMNS, KEY, per_group=2)
    model = "".join(entry["sha256"] for entry in segmenter.models)[:12]
    names = []
    for path in options.scans:
        ct = read_ct(path)
        names.append((path.name, (ct.source.sha256 or "")[:12]))
        run_scan(ct, path.name, segmenter, rows)
    return [row for row in rows.rows if row["model"] == model and (row["scan"], row["sha256"]) in names]


if __name__ == "__main__":
    sys.exit(main())
