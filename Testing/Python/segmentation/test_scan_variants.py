"""The forms that a scan can be stored in, and the way back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scan_variants import (
    averaged,
    cut,
    dice,
    flipped,
    labels_in_thick_slices,
    onto,
    overlap_weights,
    reordered,
    resampled_in_plane,
    thicker_grid,
    with_thick_slices,
)

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume

GEOMETRY = Geometry((6, 8, 10), (0.8, 0.9, 2.0), (-12.0, 30.0, 5.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


def _scan() -> CTVolume:
    rng = np.random.default_rng(3)
    return CTVolume(rng.integers(-900, 900, GEOMETRY.shape_zyx).astype(np.int16), GEOMETRY)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (1, 2), (0, 2), (0, 1)])
def test_a_voxel_of_a_flipped_scan_stays_where_it_was_in_the_patient(axes: tuple[int, ...]) -> None:
    ct = _scan()
    other = flipped(ct, *axes)
    assert other.geometry.is_valid()[0]
    assert other.geometry.axis_codes != ct.geometry.axis_codes
    for index in ((0, 0, 0), (5, 7, 9), (2, 3, 4)):
        there = other.geometry.to_index(ct.geometry.to_physical(index[::-1]))
        assert other.hu[tuple(round(i) for i in there[::-1])] == ct.hu[index]


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 0, 2), (0, 2, 1)])
def test_a_voxel_of_a_reordered_scan_stays_where_it_was_in_the_patient(order: tuple[int, int, int]) -> None:
    ct = _scan()
    other = reordered(flipped(ct, 0), order)
    assert other.geometry.is_valid()[0]
    assert other.hu.shape == other.geometry.shape_zyx == tuple(ct.hu.shape[axis] for axis in order)
    there = other.geometry.to_index(ct.geometry.to_physical((9, 2, 1)))
    assert other.hu[tuple(round(i) for i in there[::-1])] == ct.hu[1, 2, 9]
    np.testing.assert_array_equal(other.anatomical().array, ct.anatomical().array)


def test_thick_slices_are_means_of_what_they_cover() -> None:
    weights = overlap_weights(5, 2.0, 3.0)
    np.testing.assert_allclose(weights, [[2 / 3, 1 / 3, 0, 0, 0], [0, 1 / 3, 2 / 3, 0, 0], [0, 0, 0, 2 / 3, 1 / 3]])
    values = np.array([3.0, 6.0, 9.0, 12.0, 15.0])
    np.testing.assert_allclose(averaged(values[:, None], 0, weights)[:, 0], [4.0, 8.0, 13.0], rtol=1e-6)
    with pytest.raises(ValueError, match="shorter"):
        overlap_weights(2, 1.0, 5.0)


def test_a_scan_in_thick_slices_begins_at_the_same_border_whatever_its_axes() -> None:
    ct = _scan()
    for form in (ct, reordered(ct, (2, 0, 1))):
        thick = with_thick_slices(form, 4.0)
        level = next(axis for axis, n in enumerate(thick.hu.shape) if n == 3)
        assert thick.geometry.spacing_xyz_mm[2 - level] == 4.0
        assert thick.geometry.origin_lps_mm[2] == pytest.approx(5.0 - 1.0 + 2.0)
        wanted = np.rint(np.moveaxis(form.hu, level, 0)[:2].mean(axis=0))
        np.testing.assert_allclose(np.moveaxis(thick.hu, level, 0)[0], wanted, atol=1)
        assert thick.acquisition.slice_thickness_mm == 4.0


def test_a_thick_voxel_is_of_a_label_from_a_half_on() -> None:
    labels = np.zeros((6, 1, 1), np.uint8)
    labels[1:3] = 2
    labels[5] = 1
    geometry = replace(GEOMETRY, shape_zyx=(6, 1, 1))
    assert labels_in_thick_slices(labels, geometry, 4.0).ravel().tolist() == [2, 2, 1]
    assert labels_in_thick_slices(labels, geometry, 6.0).ravel().tolist() == [2, 0]


@pytest.mark.needs_module("SimpleITK")
def test_finer_pixels_keep_borders_values_and_the_way_back() -> None:
    ct = _scan()
    flat = replace(ct, hu=np.full(ct.hu.shape, 77, np.int16))
    fine = resampled_in_plane(flat, 0.4)
    assert fine.geometry.shape_zyx == (6, 18, 20)
    assert fine.geometry.origin_lps_mm == pytest.approx((-12.0 - 0.4 + 0.2, 30.0 - 0.45 + 0.2, 5.0))
    assert (fine.hu == 77).all()
    labels = np.zeros(ct.hu.shape, np.uint8)
    labels[1:5, 2:6, 2:5], labels[1:5, 2:6, 6:9] = 1, 2
    there = onto(labels, ct.geometry, fine.geometry)
    np.testing.assert_array_equal(onto(there, fine.geometry, ct.geometry), labels)


@pytest.mark.needs_module("SimpleITK")
def test_a_mask_of_a_flipped_and_reordered_scan_comes_back_exactly() -> None:
    ct = _scan()
    labels = np.zeros(ct.hu.shape, np.uint8)
    labels[0:4, 3:8, 0:3], labels[2:6, 0:4, 5:10] = 1, 2
    form = reordered(flipped(CTVolume(labels, GEOMETRY), 0, 2), (1, 0, 2))
    np.testing.assert_array_equal(onto(form.hu, form.geometry, ct.geometry), labels)
    np.testing.assert_array_equal(onto(labels, ct.geometry, form.geometry), form.hu)


@pytest.mark.needs_module("SimpleITK")
def test_a_slanted_bone_comes_back_from_thick_slices_without_steps() -> None:
    z, y, x = np.indices((40, 40, 40))
    bone = ((y - 8 - 0.6 * z) ** 2 + (x - 20) ** 2 < 90).astype(np.uint8)
    geometry = replace(GEOMETRY, shape_zyx=bone.shape, spacing_xyz_mm=(1.0, 1.0, 1.0))
    thick = labels_in_thick_slices(bone, geometry, 5.0)
    back = onto(thick, thicker_grid(geometry, 5.0), geometry)
    inner = slice(3, 37)  # beyond the middle of the last slice nothing is known
    straight, stepped = (dice(m[inner] > 0, bone[inner] > 0) or 0.0 for m in (back, np.repeat(thick, 5, axis=0)))
    assert straight > 0.97
    assert stepped < straight - 0.02


def test_a_part_of_a_scan_keeps_its_place() -> None:
    ct = _scan()
    part = cut(ct, (slice(2, 5), slice(1, 8), slice(4, 10)))
    assert part.hu.shape == (3, 7, 6)
    assert part.geometry.origin_lps_mm == pytest.approx(ct.geometry.to_physical((4, 1, 2)))
    assert part.hu[0, 0, 0] == ct.hu[2, 1, 4]


def test_dice_of_half_a_mask_and_of_nothing() -> None:
    mask = np.zeros((2, 2, 4), bool)
    mask[0] = True
    half = mask.copy()
    half[..., :2] = False
    assert dice(mask, half) == pytest.approx(2 / 3)
    assert dice(mask, ~mask) == 0.0
    assert dice(mask & ~mask, mask & ~mask) is None
