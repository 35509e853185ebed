"""The same scan as other scanners, other programs or another radiographer would have stored it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.segmentation.grids import Slices, cropped

_FAR_MM = -1e4
"""Signed distance of what lies outside of a grid."""


def flipped(ct: CTVolume, *axes: int) -> CTVolume:
    """Array axes reversed, the geometry following: every voxel stays where it is in the patient."""
    hu, geometry = ct.hu, ct.geometry
    for axis in axes:
        column = 2 - axis
        index = [0.0, 0.0, 0.0]
        index[column] = geometry.shape_zyx[axis] - 1
        matrix = geometry.matrix
        matrix[:, column] *= -1
        geometry = replace(geometry, origin_lps_mm=geometry.to_physical(index), direction=_flat(matrix))
        hu = np.flip(hu, axis)
    return _volume(ct, hu, geometry)


def reordered(ct: CTVolume, order: tuple[int, int, int]) -> CTVolume:
    """Array axes in another order, the geometry following; ``order`` as in ``numpy.transpose``."""
    geometry = ct.geometry
    columns = [2 - order[2 - column] for column in range(3)]
    spacing = tuple(geometry.spacing_xyz_mm[column] for column in columns)
    moved = Geometry(
        tuple(geometry.shape_zyx[axis] for axis in order),  # type: ignore[arg-type]
        spacing,  # type: ignore[arg-type]
        geometry.origin_lps_mm,
        _flat(geometry.matrix[:, columns]),
    )
    return _volume(ct, ct.hu.transpose(order), moved)


def level_axis(geometry: Geometry) -> int:
    """Array axis along which inferior and superior lie."""
    return next(axis for axis, code in enumerate(geometry.axis_codes[::-1]) if code in "IS")


def overlap_weights(n_old: int, old_mm: float, new_mm: float) -> np.ndarray:
    """(n_new, n_old) weights that average a line of cells into longer ones, each cell by its overlap; rows sum to 1.

    Both lines begin at the same border; what is left over at the end is dropped.
    """
    count = math.floor(n_old * old_mm / new_mm + 1e-6)
    if count < 1:
        raise ValueError(f"{n_old} cells of {old_mm} mm are shorter than one of {new_mm} mm")
    old, new = np.arange(n_old + 1) * old_mm, np.arange(count + 1) * new_mm
    overlap = np.minimum(new[1:, None], old[1:]) - np.maximum(new[:-1, None], old[:-1])
    weights = np.clip(overlap, 0.0, None)
    return weights / weights.sum(axis=1, keepdims=True)


def averaged(array: np.ndarray, axis: int, weights: np.ndarray) -> np.ndarray:
    """float32 array whose cells along an axis are weighted means of the old ones."""
    moved = np.moveaxis(array, axis, 0)
    result = np.empty((len(weights), *moved.shape[1:]), np.float32)
    for number, row in enumerate(weights):
        used = np.flatnonzero(row)
        result[number] = sum(np.float32(row[k]) * moved[k].astype(np.float32) for k in used)
    return np.moveaxis(result, 0, axis)


def thicker_grid(geometry: Geometry, spacing_mm: float) -> Geometry:
    """The grid with slices of another thickness, beginning at the same border."""
    axis = level_axis(geometry)
    column = 2 - axis
    shape, spacing = list(geometry.shape_zyx), list(geometry.spacing_xyz_mm)
    shape[axis] = math.floor(shape[axis] * spacing[column] / spacing_mm + 1e-6)
    first = [0.0, 0.0, 0.0]
    first[column] = (spacing_mm / spacing[column] - 1) / 2
    spacing[column] = spacing_mm
    return Geometry(tuple(shape), tuple(spacing), geometry.to_physical(first), geometry.direction)  # type: ignore[arg-type]


def with_thick_slices(ct: CTVolume, spacing_mm: float) -> CTVolume:
    """Slices averaged into thicker ones, as a scanner reconstructs them; the noise falls as it does there."""
    axis = level_axis(ct.geometry)
    old = ct.geometry.spacing_xyz_mm[2 - axis]
    weights = overlap_weights(ct.hu.shape[axis], old, spacing_mm)
    hu = np.rint(averaged(ct.hu, axis, weights)).astype(np.int16)
    told = replace(ct.acquisition, slice_thickness_mm=spacing_mm)
    return replace(_volume(ct, hu, thicker_grid(ct.geometry, spacing_mm)), acquisition=told)


def labels_in_thick_slices(labels: np.ndarray, geometry: Geometry, spacing_mm: float) -> np.ndarray:
    """Labels as of :func:`with_thick_slices`: where at least half of a voxel is of a label."""
    axis = level_axis(geometry)
    weights = overlap_weights(labels.shape[axis], geometry.spacing_xyz_mm[2 - axis], spacing_mm)
    result = np.zeros(thicker_grid(geometry, spacing_mm).shape_zyx, labels.dtype)
    for label in np.unique(labels[labels > 0]):
        result[averaged(labels == label, axis, weights) >= 0.5] = label
    return result


def resampled_in_plane(ct: CTVolume, spacing_mm: float) -> CTVolume:
    """Other voxel sizes within the slices, linear between the old voxels, borders kept."""
    import SimpleITK as sitk

    level, geometry = level_axis(ct.geometry), ct.geometry
    shape, spacing, first = list(geometry.shape_zyx), list(geometry.spacing_xyz_mm), [0.0, 0.0, 0.0]
    for axis in (axis for axis in range(3) if axis != level):
        column = 2 - axis
        first[column] = (spacing_mm / spacing[column] - 1) / 2
        shape[axis] = max(1, round(shape[axis] * spacing[column] / spacing_mm))
        spacing[column] = spacing_mm
    target = Geometry(tuple(shape), tuple(spacing), geometry.to_physical(first), geometry.direction)  # type: ignore[arg-type]
    moved = _resampled(ct.hu, geometry, target, sitk.sitkLinear, float(ct.hu.min()))
    return _volume(ct, np.rint(moved).astype(np.int16), target)


def cut(ct: CTVolume, part: Slices) -> CTVolume:
    """A part of the volume."""
    return _volume(ct, ct.hu[part], cropped(ct.geometry, part))


def onto(labels: np.ndarray, source: Geometry, target: Geometry) -> np.ndarray:
    """Labels on another grid: where the signed distance to the label's surface, linear between voxels, is inside.

    Shape-based interpolation (Raya and Udupa 1990, IEEE Trans Med Imaging 9:32): between thick slices the surface goes
    straight from one outline to the next. A mask that is itself interpolated makes steps there.
    """
    import SimpleITK as sitk

    if source == target:
        return labels
    result = np.zeros(target.shape_zyx, np.uint8)
    for label in np.unique(labels[labels > 0]):
        distance = signed_distance_mm(labels == label, source)
        result[_resampled(distance, source, target, sitk.sitkLinear, _FAR_MM) > 0.0] = label
    return result


def signed_distance_mm(mask: np.ndarray, geometry: Geometry) -> np.ndarray:
    """float32 distance of each voxel to the nearest one on the other side of the surface; positive inside."""
    from scipy.ndimage import distance_transform_edt

    spacing = geometry.spacing_xyz_mm[::-1]
    inside = distance_transform_edt(mask, sampling=spacing)
    return np.asarray(inside - distance_transform_edt(~mask, sampling=spacing), np.float32)


def dice(first: np.ndarray, second: np.ndarray) -> float | None:
    """Dice similarity coefficient of two boolean masks; None where both are empty."""
    total = np.count_nonzero(first) + np.count_nonzero(second)
    return 2.0 * np.count_nonzero(first & second) / total if total else None


def _resampled(array: np.ndarray, source: Geometry, target: Geometry, how: int, outside: float) -> np.ndarray:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(array, np.float32))
    image.SetSpacing(source.spacing_xyz_mm)
    image.SetOrigin(source.origin_lps_mm)
    image.SetDirection(source.direction)
    size = list(target.shape_zyx[::-1])
    moved = sitk.Resample(
        image, size, sitk.Transform(), how, target.origin_lps_mm, target.spacing_xyz_mm, target.direction, outside
    )
    return np.asarray(sitk.GetArrayFromImage(moved))


def _volume(ct: CTVolume, hu: np.ndarray, geometry: Geometry) -> CTVolume:
    return replace(ct, hu=np.ascontiguousarray(hu), geometry=geometry, stack=None)


def _flat(matrix: np.ndarray) -> tuple[float, float, float, float, float, float, float, float, float]:
    a, b, c, d, e, f, g, h, i = (float(v) for v in matrix.ravel())
    return (a, b, c, d, e, f, g, h, i)
