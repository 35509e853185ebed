"""The part of a grid that holds the femoral head: the top of the reference mask."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry

TOP_MM = 45.0
"""Head and most of the neck of an adult; the mean head is 44 to 50 mm across."""


def proximal(mask: np.ndarray, geometry: Geometry, top_mm: float = TOP_MM) -> np.ndarray:
    """Region of the femoral head: from 45 mm under the top of a mask upwards, over the whole width of the image.

    Superior is taken from the geometry, so that the order of the axes, their directions and an oblique grid do not
    matter. The top is the upper border of the highest voxel. Give the reference as the mask: the region must not depend
    on what is judged.

    Args:
        mask: (z, y, x) boolean, not empty.
        geometry: of the mask.
        top_mm: height of the region under the top.

    Returns:
        (z, y, x) boolean.

    Raises:
        ValueError: the mask is empty, its shape is not that of the geometry, or the height is not over 0.
    """
    if mask.shape != geometry.shape_zyx:
        raise ValueError(f"mask {mask.shape} and geometry {geometry.shape_zyx} differ in size")
    if not top_mm > 0:
        raise ValueError(f"a region of no height: {top_mm} mm")
    if not mask.any():
        raise ValueError("an empty mask has no top")
    height = _height_mm(geometry)
    half_voxel = 0.5 * float(np.abs(geometry.matrix[2] * geometry.spacing_xyz_mm).max())
    top = float(height[mask].max()) + half_voxel
    return np.asarray(height > top - top_mm)


def _height_mm(geometry: Geometry) -> np.ndarray:
    """(z, y, x) superior coordinate of every voxel centre."""
    step = geometry.matrix[2] * geometry.spacing_xyz_mm
    z, y, x = (np.arange(n, dtype=np.float32) * s for n, s in zip(geometry.shape_zyx, step[::-1], strict=True))
    return z[:, None, None] + y[None, :, None] + x[None, None, :]
