"""True areal BMD: what an ideal DXA scanner would report for a femur or a lumbar spine.

Positioning is the standard one. The leg is turned inwards until the femoral neck lies in the image plane, so the rays
run along the cross product of neck axis and shaft axis. The spine is seen from behind, along the y axis.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.projection import Shadow, bone_alone, cast_shadow

NECK_BOX_WIDTH_MM = 15.0
"""Along the neck axis, as on Hologic scanners; here around the narrowest place of the neck."""

NECK_BOX_HEIGHT_MM = 49.0

BELOW_LESSER_TROCHANTER_MM = 15.0
"""Lower end of the total hip under the tip of the lesser trochanter: about 10 mm under its lower border."""

SPINE_MARGIN_MM = 4.0
"""The spine's image reaches so far beyond the sides of the vertebral bodies, to leave out the transverse processes."""

U_RANGE_MM, V_RANGE_MM = (-12.0, 110.0), (-100.0, 80.0)
"""What is projected of a femur, around the neck's centre: all of neck and total hip."""


@dataclass(frozen=True)
class FemurLandmarks:
    """Landmarks of a proximal femur, LPS mm.

    Attributes:
        head_centre: of the femoral head.
        neck_centre: on the neck axis where the neck is narrowest.
        neck_axis: unit vector from the head along the neck, away from the body.
        shaft_axis: unit vector along the shaft, upwards.
        lesser_trochanter: its tip.
    """

    head_centre: tuple[float, float, float]
    neck_centre: tuple[float, float, float]
    neck_axis: tuple[float, float, float]
    shaft_axis: tuple[float, float, float]
    lesser_trochanter: tuple[float, float, float]

    @property
    def image_axes(self) -> np.ndarray:
        """(3, 3): u along the neck, v across it and upwards, and the ray, perpendicular to neck and shaft."""
        u = np.asarray(self.neck_axis) / np.linalg.norm(self.neck_axis)
        ray = np.cross(u, self.shaft_axis)
        ray = ray / np.linalg.norm(ray)
        v = np.cross(ray, u)
        return np.stack([u, v * np.sign(v @ np.asarray(self.shaft_axis)), ray])


@dataclass(frozen=True)
class ArealDensity:
    """Bone mineral content in g of hydroxyapatite, bone area in cm2, areal BMD in g/cm2."""

    bmc_g: float
    area_cm2: float

    @property
    def abmd_g_cm2(self) -> float:
        """Content over area; nan where there is no bone."""
        return self.bmc_g / self.area_cm2 if self.area_cm2 else float("nan")


def femur_areal(
    mineral: np.ndarray,
    label: np.ndarray,
    geometry: Geometry,
    number: int,
    bones: Collection[int],
    frame: FemurLandmarks,
    step_mm: float = 1.0,
) -> dict[str, ArealDensity]:
    """Femoral neck and total hip.

    Args:
        mineral: (z, y, x) hydroxyapatite, mg/cm3. label: (z, y, x). geometry: of both.
        number: label of this femur. bones: labels of all bones.
        frame: landmarks of this femur.
        step_mm: of the projection.

    Returns:
        ``femoral_neck`` and ``total_hip``.
    """
    shadow = femur_shadow(*bone_alone(mineral, label, {number}, bones), geometry, frame, step_mm)
    return {
        name: ArealDensity(*shadow.content_and_area(region)) for name, region in femur_regions(shadow, frame).items()
    }


def femur_shadow(
    mineral: np.ndarray, mask: np.ndarray, geometry: Geometry, frame: FemurLandmarks, step_mm: float = 1.0
) -> Shadow:
    """Image of one femur from the neck laterally, origin at the neck centre: :data:`U_RANGE_MM`, :data:`V_RANGE_MM`."""
    return cast_shadow(
        mineral,
        mask,
        geometry,
        np.asarray(frame.neck_centre),
        frame.image_axes,
        U_RANGE_MM,
        V_RANGE_MM,
        step_mm,
    )


def femur_regions(shadow: Shadow, frame: FemurLandmarks) -> dict[str, np.ndarray]:
    """(v, u) weights, 0 to 1, of ``femoral_neck`` and ``total_hip`` on the image of a femur.

    The total hip is everything lateral of the neck box's medial edge, down to a line across the shaft. Pixels that an
    edge cuts count in part.
    """
    axes, origin = frame.image_axes, np.asarray(frame.neck_centre)
    u, v = shadow.u[None, :], shadow.v[:, None]
    half = NECK_BOX_WIDTH_MM / 2
    shaft_u, shaft_v = float(axes[0] @ frame.shaft_axis), float(axes[1] @ frame.shaft_axis)
    tip = np.asarray(frame.lesser_trochanter) - origin
    end = float(axes[0] @ tip) * shaft_u + float(axes[1] @ tip) * shaft_v - BELOW_LESSER_TROCHANTER_MM
    step = float(shadow.u[1] - shadow.u[0])

    def inside(margin: np.ndarray) -> np.ndarray:
        return np.clip(0.5 + margin / step, 0.0, 1.0)

    return {
        "femoral_neck": inside(half - np.abs(u)) * inside(NECK_BOX_HEIGHT_MM / 2 - np.abs(v)),
        "total_hip": inside(u + half) * inside(u * shaft_u + v * shaft_v - end),
    }


def spine_areal(
    mineral: np.ndarray,
    label: np.ndarray,
    geometry: Geometry,
    vertebrae: Collection[int],
    bones: Collection[int],
    box: Sequence[float],
    step_mm: float = 1.0,
) -> ArealDensity:
    """A stretch of the spine from behind, posterior elements included.

    Args:
        mineral, label, geometry: as for :func:`femur_areal`.
        vertebrae: labels of every vertebra that may reach into the stretch.
        bones: labels of all bones.
        box: left-right middle, half width, lower and upper end in mm: from the disc under the lowest vertebra to the
            disc above the highest.
        step_mm: of the projection.
    """
    alone, mask = bone_alone(mineral, label, vertebrae, bones)
    middle, half_width, low, high = box
    shadow = cast_shadow(
        alone,
        mask,
        geometry,
        np.array([middle, 0.0, low]),
        np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
        (-half_width, half_width),
        (0.0, high - low),
        step_mm,
    )
    return ArealDensity(*shadow.content_and_area(np.ones_like(shadow.areal)))
