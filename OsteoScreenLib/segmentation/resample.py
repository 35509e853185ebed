"""A region of a volume on a network's grid, and a network's answer back on the volume's own grid.

Everything goes through LPS millimetres. Where the volume's axes are those of the patient, in any order and direction,
the resampling is three products with banded matrices, done by slabs; an oblique volume is first thinned out along its
own axes and then interpolated linearly. No copy of the whole volume is ever made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.progress import CancelToken, never_cancelled, stop_if
from OsteoScreenLib.segmentation.banded import Banded, along_axis_0, along_axis_1, along_axis_2
from OsteoScreenLib.segmentation.grids import Slices, box_of, cropped, slices_of
from OsteoScreenLib.segmentation.intensity import AIR_HU, CLIP_HU

_SMOOTHING = 0.4
"""Standard deviation of the blur before thinning out, relative to sqrt(new^2 - old^2); the same in training."""
_ALIGNED = 1e-6
"""Largest sine of the angle to the patient's axes that counts as none."""
_SLAB_VOXELS = 1 << 22
FULL = 255
"""A probability of 1 as :func:`to_input_region` gives it."""


def smoothing_mm(target_mm: float, spacing_mm: float) -> float:
    """Standard deviation of the Gaussian blur that going to a coarser voxel size needs; 0 where it is not coarser."""
    return _SMOOTHING * max(0.0, target_mm**2 - spacing_mm**2) ** 0.5


def to_network_grid(
    hu: np.ndarray, geometry: Geometry, grid: Geometry, cancelled: CancelToken = never_cancelled
) -> np.ndarray:
    """HU of a volume at the voxels of an upright isotropic grid.

    Finer voxels are blurred first (Gaussian), coarser ones are interpolated linearly. Values are clipped to
    ``intensity.CLIP_HU``; what is not finite counts as air, as does what lies outside of the volume.

    Args:
        hu: (z, y, x) array of the volume. geometry: of it.
        grid: upright and isotropic, see :func:`grids.network_grid`.
        cancelled: asked between slabs.

    Returns:
        float32 of ``grid.shape_zyx``.

    Raises:
        CancelledError: the user asked to stop.
    """
    target = grid.spacing_xyz_mm[0]
    support = [3 * smoothing_mm(target, s) / s + 2 for s in geometry.spacing_xyz_mm[::-1]]
    part = slices_of(box_of(grid), geometry, support)
    if part is None:
        return np.full(grid.shape_zyx, AIR_HU, np.float32)
    own = cropped(geometry, part)
    rows = _patient_axes(geometry)
    if rows is None:
        thin, weights = _thinned(own, target)
        return _interpolated(_reduced(hu[part], weights, cancelled), thin, grid, AIR_HU)
    weights = []
    for axis in range(3):
        spacing = own.spacing_xyz_mm[2 - axis]
        positions = _of_grid_in_volume(grid, own, axis, rows[2 - axis])
        weights.append(Banded.sampling(own.shape_zyx[axis], positions, smoothing_mm(target, spacing) / spacing))
    reduced = _reduced(hu[part], weights, cancelled)
    for axis, banded in enumerate(weights):
        outside = [slice(None)] * 3
        outside[axis] = ~banded.inside  # type: ignore[call-overload]
        reduced[tuple(outside)] = AIR_HU
    return np.ascontiguousarray(reduced.transpose([2 - rows.index(row) for row in (2, 1, 0)]))


def to_input_region(
    probability: np.ndarray, grid: Geometry, geometry: Geometry, part: Slices, cancelled: CancelToken = never_cancelled
) -> np.ndarray:
    """A probability on a network's grid at the voxels of a part of the volume, by linear interpolation.

    Args:
        probability: float32 of ``grid.shape_zyx``, 0 to 1; 0 is assumed outside of the grid.
        grid: as in :func:`to_network_grid`. geometry: of the whole volume. part: of its array.
        cancelled: asked between slabs.

    Returns:
        uint8 of the part's shape; 255 is a probability of 1, so that 0.5 lies between 127 and 128.

    Raises:
        CancelledError: the user asked to stop.
    """
    own = cropped(geometry, part)
    rows = _patient_axes(geometry)
    result = np.empty(own.shape_zyx, np.uint8)
    depth = max(1, _SLAB_VOXELS // max(1, own.shape_zyx[1] * own.shape_zyx[2]))
    if rows is not None:
        turned = probability.transpose([2 - rows[2 - axis] for axis in range(3)])
        weights = [
            Banded.sampling(turned.shape[axis], _of_volume_in_grid(own, grid, axis, rows[2 - axis]), 0.0)
            for axis in range(3)
        ]
    for first in range(0, own.shape_zyx[0], depth):
        stop_if(cancelled)
        slab = slice(first, min(first + depth, own.shape_zyx[0]))
        if rows is None:
            whole = (slab, slice(0, own.shape_zyx[1]), slice(0, own.shape_zyx[2]))
            values = _interpolated(probability, grid, cropped(own, whole), 0.0)
        else:
            values = along_axis_0(turned, weights[0].rows(slab))
            values = along_axis_2(along_axis_1(values, weights[1]), weights[2])
        result[slab] = np.rint(np.clip(values, 0.0, 1.0) * FULL)
    return result


def _patient_axes(geometry: Geometry) -> tuple[int, int, int] | None:
    """For index axes x, y, z the patient axis (0 left, 1 posterior, 2 superior) each runs along; None where oblique."""
    size = np.abs(geometry.matrix)
    if np.sort(size, axis=0)[:2].max() > _ALIGNED:
        return None
    x, y, z = (int(row) for row in size.argmax(axis=0))
    return x, y, z


def _of_grid_in_volume(grid: Geometry, own: Geometry, axis: int, row: int) -> np.ndarray:
    """Where the grid's voxels along a patient axis lie on the volume's array axis, in voxels."""
    places = grid.origin_lps_mm[row] + np.arange(grid.shape_zyx[2 - row]) * grid.spacing_xyz_mm[row]
    column = 2 - axis
    return (places - own.origin_lps_mm[row]) * np.sign(own.matrix[row, column]) / own.spacing_xyz_mm[column]


def _of_volume_in_grid(own: Geometry, grid: Geometry, axis: int, row: int) -> np.ndarray:
    """Where the volume's voxels along an array axis lie on the grid's axis of that patient axis, in voxels."""
    column = 2 - axis
    step = np.sign(own.matrix[row, column]) * own.spacing_xyz_mm[column]
    places = own.origin_lps_mm[row] + np.arange(own.shape_zyx[axis]) * step
    return (places - grid.origin_lps_mm[row]) / grid.spacing_xyz_mm[row]


def _thinned(own: Geometry, target_mm: float) -> tuple[Geometry, list[Banded]]:
    """A grid along the volume's own axes with voxels of at least half the target's size, and the way to it.

    The linear interpolation that follows blurs as well, by a sixth of the square of the spacing in the mean; the
    Gaussian is narrower by that.
    """
    sizes, spacings, weights = [], [], []
    for axis, n in enumerate(own.shape_zyx):
        spacing = own.spacing_xyz_mm[2 - axis]
        m = n if spacing >= target_mm / 2 else max(1, int(n * spacing / (target_mm / 2)))
        ratio = n / m
        variance = (smoothing_mm(target_mm, spacing) / spacing) ** 2 - (ratio**2 - 1) / 6
        positions = (np.arange(m) + 0.5) * ratio - 0.5
        weights.append(Banded.sampling(n, positions, max(0.0, variance) ** 0.5))
        sizes.append(m)
        spacings.append(spacing * ratio)
    offset = [(new / old - 1) / 2 for new, old in zip(reversed(spacings), own.spacing_xyz_mm, strict=True)]
    shape, spacing_xyz = (sizes[0], sizes[1], sizes[2]), (spacings[2], spacings[1], spacings[0])
    return Geometry(shape, spacing_xyz, own.to_physical(offset), own.direction), weights


def _reduced(hu: np.ndarray, weights: list[Banded], cancelled: CancelToken) -> np.ndarray:
    """Sample a volume along its three array axes; float32. Only a few slices at a time are made float."""
    middle = np.empty((hu.shape[0], weights[1].outputs, weights[2].outputs), np.float32)
    depth = max(1, _SLAB_VOXELS // max(1, hu.shape[1] * hu.shape[2]))
    for first in range(0, hu.shape[0], depth):
        stop_if(cancelled)
        slab = hu[first : first + depth]
        if slab.dtype.kind == "f":
            slab = np.nan_to_num(slab, nan=AIR_HU, posinf=CLIP_HU[1], neginf=CLIP_HU[0])
        values = np.clip(slab, round(CLIP_HU[0]), round(CLIP_HU[1])).astype(np.float32, copy=False)
        middle[first : first + depth] = along_axis_1(along_axis_2(values, weights[2]), weights[1])
    return along_axis_0(middle, weights[0])


def _interpolated(values: np.ndarray, grid: Geometry, wanted: Geometry, outside: float) -> np.ndarray:
    """Linear interpolation from one grid to another, oblique to it."""
    import SimpleITK as sitk

    image = _image(values, grid, sitk)
    resampler = sitk.ResampleImageFilter()
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.SetDefaultPixelValue(outside)
    resampler.SetSize(wanted.shape_zyx[::-1])
    resampler.SetOutputSpacing(wanted.spacing_xyz_mm)
    resampler.SetOutputOrigin(wanted.origin_lps_mm)
    resampler.SetOutputDirection(wanted.direction)
    return sitk.GetArrayFromImage(resampler.Execute(image))


def _image(values: np.ndarray, grid: Geometry, sitk: Any) -> Any:
    image = sitk.GetImageFromArray(np.ascontiguousarray(values, np.float32))
    image.SetSpacing(grid.spacing_xyz_mm)
    image.SetOrigin(grid.origin_lps_mm)
    image.SetDirection(grid.direction)
    return image
