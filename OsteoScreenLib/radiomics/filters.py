"""Derived images: the filters of PyRadiomics, each made for the box that the regions lie in, and handed on at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.radiomics import wavelets
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.mask_checks import Box
from OsteoScreenLib.radiomics.packages import pywavelets
from OsteoScreenLib.radiomics.resampling import widened

LOG_REACH_SIGMAS = 16
"""A recursive Gaussian never ends; beyond so many sigmas its part is under 1e-12 of the whole."""

LEAST_LOG_VOXELS = 4


@dataclass(frozen=True, eq=False)
class Derived:
    """A derived image, or why there is none.

    Attributes:
        name: as it begins the features' names, such as ``wavelet-LLH``.
        image_type: PyRadiomics' name of the filter, such as ``Wavelet``.
        array: (z, y, x) a part of the image; None where the filter cannot be applied.
        start: (z, y, x) index of its first voxel in the image.
        why_not: the reason, as a sentence.
    """

    name: str
    image_type: str
    array: np.ndarray | None
    start: tuple[int, int, int] = (0, 0, 0)
    why_not: str = ""

    def in_box(self, box: Box) -> np.ndarray:
        """The part of the array that lies in a box of the image."""
        if self.array is None:
            raise ValueError(f"{self.name} was not made")
        part = tuple(slice(s.start - first, s.stop - first) for s, first in zip(box, self.start, strict=True))
        return self.array[part]


def derived_images(image: GridImage, box: Box, image_type: str, values: Mapping[str, Any]) -> Iterator[Derived]:
    """The images that one image type makes, one at a time, at least as large as a box.

    Args:
        image: the whole image, after resampling.
        box: where the regions lie.
        image_type: one of :data:`OsteoScreenLib.radiomics.settings.IMAGE_TYPES`.
        values: the settings that hold for this image type.
    """
    if image_type == "LoG":
        yield from _laplacians(image, box, values)
    elif image_type == "Wavelet":
        yield from _wavelets(image, box, values)
    elif image_type == "Gradient":
        yield _gradient(image, box, values)
    elif image_type == "Original":
        yield Derived("original", image_type, image.array[box], _start(box))
    else:
        name, change = _OF_EACH_VOXEL[image_type]
        largest = float(np.abs(_range(image.array)).max())
        if largest == 0:
            yield Derived(name, image_type, None, why_not=f"{image_type}: the image is 0 everywhere.")
        else:
            yield Derived(name, image_type, change(image.array[box].astype(np.float64), largest), _start(box))


def names_of(image_type: str, values: Mapping[str, Any]) -> list[str]:
    """The names of the images that :func:`derived_images` makes where all can be made."""
    if image_type == "LoG":
        return [_log_name(sigma) for sigma in values.get("sigma", ())]
    if image_type == "Wavelet":
        n_axes = 2 if values["force2D"] else 3
        return wavelets.band_names(n_axes, values.get("level", 1))
    if image_type in _OF_EACH_VOXEL:
        return [_OF_EACH_VOXEL[image_type][0]]
    return [image_type.lower()]


def _laplacians(image: GridImage, box: Box, values: Mapping[str, Any]) -> Iterator[Derived]:
    import SimpleITK as sitk

    spacing, size = np.array(image.spacing_zyx_mm), np.array(image.array.shape)
    for sigma in values.get("sigma", ()):
        name = _log_name(sigma)
        if size.min() < LEAST_LOG_VOXELS or np.any(size < np.ceil(sigma / spacing) + 1):
            shown = " x ".join(map(str, size[::-1]))
            yield Derived(name, "LoG", None, why_not=f"LoG: the image ({shown} voxels) is too small for {sigma:g} mm.")
            continue
        z, y, x = (math.ceil(LOG_REACH_SIGMAS * sigma / step) for step in spacing)
        part = _at_least(widened(box, (z, y, x), image.array.shape), image.array.shape)
        smooth = sitk.LaplacianRecursiveGaussian(image.cropped(part).to_itk(), float(sigma), True)
        yield Derived(name, "LoG", sitk.GetArrayFromImage(smooth), _start(part))


def _wavelets(image: GridImage, box: Box, values: Mapping[str, Any]) -> Iterator[Derived]:
    wavelet = pywavelets().Wavelet(values.get("wavelet", "coif1"))
    levels, first = values.get("level", 1), values.get("start_level", 0)
    reach = wavelet.dec_len * (levels + first)
    part = widened(box, (reach, reach, reach), image.array.shape)
    # Beyond its ends the transform goes on with the other end, so an axis that is met at one end is needed whole.
    z, y, x = (
        slice(0, n) if side.start == 0 or side.stop == n else side
        for side, n in zip(part, image.array.shape, strict=True)
    )
    axes = [axis for axis in (2, 1, 0) if not (values["force2D"] and axis == values["force2Ddimension"])]
    for name, array in wavelets.bands(image.array[z, y, x], wavelet, axes, levels, first):
        yield Derived(name, "Wavelet", array, (z.start, y.start, x.start))


def _gradient(image: GridImage, box: Box, values: Mapping[str, Any]) -> Derived:
    import SimpleITK as sitk

    part = widened(box, (2, 2, 2), image.array.shape)
    slope = sitk.GradientMagnitude(image.cropped(part).to_itk(), values.get("gradientUseSpacing", True))
    return Derived("gradient", "Gradient", sitk.GetArrayFromImage(slope), _start(part))


def _square(x: np.ndarray, largest: float) -> np.ndarray:
    return ((1 / np.sqrt(largest)) * x) ** 2


def _square_root(x: np.ndarray, largest: float) -> np.ndarray:
    return np.sign(x) * np.sqrt(np.abs(x) * largest)


def _logarithm(x: np.ndarray, largest: float) -> np.ndarray:
    return np.sign(x) * np.log(np.abs(x) + 1) * (largest / np.log(largest + 1))


def _exponential(x: np.ndarray, largest: float) -> np.ndarray:
    return np.exp((np.log(largest) / largest) * x)


_OF_EACH_VOXEL: dict[str, tuple[str, Callable[[np.ndarray, float], np.ndarray]]] = {
    "Square": ("square", _square),
    "SquareRoot": ("squareroot", _square_root),
    "Logarithm": ("logarithm", _logarithm),
    "Exponential": ("exponential", _exponential),
}
"""Filters that change each grey value by itself, scaled by the largest magnitude in the whole image."""


def _range(array: np.ndarray) -> np.ndarray:
    return np.array([array.min(), array.max()], dtype=np.float64)


def _log_name(sigma: float) -> str:
    return f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"


def _at_least(box: Box, shape: tuple[int, ...]) -> Box:
    """A box of at least four voxels along every axis, which the recursive filter wants; the image has as many."""
    z, y, x = (
        side
        if side.stop - side.start >= LEAST_LOG_VOXELS
        else slice(max(0, min(side.start, n - LEAST_LOG_VOXELS)), min(n, max(side.stop, LEAST_LOG_VOXELS)))
        for side, n in zip(box, shape, strict=True)
    )
    return (z, y, x)


def _start(box: Box) -> tuple[int, int, int]:
    return (box[0].start, box[1].start, box[2].start)
