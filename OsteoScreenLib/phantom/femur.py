"""The proximal femora of a digital patient: paint them, and say where their landmarks truly are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from OsteoScreenLib.phantom.bone_density import bone_tissue
from OsteoScreenLib.phantom.bone_painting import pieces
from OsteoScreenLib.phantom.femur_density import BoneIsland, FemurDensity
from OsteoScreenLib.phantom.femur_shape import SIDES, FemurShape, draw_femur_shape
from OsteoScreenLib.phantom.femur_solid import BoneFrame, FemurSolid
from OsteoScreenLib.phantom.labels import sided
from OsteoScreenLib.phantom.lattice_noise import lattice_noise
from OsteoScreenLib.phantom.plan import BodyPlan, Point, rng_of
from OsteoScreenLib.phantom.shapes import Solid
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits

LESSER_TROCHANTER_BELOW_MM = 23.0
"""Tip of the lesser trochanter below the level of the metaphysis, for size 1."""


@dataclass(frozen=True)
class FemurTruth:
    """Where a femur's landmarks are, LPS mm; directions are unit vectors.

    Attributes:
        shape: all drawn sizes and angles. frame: the bone's own frame.
        head_centre, head_radius_mm: of the bone.
        neck_axis: from the head centre to the shaft. neck_centre: of the narrowest section.
        neck_area_mm2, neck_height_mm, neck_depth_mm: of that section, square to the neck axis.
        neck_distance_mm: of that section from the head centre.
        shaft_point, shaft_axis: crossing of neck axis and shaft axis; direction upwards.
        lesser_trochanter: its tip. greater_trochanter: its tip.
    """

    shape: FemurShape
    frame: BoneFrame
    head_centre: Point
    head_radius_mm: float
    neck_axis: Point
    neck_centre: Point
    neck_area_mm2: float
    neck_height_mm: float
    neck_depth_mm: float
    neck_distance_mm: float
    shaft_point: Point
    shaft_axis: Point
    lesser_trochanter: Point
    greater_trochanter: Point

    @property
    def side(self) -> str:
        """``L`` or ``R``."""
        return self.shape.side

    @property
    def neck_shaft_angle_deg(self) -> float:
        """Between the two axes."""
        return self.shape.neck_shaft_angle_deg

    @property
    def anteversion_deg(self) -> float:
        """Against the condyles: without the rotation of the leg."""
        return self.shape.anteversion_deg

    def to_dict(self) -> dict[str, object]:
        """JSON form."""
        axes = ("neck_axis", "shaft_axis")
        points = (*axes, "head_centre", "neck_centre", "shaft_point", "lesser_trochanter", "greater_trochanter")
        numbers = ("head_radius_mm", "neck_area_mm2", "neck_height_mm", "neck_depth_mm", "neck_distance_mm")
        return {
            "side": self.side,
            **{name: list(getattr(self, name)) for name in points},
            **{name: getattr(self, name) for name in numbers},
            "neck_shaft_angle_deg": self.neck_shaft_angle_deg,
            "anteversion_deg": self.anteversion_deg,
            "shape": self.shape.to_dict(),
        }


def paint_femora(canvas: TissueCanvas, plan: BodyPlan) -> dict[str, FemurTruth]:
    """Paint both femora over what is there: cortex, trabeculae and marrow.

    Returns:
        The landmarks by side, ``L`` and ``R``, whether or not the bone is in view.
    """
    truths = {}
    tissue = bone_tissue(plan.traits)
    for side in SIDES:
        shape = draw_femur_shape(plan, side)
        femur = FemurSolid(shape, plan.traits.osteophytes, lattice_noise(plan.traits.seed * 7 + 14, 6.0))
        truths[side] = femur_truth(shape)
        solid = femur.solid
        if not canvas.sees(solid):
            continue
        island = _bone_island(plan.traits, femur, side)
        density = FemurDensity(femur, tissue, canvas.voxel_mm, plan.traits.sclerosis, island)
        for low, high in pieces(solid, canvas.voxel_mm):  # A bone fills little of its whole box.
            part = Solid(solid.distance, low, high)
            canvas.paint(part, density.marrow(), mineral=density.mineral, label=sided("femur", side))
    return truths


@lru_cache(maxsize=32)
def femur_truth(shape: FemurShape) -> FemurTruth:
    """Landmarks of a femur; the narrowest section of the neck is searched on the bone's surface itself."""
    femur = FemurSolid(shape)
    frame, (axis_u, axis_w) = femur.frame, femur.neck_axis
    distance, area, height, depth, middle = _narrowest_section(femur)
    level, size = femur.centre, shape.size
    reach = shape.lesser_trochanter
    across, behind = middle
    return FemurTruth(
        shape=shape,
        frame=frame,
        head_centre=shape.head_centre,
        head_radius_mm=shape.head_radius_mm,
        neck_axis=frame.direction(axis_u, 0.0, axis_w),
        neck_centre=frame.to_lps(distance * axis_u - across * axis_w, behind, distance * axis_w + across * axis_u),
        neck_area_mm2=area,
        neck_height_mm=height,
        neck_depth_mm=depth,
        neck_distance_mm=distance,
        shaft_point=frame.to_lps(shape.offset_mm, 0.0, shape.junction_level_mm),
        shaft_axis=frame.direction(0.0, 0.0, 1.0),
        lesser_trochanter=frame.to_lps(
            level[0] - 21.0 * size * reach, 20.0 * size, level[2] - LESSER_TROCHANTER_BELOW_MM * size
        ),
        greater_trochanter=_trochanter_tip(femur),
    )


def _narrowest_section(femur: FemurSolid) -> tuple[float, float, float, float, tuple[float, float]]:
    """Place along the neck axis, area, height and depth of the smallest section, and its middle (across, behind)."""
    radius, (axis_u, axis_w) = femur.shape.head_radius_mm, femur.neck_axis
    across = np.arange(-1.1 * radius, 1.1 * radius, 0.8, dtype=np.float32).reshape(1, -1, 1)
    behind = np.arange(-1.1 * radius, 1.1 * radius, 0.8, dtype=np.float32).reshape(1, 1, -1)
    along = np.arange(0.7 * radius, femur.shape.neck_length_mm - 8.0, 1.0, dtype=np.float32).reshape(-1, 1, 1)
    u, w = along * axis_u - across * axis_w, along * axis_w + across * axis_u
    surface = femur.local(u, behind, w).distance
    share = np.clip(0.5 - surface / 0.8, 0.0, 1.0)
    areas = share.sum(axis=(1, 2)) * 0.64
    best = int(areas.argmin())
    section = share[best]
    total = float(section.sum())
    middle = (float((section * across[0]).sum() / total), float((section * behind[0]).sum() / total))
    height, depth = (float(section.sum(axis=axis).max() * 0.8) for axis in (0, 1))
    return float(along[best, 0, 0]), float(areas[best]), height, depth, middle


def _trochanter_tip(femur: FemurSolid) -> Point:
    """The highest point of the greater trochanter."""
    size, (u0, _, w0) = femur.shape.size, femur.centre
    u = np.arange(u0 + 2.0 * size, u0 + 26.0 * size, 1.0, dtype=np.float32).reshape(1, 1, -1)
    v = np.arange(0.0, 30.0 * size, 1.0, dtype=np.float32).reshape(1, -1, 1)
    w = np.arange(w0 + 20.0 * size, w0 + 60.0 * size, 0.5, dtype=np.float32).reshape(-1, 1, 1)
    inside = femur.local(u, v, w).distance < 0.0
    top = int(np.flatnonzero(inside.any(axis=(1, 2)))[-1])
    rows, columns = np.nonzero(inside[top])
    return femur.frame.to_lps(float(u.ravel()[columns].mean()), float(v.ravel()[rows].mean()), float(w.ravel()[top]))


def _bone_island(traits: PatientTraits, femur: FemurSolid, side: str) -> BoneIsland | None:
    """A bone island in head, neck or trochanter of one side, if this patient has one."""
    rng = rng_of(traits, "bone island")
    if not traits.bone_island or side != ("L" if rng.random() < 0.5 else "R"):
        return None
    along = float(rng.uniform(-0.3, 0.8)) * femur.shape.neck_length_mm
    across, behind = (float(rng.uniform(-0.3, 0.3)) * femur.shape.head_radius_mm for _ in range(2))
    axis_u, axis_w = femur.neck_axis
    centre = (along * axis_u - across * axis_w, behind, along * axis_w + across * axis_u)
    return BoneIsland(centre, float(rng.uniform(2.0, 4.5)))
