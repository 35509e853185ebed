"""A coarse copy of a volume, of about 3 x 3 x 4 mm, for everything that is about organs and not about voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality import thresholds as t


@dataclass(frozen=True, eq=False)
class CoarseGrid:
    """Block means of a volume, on its own array axes.

    Attributes:
        mean_hu: (z, y, x) int16 block means; along z one slice stands for each block. Voxels beyond the last whole
            block are left out.
        factors: native voxels per block along (z, y, x).
        planes: native index of the slice behind each coarse z.
        spacing_zyx_mm: block size.
        axis_sides: for each array axis the patient's sides at its low and high end, such as ``("right", "left")``.
    """

    mean_hu: np.ndarray
    factors: tuple[int, int, int]
    planes: tuple[int, ...]
    spacing_zyx_mm: tuple[float, float, float]
    axis_sides: tuple[tuple[str, str], tuple[str, str], tuple[str, str]]

    @property
    def block_ml(self) -> float:
        """Volume of a block."""
        return float(np.prod(self.spacing_zyx_mm)) / 1000

    def axis_of(self, side: str) -> int:
        """Array axis that ends at this side of the patient."""
        return next(axis for axis, sides in enumerate(self.axis_sides) if side in sides)


_SIDES = {
    "L": ("right", "left"),
    "R": ("left", "right"),
    "P": ("anterior", "posterior"),
    "A": ("posterior", "anterior"),
    "S": ("inferior", "superior"),
    "I": ("superior", "inferior"),
}


def coarse_grid(ct: CTVolume) -> CoarseGrid:
    """Coarse grid of a volume with valid geometry and finite HU; at most 4 million blocks (int16)."""
    shape, spacing = ct.hu.shape, ct.geometry.spacing_xyz_mm[::-1]
    fz, fy, fx = _factors(shape, ct.geometry)
    planes = tuple(range(fz // 2, shape[0] // fz * fz, fz))
    rows, columns = shape[1] // fy, shape[2] // fx
    mean = np.empty((len(planes), rows, columns), np.int16)
    kind = np.int32 if ct.hu.dtype.kind in "iu" else np.float64
    for k, z in enumerate(planes):
        plane = ct.hu[z, : rows * fy, : columns * fx]
        lines: Any = plane[0::fy].astype(kind)
        for i in range(1, fy):
            lines += plane[i::fy]
        total = lines[:, 0::fx].copy()
        for i in range(1, fx):
            total += lines[:, i::fx]
        mean[k] = np.clip(np.rint(total / (fy * fx)), -32768, 32767)
    sides = tuple(_SIDES[code] for code in ct.geometry.axis_codes[::-1])
    sizes = (spacing[0] * fz, spacing[1] * fy, spacing[2] * fx)
    return CoarseGrid(mean, (fz, fy, fx), planes, sizes, sides)  # type: ignore[arg-type]


def _factors(shape: tuple[int, ...], geometry: Geometry) -> tuple[int, int, int]:
    """Native voxels per block along (z, y, x); grown until the grid is small enough."""
    spacing = geometry.spacing_xyz_mm[::-1]
    scale = 1.0
    while True:
        wanted = (t.COARSE_SLICE_MM * scale, t.COARSE_IN_PLANE_MM * scale, t.COARSE_IN_PLANE_MM * scale)
        fz, fy, fx = (min(n, max(1, int(w / s + 0.5))) for n, w, s in zip(shape, wanted, spacing, strict=True))
        if (shape[0] // fz) * (shape[1] // fy) * (shape[2] // fx) <= t.COARSE_MAX_VOXELS:
            return fz, fy, fx
        scale *= 1.25
