"""Resampling as the Image Biomarker Standardisation Initiative defines it (Zwanenburg et al. 2020, section 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.mask_checks import bounding_box, refuse_outside
from OsteoScreenLib.radiomics.resampling import crop_to


def resample(image: GridImage, mask: GridImage, values: Mapping[str, Any]) -> tuple[GridImage, GridImage]:
    """Image and mask on a grid of ``resampledPixelSpacing`` that shares the centre of the image's grid.

    Grey values are interpolated as ``interpolator`` says and rounded where the image holds whole numbers; the mask is
    interpolated linearly and is inside where at least half. Both are then cut to the region and ``padDistance``.

    Raises:
        InputError: ``mask_outside_image``.
    """
    import SimpleITK as sitk

    refuse_outside(image, mask, bounding_box(mask.array > 0))
    old = np.array(image.geometry.spacing_xyz_mm)
    wanted = np.array(values["resampledPixelSpacing"], dtype=np.float64)
    spacing = np.where(wanted == 0, old, wanted)
    count = np.array(image.array.shape[::-1])
    size = np.ceil(count * old / spacing - 1e-6).astype(int)
    centre = image.geometry.to_physical(((count - 1) / 2).tolist())
    origin = np.asarray(centre) - image.geometry.matrix @ (spacing * (size - 1) / 2)
    grid = (size.tolist(), sitk.Transform())
    place = (origin.tolist(), spacing.tolist(), image.geometry.direction)
    kind = values["interpolator"]
    kind = getattr(sitk, kind) if isinstance(kind, str) else kind
    exact = sitk.Cast(image.to_itk(), sitk.sitkFloat64)
    grey = sitk.Resample(exact, *grid, kind, *place, 0.0, sitk.sitkFloat64, True)
    share = sitk.Resample(sitk.Cast(mask.to_itk(), sitk.sitkFloat64), *grid, sitk.sitkLinear, *place)
    new_image, new_mask = GridImage.from_itk(grey), GridImage.from_itk(share)
    array = np.rint(new_image.array) if _whole(image.array) else new_image.array
    # Halves that a rounding error puts just below count as halves.
    inside = (new_mask.array >= 0.5 - 1e-9).astype(np.uint8)
    if not inside.any():
        return GridImage(array, new_image.geometry), GridImage(inside, new_image.geometry)
    return crop_to(
        GridImage(array, new_image.geometry), GridImage(inside, new_image.geometry), int(values["padDistance"])
    )


def _whole(array: np.ndarray) -> bool:
    """Whether an image holds whole numbers only, whatever type they are kept as."""
    return array.dtype.kind in "iu" or bool(np.array_equal(array, np.rint(array)))
