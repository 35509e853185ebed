"""Small changes of an image and its mask, such as another reader, another scan or another grid would bring.

After Zwanenburg et al. 2019 (Sci Rep 9:614): noise, rotation, growing and shrinking, a randomised contour; and
resampling to a slightly different voxel size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.mask_checks import bounding_box
from OsteoScreenLib.radiomics.resampling import widened
from OsteoScreenLib.radiomics.settings import Settings

CONTOUR_MM = 0.5
"""Standard deviation of the shift of a randomised contour: about half a pixel of an abdominal CT."""

CONTOUR_WAVE_MM = 5.0
"""How far along the surface such shifts go together."""

ROTATION_DEG = 5.0
NOISE_HU = 10.0
RESAMPLING_FACTOR = 1.1


@dataclass(frozen=True, eq=False)
class Sample:
    """What is measured: an image, a mask of one region (0 and 1) and the settings."""

    image: GridImage
    mask: GridImage
    settings: Settings


Change = Callable[[Sample, np.random.Generator], Sample]


def grown(sample: Sample, draw: np.random.Generator) -> Sample:
    """The mask one voxel larger in the image's plane and along it."""
    from scipy import ndimage

    return _with_mask(sample, lambda mask: ndimage.binary_dilation(mask))


def shrunk(sample: Sample, draw: np.random.Generator) -> Sample:
    """The mask one voxel smaller; beyond the image counts as inside, as the bone goes on there."""
    from scipy import ndimage

    return _with_mask(sample, lambda mask: ndimage.binary_erosion(mask, border_value=1))


def contour_shifted(sample: Sample, draw: np.random.Generator) -> Sample:
    """The surface of the mask moved in and out by a smooth random field of 0.5 mm."""
    from scipy import ndimage

    spacing = sample.mask.spacing_zyx_mm
    z, y, x = (math.ceil(4 * CONTOUR_MM / step) + 1 for step in spacing)
    box = widened(bounding_box(sample.mask.array > 0), (z, y, x), sample.mask.array.shape)
    inside = sample.mask.array[box] > 0
    field = ndimage.gaussian_filter(draw.standard_normal(inside.shape), [CONTOUR_WAVE_MM / step for step in spacing])
    field *= CONTOUR_MM / max(float(field.std()), 1e-12)
    # Zero lies midway between the last voxel inside and the first outside.
    padded = np.pad(inside, 1)
    outside_mm = ndimage.distance_transform_edt(~padded, spacing)[1:-1, 1:-1, 1:-1]
    inside_mm = ndimage.distance_transform_edt(np.pad(inside, 1, "edge"), spacing)[1:-1, 1:-1, 1:-1]
    half = min(spacing) / 2
    distance = np.where(inside, -(inside_mm - half), outside_mm - half)
    labels = np.zeros_like(sample.mask.array)
    labels[box] = distance < field
    return replace(sample, mask=GridImage(labels, sample.mask.geometry))


def rotated(sample: Sample, draw: np.random.Generator) -> Sample:
    """Image and mask turned together by 5 degrees about a random axis through the region, and put on the same grid."""
    import SimpleITK as sitk

    axis = draw.standard_normal(3)
    axis /= np.linalg.norm(axis)
    centre = [float(np.mean(where)) for where in np.nonzero(sample.mask.array)][::-1]
    turn = sitk.VersorTransform(axis.tolist(), math.radians(ROTATION_DEG), sample.mask.geometry.to_physical(centre))
    image, mask = sample.image.to_itk(), sample.mask.to_itk()
    grey = sitk.Resample(image, image, turn, sitk.sitkLinear, float(sample.image.array.min()), image.GetPixelID())
    share = sitk.Resample(sitk.Cast(mask, sitk.sitkFloat32), mask, turn, sitk.sitkLinear, 0.0, sitk.sitkFloat32)
    labels = (sitk.GetArrayFromImage(share) >= 0.5).astype(np.uint8)
    return replace(
        sample,
        image=GridImage(sitk.GetArrayFromImage(grey), sample.image.geometry),
        mask=GridImage(labels, sample.mask.geometry),
    )


def noisy(sample: Sample, draw: np.random.Generator) -> Sample:
    """White noise of 10 HU added to the image."""
    array = sample.image.array
    changed = array + NOISE_HU * draw.standard_normal(array.shape, dtype=np.float32)
    if array.dtype.kind in "iu":
        limits = np.iinfo(array.dtype)
        changed = np.clip(np.rint(changed), limits.min, limits.max)
    return replace(sample, image=GridImage(changed.astype(array.dtype), sample.image.geometry))


def resampled(sample: Sample, draw: np.random.Generator) -> Sample:
    """Voxels a tenth larger along every axis than the settings have them."""
    values = dict(sample.settings.values)
    own = sample.mask.geometry.spacing_xyz_mm
    wanted = values["resampledPixelSpacing"] or [0, 0, 0]
    values["resampledPixelSpacing"] = [RESAMPLING_FACTOR * (step or mm) for step, mm in zip(wanted, own, strict=True)]
    values["interpolator"] = values["interpolator"] or "sitkBSpline"
    return replace(sample, settings=replace(sample.settings, values=values))


PERTURBATIONS: Mapping[str, Change] = MappingProxyType(
    {
        "grow": grown,
        "shrink": shrunk,
        "contour": contour_shifted,
        "rotation": rotated,
        "noise": noisy,
        "resampling": resampled,
    }
)
"""By the names that the command takes."""


def _with_mask(sample: Sample, change: Callable[[np.ndarray], Any]) -> Sample:
    labels = np.asarray(change(sample.mask.array > 0), dtype=np.uint8)
    return replace(sample, mask=GridImage(labels, sample.mask.geometry))
