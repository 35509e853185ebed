"""A mask that the user gives: on the grid of the scan, its sides checked, and refused where it does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from segmentation.rated_hips import GRID, hips

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.ct.write import write_image
from OsteoScreenLib.errors import CancelledError, InputError, UsageError
from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.segmentation.femur_masks import FemurMasks
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter
from OsteoScreenLib.segmentation.label_resampling import resample_labels
from OsteoScreenLib.segmentation.segmenter import FemurSegmenter
from OsteoScreenLib.segmentation.side_check import misplaced_sides


def segmented(mask: np.ndarray | Path, *arguments: object, **options: object) -> FemurMasks:
    segmenter: FemurSegmenter = GivenMaskSegmenter(mask, *arguments, **options)  # type: ignore[arg-type]
    return segmenter.segment(hips()[0])


def codes(masks: FemurMasks) -> dict[str, Severity]:
    return {flag.code: flag.severity for flag in masks.flags}


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_file_on_the_grid_of_the_scan_is_taken_voxel_by_voxel(tmp_path: Path, suffix: str):
    labels = hips()[1]
    masks = segmented(write_image(CTVolume(labels, GRID), tmp_path / f"mask{suffix}"))
    assert masks.labels.dtype == np.uint8
    assert np.array_equal(masks.labels, labels)
    assert masks.source == "given"
    assert masks.flags == ()
    assert {side: finding.presence for side, finding in masks.femurs.items()} == {"left": "present", "right": "present"}
    assert masks.femurs["left"].head_centre_lps_mm[0] > 0 > masks.femurs["right"].head_centre_lps_mm[0]
    assert masks.femurs["left"].estimated_dsc is not None
    assert set(masks.timings_s) == {"mask", "describe_femora"}


def test_an_array_is_taken_as_it_is_and_one_side_may_be_missing():
    labels = np.where(hips()[1] == 1, 1, 0).astype(np.int64)
    masks = segmented(labels)
    assert np.array_equal(masks.labels, labels)
    assert masks.femurs["right"].presence == "absent"
    assert codes(masks) == {"femur_absent": Severity.INFO}


def test_an_empty_mask_has_two_absent_femora():
    masks = segmented(np.zeros(GRID.shape_zyx, bool))
    assert {finding.presence for finding in masks.femurs.values()} == {"absent"}
    assert list(codes(masks)) == ["femur_absent"]


def test_other_numbers_for_the_sides_leave_all_else_out():
    labels = hips()[1]
    many = np.full(labels.shape, 3, np.int16)
    many[labels == 1], many[labels == 2] = 75, 76
    masks = segmented(many, labels={"left": 75, "right": 76})
    assert np.array_equal(masks.labels, labels)
    only_left = segmented(many, labels={"left": 75})
    assert np.array_equal(only_left.labels, np.where(labels == 1, 1, 0))
    assert only_left.femurs["right"].presence == "absent"


def test_labels_that_are_no_femurs_are_refused_by_number():
    labels = hips()[1].copy()
    labels[0, 0, 0] = 7
    with pytest.raises(InputError, match=r"\(7\)") as caught:
        segmented(labels)
    assert caught.value.code == "unexpected_labels"
    with pytest.raises(InputError, match="whole numbers"):
        segmented(labels.astype(float))


@pytest.mark.parametrize(
    "options",
    [
        {"labels": {"left": 1, "right": 1}},
        {"labels": {"left": 0, "right": 2}},
        {"labels": {"left": -1, "right": 2}},
        {"labels": {"femur": 1}},
        {"labels": {}},
    ],
)
def test_impossible_label_numbers_are_refused(options: dict):
    with pytest.raises(UsageError):
        GivenMaskSegmenter(hips()[1], **options)
    with pytest.raises(UsageError, match="own geometry"):
        GivenMaskSegmenter("mask.nii.gz", GRID)


def test_a_mask_on_another_grid_is_moved_and_that_is_said():
    labels = hips()[1]
    flipped = Geometry(
        GRID.shape_zyx,
        GRID.spacing_xyz_mm,
        (GRID.origin_lps_mm[0] + 3.0 * 123, *GRID.origin_lps_mm[1:]),
        (-1, 0, 0, 0, 1, 0, 0, 0, 1),
    )
    masks = segmented(labels[:, :, ::-1], flipped)
    assert np.array_equal(masks.labels, labels)
    assert codes(masks) == {"femur_mask_resampled": Severity.INFO}


def test_a_mask_that_partly_lies_outside_is_a_warning_with_the_share():
    labels = hips()[1]
    moved = replace(GRID, origin_lps_mm=(GRID.origin_lps_mm[0], GRID.origin_lps_mm[1], GRID.origin_lps_mm[2] - 60.0))
    masks = segmented(labels, moved)
    assert codes(masks)["femur_mask_resampled"] is Severity.WARNING
    (flag,) = (flag for flag in masks.flags if flag.code == "femur_mask_resampled")
    assert flag.evidence["share_outside"] == pytest.approx(
        np.count_nonzero(labels[:20]) / np.count_nonzero(labels), abs=1e-4
    )


def test_a_mask_that_does_not_overlap_is_refused():
    far = replace(GRID, origin_lps_mm=(1000.0, 0.0, 0.0))
    with pytest.raises(InputError, match="does not overlap") as caught:
        segmented(hips()[1], far)
    assert caught.value.code == "no_overlap"
    assert segmented(np.zeros(GRID.shape_zyx, np.uint8), far).labels.sum() == 0


def test_an_array_of_another_size_without_geometry_is_refused():
    with pytest.raises(InputError) as caught:
        segmented(hips()[1][1:])
    assert caught.value.code == "geometry_mismatch"


def test_a_file_that_is_no_mask_is_refused(tmp_path: Path):
    (tmp_path / "mask.nii.gz").write_bytes(b"\x1f\x8bnot a mask")
    with pytest.raises(InputError):
        segmented(tmp_path / "mask.nii.gz")


def test_the_user_can_stop_it():
    with pytest.raises(CancelledError):
        GivenMaskSegmenter(hips()[1]).segment(hips()[0], cancelled=lambda: True)


def test_swapped_sides_are_said_and_right_ones_not():
    ct, labels = hips()
    swapped = np.choose(labels, [0, 2, 1]).astype(np.uint8)
    assert codes(segmented(swapped))["femur_sides_swapped"] is Severity.WARNING
    assert misplaced_sides(swapped, ct) == ("left", "right")
    assert misplaced_sides(labels, ct) == ()
    assert misplaced_sides(np.zeros_like(labels), ct) == ()


@pytest.mark.parametrize(("named", "found"), [(1, ()), (2, ("right",))])
def test_one_femur_is_compared_with_the_midline(named: int, found: tuple[str, ...]):
    ct, labels = hips()
    assert misplaced_sides(np.where(labels == 1, named, 0).astype(np.uint8), ct) == found


def test_in_a_crop_of_one_hip_and_without_orientation_nothing_is_claimed_about_sides():
    ct, labels = hips()
    cropped = replace(GRID, shape_zyx=(66, 56, 50), origin_lps_mm=(-184.5 + 3.0 * 74, *GRID.origin_lps_mm[1:]))
    one = CTVolume(ct.hu[:, :, 74:].copy(), cropped)
    assert misplaced_sides(np.where(labels[:, :, 74:] == 1, 2, 0).astype(np.uint8), one) == ()
    unknown = replace(ct, source=Source(name="a", kind="nifti", oriented=False))
    swapped = np.choose(labels, [0, 2, 1]).astype(np.uint8)
    assert "femur_sides_swapped" not in codes(GivenMaskSegmenter(swapped).segment(unknown))


def test_the_axis_order_of_the_scan_does_not_change_the_side_check():
    ct, labels = hips()
    turned = Geometry(
        (124, 56, 66), (3.0, 3.0, 3.0), (184.5, -82.5, -150.0), (0, 0, -1, 0, 1, 0, 1, 0, 0)
    )  # index axes x, y, z run to S, P, R
    hu, mask = (array[:, :, ::-1].transpose(2, 1, 0) for array in (ct.hu, labels))
    other = CTVolume(np.ascontiguousarray(hu), turned)
    assert misplaced_sides(np.ascontiguousarray(mask), other) == ()
    assert misplaced_sides(np.choose(mask, [0, 2, 1]).astype(np.uint8), other) == ("left", "right")


def test_resampling_forth_and_back_keeps_a_mask():
    labels = hips()[1]
    fine = Geometry((132, 112, 248), (1.5, 1.5, 1.5), tuple(v - 0.75 for v in GRID.origin_lps_mm), GRID.direction)
    there, outside = resample_labels(labels, GRID, fine)
    assert outside == 0.0
    assert np.count_nonzero(there) == 8 * np.count_nonzero(labels)
    assert np.array_equal(resample_labels(there, fine, GRID)[0], labels)
