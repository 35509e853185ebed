"""The scans that the builders start from, and how a volume is compared with what its builder knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from factory.geometric_body import make_geometric_body
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume

SHAPE_ZYX = (20, 128, 128)
SPACING_XYZ_MM = (3.0, 3.0, 3.0)
ORIGIN_LPS_MM = (-187.25, -192.5, -1043.75)

Field = Callable[[np.ndarray], np.ndarray]
"""``hu(points_lps_mm)`` on (..., 3) points."""


@lru_cache(maxsize=1)
def small_body() -> CTVolume:
    """A geometric body of 20 thin slices around the hips that every check finds in order; origin off the middle."""
    body = make_geometric_body(seed=0, shape_zyx=SHAPE_ZYX, spacing_xyz_mm=SPACING_XYZ_MM)
    return replace(body, geometry=replace(body.geometry, origin_lps_mm=ORIGIN_LPS_MM))


def turned(ct: CTVolume, direction: np.ndarray) -> CTVolume:
    """The same voxels with other directions, given as a (3, 3) matrix whose columns are the index axes."""
    flat = tuple(float(v) for v in np.asarray(direction, dtype=float).ravel())
    return replace(ct, geometry=replace(ct.geometry, direction=flat))  # type: ignore[arg-type]


def reordered(ct: CTVolume, axes_zyx: tuple[int, int, int], flips_zyx: tuple[bool, bool, bool]) -> CTVolume:
    """The same scan in space, stored with its array axes permuted and then flipped."""
    hu = ct.hu.transpose(axes_zyx)
    shape = hu.shape
    columns = [2 - axis for axis in axes_zyx][::-1]  # index axes x, y, z of the new array among those of the old one
    matrix = ct.geometry.matrix[:, columns]
    spacing = tuple(ct.geometry.spacing_xyz_mm[c] for c in columns)
    origin = np.array(ct.geometry.origin_lps_mm)
    for array_axis, flip in enumerate(flips_zyx):
        if flip:
            hu = np.flip(hu, array_axis)
            index_axis = 2 - array_axis
            origin = origin + matrix[:, index_axis] * spacing[index_axis] * (shape[array_axis] - 1)
            matrix = matrix.copy()
            matrix[:, index_axis] *= -1
    geometry = Geometry(shape, spacing, tuple(origin.tolist()), tuple(matrix.ravel().tolist()))  # type: ignore[arg-type]
    return replace(ct, hu=np.ascontiguousarray(hu), geometry=geometry)


def points_of(geometry: Geometry) -> np.ndarray:
    """(z, y, x, 3) LPS millimetres of every voxel centre."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in geometry.shape_zyx), indexing="ij")[::-1], axis=-1)
    return np.asarray(geometry.origin_lps_mm) + (index * geometry.spacing_xyz_mm) @ geometry.matrix.T


def gradient_field(points: np.ndarray) -> np.ndarray:
    """HU that grow linearly along all three patient axes: linear interpolation keeps them exactly."""
    return 40.0 + (points - ORIGIN_LPS_MM) @ np.array([0.7, -0.5, 1.9])


def with_field(ct: CTVolume, field: Field) -> CTVolume:
    """The grid of a volume filled with a field, rounded to whole HU."""
    return replace(ct, hu=np.rint(field(points_of(ct.geometry))).astype(np.int16))


def differences(found: CTVolume, truth: CTVolume) -> str:
    """How a volume differs from the truth in patient space; empty where every voxel lies and reads as it should.

    The two may store the same scan with other axis orders: what counts is the HU at each place.
    """
    if sorted(found.geometry.shape_zyx) != sorted(truth.geometry.shape_zyx):
        return f"size {found.geometry.shape_zyx} instead of {truth.geometry.shape_zyx}"
    offset = points_of(truth.geometry) - found.geometry.origin_lps_mm
    index = offset @ np.linalg.inv(found.geometry.matrix).T / found.geometry.spacing_xyz_mm
    nearest = np.rint(index).astype(int)
    stray = float(np.abs(index - nearest).max())
    if stray > 0.01:
        return f"voxels lie up to {stray:.3g} voxels off"
    if (nearest < 0).any() or (nearest >= found.geometry.shape_zyx[::-1]).any():
        return "the volume lies elsewhere"
    values = found.hu[nearest[..., 2], nearest[..., 1], nearest[..., 0]]
    if np.array_equal(values.astype(float), truth.hu.astype(float), equal_nan=truth.hu.dtype.kind == "f"):
        return ""
    wrong = (values != truth.hu) & ~(np.isnan(values) & np.isnan(truth.hu))
    return f"{int(wrong.sum())} voxels read other HU, such as {values[wrong][0]:g} in place of {truth.hu[wrong][0]:g}"


def field_differences(found: CTVolume, field: Field, outside_hu: float, tolerance_hu: float = 1.01) -> str:
    """How a resampled volume differs from the field that was scanned; voxels outside the scanned region are left out.

    At least half of the voxels must lie inside.
    """
    wanted = field(points_of(found.geometry))
    # Next to the border a voxel mixes with what lies outside; such voxels lie between the two.
    inside = found.hu != outside_hu
    inner = inside.copy()
    for axis in range(3):
        for step in (-1, 1):
            inner &= np.roll(inside, step, axis)
    if inner.mean() < 0.5:
        return f"only {inner.mean():.0%} of the volume was scanned"
    error = float(np.abs(found.hu - wanted)[inner].max())
    return "" if error <= tolerance_hu else f"HU are off by up to {error:.1f}"
