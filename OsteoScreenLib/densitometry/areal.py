"""Projected areal BMD of femoral neck and total hip, as CTXA does it: the bone turned as for DXA, then summed.

Standard positioning turns the leg inwards until the neck lies in the picture's plane; here the rays run square to neck
axis and shaft axis, however the patient lies (Cann 2014, PLoS One 9:e91904). The neck's box is 15 mm wide around the
narrowest section. The total hip is what lies lateral of the box's inner edge, down to a line across the shaft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.landmarks import FemurLandmarks
from OsteoScreenLib.densitometry.settings import Settings

U_RANGE_MM, V_RANGE_MM = (-12.0, 110.0), (-100.0, 80.0)
"""What is projected, around the neck's middle: along the neck to lateral, and across it upwards."""
_SMOOTH_MM, _SMOOTH_VOXELS = 0.8, 0.6
"""Smoothing of a mask's surface: this many mm, or this many voxels where they are finer."""
_G_PER_CM2 = 1e-4
"""mg/cm3 over a mm, in g/cm2."""


@dataclass(frozen=True, eq=False)
class BoneProjection:
    """A femur from the front, positioned as for DXA.

    Attributes:
        areal: (v, u) g/cm2 of mineral. bone: (v, u) share of each pixel in the bone's shadow.
        path_mm: (v, u) length of bone along the ray.
        u, v: coordinates of the pixels, mm from the neck's middle along the neck (lateral) and across it (up).
    """

    areal: np.ndarray
    bone: np.ndarray
    path_mm: np.ndarray
    u: np.ndarray
    v: np.ndarray

    @property
    def pixel_cm2(self) -> float:
        """Area of a pixel."""
        return float((self.u[1] - self.u[0]) * (self.v[1] - self.v[0])) / 100.0


@dataclass(frozen=True)
class ArealSum:
    """Content in g, area in cm2 and the mean length of bone along the rays, of a region of the projection."""

    bmc_g: float
    area_cm2: float
    path_mm: float

    @property
    def abmd_g_cm2(self) -> float:
        """Content over area. Raises ZeroDivisionError where there is no bone."""
        return self.bmc_g / self.area_cm2


def positioned_axes(marks: FemurLandmarks) -> np.ndarray:
    """(3, 3): along the neck to lateral, across it upwards, and the ray. Raises ValueError without both axes."""
    if marks.neck_axis is None or marks.shaft_axis is None:
        raise ValueError("neck axis and shaft axis are needed to position the femur")
    u, shaft = np.asarray(marks.neck_axis, float), np.asarray(marks.shaft_axis, float)
    ray = np.cross(u, shaft)
    ray = ray / np.linalg.norm(ray)
    v = np.cross(ray, u)
    return np.stack([u, v * np.sign(v @ shaft), ray])


def project_femur(
    mineral: np.ndarray, mask: np.ndarray, geometry: Geometry, marks: FemurLandmarks, step_mm: float
) -> BoneProjection:
    """Sum mineral along the rays.

    Args:
        mineral: (z, y, x) mg/cm3, zero where it is not this bone's. mask: (z, y, x) bool of the bone.
        geometry: of both; any direction. marks: with neck centre, neck axis and shaft axis.
        step_mm: pixel and step along the ray.

    Raises:
        ValueError: a landmark is missing.
    """
    from scipy import ndimage

    if marks.neck_centre_lps_mm is None:
        raise ValueError("the neck's middle is needed to position the femur")
    axes = positioned_axes(marks)
    to_index = np.linalg.inv(geometry.matrix * geometry.spacing_xyz_mm)
    origin = np.asarray(marks.neck_centre_lps_mm) - geometry.origin_lps_mm
    index = np.argwhere(mask)
    corners = index[:: max(1, len(index) // 20000), ::-1] @ (geometry.matrix * geometry.spacing_xyz_mm).T - origin
    depth = corners @ axes[2]
    margin = 3.0 * max(geometry.spacing_xyz_mm)
    u, v, w = (
        np.arange(low + step_mm / 2, high, step_mm)
        for low, high in (U_RANGE_MM, V_RANGE_MM, (float(depth.min()) - margin, float(depth.max()) + margin))
    )
    columns = to_index @ (np.stack([axes[1], axes[2], axes[0]], axis=1) * step_mm)
    start = to_index @ (origin + u[0] * axes[0] + v[0] * axes[1] + w[0] * axes[2])
    matrix, offset, shape = columns[::-1], start[::-1], (len(v), len(w), len(u))

    def seen(array: np.ndarray, outside: float) -> np.ndarray:
        return np.asarray(
            ndimage.affine_transform(
                array.astype(np.float32), matrix, offset, shape, order=1, mode="constant", cval=outside
            )
        )

    inside = seen(_signed_distance(mask, geometry), -50.0)
    return BoneProjection(
        areal=seen(mineral, 0.0).sum(axis=1, dtype=np.float64) * step_mm * _G_PER_CM2,
        bone=np.clip(0.5 + inside.max(axis=1) / step_mm, 0.0, 1.0),
        path_mm=np.clip(0.5 + inside / step_mm, 0.0, 1.0).sum(axis=1, dtype=np.float64) * step_mm,
        u=u,
        v=v,
    )


def areal_regions(picture: BoneProjection, marks: FemurLandmarks, settings: Settings) -> Mapping[str, np.ndarray]:
    """(v, u) weights, 0 to 1, of ``femoral_neck`` and, where the lesser trochanter is known, of ``total_hip``."""
    axes = positioned_axes(marks)
    u, v = picture.u[None, :], picture.v[:, None]
    step = float(picture.u[1] - picture.u[0])
    half, tall = settings.number("areal.neck_box_mm") / 2, settings.number("areal.neck_box_height_mm") / 2

    def within(margin_mm: np.ndarray) -> np.ndarray:
        return np.clip(0.5 + margin_mm / step, 0.0, 1.0)

    regions = {"femoral_neck": within(half - np.abs(u)) * within(tall - np.abs(v))}
    if marks.lesser_trochanter_lps_mm is not None:
        shaft_u, shaft_v = (float(axis @ np.asarray(marks.shaft_axis)) for axis in axes[:2])
        tip = np.asarray(marks.lesser_trochanter_lps_mm) - np.asarray(marks.neck_centre_lps_mm)
        end = float(axes[0] @ tip) * shaft_u + float(axes[1] @ tip) * shaft_v
        end -= settings.number("areal.below_lesser_mm")
        regions["total_hip"] = within(u + half) * within(u * shaft_u + v * shaft_v - end)
    return regions


def sum_region(picture: BoneProjection, weights: np.ndarray) -> ArealSum:
    """Content, area and mean path of a region."""
    area = float((picture.bone * weights).sum())
    content = float((picture.areal * weights).sum())
    path = float((picture.path_mm * weights).sum()) / area if area else 0.0
    return ArealSum(content * picture.pixel_cm2, area * picture.pixel_cm2, path)


def _signed_distance(mask: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Distance from the surface in mm, positive within, without the staircase of the voxels.

    The shadow is where a ray comes deepest: of a staircase that would be its highest step. Smoothed as here, tubes of
    12 to 18 mm radius in any direction keep their width within 0.2 % on average, for voxels of 0.8 to 1.5 mm and slices
    of 1 to 5 mm.
    """
    from scipy import ndimage

    spacing = geometry.spacing_xyz_mm[::-1]
    half = 0.5 * float(np.mean(spacing))
    inner = ndimage.distance_transform_edt(mask, spacing)
    outer = ndimage.distance_transform_edt(~mask, spacing)
    distance = np.where(mask, inner - half, half - outer).astype(np.float32)
    sigma = [min(_SMOOTH_MM, _SMOOTH_VOXELS * step) / step for step in spacing]
    return np.asarray(ndimage.gaussian_filter(distance, sigma))
