"""From an image and a mask to the regions that features are computed of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from OsteoScreenLib.errors import InputError, OsteoScreenError
from OsteoScreenLib.radiomics import ibsi_preparation, provenance
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.mask_checks import (
    Box,
    bounding_box,
    check_extent,
    refuse_other_grid,
    refuse_outside,
    why_other_grid,
)
from OsteoScreenLib.radiomics.region import Region
from OsteoScreenLib.radiomics.resampling import crop_to, onto_grid, resample
from OsteoScreenLib.radiomics.settings import Settings


@dataclass(eq=False)
class PreparedRegion:
    """One label, ready for extraction.

    Attributes:
        label: its number in the mask.
        box: where it lies in the frame's image.
        region: its voxels, resegmented where asked for.
        shape_mask: (z, y, x) bool that shape is computed of.
        facts: provenance, by PyRadiomics' names, in order.
        error: why there are no features, where there are none.
    """

    label: int
    box: Box = (slice(0, 0), slice(0, 0), slice(0, 0))
    region: Region | None = None
    shape_mask: np.ndarray | None = None
    facts: list[Future[dict[str, Any]]] = field(default_factory=list)
    error: OsteoScreenError | None = None


@dataclass(eq=False)
class Frame:
    """An image and the regions that lie in it; filters run once for all of them."""

    image: GridImage
    regions: list[PreparedRegion]


def prepare(
    image: GridImage, mask: GridImage, labels: Sequence[int], settings: Settings, beside: Executor
) -> list[Frame]:
    """Normalise, resample or cut, check and resegment, in PyRadiomics' order.

    A label that cannot be used has its error in place of a region; the others go on.

    Args:
        image, mask, labels, settings: as of :func:`OsteoScreenLib.radiomics.extraction.extract`.
        beside: finds provenance meanwhile.

    Returns:
        One frame for all labels where the grid stays the image's own; else one for each.
    """
    values = settings.values
    of_files = []
    if values["additionalInfo"]:
        of_files.append(beside.submit(provenance.of_image, image, "original"))
        of_files.append(beside.submit(provenance.of_labels, mask))
    if values["normalize"]:
        image = _normalised(image, values)
    apart = settings.resamples or values["preCrop"]
    frames: list[Frame] = []
    for label in labels:
        found = PreparedRegion(label, facts=list(of_files))
        try:
            one = GridImage((mask.array == label).view(np.uint8), mask.geometry)
            if values["additionalInfo"]:
                found.facts.append(beside.submit(provenance.of_mask, None, one, "original"))
            own_image, own_mask = _on_working_grid(image, one, settings, found.facts, beside)
            _cut_out(own_image, own_mask, settings, found, beside)
        except OsteoScreenError as error:
            own_image, found.error = image, error
        if apart or not frames:
            frames.append(Frame(own_image, [found]))
        else:
            frames[0].regions.append(found)
    return frames


def _on_working_grid(
    image: GridImage, mask: GridImage, settings: Settings, facts: list[Future[dict[str, Any]]], beside: Executor
) -> tuple[GridImage, GridImage]:
    """Image and mask (0 and 1) on one grid."""
    values = settings.values
    if settings.resamples:
        put = ibsi_preparation.resample if settings.ibsi else resample
        image, mask = put(image, mask, values)
        _refuse_lost(mask)
        if values["additionalInfo"]:
            facts.append(beside.submit(provenance.of_image, image, "interpolated"))
            facts.append(beside.submit(provenance.of_mask, image, mask, "interpolated"))
        return image, mask
    why = why_other_grid(image, mask, values.get("geometryTolerance"))
    if why and values.get("correctMask", False):
        refuse_outside(image, mask, bounding_box(mask.array > 0))
        mask = onto_grid(mask, image)
        _refuse_lost(mask)
        if values["additionalInfo"]:
            facts.append(beside.submit(provenance.of_mask, image, mask, "corrected"))
    else:
        refuse_other_grid(why)
    if values["preCrop"]:
        return crop_to(image, mask, int(values["padDistance"]))
    return image, mask


def _cut_out(image: GridImage, mask: GridImage, settings: Settings, found: PreparedRegion, beside: Executor) -> None:
    """Check and resegment the region and keep its bounding box."""
    values = settings.values
    box = bounding_box(mask.array > 0)
    whole = mask.array[box] > 0
    _check(whole, values)
    grey = image.array[box]
    if not np.isfinite(grey[whole]).all():
        raise InputError(
            "The image has values that are not numbers inside the region",
            next_step="Repair the image, or leave those voxels out of the mask.",
            code="not_finite",
        )
    part = whole
    if values["resegmentRange"] is not None:
        part = resegmented(grey, whole, values)
        inner = bounding_box(part)
        _check(part[inner], values)
        if values["additionalInfo"]:
            new = GridImage(part.astype(np.uint8), image.cropped(box).geometry)
            left = beside.submit(provenance.of_mask, image.cropped(box), new, "resegmented", shift=box, whole=image)
            found.facts.append(left)
        # PyRadiomics computes shape of the mask as it was, cut to the box of the part that is left; IBSI does not cut.
        shape_mask = part if values.get("resegmentShape", False) else whole
        found.shape_mask = shape_mask if settings.ibsi else shape_mask[inner]
        box, part = _inside(box, inner), part[inner]
    else:
        found.shape_mask = whole
    found.box = box
    found.region = Region(np.ascontiguousarray(part), image.spacing_zyx_mm)


def _check(mask: np.ndarray, values: Mapping[str, Any]) -> None:
    check_extent(mask, values["minimumROIDimensions"], values["minimumROISize"])


def resegmented(grey: np.ndarray, mask: np.ndarray, values: Mapping[str, Any]) -> np.ndarray:
    """The part of a mask whose grey values lie in ``resegmentRange`` (both ends included).

    Raises:
        InputError: ``nothing_left`` where no more than one voxel is.
    """
    inside = grey[mask]
    bounds = sorted(values["resegmentRange"])
    mode = values.get("resegmentMode", "absolute")
    if mode == "relative":
        bounds = [inside.max() * bound for bound in bounds]
    elif mode == "sigma":
        bounds = [inside.mean() + inside.std() * bound for bound in bounds]
    keep = inside >= bounds[0]
    if len(bounds) == 2:
        keep &= inside <= bounds[1]
    if np.count_nonzero(keep) <= 1:
        raise InputError(
            f"No more than one of the region's {len(inside)} voxels has a value within resegmentRange",
            next_step="Widen the range, or leave this case out.",
            code="nothing_left",
        )
    part = np.zeros_like(mask)
    part[mask] = keep
    return part


def _normalised(image: GridImage, values: Mapping[str, Any]) -> GridImage:
    """Mean 0 and standard deviation 1 over the whole image, outliers clipped, then scaled."""
    import SimpleITK as sitk

    array = sitk.GetArrayFromImage(sitk.Normalize(image.to_itk()))
    if values["removeOutliers"] is not None:
        array = np.clip(array, -values["removeOutliers"], values["removeOutliers"])
    return GridImage(array * values["normalizeScale"], image.geometry)


def _refuse_lost(mask: GridImage) -> None:
    if not mask.array.any():
        raise InputError(
            "Nothing of the region is left on the new grid: it is thinner than the new voxels",
            next_step="Resample to smaller voxels.",
            code="nothing_left",
        )


def _inside(outer: Box, inner: Box) -> Box:
    z, y, x = (slice(a.start + b.start, a.start + b.stop) for a, b in zip(outer, inner, strict=True))
    return (z, y, x)
