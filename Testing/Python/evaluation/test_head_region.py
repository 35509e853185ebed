"""The region of the femoral head is the same part of the patient, however the voxels are stored."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.evaluation.head_region import proximal


def grid(shape: tuple[int, int, int], spacing: tuple[float, float, float], direction: np.ndarray) -> Geometry:
    return Geometry(shape, spacing, (10.0, -20.0, 300.0), tuple(np.asarray(direction, float).ravel()))


def test_the_region_reaches_45_mm_down_from_the_top_of_the_mask():
    geometry = grid((60, 8, 8), (1.0, 1.0, 2.0), np.eye(3))
    mask = np.zeros(geometry.shape_zyx, bool)
    mask[5:41, 2:5, 2:5] = True  # its upper border is that of slice 40
    region = proximal(mask, geometry)
    levels = np.flatnonzero(region.all(axis=(1, 2)))
    assert np.array_equal(levels, np.flatnonzero(region.any(axis=(1, 2))))
    assert (levels[0], levels[-1]) == (41 - 22, 59)  # 45 mm are 22.5 slices; a slice belongs where its centre does


def test_the_axis_order_and_direction_do_not_matter():
    geometry = grid((40, 12, 10), (1.0, 1.5, 2.0), np.eye(3))
    mask = np.zeros(geometry.shape_zyx, bool)
    mask[4:33, 3:8, 2:7] = True
    region = proximal(mask, geometry, 30.0)
    upside_down = grid((40, 12, 10), (1.0, 1.5, 2.0), np.diag([1, 1, -1]))
    assert np.array_equal(proximal(mask[::-1], upside_down, 30.0), region[::-1])
    # Stored with superior along the index axis x: index axes x, y, z run to S, P, L.
    turned = grid((10, 12, 40), (2.0, 1.5, 1.0), np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]]))
    assert np.array_equal(proximal(mask.transpose(2, 1, 0), turned, 30.0), region.transpose(2, 1, 0))


def test_in_an_oblique_grid_the_border_of_the_region_is_level():
    angle = np.deg2rad(20)
    tilt = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    geometry = grid((60, 40, 4), (1.0, 1.0, 1.0), tilt)
    mask = np.zeros(geometry.shape_zyx, bool)
    mask[10:40, 10:20] = True
    region = proximal(mask, geometry, 20.0)
    heights = np.array([geometry.to_physical(index[::-1])[2] for index in np.ndindex(geometry.shape_zyx)])
    inside = region.ravel()
    assert heights[inside].min() > heights[~inside].max()
    assert heights[mask.ravel()].max() - heights[inside].min() == pytest.approx(20.0, abs=1.0)


def test_an_empty_mask_a_wrong_grid_and_no_height_are_refused():
    geometry = grid((4, 4, 4), (1.0, 1.0, 1.0), np.eye(3))
    with pytest.raises(ValueError, match="no top"):
        proximal(np.zeros((4, 4, 4), bool), geometry)
    with pytest.raises(ValueError, match="differ in size"):
        proximal(np.ones((4, 4, 5), bool), geometry)
    with pytest.raises(ValueError, match="no height"):
        proximal(np.ones((4, 4, 4), bool), geometry, 0.0)
