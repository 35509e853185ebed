"""What an image and a mask were like at each step, under PyRadiomics' names."""

from __future__ import annotations

import hashlib
import json
import platform
from typing import Any

import numpy as np

import OsteoScreenLib
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.mask_checks import Box, bounding_box
from OsteoScreenLib.radiomics.packages import pywavelets
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.radiomics.size_zones import number_of_parts

PREFIX = "diagnostics_"


def of_software(settings: Settings) -> dict[str, Any]:
    """Versions of what computes, and the settings."""
    import SimpleITK as sitk

    said = settings.to_dict()
    wavelets = {f"{PREFIX}Versions_PyWavelet": pywavelets().__version__} if "Wavelet" in settings.image_types else {}
    return {
        f"{PREFIX}Versions_OsteoScreen": OsteoScreenLib.__version__,
        f"{PREFIX}Versions_Numpy": np.__version__,
        f"{PREFIX}Versions_SimpleITK": sitk.Version().VersionString(),
        **wavelets,
        f"{PREFIX}Versions_Python": platform.python_version(),
        f"{PREFIX}Configuration_Settings": json.dumps(said["setting"]),
        f"{PREFIX}Configuration_EnabledImageTypes": json.dumps(said["imageType"]),
    }


def of_image(image: GridImage, step: str) -> dict[str, Any]:
    """Size, spacing and range of an image; its SHA-1 where ``step`` is ``original``."""
    start = f"{PREFIX}Image-{step}_"
    facts: dict[str, Any] = {}
    if step == "original":
        facts[f"{start}Hash"] = _sha1(image.array)
        facts[f"{start}Dimensionality"] = "3D"
    return facts | {
        f"{start}Spacing": image.geometry.spacing_xyz_mm,
        f"{start}Size": image.array.shape[::-1],
        f"{start}Mean": float(np.mean(image.array, dtype=np.float64)),
        f"{start}Minimum": float(image.array.min()),
        f"{start}Maximum": float(image.array.max()),
    }


def of_mask(
    image: GridImage | None,
    mask: GridImage,
    step: str,
    *,
    shift: Box | None = None,
    whole: GridImage | None = None,
) -> dict[str, Any]:
    """Box, size, parts and centre of a mask (0 and 1), and the grey values below it where an image is given.

    Args:
        shift: where ``mask`` was cut out of ``whole``; indices are told in the latter.
    """
    start = f"{PREFIX}Mask-{step}_"
    box = bounding_box(mask.array > 0)
    inside = mask.array[box] > 0
    offset = [part.start + (0 if shift is None else more.start) for part, more in zip(box, shift or box, strict=True)]
    centre = [float(np.mean(axis)) + first for axis, first in zip(np.nonzero(inside), offset, strict=True)][::-1]
    outer = whole or mask
    facts: dict[str, Any] = {
        f"{start}Spacing": mask.geometry.spacing_xyz_mm,
        f"{start}Size": outer.array.shape[::-1],
        f"{start}BoundingBox": (*offset[::-1], *inside.shape[::-1]),
        f"{start}VoxelNum": int(np.count_nonzero(inside)),
        f"{start}VolumeNum": number_of_parts(inside),
        f"{start}CenterOfMassIndex": tuple(centre),
        f"{start}CenterOfMass": outer.geometry.to_physical(centre),
    }
    if image is not None:
        grey = image.array[box][inside]
        facts[f"{start}Mean"] = float(np.mean(grey, dtype=np.float64))
        facts[f"{start}Minimum"] = float(grey.min())
        facts[f"{start}Maximum"] = float(grey.max())
    return facts


def of_labels(mask: GridImage) -> dict[str, Any]:
    """SHA-1 of the labels as 32-bit numbers, as PyRadiomics takes it."""
    digest = hashlib.sha1(usedforsecurity=False)
    for plane in mask.array:
        digest.update(np.ascontiguousarray(plane, dtype=np.uint32).data)
    return {f"{PREFIX}Mask-original_Hash": digest.hexdigest()}


def _sha1(array: np.ndarray) -> str:
    return hashlib.sha1(np.ascontiguousarray(array).data, usedforsecurity=False).hexdigest()
