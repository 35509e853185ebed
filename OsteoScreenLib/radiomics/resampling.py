"""Putting an image and its mask onto a grid of another spacing, by PyRadiomics' rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.mask_checks import Box, bounding_box, refuse_outside
from OsteoScreenLib.radiomics.spline import spline_on_axes

if TYPE_CHECKING:
    import SimpleITK as sitk

SPLINE_REACH = 32
"""Voxels beyond which a voxel has no say in a cubic spline: its weight falls by 3.7 with each, to 1e-18."""


def resample(image: GridImage, mask: GridImage, values: Mapping[str, Any]) -> tuple[GridImage, GridImage]:
    """Image and mask on a grid of ``resampledPixelSpacing``, cut to the region with a border of ``padDistance`` voxels.

    The new grid shares the corner of the mask's grid (not its centre, as IBSI has it). Whole numbers stay whole
    numbers: their decimals are dropped. Along an axis where the spacing is 0 or the region one voxel thin, the mask's
    spacing is kept.

    Args:
        image: of any grid that holds the region.
        mask: one region, 0 and 1.
        values: PyRadiomics' settings.

    Raises:
        InputError: ``mask_outside_image``.
    """
    box = bounding_box(mask.array > 0)
    refuse_outside(image, mask, box)
    own = np.array(mask.geometry.spacing_xyz_mm)
    wanted = np.array(values["resampledPixelSpacing"], dtype=np.float64)
    lower = np.array([part.start for part in reversed(box)])
    size = np.array([part.stop - part.start for part in reversed(box)])
    spacing = np.where((wanted == 0) | (size == 1), own, wanted)
    pad = int(values["padDistance"])
    if np.allclose(image.geometry.spacing_xyz_mm, spacing):
        return crop_to(image, onto_grid(mask, image), pad)
    ratio = own / spacing
    start = np.maximum(np.floor((lower - 0.5) * ratio - pad), 0)
    last = np.ceil(np.array(mask.array.shape[::-1]) * ratio) - 1
    stop = np.minimum(np.ceil((lower + size - 0.5) * ratio + pad), last)
    origin_index = 0.5 * (spacing - own) / own + start / ratio
    return _onto_new_grid(image, mask, spacing, origin_index, stop - start + 1, values["interpolator"])


def onto_grid(mask: GridImage, image: GridImage) -> GridImage:
    """A mask on an image's grid, nearest voxel."""
    import SimpleITK as sitk

    grid = _empty(image)
    moved = sitk.Resample(
        _as_itk(mask),
        image.array.shape[::-1],
        sitk.Transform(),
        sitk.sitkNearestNeighbor,
        grid.GetOrigin(),
        grid.GetSpacing(),
        grid.GetDirection(),
    )
    return GridImage(sitk.GetArrayFromImage(moved), image.geometry)


def crop_to(image: GridImage, mask: GridImage, pad: int) -> tuple[GridImage, GridImage]:
    """Both cut to the region's bounding box and ``pad`` voxels round it, as far as the image goes."""
    box = widened(bounding_box(mask.array > 0), (pad, pad, pad), mask.array.shape)
    return image.cropped(box), mask.cropped(box)


def widened(box: Box, margin: tuple[int, int, int], shape: tuple[int, ...]) -> Box:
    """A box made larger on every side, as far as the array goes."""
    z, y, x = (
        slice(max(0, part.start - more), min(n, part.stop + more))
        for part, more, n in zip(box, margin, shape, strict=True)
    )
    return (z, y, x)


def _onto_new_grid(
    image: GridImage,
    mask: GridImage,
    spacing: np.ndarray,
    origin_index: np.ndarray,
    size: np.ndarray,
    interpolator: str | int,
) -> tuple[GridImage, GridImage]:
    import SimpleITK as sitk

    # ITK's own arithmetic: a last digit decides where a voxel of the mask lies halfway between two others.
    origin = _empty(mask).TransformContinuousIndexToPhysicalPoint(origin_index.tolist())
    kind = getattr(sitk, interpolator) if isinstance(interpolator, str) else interpolator
    count = [int(n) for n in size]
    place = (sitk.Transform(), origin, spacing.tolist(), mask.geometry.direction)
    new_mask = GridImage.from_itk(sitk.Resample(_as_itk(mask), count, place[0], sitk.sitkNearestNeighbor, *place[1:]))
    if kind == sitk.sitkBSpline:
        image = _around(image, mask, origin, spacing, count)
        if (array := _along_axes(image, mask, origin, spacing, count)) is not None:
            return GridImage(array, new_mask.geometry), new_mask
    return GridImage.from_itk(sitk.Resample(image.to_itk(), count, place[0], kind, *place[1:])), new_mask


def _along_axes(
    image: GridImage, mask: GridImage, origin: tuple[float, ...], spacing: np.ndarray, count: list[int]
) -> np.ndarray | None:
    """The image on the new grid where that has the image's directions and whole numbers; else None."""
    if mask.geometry.direction != image.geometry.direction:
        return None
    first = image.geometry.to_index(origin)
    step = spacing / np.asarray(image.geometry.spacing_xyz_mm)
    return spline_on_axes(image.array, [first[i] + np.arange(count[i]) * step[i] for i in (2, 1, 0)])


def _around(
    image: GridImage, mask: GridImage, origin: tuple[float, ...], spacing: np.ndarray, count: list[int]
) -> GridImage:
    """The part of the image that has a say in the spline on the new grid: the coefficients of a whole scan are many."""
    steps = np.array(mask.geometry.matrix) * spacing
    far = np.array(count) - 1
    corners = np.array(
        [image.geometry.to_index(np.asarray(origin) + steps @ (far * pick)) for pick in np.ndindex(2, 2, 2)]
    )
    box = []
    for axis, n in enumerate(image.array.shape):
        along = corners[:, 2 - axis]
        low = min(max(0, math.floor(along.min()) - SPLINE_REACH), n - 1)
        high = max(min(n, math.ceil(along.max()) + SPLINE_REACH + 1), low + 1)
        box.append(slice(low, high))
    return image.cropped((box[0], box[1], box[2]))


def _as_itk(mask: GridImage) -> sitk.Image:
    small = np.uint8 if mask.array.dtype == bool else mask.array.dtype
    return GridImage(mask.array.astype(small, copy=False), mask.geometry).to_itk()


def _empty(grid: GridImage) -> sitk.Image:
    """A small image with the grid's origin, spacing and directions."""
    import SimpleITK as sitk

    image = sitk.Image([1, 1, 1], sitk.sitkUInt8)
    image.SetSpacing(grid.geometry.spacing_xyz_mm)
    image.SetOrigin(grid.geometry.origin_lps_mm)
    image.SetDirection(grid.geometry.direction)
    return image
