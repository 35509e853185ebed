"""The measures of a mask against analytic cases and against MONAI's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from OsteoScreenLib.evaluation.segmentation_metrics import METRICS, compare_masks
from OsteoScreenLib.evaluation.surface_distances import surface_voxels

ISOTROPIC = (1.0, 1.0, 1.0)
ANISOTROPIC = (0.7, 0.9, 3.0)


def box(shape: tuple[int, int, int], low: tuple[int, int, int], size: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, a + n) for a, n in zip(low, size, strict=True))] = True
    return mask


def ball(radius_mm: float, spacing_xyz: tuple[float, float, float], margin_mm: float = 4.0) -> np.ndarray:
    half = [math.ceil((radius_mm + margin_mm) / s) for s in spacing_xyz[::-1]]
    axes = np.meshgrid(*(np.arange(-n, n + 1) for n in half), indexing="ij")
    distance = np.sqrt(sum((a * s) ** 2 for a, s in zip(axes, spacing_xyz[::-1], strict=True)))
    return np.asarray(distance <= radius_mm)


def blobs(seed: int, shape: tuple[int, int, int] = (24, 40, 32)) -> tuple[np.ndarray, np.ndarray]:
    """Two ragged masks that overlap in part, one of them cut by the border."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.normal(size=shape), 4)
    other = field + 0.4 * gaussian_filter(rng.normal(size=shape), 3)
    return field > np.percentile(field, 75), other > np.percentile(other, 80)


@pytest.mark.parametrize("spacing", [ISOTROPIC, ANISOTROPIC])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_box_moved_by_three_voxels_has_the_figures_that_geometry_gives(spacing, axis: int):
    shape, size = (40, 40, 40), (10, 12, 14)
    step = [0, 0, 0]
    step[axis] = 3
    found = compare_masks(box(shape, (8, 8, 8), size), box(shape, tuple(8 + s for s in step), size), spacing)
    assert found.dsc == pytest.approx((size[axis] - 3) / size[axis])
    assert found.hd_mm == pytest.approx(3 * spacing[2 - axis])
    assert found.vd_ml == 0
    assert found.vd_percent == 0
    assert found.reference_ml == pytest.approx(math.prod(size) * math.prod(spacing) / 1000)


def test_a_larger_ball_is_off_by_the_difference_of_the_radii():
    spacing = (0.5, 0.5, 0.5)
    outer = ball(15.0, spacing, margin_mm=4.0)
    inner = np.zeros_like(outer)
    small = ball(13.0, spacing, margin_mm=6.0)
    inner[:] = small[tuple(slice(0, n) for n in outer.shape)]
    found = compare_masks(outer, inner, spacing)
    assert found.vd_percent == pytest.approx(100 * ((15 / 13) ** 3 - 1), abs=1.0)
    assert found.dsc == pytest.approx(2 * 13**3 / (13**3 + 15**3), abs=0.003)
    assert found.assd_mm == pytest.approx(2.0, abs=0.25)
    assert found.hd95_mm == pytest.approx(2.0, abs=0.5)
    assert found.surface_dice < 0.01
    assert compare_masks(outer, inner, spacing, tolerance_mm=2.6).surface_dice == 1.0


def test_the_sign_of_the_volume_difference_says_which_mask_is_larger():
    large, small = box((20, 20, 20), (2, 2, 2), (10, 10, 10)), box((20, 20, 20), (2, 2, 2), (10, 10, 5))
    more, less = compare_masks(large, small, ISOTROPIC), compare_masks(small, large, ISOTROPIC)
    assert (more.vd_percent, less.vd_percent) == (100.0, -50.0)
    assert (more.abs_vd_percent, less.abs_vd_percent) == (100.0, 50.0)
    assert more.vd_ml == -less.vd_ml == less.abs_vd_ml == 0.5


@pytest.mark.needs_module("monai")
@pytest.mark.parametrize("spacing", [ISOTROPIC, ANISOTROPIC, (2.0, 0.8, 1.1)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_monai_finds_the_same_dice_hausdorff_and_surface_distances(spacing, seed: int):
    import torch
    from monai.metrics import (
        compute_average_surface_distance,
        compute_dice,
        compute_hausdorff_distance,
        compute_surface_dice,
    )

    predicted, reference = blobs(seed)
    found = compare_masks(predicted, reference, spacing)
    pair = tuple(torch.from_numpy(mask[None, None].astype(np.float32)) for mask in (predicted, reference))
    steps = list(spacing[::-1])
    hausdorff = compute_hausdorff_distance(*pair, include_background=True, spacing=steps)
    hd95 = compute_hausdorff_distance(*pair, include_background=True, spacing=steps, percentile=95)
    average = compute_average_surface_distance(*pair, include_background=True, symmetric=True, spacing=steps)
    within = compute_surface_dice(*pair, class_thresholds=[1.0], include_background=True, spacing=steps)
    assert found.dsc == pytest.approx(float(compute_dice(*pair)), rel=1e-6)
    assert found.hd_mm == pytest.approx(float(hausdorff), rel=1e-5)
    assert found.hd95_mm == pytest.approx(float(hd95), rel=1e-5)
    assert found.assd_mm == pytest.approx(float(average), rel=1e-5)
    assert found.surface_dice == pytest.approx(float(within), rel=1e-5)
    assert found.assd_mm > 0
    assert 0 < found.surface_dice < 1


def test_surface_voxels_are_those_that_an_erosion_takes_away():
    from scipy.ndimage import binary_erosion

    for mask in (*blobs(5), np.ones((4, 5, 6), bool), box((3, 3, 3), (1, 1, 1), (1, 1, 1))):
        padded = np.pad(mask, 1)
        wanted = np.argwhere(padded & ~binary_erosion(padded)) - 1
        assert np.array_equal(surface_voxels(mask), wanted)
    assert surface_voxels(np.zeros((3, 3, 3), bool)).shape == (0, 3)


def test_where_both_masks_are_empty_there_is_nothing_to_measure():
    nothing = np.zeros((5, 5, 5), np.uint8)
    found = compare_masks(nothing, nothing, ISOTROPIC)
    assert found.both_empty
    assert not found.is_failure
    assert (found.dsc, found.hd95_mm, found.assd_mm, found.surface_dice, found.vd_percent) == (None,) * 5
    assert found.vd_ml == 0


def test_where_one_mask_is_empty_it_is_a_failure_without_distances():
    something, nothing = box((9, 9, 9), (2, 2, 2), (5, 5, 5)), np.zeros((9, 9, 9), bool)
    missed, invented = compare_masks(nothing, something, ISOTROPIC), compare_masks(something, nothing, ISOTROPIC)
    for found in (missed, invented):
        assert found.is_failure
        assert not found.both_empty
        assert (found.dsc, found.surface_dice) == (0.0, 0.0)
        assert (found.hd95_mm, found.hd_mm, found.assd_mm) == (None, None, None)
    assert missed.vd_percent == -100.0
    assert invented.vd_percent is None
    assert invented.vd_ml == 0.125


def test_a_failure_is_a_dice_under_0_8_and_not_0_8_itself():
    shape = (12, 12, 12)
    reference = box(shape, (1, 1, 1), (10, 10, 6))
    at_limit = compare_masks(box(shape, (1, 1, 1), (10, 10, 4)), reference, ISOTROPIC)
    assert at_limit.dsc == 0.8
    assert not at_limit.is_failure
    below = compare_masks(box(shape, (1, 1, 1), (10, 10, 3)), reference, ISOTROPIC)
    assert below.dsc == pytest.approx(6 / 9)
    assert below.is_failure


def test_a_label_is_looked_at_alone():
    labels = np.zeros((10, 10, 10), np.uint8)
    labels[1:4, 1:4, 1:4], labels[6:9, 6:9, 6:9] = 1, 2
    other = np.where(labels == 2, 0, labels)
    assert compare_masks(other, labels, ISOTROPIC, label=1).dsc == 1.0
    assert compare_masks(other, labels, ISOTROPIC, label=2).dsc == 0.0


def test_a_region_asks_only_its_own_surface_but_makes_no_surface_of_its_own():
    shape = (30, 20, 20)
    reference = box(shape, (5, 5, 5), (20, 8, 8))
    predicted = reference.copy()
    predicted[5:10] = np.roll(predicted[5:10], 3, axis=2)  # wrong low down only
    region = np.zeros(shape, bool)
    region[15:] = True
    upper = compare_masks(predicted, reference, ISOTROPIC, region=region)
    assert (upper.dsc, upper.hd_mm, upper.surface_dice, upper.vd_ml) == (1.0, 0.0, 1.0, 0.0)
    lower = compare_masks(predicted, reference, ISOTROPIC, region=~region)
    assert lower.dsc < 0.9
    assert lower.hd_mm == 3.0


def test_the_json_form_holds_every_measure():
    found = compare_masks(*blobs(1), ANISOTROPIC).to_dict()
    assert set(METRICS) <= set(found)
    assert all(isinstance(found[name], float) for name in METRICS)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"reference": np.zeros((4, 4, 5), bool)}, "one .z, y, x. grid"),
        ({"spacing_xyz_mm": (1.0, 0.0, 1.0)}, "voxel size"),
        ({"spacing_xyz_mm": (1.0, math.nan, 1.0)}, "voxel size"),
        ({"tolerance_mm": -1.0}, "tolerance"),
        ({"region": np.zeros((4, 4, 4), np.uint8)}, "region"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(changes: dict, why: str):
    mask = np.ones((4, 4, 4), bool)
    arguments = {"predicted": mask, "reference": mask, "spacing_xyz_mm": ISOTROPIC}
    assert compare_masks(**arguments).dsc == 1.0
    with pytest.raises(ValueError, match=why):
        compare_masks(**{**arguments, **changes})
