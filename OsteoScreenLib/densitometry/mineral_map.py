"""Mineral of one femur in every voxel, with what blur carried beyond its outline.

Blur moves mineral and loses none. So the sum over the bone and over a rim as wide as the blur is that of the bone
itself, whatever kernel and slices did at its surface, if what lies around the bone is taken off the rim: the soft
tissue beside each place, muscle here and fat there, as DXA does with its baseline beside the bone.
"""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.calibration import Calibration
from OsteoScreenLib.densitometry.mineral import MineralModel
from OsteoScreenLib.densitometry.settings import Settings

SOFT_SHELL_MM = 7.0
"""Own choice: soft tissue is looked at in a shell so thick around the rim."""
_SOFT_SIGMA_MM = 5.0
"""Own choice: soft tissue is a mean over about a centimetre."""
_NOISE_SIGMA_MM = 1.0
_TIGHT_MM = 1.0
"""Own choice: a mask may be too tight by so much; what is bright that near is this bone."""
_FOREIGN_MM = 3.0
"""Own choice: so far reaches the blur of another bone."""
_LEAST_SHARE = 1e-3


def blur_reach_mm(geometry: Geometry, slice_mm: float, settings: Settings) -> float:
    """How far blur carries mineral: the kernel's reach and half of the largest of voxel and slice."""
    return settings.number("areal.rim_mm") + 0.5 * max(*geometry.spacing_xyz_mm, slice_mm)


def mineral_map(
    hu: np.ndarray,
    mask: np.ndarray,
    others: np.ndarray,
    geometry: Geometry,
    calibration: Calibration,
    settings: Settings,
    slice_mm: float = 0.0,
) -> np.ndarray:
    """(z, y, x) float32 mg/cm3 of hydroxyapatite, zero where it is not this bone's.

    In the rim it is the excess over soft tissue, and may be negative: darker than its surroundings, by noise or because
    blur took from the tissue what it gave to the bone.

    Args:
        hu: (z, y, x), with a margin of :data:`SOFT_SHELL_MM` and the blur around the bone where the scan has one.
        mask: bool, this bone. others: bool, voxels that may not count as its rim.
        geometry: of all. calibration: of the scan. settings: the table. slice_mm: thickness; 0 where not known.
    """
    model = MineralModel.in_marrow(settings, "total_hip", calibration.effective_energy_kev)
    density = np.asarray(calibration.density(hu.astype(np.float32)), np.float32)
    reach = blur_reach_mm(geometry, slice_mm, settings)
    rim, soft = _around(hu, mask, others, geometry, reach, settings)
    beside = _level(density, soft, geometry)
    beyond = np.where(rim & (beside > -np.inf), model.gain * (density - beside), 0.0)
    return np.where(mask, model.of(density), beyond).astype(np.float32)


def _around(
    hu: np.ndarray, mask: np.ndarray, others: np.ndarray, geometry: Geometry, reach: float, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Rim and soft tissue around a bone, both clear of other bones, vessels with contrast agent and gas."""
    from scipy import ndimage

    spacing = geometry.spacing_xyz_mm[::-1]
    away = ndimage.distance_transform_edt(~mask, spacing)
    smooth = ndimage.gaussian_filter(hu.astype(np.float32), [_NOISE_SIGMA_MM / s for s in spacing])
    low, high = settings.pair("areal.soft_tissue_hu")
    foreign = others | (((smooth > high) | (smooth < low)) & (away > reach + _TIGHT_MM))
    clear = ~mask
    if foreign.any():
        beside = ndimage.distance_transform_edt(~foreign, spacing)
        clear &= (beside > away) & (beside > _FOREIGN_MM)
    return clear & (away <= reach), clear & (away > reach) & (away <= reach + SOFT_SHELL_MM)


def _level(density: np.ndarray, soft: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Density of the soft tissue beside each voxel; minus infinity where none is near."""
    from scipy import ndimage

    sigma = [_SOFT_SIGMA_MM / s for s in geometry.spacing_xyz_mm[::-1]]
    share = ndimage.gaussian_filter(soft.astype(np.float32), sigma, truncate=3.0)
    total = ndimage.gaussian_filter(np.where(soft, density, np.float32(0)), sigma, truncate=3.0)
    return np.where(share > _LEAST_SHARE, total / np.maximum(share, _LEAST_SHARE), -np.inf)
