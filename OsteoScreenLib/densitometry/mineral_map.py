"""Mineral of one femur in every voxel, with what blur carried beyond its outline."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.calibration import Calibration
from OsteoScreenLib.densitometry.mineral import MineralModel
from OsteoScreenLib.densitometry.settings import Settings


def mineral_map(
    hu: np.ndarray,
    mask: np.ndarray,
    others: np.ndarray,
    geometry: Geometry,
    calibration: Calibration,
    settings: Settings,
) -> np.ndarray:
    """(z, y, x) float32 mg/cm3 of hydroxyapatite, zero where it is not this bone's.

    Args:
        hu: (z, y, x). mask: bool, this bone. others: bool, voxels that may not count as its rim.
        geometry: of all. calibration: of the scan. settings: the table.
    """
    from scipy import ndimage

    kev = calibration.effective_energy_kev
    density = np.asarray(calibration.density(hu.astype(np.float32)), np.float32)
    inside = MineralModel.in_marrow(settings, "total_hip", kev).of(density)
    beyond = np.maximum(MineralModel.in_muscle(settings, kev).of(density), 0.0)
    away = ndimage.distance_transform_edt(~mask, geometry.spacing_xyz_mm[::-1])
    rim = ~mask & ~others & (away <= settings.number("areal.rim_mm") + 0.5 * min(geometry.spacing_xyz_mm))
    return np.where(mask, inside, np.where(rim, beyond, 0.0)).astype(np.float32)
