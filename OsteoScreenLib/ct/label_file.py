"""Reading a segmentation: whole numbers on a grid."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.image_file import image_kind, read_image_file
from OsteoScreenLib.errors import InputError

MASK_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
"""Endings of files that can hold a segmentation."""

MAX_LABEL = 32767
"""The largest label that is read; segmentations at hand number up to a few hundred structures."""


def read_labels(path: str | os.PathLike[str]) -> tuple[np.ndarray, Geometry]:
    """Read a segmentation from one NIfTI, NRRD or MetaImage file.

    The file goes through the same checks as a CT (header, size, geometry, all voxels there). Labels may be stored as
    any number type, as some programs write them as floating point, but each must be a whole number from 0 to 32767.

    Args:
        path: the file.

    Returns:
        (z, y, x) array, uint8 where every label is under 256, else uint16; and its geometry.

    Raises:
        InputError: ``not_found``, ``not_an_image``, ``not_labels`` (fractions, negative or too large numbers), and what
            :func:`OsteoScreenLib.ct.image_file.read_image_file` raises.
    """
    place = Path(path)
    try:
        if not place.exists():
            raise InputError("There is no such file", path=path, next_step="Check the path.", code="not_found")
        kind = image_kind(place) if place.is_file() else None
        if kind is None:
            raise InputError(
                "This is not a segmentation that can be read",
                path=path,
                next_step="Give a mask as NIfTI, NRRD or MetaImage file.",
                code="not_an_image",
            )
        volume = read_image_file(place, kind)
    except OSError as error:
        raise InputError(
            f"The operating system refuses to read this: {error.strerror or error}",
            path=path,
            next_step="Check that the file is readable and the disk is well.",
        ) from error
    except MemoryError as error:
        raise InputError(
            "The mask does not fit into memory", path=path, next_step="Crop it.", code="too_large"
        ) from error
    return _as_labels(volume.hu, path), volume.geometry


def mask_stem(path: str | os.PathLike[str]) -> str:
    """The file's name without the ending of its format: ``case_1`` for ``case_1.nii.gz``."""
    name = Path(path).name
    for suffix in MASK_SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return Path(path).stem


def _as_labels(values: np.ndarray, path: str | os.PathLike[str]) -> np.ndarray:
    """The reader keeps whole numbers of 16 bits as int16; whatever else it returns is no segmentation."""
    lowest, highest = float(values.min()), float(values.max())
    if values.dtype != np.int16 or lowest < 0:
        raise InputError(
            f"The voxels are not labels: they run from {lowest:g} to {highest:g}, and labels are whole numbers from 0 "
            f"to {MAX_LABEL}",
            path=path,
            next_step="Give the segmentation itself, not a probability map or the CT.",
            code="not_labels",
        )
    return values.astype(np.uint8 if highest < 256 else np.uint16)
