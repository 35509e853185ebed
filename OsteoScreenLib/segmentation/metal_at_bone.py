"""Metal in or at a femur mask."""

from __future__ import annotations

import math

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.quality.thresholds import METAL_HU
from OsteoScreenLib.segmentation.grids import Slices

IMPLANT_MIN_ML = 0.5
"""Own choice: two screws of 6.5 mm have 5 ml, a calcification or a streak under 0.5 ml over 2500 HU."""
_NEAR_MM = 5.0
_AROUND_MM = 25.0
_PIECE_MIN_ML = 0.1


def metal_ml(hu: np.ndarray, geometry: Geometry, mask: np.ndarray, part: Slices) -> float:
    """Volume in ml of the metal (over 2500 HU, which includes a scanner's saturation) in or at a mask.

    Pieces count whole where they come within 5 mm of the mask, so that a stem counts that the mask leaves out.

    Args:
        hu: (z, y, x) of the volume. geometry: of it.
        mask: bool of the part's shape. part: of the volume's array.
    """
    from scipy import ndimage

    spacing = geometry.spacing_xyz_mm[::-1]
    margins = [math.ceil(_AROUND_MM / s) for s in spacing]
    low = [max(0, entry.start - m) for entry, m in zip(part, margins, strict=True)]
    high = [min(n, entry.stop + m) for entry, m, n in zip(part, margins, hu.shape, strict=True)]
    metal = hu[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] > METAL_HU
    if np.count_nonzero(metal) * geometry.voxel_volume_mm3 / 1000 < IMPLANT_MIN_ML:
        return 0.0
    numbers, count = ndimage.label(metal, np.ones((3, 3, 3), bool))
    sizes = np.bincount(numbers.ravel(), minlength=count + 1) * geometry.voxel_volume_mm3 / 1000
    whole = np.zeros(metal.shape, bool)
    whole[tuple(slice(e.start - a, e.stop - a) for e, a in zip(part, low, strict=True))] = mask
    reach = [math.ceil(_NEAR_MM / s) for s in spacing]
    total = 0.0
    for number, box in enumerate(ndimage.find_objects(numbers), start=1):
        if sizes[number] < _PIECE_MIN_ML:
            continue
        near = tuple(slice(max(0, e.start - r), e.stop + r) for e, r in zip(box, reach, strict=True))
        if _comes_near(numbers[near] == number, whole[near], spacing):
            total += float(sizes[number])
    return total


def _comes_near(piece: np.ndarray, mask: np.ndarray, spacing_zyx: tuple[float, ...]) -> bool:
    from scipy import ndimage

    if not mask.any():
        return False
    return bool(ndimage.distance_transform_edt(~piece, spacing_zyx)[mask].min() <= _NEAR_MM)
