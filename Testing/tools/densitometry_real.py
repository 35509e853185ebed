"""Densitometry of real hips: what was found, what was withheld and why, and how far landmarks lie from a reader's.

    python Testing/tools/densitometry_real.py HIP_CT 011 012 015 --pictures DIR
    python Testing/tools/densitometry_real.py HIP_CT 040 --abdomen CT LABELS 88 89 --pictures DIR

HIP_CT is a folder of ``STS_xxx_CT.nii.gz`` with ``STS_xxx_femur.nii.gz``, ``index.json`` and, for some, a reader's
landmarks. Each scan is measured in the masks that lie beside it and in the network's own. Neither age nor DXA is known
of any, so there are no scores. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from densitometry_real_pictures import draw_femur
from densitometry_study_masks import StudyMasks, outline, version_of
from study_tables import markdown

from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.densitometry_result import Densitometry, FemurDensitometry
from OsteoScreenLib.densitometry.measure import measure
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.segmentation.vbnet_segmenter import VBNetSegmenter, femur_segmenter

HEAD = (
    "case",
    "masks",
    "side",
    "calibration (residual, HU)",
    "SD at 100",
    "neck HU",
    "neck vBMD",
    "trochanteric vBMD",
    "intertrochanteric vBMD",
    "aBMD neck",
    "aBMD total hip",
)
Row = list[str]


def hip(folder: Path, case: str) -> tuple[CTVolume, np.ndarray, dict[str, Any]]:
    """Scan, labels and entry in the index of one hip."""
    ct = read_ct(folder / f"STS_{case}_CT.nii.gz")
    labels, _ = read_labels(folder / f"STS_{case}_femur.nii.gz")
    entry = next(row for row in json.loads((folder / "index.json").read_text()) if row["case"] == case)
    acquisition = replace(ct.acquisition, kvp=entry["kvp"], kernel=entry["kernel"], sex=entry["sex"])
    return replace(ct, acquisition=acquisition), labels.astype(np.uint8), entry


def abdomen(scan: str, labels: str, left: str, right: str) -> tuple[CTVolume, np.ndarray]:
    """A scan of both hips with two numbers of its label map."""
    numbers, _ = read_labels(labels)
    sides = np.zeros(numbers.shape, np.uint8)
    sides[numbers == int(left)], sides[numbers == int(right)] = 1, 2
    return read_ct(scan), sides


def rows_of(case: str, masks: str, result: Densitometry) -> Iterator[tuple[Row, list[str]]]:
    """A row of the table for each femur that is there, and the reasons of what was withheld."""
    for side, femur in result.femora.items():
        if femur.withheld.startswith(("there is no mask", "there is no femur")):
            continue
        yield [case, masks, side, *_cells(result, femur)], _reasons(femur, result)


def _cells(result: Densitometry, femur: FemurDensitometry) -> Row:
    line = result.calibration
    if line is None:
        cells = ["refused", "-"]
    else:
        found = ", ".join(f"{s.name} {s.measured_hu:.0f} ({s.residual_hu:+.0f})" for s in line.samples)
        cells = [f"{line.method}: {found}", f"{line.uncertainty_mg_cm3:.1f}"]
    regions = femur.regions
    neck = regions.get("neck", {})
    cells.append(_shown(neck.get("trabecular_hu"), 0))
    cells += [
        _shown(regions.get(name, {}).get("trabecular_vbmd"), 0)
        for name in ("neck", "trochanteric", "intertrochanteric")
    ]
    return cells + [_shown(femur.areal.get(site, {}).get("abmd"), 2) for site in ("femoral_neck", "total_hip")]


def _shown(measure_: Measure | None, digits: int) -> str:
    if measure_ is None or measure_.value is None:
        return "withheld"
    spread = "" if measure_.sd is None else f" +- {measure_.sd:.{digits}f}"
    return f"{measure_.value:.{digits}f}{spread}"


def _reasons(femur: FemurDensitometry, result: Densitometry) -> list[str]:
    if femur.withheld:
        return [femur.withheld]
    whys: dict[str, list[str]] = {}
    for name, region in {**femur.regions, **femur.areal}.items():
        for key, found in region.items():
            if found.value is None and key not in ("t_score", "z_score"):
                whys.setdefault(found.withheld, []).append(f"{name} {key}")
    if result.no_calibration:
        whys.setdefault(result.no_calibration, []).append("calibration")
    return [
        f"{why}: {len(names)} measures ({', '.join(sorted({n.split()[0] for n in names}))})"
        for why, names in whys.items()
    ]


def distances(folder: Path, case: str, femur: FemurDensitometry) -> str:
    """Landmarks against the reader's; empty where there are none."""
    path, marks = folder / f"STS_{case}_landmarks.json", femur.landmarks
    if not path.exists() or marks is None:
        return ""
    reader, words = json.loads(path.read_text()), []
    for name, found, key in (
        ("head centre", marks.head_centre_lps_mm, "head_centre_lps"),
        ("neck centre", marks.neck_centre_lps_mm, "neck_centre_lps"),
    ):
        if found is not None:
            words.append(f"{name} {np.linalg.norm(np.subtract(found, reader[key])):.1f} mm")
    if marks.head_radius_mm is not None:
        words.append(f"head radius {marks.head_radius_mm - reader['head_radius_mm']:+.1f} mm")
    if marks.lesser_trochanter_lps_mm is not None:
        off = marks.lesser_trochanter_lps_mm[2] - reader["lesser_trochanter_apex_z_lps"]
        words.append(f"lesser trochanter {off:+.1f} mm")
    return ", ".join(words)


def measured(
    case: str, ct: CTVolume, labels: np.ndarray, segmenter: VBNetSegmenter, pictures: Path, folder: Path
) -> tuple[list[Row], list[str]]:
    """Rows and remarks of one scan, with both masks; pictures drawn."""
    rows: list[Row] = []
    remarks: list[str] = []
    sources = {"beside the scan": StudyMasks(labels, [], {}), "network": outline(ct, segmenter)}
    for name, masks in sources.items():
        drawn = np.zeros(labels.shape, np.uint8)
        facts = PatientFacts(ct.acquisition.sex if ct.acquisition.sex in ("F", "M") else None)
        result = measure(ct, masks.labels, facts=facts, implants=masks.implants, unusable=masks.unusable, drawn=drawn)
        if result.calibration is not None:
            remarks.append(f"- {case}, {name}: {result.calibration.explanation}")
        for row, reasons in rows_of(case, name, result):
            rows.append(row)
            side = row[2]
            off = distances(folder, case, result.femora[side])
            remarks.append(f"- {case}, {name}, {side}: {off or 'no reader'}. " + "; ".join(reasons))
            draw_femur(ct, drawn, result.femora[side], pictures / f"{case}-{name.split()[0]}-{side}.png")
    return rows, remarks


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--abdomen", nargs=4, metavar=("CT", "LABELS", "LEFT", "RIGHT"))
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--pictures", type=Path, required=True)
    options = parser.parse_args(arguments)
    options.pictures.mkdir(parents=True, exist_ok=True)
    segmenter = femur_segmenter("auto", 1, options.bundle)
    scans = [(case, *hip(options.folder, case)[:2]) for case in options.cases]
    if options.abdomen:
        scans.append(("abdomen", *abdomen(*options.abdomen)))
    rows: list[Row] = []
    remarks: list[str] = []
    for case, ct, labels in scans:
        new, said = measured(case, ct, labels, segmenter, options.pictures, options.folder)
        rows, remarks = rows + new, remarks + said
    print(f"femur-vbnet {version_of(options.bundle)}\n")
    print(markdown(HEAD, rows))
    print("\n" + "\n".join(remarks))


if __name__ == "__main__":
    main()
