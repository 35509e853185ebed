"""A femur of known density in a piece of body, as a scanner shows it: quick to make, and all of it known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from densitometry.femora import femur
from scipy import ndimage

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.phantom.attenuation import Beam

SPONGY_MG, COMPACT_MG, CORTEX_MM = 120.0, 1000.0, 3.0
MARROW_FAT = 0.80
SKIN_TO_MUSCLE_MM, AROUND_MM = 22.0, 62.0


@dataclass(frozen=True, eq=False)
class Body:
    """A scan, its labels and the true mineral."""

    ct: CTVolume
    labels: np.ndarray
    mineral: np.ndarray


@lru_cache(maxsize=2)
def anatomy(side: str = "left") -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Geometry]:
    """Mask, mineral, muscle, fat and grid: a femur in muscle, fat around it, then air."""
    mask, geometry, _, _ = femur(1, side, below_mm=45.0)
    margins = [0, *(int(AROUND_MM / s) for s in geometry.spacing_xyz_mm[1::-1])]
    widths = [(m, m) for m in margins]
    mask = np.pad(mask, widths)
    spacing = geometry.spacing_xyz_mm[::-1]
    inner = ndimage.distance_transform_edt(np.pad(mask, ((1, 1), (0, 0), (0, 0)), mode="edge"), spacing)[1:-1]
    mineral = np.where(mask, np.where(inner <= CORTEX_MM, COMPACT_MG, SPONGY_MG), 0.0).astype(np.float32)
    ny, nx = mask.shape[1:]
    y, x = np.mgrid[:ny, :nx]
    beyond = np.hypot(
        np.maximum(np.abs(x - nx / 2) - nx / 2 + margins[2], 0) * spacing[2],
        np.maximum(np.abs(y - ny / 2) - ny / 2 + margins[1], 0) * spacing[1],
    )
    muscle, fat = beyond < 12.0, (beyond >= 12.0) & (beyond < 12.0 + SKIN_TO_MUSCLE_MM)
    origin = geometry.to_physical((-margins[2], -margins[1], 0))
    grid = replace(geometry, shape_zyx=mask.shape, origin_lps_mm=origin)
    return mask, mineral, muscle, fat, grid


@lru_cache(maxsize=3)
def body(kvp: float = 120.0, scale: float = 1.0, offset: float = 0.0, noise: float = 12.0, side: str = "left") -> Body:
    """Scanned with this voltage, on a scanner of this scale and offset."""
    mask, mineral, muscle, fat, grid = anatomy(side)
    beam = Beam.of(kvp)
    soft = np.where(muscle, beam.hu["muscle"] - 10.0, np.where(fat, beam.hu["fat"], beam.hu["air"]))
    marrow = MARROW_FAT * beam.hu["yellow_marrow"] + (1 - MARROW_FAT) * beam.hu["red_marrow"]
    hu = np.where(mask, beam.bone_hu(marrow, mineral), soft[None])
    hu = ndimage.gaussian_filter(hu, [0.6 / s for s in grid.spacing_xyz_mm[::-1]])
    hu = (hu + 1000.0) * scale - 1000.0 + offset + np.random.default_rng(3).normal(0.0, noise, hu.shape)
    hu = np.rint(hu).astype(np.int16)
    hu.setflags(write=False)
    known = Acquisition(
        modality="CT", kvp=kvp, kernel="STANDARD", slice_thickness_mm=1.5, manufacturer="Maker", model="Scanner",
        sex="F", age_years=66.0,
    )  # fmt: skip
    ct = CTVolume(hu, grid, known, Source("body", "simulation"))
    return Body(ct, np.where(mask, 1 if side == "left" else 2, 0).astype(np.uint8), mineral)
