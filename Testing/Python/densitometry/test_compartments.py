"""Cortical and trabecular bone are told apart by place and by the HU around."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from densitometry.femora import cropped, divided, femur
from scipy import ndimage

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.compartments import PEEL_MM, BoneCompartments, split_compartments
from OsteoScreenLib.densitometry.regions import FemurRegions, split_proximal_femur

CORTEX_HU, SPONGY_HU, MUSCLE_HU, CORTEX_MM = 1200.0, 150.0, 50.0, 3.5


@lru_cache(maxsize=2)
def shelled(noise_hu: float = 15.0) -> tuple[np.ndarray, np.ndarray, Geometry, FemurRegions, np.ndarray]:
    """A femur with a compact shell of one thickness, blurred as by a scanner: HU, mask, grid, regions, true shell."""
    mask, geometry, _, _ = femur(1, "left")
    spacing = geometry.spacing_xyz_mm[::-1]
    # The shaft leaves the grid below: no shell there.
    depth = ndimage.distance_transform_edt(np.pad(mask, ((1, 0), (0, 0), (0, 0)), mode="edge"), sampling=spacing)[1:]
    shell = mask & (depth <= CORTEX_MM)
    hu = np.where(shell, CORTEX_HU, np.where(mask, SPONGY_HU, MUSCLE_HU))
    hu = ndimage.gaussian_filter(hu, [0.6 / s for s in spacing])
    hu = hu + np.random.default_rng(1).normal(0.0, noise_hu, hu.shape)
    return hu.astype(np.float32), mask, geometry, divided(1, "left"), shell


@lru_cache(maxsize=2)
def split(noise_hu: float = 15.0) -> BoneCompartments:
    hu, mask, geometry, regions, _ = shelled(noise_hu)
    return split_compartments(hu, mask, regions, geometry)


@pytest.mark.parametrize("noise_hu", [15.0, 60.0])
def test_a_shell_of_known_thickness_is_the_cortex(noise_hu) -> None:
    *_, shell = shelled(noise_hu)
    found = split(noise_hu)
    overlap = 2.0 * (found.cortical & shell).sum() / (found.cortical.sum() + shell.sum())
    assert overlap > 0.93


def test_the_trabecular_mean_is_that_of_spongy_bone_alone() -> None:
    hu, mask, _, _, shell = shelled()
    found = split()
    assert hu[found.trabecular].mean() == pytest.approx(SPONGY_HU, abs=6.0)
    # Without peel and shell apart, blurred cortex would raise it: the check above can fail.
    assert hu[mask & ~shell].mean() > SPONGY_HU + 15.0


def test_compartments_are_disjoint_and_lie_in_the_bone() -> None:
    _, mask, geometry, _, _ = shelled()
    found = split()
    assert not (found.cortical & found.trabecular).any()
    assert not ((found.cortical | found.trabecular) & ~mask).any()
    inner = ndimage.distance_transform_edt(
        np.pad(mask, ((1, 0), (0, 0), (0, 0)), mode="edge"), sampling=geometry.spacing_xyz_mm[::-1]
    )[1:]
    assert inner[found.trabecular].min() > PEEL_MM


def test_bone_without_a_cortex_has_none() -> None:
    _, mask, geometry, regions, _ = shelled()
    even = np.random.default_rng(2).normal(SPONGY_HU, 15.0, mask.shape)
    found = split_compartments(even, mask, regions, geometry)
    assert not found.cortical.any()
    assert found.trabecular.sum() > 0.4 * mask.sum()


def test_an_island_of_dense_bone_within_is_not_cortex() -> None:
    hu, mask, geometry, regions, _ = shelled()
    marks = regions.landmarks
    x, y, z = (round(v) for v in geometry.to_index(marks.head_centre_lps_mm))
    with_island = hu.copy()
    with_island[z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3] = CORTEX_HU
    found = split_compartments(with_island, mask, regions, geometry)
    assert not found.cortical[z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3].any()


def test_the_end_of_the_scan_is_not_taken_for_a_surface() -> None:
    hu, mask, geometry, _, _ = shelled()
    part, own = cropped(mask, geometry, z_low=12)
    regions = split_proximal_femur(part, own, "left")
    found = split_compartments(hu[12:], part, regions, own)
    assert found.trabecular[0].any()
    assert found.trabecular[0].sum() == pytest.approx(found.trabecular[8].sum(), rel=0.35)


def test_arrays_of_different_size_are_refused() -> None:
    hu, mask, geometry, regions, _ = shelled()
    with pytest.raises(ValueError, match="differ in size"):
        split_compartments(hu[1:], mask, regions, geometry)
