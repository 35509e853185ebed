"""True volumetric BMD of regions of bone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.plan import VertebraPlan

ROI_SHARE = 0.6
"""Semi-axes of the trabecular region of a vertebral body over those of the body."""

ROI_HEIGHT_MM = 9.0
"""Thickness of the mid-body slab, as in single-slice QCT (Cann 1988, Radiology 166:509)."""


@dataclass(frozen=True)
class RegionDensity:
    """Mean hydroxyapatite density in mg/cm3 of a region and of its two compartments, and volumes in cm3.

    A compartment that has no voxels has the density None.
    """

    total_mg_cm3: float | None
    trabecular_mg_cm3: float | None
    cortical_mg_cm3: float | None
    volume_cm3: float
    cortical_volume_cm3: float


def region_density(mineral: np.ndarray, region: np.ndarray, cortical: np.ndarray, voxel_mm3: float) -> RegionDensity:
    """Density of one region.

    Args:
        mineral: (z, y, x) hydroxyapatite, mg/cm3.
        region: (z, y, x) bool. cortical: (z, y, x) bool, voxels of the cortical shell.
        voxel_mm3: volume of a voxel.
    """
    values, shell = mineral[region], cortical[region]
    return RegionDensity(
        total_mg_cm3=_mean(values),
        trabecular_mg_cm3=_mean(values[~shell]),
        cortical_mg_cm3=_mean(values[shell]),
        volume_cm3=len(values) * voxel_mm3 / 1000.0,
        cortical_volume_cm3=int(shell.sum()) * voxel_mm3 / 1000.0,
    )


def region_densities(
    mineral: np.ndarray, regions: Mapping[str, np.ndarray], cortical: np.ndarray, voxel_mm3: float
) -> dict[str, RegionDensity]:
    """Density of each region, by name."""
    return {name: region_density(mineral, mask, cortical, voxel_mm3) for name, mask in regions.items()}


def mid_body_region(geometry: Geometry, vertebra: VertebraPlan) -> np.ndarray:
    """(z, y, x) bool: an elliptic disc in the middle of a vertebral body, well inside of its cortex.

    Args:
        geometry: axes along L, P, S.
        vertebra: where the body lies and how it is inclined.
    """
    nz, ny, nx = geometry.shape_zyx
    (sx, sy, sz), (ox, oy, oz) = geometry.spacing_xyz_mm, geometry.origin_lps_mm
    x = (ox + sx * np.arange(nx) - vertebra.centre[0]).reshape(1, 1, nx)
    y = (oy + sy * np.arange(ny) - vertebra.centre[1]).reshape(1, ny, 1)
    z = (oz + sz * np.arange(nz) - vertebra.centre[2]).reshape(nz, 1, 1)
    sine, cosine = np.sin(np.radians(vertebra.tilt_deg)), np.cos(np.radians(vertebra.tilt_deg))
    along = z * cosine - y * sine
    across = y * cosine + z * sine
    a, b = ROI_SHARE * vertebra.width_mm / 2, ROI_SHARE * vertebra.depth_mm / 2
    return ((x / a) ** 2 + (across / b) ** 2 <= 1.0) & (np.abs(along) <= ROI_HEIGHT_MM / 2)


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean(dtype=np.float64)) if len(values) else None
