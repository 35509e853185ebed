"""A voxel grid onto which solids are painted with Hounsfield units."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.shapes import Solid

HuField = float | Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""One value, or ``hu(x, y, z)`` on broadcastable arrays in LPS millimetres."""

SLAB_VOXELS = 2_000_000
"""Voxels worked on at once: bounds the memory of a large solid."""


class Canvas:
    """Hounsfield units on a grid whose axes run along LPS.

    Attributes:
        hu: (z, y, x) float32.
        x, y, z: LPS coordinates in mm, shaped to broadcast over (z, y, x).
    """

    def __init__(self, geometry: Geometry, background_hu: float) -> None:
        self.geometry = geometry
        self.hu = np.full(geometry.shape_zyx, background_hu, dtype=np.float32)
        nz, ny, nx = geometry.shape_zyx
        (sx, sy, sz), (ox, oy, oz) = geometry.spacing_xyz_mm, geometry.origin_lps_mm
        self.x = (ox + sx * np.arange(nx, dtype=np.float32)).reshape(1, 1, nx)
        self.y = (oy + sy * np.arange(ny, dtype=np.float32)).reshape(1, ny, 1)
        self.z = (oz + sz * np.arange(nz, dtype=np.float32)).reshape(nz, 1, 1)

    def paint(self, solid: Solid, hu: HuField, only_where: Callable[[np.ndarray], np.ndarray] | None = None) -> None:
        """Give a solid its value; voxels on its surface get a share of it.

        Args:
            solid: what to paint.
            hu: its value or field of values.
            only_where: given the present HU, a boolean mask of the voxels that may be painted.
        """
        # One voxel is the width of the border; the mean size serves for voxels that are nearly cubes.
        voxel = float(np.mean(self.geometry.spacing_xyz_mm))
        x_range, y_range, z_range = (
            self._range(values.ravel(), solid.low[axis] - voxel, solid.high[axis] + voxel)
            for axis, values in enumerate((self.x, self.y, self.z))
        )
        area = max(1, (x_range.stop - x_range.start) * (y_range.stop - y_range.start))
        step = max(1, SLAB_VOXELS // area)
        x, y = self.x[:, :, x_range], self.y[:, y_range, :]
        for start in range(z_range.start, z_range.stop, step):
            rows = slice(start, min(start + step, z_range.stop))
            z = self.z[rows]
            share = np.clip(0.5 - solid.distance(x, y, z) / voxel, 0.0, 1.0)
            block = self.hu[rows, y_range, x_range]
            if only_where is not None:
                share = share * only_where(block)
            block += share * ((hu(x, y, z) if callable(hu) else hu) - block)

    @staticmethod
    def _range(values: np.ndarray, low: float, high: float) -> slice:
        """Indices of the ascending ``values`` within [low, high]."""
        return slice(int(np.searchsorted(values, low, "left")), int(np.searchsorted(values, high, "right")))
