"""Features of a mask move the way the mask goes wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from segmentation.rated_hips import GRID, findings, hips

from OsteoScreenLib.segmentation.grids import Slices
from OsteoScreenLib.segmentation.mask_features import (
    MaskFeatures,
    NetworkFeatures,
    boundary_entropy,
    mask_features,
    with_margin,
)
from OsteoScreenLib.segmentation.mask_symmetry import common_extent_ratio

EVERYWHERE: Slices = (slice(0, 66), slice(0, 56), slice(0, 124))


def left() -> np.ndarray:
    return hips()[1] == 1


def features(mask: np.ndarray, network: NetworkFeatures | None = None) -> MaskFeatures:
    ct = hips()[0]
    finding = findings(ct, mask.astype(np.uint8))["left"]
    found = mask_features(ct, mask, EVERYWHERE, "left", finding, network)
    assert found is not None
    return found


def test_a_right_mask_has_the_figures_of_a_femur():
    found = features(left())
    assert found.volume_ml == pytest.approx(np.count_nonzero(left()) * 0.027)
    assert found.head_radius_mm == pytest.approx(24.0, abs=1.0)
    assert found.head_in_view == 1
    assert found.cut_borders == 0
    assert found.low_hu_share == 0
    assert found.edge_share > 0.95
    assert found.soft_rim_share < 0.02
    assert found.bright_outside_share < 0.02
    assert found.mean_step_hu > 400
    assert found.coarse_fine_dsc is None


def test_a_mask_that_is_too_large_has_a_soft_rim_and_one_that_is_too_small_bone_outside():
    good, large, small = (
        features(mask) for mask in (left(), ndimage.binary_dilation(left(), iterations=2), _shrunk(left()))
    )
    assert large.soft_rim_share > good.soft_rim_share + 0.3
    assert small.bright_outside_share > good.bright_outside_share + 0.3
    assert small.edge_share < good.edge_share - 0.3


def _shrunk(mask: np.ndarray) -> np.ndarray:
    return np.asarray(ndimage.binary_erosion(mask, iterations=2))


def test_a_mask_that_slipped_out_of_the_body_holds_air():
    assert features(np.roll(left(), 20, axis=2)).low_hu_share > 0.1


def test_a_mask_without_its_head_has_no_sphere():
    mask = left()
    mask[38:] = False
    assert features(mask).head_radius_mm is None
    assert features(left()).head_radius_mm is not None


def test_the_part_that_the_mask_is_given_in_does_not_matter():
    ct, labels = hips()
    mask, finding = left(), findings(ct, labels)["left"]
    grown, part = with_margin(mask, EVERYWHERE, GRID)
    assert part != EVERYWHERE
    assert np.count_nonzero(grown) == np.count_nonzero(mask)
    assert np.array_equal(grown, mask[part])
    tight = tuple(slice(int(f[0]), int(f[-1]) + 1) for f in np.nonzero(mask) for f in [np.unique(f)])
    whole, same = (mask_features(ct, mask[place], place, "left", finding) for place in (EVERYWHERE, tight))
    assert whole == same


def test_an_empty_mask_has_no_features():
    ct, labels = hips()
    empty = np.zeros(labels.shape, bool)
    assert mask_features(ct, empty, EVERYWHERE, "left", findings(ct, labels)["left"]) is None


def test_what_the_networks_say_is_kept():
    said = features(left(), NetworkFeatures(coarse_fine_dsc=0.9, boundary_entropy=0.3, n_components=2))
    assert (said.coarse_fine_dsc, said.boundary_entropy, said.n_components) == (0.9, 0.3, 2.0)


def test_entropy_is_high_where_the_network_is_unsure_of_the_border_and_nowhere_else():
    mask = left()
    depth = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask)
    sure, unsure = (1 / (1 + np.exp(-depth * slope)) for slope in (6.0, 0.3))
    spacing = GRID.spacing_xyz_mm[::-1]
    low, high = (boundary_entropy(p, mask, spacing) for p in (sure, unsure))
    assert low < 0.2 < 0.7 < high <= 1.0
    far = sure.copy()
    far[np.abs(depth) > 4] = 0.5  # unsure far from the border only
    assert boundary_entropy(far, mask, spacing) == pytest.approx(low, abs=0.02)
    assert boundary_entropy(sure, np.zeros_like(mask), spacing) is None


def test_the_two_sides_are_compared_from_head_to_the_end_of_the_shorter_one():
    ct, labels = hips()

    def ratio(changed: np.ndarray, **changes: object) -> tuple[float, float] | None:
        found = findings(ct, changed)
        found["left"] = replace(found["left"], **changes)
        masks = {side: (changed == number, EVERYWHERE) for side, number in (("left", 1), ("right", 2))}
        return common_extent_ratio(masks, GRID, found)

    same = ratio(labels)
    assert same is not None
    assert same[0] == pytest.approx(1.0, abs=0.01)
    shorter = labels.copy()
    shorter[:12][shorter[:12] == 1] = 0
    assert ratio(shorter)[0] == pytest.approx(1.0, abs=0.01)
    assert ratio(shorter)[1] < same[1]
    wider = np.where(ndimage.binary_dilation(labels == 1), 1, labels).astype(np.uint8)
    assert ratio(wider)[0] > 1.25
    assert ratio(labels, implant=True) is None
    assert ratio(labels, cut_at=("left", "inferior")) is None
    assert ratio(labels, cut_at=("inferior",)) is not None
    assert ratio(labels, head_centre_lps_mm=None) is None
    assert common_extent_ratio({"left": (labels == 1, EVERYWHERE)}, GRID, findings(ct, labels)) is None


def test_features_round_trip_and_need_a_volume():
    found = features(left())
    assert MaskFeatures.from_dict(found.to_dict()) == found
    with pytest.raises(KeyError):
        MaskFeatures.from_dict({"height_mm": 3.0})
