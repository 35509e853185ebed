"""Mineral of a bone with what blur carried beyond its outline: against what was put in."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.calibration import Calibration
from OsteoScreenLib.densitometry.mineral_map import mineral_map
from OsteoScreenLib.densitometry.settings import default_settings
from OsteoScreenLib.phantom.attenuation import Beam

SETTINGS, BEAM = default_settings(), Beam.of(120.0)
LINE = Calibration("fixed", 1 / BEAM.k2hpo4_hu, 0.0, (0.0, 0.0, 0.0), 1.0, 69.86, 1.0, None, "perfect")
SPACING = 1.0


def tube(blur_mm: float, around: str, neighbour: bool = False) -> tuple[np.ndarray, np.ndarray, Geometry, float]:
    """HU, mask, grid and mineral of a tube of compact bone full of marrow, in fat, in muscle or between both."""
    n, fat = 80, SETTINGS["mineral.marrow_fat_share"]["total_hip"]
    _, y, x = np.meshgrid(*[np.arange(n) - n / 2] * 3, indexing="ij")
    radius = np.hypot(x, y)
    mask = radius <= 15.0
    mineral = np.where(mask, np.where(radius > 12.5, 1000.0, 100.0), 0.0)
    marrow = fat * BEAM.hu["yellow_marrow"] + (1 - fat) * BEAM.hu["red_marrow"]
    soft = np.full(mask.shape, BEAM.hu["muscle"])
    soft[(x > 0) if around == "both" else np.full(mask.shape, around == "fat")] = BEAM.hu["fat"]
    hu = np.array(BEAM.bone_hu(np.where(mask, marrow, soft), mineral))
    if neighbour:
        hu[np.hypot(x - 27.0, y) <= 7.0] = 900.0
    shape = Geometry((n, n, n), (SPACING,) * 3, (0.0, 0.0, 0.0), (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
    return ndimage.gaussian_filter(hu, blur_mm), mask, shape, float(mineral.sum())


@pytest.mark.parametrize("around", ["fat", "muscle", "both"])
@pytest.mark.parametrize("blur_mm", [0.0, 0.7, 1.1])
def test_blur_takes_no_mineral_from_a_bone_whatever_lies_around(around, blur_mm) -> None:
    hu, mask, geometry, true = tube(blur_mm, around)
    found = mineral_map(hu, mask, np.zeros(mask.shape, bool), geometry, LINE, SETTINGS, 1.0)
    assert found.sum() == pytest.approx(true, rel=0.006)
    if blur_mm > 1.0:
        assert found[mask].sum() < 0.97 * true  # What the mask alone holds is not all.


def test_another_bone_beside_it_is_not_taken_for_this_ones() -> None:
    hu, mask, geometry, true = tube(0.7, "muscle", neighbour=True)
    found = mineral_map(hu, mask, np.zeros(mask.shape, bool), geometry, LINE, SETTINGS, 1.0)
    assert found.sum() == pytest.approx(true, rel=0.01)


def test_a_mask_that_is_drawn_too_tight_keeps_the_bones_mineral() -> None:
    hu, mask, geometry, true = tube(0.7, "muscle")
    tight = ndimage.binary_erosion(mask, np.ones((1, 3, 3), bool), border_value=1)
    found = mineral_map(hu, tight, np.zeros(mask.shape, bool), geometry, LINE, SETTINGS, 1.0)
    # A ring of bone then counts as bone in muscle, which is brighter than marrow: some per cent are lost, not a third.
    assert found[tight].sum() < 0.7 * true
    assert found.sum() == pytest.approx(true, rel=0.04)


def test_where_there_is_no_soft_tissue_beside_it_the_mask_alone_counts() -> None:
    hu, mask, geometry, _ = tube(0.7, "muscle")
    lonely = np.where(mask, hu, -1000.0)
    found = mineral_map(lonely, mask, np.zeros(mask.shape, bool), geometry, LINE, SETTINGS, 1.0)
    assert found[~mask].max() == found[~mask].min() == 0.0
