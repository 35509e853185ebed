"""Putting slices that are tilted, shifted or unevenly spaced onto one regular orthogonal grid."""

from __future__ import annotations

import math
import os

import numpy as np

from OsteoScreenLib.ct.slice_stack import StackLayout
from OsteoScreenLib.errors import InputError

MAX_GROWTH = 3.0
"""A regular grid with more than this many times the voxels means that the positions are wrong, not that slices lack."""


def regrid(
    slices: np.ndarray, layout: StackLayout, outside_hu: float, path: str | os.PathLike[str]
) -> tuple[np.ndarray, tuple[float, float]]:
    """Interpolate slices linearly onto the regular grid of their layout.

    Each slice is first moved within its plane to where its position puts it (a tilted gantry shears the stack), on a
    matrix that is large enough for all; then missing or uneven places along the normal are filled between their two
    neighbours.

    Args:
        slices: (n, rows, columns). layout: their places. outside_hu: value where no slice was measured.
        path: for messages.

    Returns:
        (n_grid, rows', columns') array of the same type; in-plane offset in mm (along the rows' direction, along the
        columns' direction) of its first voxel from the first voxel of the first slice.

    Raises:
        InputError: ``impossible_geometry`` where the grid would be out of all proportion.
    """
    _refuse_out_of_proportion(slices.shape, layout, path)
    offset = (0.0, 0.0)
    if layout.is_shifted:
        slices, offset = _unshear(slices, layout, outside_hu)
    if not layout.is_evenly_spaced:
        slices = _fill_along_normal(slices, layout)
    return slices, offset


def _refuse_out_of_proportion(shape: tuple[int, ...], layout: StackLayout, path: str | os.PathLike[str]) -> None:
    rows_mm, columns_mm = layout.images[0].pixel_spacing_mm or (1.0, 1.0)
    ranges = np.ptp(layout.shifts_mm, axis=0)
    growth = layout.n_grid / shape[0]
    growth *= (1 + ranges[0] / columns_mm / shape[2]) * (1 + ranges[1] / rows_mm / shape[1])
    if growth > MAX_GROWTH:
        raise InputError(
            "The slices lie so far apart or so scattered that they do not form one volume",
            path=path,
            next_step="Check that all slices belong to one scan, or convert the scan again.",
            code="impossible_geometry",
        )


def _unshear(slices: np.ndarray, layout: StackLayout, outside_hu: float) -> tuple[np.ndarray, tuple[float, float]]:
    """Move every slice by its own in-plane shift."""
    rows_mm, columns_mm = layout.images[0].pixel_spacing_mm or (1.0, 1.0)
    shifts = layout.shifts_mm / (columns_mm, rows_mm)  # (along x, along y) in pixels
    low, high = np.floor(shifts.min(axis=0) + 1e-9), np.ceil(shifts.max(axis=0) - 1e-9)
    grown_x, grown_y = (int(v) for v in high - low)
    n, rows, columns = slices.shape
    result = np.full((n, rows + grown_y, columns + grown_x), outside_hu, dtype=slices.dtype)
    for k in range(n):
        result[k] = _moved(slices[k], shifts[k] - low, result.shape[1:], outside_hu)
    return result, (float(low[0] * columns_mm), float(low[1] * rows_mm))


def _moved(plane: np.ndarray, shift_xy: np.ndarray, shape: tuple[int, ...], outside: float) -> np.ndarray:
    """One slice moved by a (fractional) number of pixels, bilinear between its own pixels, ``outside`` around it."""
    (ix, fx), (iy, fy) = ((math.floor(s + 1e-9), max(0.0, s - math.floor(s + 1e-9))) for s in shift_xy)
    padded = np.full((plane.shape[0] + 2, plane.shape[1] + 2), outside, dtype=np.float64)
    padded[1:-1, 1:-1] = plane
    rows = (1 - fy) * padded[1:] + fy * padded[:-1]
    moved = (1 - fx) * rows[:, 1:] + fx * rows[:, :-1]
    result = np.full(shape, outside, dtype=np.float64)
    height, width = min(moved.shape[0], shape[0] - iy), min(moved.shape[1], shape[1] - ix)
    result[iy : iy + height, ix : ix + width] = moved[:height, :width]
    return _like(result, plane.dtype)


def _fill_along_normal(slices: np.ndarray, layout: StackLayout) -> np.ndarray:
    """Linear interpolation between the two neighbouring slices at every place of the regular grid."""
    wanted = np.arange(layout.n_grid) * layout.step_mm
    upper = np.clip(np.searchsorted(layout.distances_mm, wanted), 1, len(slices) - 1)
    lower = upper - 1
    gap = layout.distances_mm[upper] - layout.distances_mm[lower]
    weight = np.clip((wanted - layout.distances_mm[lower]) / gap, 0.0, 1.0)
    result = np.empty((layout.n_grid, *slices.shape[1:]), dtype=slices.dtype)
    for k in range(layout.n_grid):
        blend = (1 - weight[k]) * slices[lower[k]] + weight[k] * slices[upper[k]].astype(np.float64)
        result[k] = _like(blend, slices.dtype)
    return result


def _like(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return np.rint(values).astype(dtype) if dtype.kind == "i" else values.astype(dtype)
