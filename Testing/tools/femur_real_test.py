"""The femur segmentation on the real scans that it was never trained on, and the sides it names on the others.

    python Testing/tools/femur_real_test.py ../shared/data --out DIR [--bundle DIR] [--engine NAME]

Prints, in Markdown: agreement with the reference masks of STS_036, STS_040 and the right femur of the TotalSegmentator
example (network labels, not a reader's), the side found in all one-sided hips (nine of them are training cases: their
agreement says nothing and is not shown), and what is said of scans without femora. Writes the masks and pictures into
DIR, which stays out of the repository: the scans are not ours.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import AnatomicalView, CTVolume
from OsteoScreenLib.ct.write import write_labels
from OsteoScreenLib.evaluation.head_region import proximal
from OsteoScreenLib.evaluation.segmentation_metrics import compare_masks
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurMasks
from OsteoScreenLib.segmentation.vbnet_segmenter import femur_segmenter

TEST_HIPS = ("036", "040")
EXAMPLE = "abdomen_ct/totalsegmentator_example"
EXAMPLE_RIGHT = {"v1": ("example_seg_v1_104class.nii.gz", 89), "v2": ("example_seg_v2_fast_117class.nii.gz", 76)}
"""Network labels of the example by version: file, number of the right femur."""

WITHOUT_FEMORA = (
    "chest_ct/lidc_chest/lidc_chest_fullfov_1x1x2mm.nii.gz",
    "chest_ct/lidc_chest/lidc_chest_spinecrop_native.nii.gz",
    "chest_ct/tptbox_L3/sub-ct_label-22_ct.nii.gz",
    "abdomen_ct/crlm_1006/CRLM-CT-1006.nii.gz",
    "abdomen_ct/totalsegmentator_example_dicom/example_ct_dicom.nii.gz",
    "abdomen_ct/totalsegmentator_example_dicom/thorax_aorta_crop_1p5mm.nii.gz",
)


@dataclass(frozen=True, eq=False)
class Answer:
    """A scan, its masks, and how long they took."""

    name: str
    ct: CTVolume
    masks: FemurMasks
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    segmenter = femur_segmenter(options.engine, bundle=options.bundle)

    def answer(name: str, path: Path) -> Answer:
        ct = read_ct(path)
        started = time.perf_counter()
        masks = segmenter.segment(ct)
        seconds = time.perf_counter() - started
        write_labels(masks.labels, ct.geometry, options.out / f"{name}.nii.gz")
        return Answer(name, ct, masks, seconds)

    data = options.data
    hips = [answer(path.name[:7], path) for path in sorted((data / "hip_ct").glob("STS_*_CT.nii.gz"))]
    example = answer("example", data / EXAMPLE / "example_ct.nii.gz")
    _agreement(hips, example, data)
    _implant(example)
    _sides(hips, data)
    _absent([answer(name.split("/")[-1].split(".")[0], data / name) for name in WITHOUT_FEMORA])
    for shown in (*hips, example):
        _picture(shown, options.out / f"{shown.name}.png")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the shared data")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--engine", default="auto")
    return parser.parse_args(arguments)


def _agreement(hips: list[Answer], example: Answer, data: Path) -> None:
    """Agreement with the references of the scans that are for testing."""
    print("## Agreement on unseen scans\n")
    print("| case | side | DSC | head DSC | VD % | HD95 mm | ASSD mm | surface Dice | estimated DSC | s |")
    print("|" + " --- |" * 10)
    for hip in hips:
        if hip.name[-3:] in TEST_HIPS:
            reference, _ = read_labels(data / "hip_ct" / f"{hip.name}_femur.nii.gz")
            side = "left" if (reference == 1).sum() > (reference == 2).sum() else "right"
            _row(hip, hip.name, side, reference == SIDE_LABELS[side])
    for version, (file, label) in EXAMPLE_RIGHT.items():
        reference, _ = read_labels(data / EXAMPLE / file)
        _row(example, f"example, labels {version}", "right", reference == label)


def _row(answer: Answer, name: str, side: str, reference: np.ndarray) -> None:
    found, spacing = answer.masks.labels == SIDE_LABELS[side], answer.ct.geometry.spacing_xyz_mm
    whole = compare_masks(found, reference, spacing)
    head = compare_masks(found, reference, spacing, region=proximal(reference, answer.ct.geometry))
    estimate = answer.masks.femurs[side].estimated_dsc
    figures = (
        (whole.dsc, 3),
        (head.dsc, 3),
        (whole.vd_percent, 1),
        (whole.hd95_mm, 2),
        (whole.assd_mm, 2),
        (whole.surface_dice, 3),
        (estimate, 3),
        (answer.seconds, 1),
    )
    cells = ("-" if value is None else f"{value:.{digits}f}" for value, digits in figures)
    print(f"| {name} | {side} | " + " | ".join(cells) + " |")


def _implant(example: Answer) -> None:
    left = example.masks.femurs["left"]
    flagged = "flagged" if left.implant else "NOT flagged"
    print(f"\nThe example's left femur, which holds metal: {left.presence}, implant {flagged}.")


def _sides(hips: list[Answer], data: Path) -> None:
    """The side of every one-sided hip; nine of them are training cases."""
    print("\n## Side of the one-sided hips\n")
    print("| case | reference | left | right | named rightly |")
    print("|" + " --- |" * 5)
    for hip in hips:
        reference, _ = read_labels(data / "hip_ct" / f"{hip.name}_femur.nii.gz")
        side = "left" if (reference == 1).sum() > (reference == 2).sum() else "right"
        said = {name: f"{femur.presence} ({femur.volume_ml:.0f} ml)" for name, femur in hip.masks.femurs.items()}
        other = "right" if side == "left" else "left"
        right = hip.masks.femurs[side].presence != "absent" and hip.masks.femurs[other].presence == "absent"
        print(f"| {hip.name} | {side} | {said['left']} | {said['right']} | {'yes' if right else 'NO'} |")


def _absent(answers: list[Answer]) -> None:
    """What is said of scans without femora."""
    print("\n## Scans without femora\n")
    print("| scan | left | right |")
    print("| --- | --- | --- |")
    for answer in answers:
        femurs = answer.masks.femurs
        print(f"| {answer.name} | {femurs['left'].presence} | {femurs['right'].presence} |")


def _picture(answer: Answer, path: Path) -> None:
    """Outlines on coronal and axial slices through the head's centre and the middle of the mask."""
    from PIL import Image

    view = answer.ct.anatomical()
    labels = AnatomicalView.of(answer.masks.labels, answer.ct.geometry).array
    where = np.argwhere(labels > 0)
    if len(where) == 0:
        return
    top, middle = where[:, 0].max(), np.median(where, axis=0).astype(int)
    levels = [int(top - offset / view.spacing_spl_mm[0]) for offset in (8.0, 25.0, 45.0, 70.0)]
    slices = [(view.array[max(0, k)], labels[max(0, k)]) for k in levels]
    columns = sorted({int(np.quantile(where[:, 1], q)) for q in (0.3, 0.5, 0.7)} | {int(middle[1])})
    slices += [(_stretched(view.array[::-1, y], view), _stretched(labels[::-1, y], view)) for y in columns]
    tiles = [_outlined(hu, mask) for hu, mask in slices]
    height = max(tile.shape[0] for tile in tiles)
    padded = [np.pad(tile, ((0, height - tile.shape[0]), (0, 4), (0, 0))) for tile in tiles]
    Image.fromarray(np.concatenate(padded, axis=1)).save(path)


def _stretched(plane: np.ndarray, view: AnatomicalView) -> np.ndarray:
    """A coronal plane with square pixels."""
    rows = round(plane.shape[0] * view.spacing_spl_mm[0] / view.spacing_spl_mm[2])
    return plane[(np.arange(rows) * plane.shape[0] / rows).astype(int)]


def _outlined(hu: np.ndarray, mask: np.ndarray) -> np.ndarray:
    grey = np.clip((hu.astype(float) + 200) / 900 * 255, 0, 255).astype(np.uint8)
    picture = np.kron(np.stack([grey] * 3, axis=-1), np.ones((2, 2, 1), np.uint8))
    large = np.kron(mask, np.ones((2, 2), np.uint8))
    edge = np.zeros(large.shape, dtype=bool)
    edge[1:] |= large[1:] != large[:-1]
    edge[:, 1:] |= large[:, 1:] != large[:, :-1]
    picture[edge & (large != 2)] = (255, 60, 60)
    picture[edge & (large == 2)] = (255, 220, 0)
    return picture


if __name__ == "__main__":
    sys.exit(main())
