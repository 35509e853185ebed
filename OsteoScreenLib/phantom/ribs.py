"""Ribs within the chest wall, their cartilage, and the tip of the sternum.

A rib leaves the spine at the upper edge of its vertebra's body, passes in front of the transverse process, turns at its
angle and follows the middle layer of the chest wall forwards and downwards (drops of 2 to 3 vertebral levels;
Holcombe 2017, J Anat 231:229).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from OsteoScreenLib.phantom.body_surface import DIRECTIONS, STEP_MM, Z_LOW, BodySurface, Outline, make_body_surface
from OsteoScreenLib.phantom.plan import BodyPlan, rng_of
from OsteoScreenLib.phantom.shapes import Solid
from OsteoScreenLib.phantom.swept_shapes import spline_points, tube

# Number: direction of the front end of bone and of cartilage (0 in front, 180 behind), drop to the bone's end in mm.
_COURSE = {
    5: (42.0, 6.0, 105.0),
    6: (46.0, 6.0, 108.0),
    7: (52.0, 6.0, 108.0),
    8: (58.0, 22.0, 105.0),
    9: (66.0, 34.0, 98.0),
    10: (76.0, 46.0, 88.0),
    11: (96.0, 90.0, 66.0),
    12: (122.0, 118.0, 40.0),
}


@dataclass(frozen=True)
class Rib:
    """One rib: its number, side, bone, cartilage in front, and points along its middle (n, 3), LPS mm."""

    number: int
    side: str
    bone: Solid
    cartilage: Solid
    middle: np.ndarray


@lru_cache(maxsize=2)
def ribs(plan: BodyPlan, surface: BodySurface | None = None) -> tuple[Rib, ...]:
    """Ribs 5 to 12 of both sides; those above T8 matter for their front parts, which hang lower.

    Kept, as a patient is painted in many parts.
    """
    outline = (surface or make_body_surface(plan)).trunk
    return tuple(_rib(plan, outline, number, side) for number in _COURSE for side in "LR")


def sternum(plan: BodyPlan, surface: BodySurface | None = None) -> tuple[Solid, Solid]:
    """The lower part of the sternum's body, which ends at T9, and the xiphoid process under it."""
    outline, s = (surface or make_body_surface(plan)).trunk, plan.scale
    joint = plan.vertebra("T9").centre[2]
    levels = joint + s * np.array([1.0, 15.0, 35.0, 60.0, 90.0])
    body = np.array([(*wall_point(outline, 0.0, z), 18.0 * s, 5.0 * s) for z in levels.tolist()])
    levels = joint - s * np.array([-2.0, 12.0, 26.0])
    process = [
        (*wall_point(outline, 0.0, z), width * s, 3.2 * s)
        for z, width in zip(levels.tolist(), (11.0, 9.0, 5.0), strict=True)
    ]
    return tube(body, (1.0, 0.0, 0.0)), tube(np.array(process), (1.0, 0.0, 0.0))


def _spine_point(plan: BodyPlan, number: int) -> np.ndarray:
    """Where a rib's head lies: the upper edge of its body; above T8 the spine goes on as it goes there."""
    top, below = plan.vertebra("T8"), plan.vertebra("T9")
    if number >= 8:
        v = plan.vertebra(f"T{number}")
        centre = np.asarray(v.centre) + np.array([0.0, 0.0, 0.32 * v.height_mm])
    else:
        centre = np.asarray(top.centre) + (8 - number) * (np.asarray(top.centre) - np.asarray(below.centre))
    return centre


def wall_point(outline: Outline, direction_deg: float, z: float, inward_mm: float = 0.0) -> np.ndarray:
    """Middle of the chest wall's rib layer at a height, in a direction (90: patient's left)."""
    place = float(np.clip((z - Z_LOW) / STEP_MM, 0, len(outline.centre_x) - 1.001))
    row, part = int(place), place - int(place)
    column = int((np.radians(direction_deg) + np.pi) % (2 * np.pi) * DIRECTIONS / (2 * np.pi)) % DIRECTIONS

    def at(table: np.ndarray) -> float:
        return float(table[row] * (1 - part) + table[row + 1] * part)

    outer, inner = at(outline.radii["outer"][:, column]), at(outline.radii["middle"][:, column])
    radius = 0.5 * (outer + inner) - inward_mm
    angle = np.radians(direction_deg)
    return np.array([at(outline.centre_x) + radius * np.sin(angle), at(outline.centre_y) - radius * np.cos(angle), z])


def _rib(plan: BodyPlan, outline: Outline, number: int, side: str) -> Rib:
    rng = rng_of(plan.traits, f"rib {number} {side}")
    s, sign = plan.scale, 1.0 if side == "L" else -1.0
    end, cartilage_end, drop = _COURSE[number]
    end, drop = end + float(rng.normal(0, 2.0)), drop * s * float(rng.normal(1, 0.03))
    head = _spine_point(plan, number)
    v = plan.vertebra(f"T{max(number, 8)}")
    behind = 0.5 * v.depth_mm
    points = [
        head + np.array([sign * (0.5 * v.width_mm + 1.0), behind - 4.0 * s, 0.0]),
        head + np.array([sign * (0.5 * v.width_mm + 9.0 * s), behind + 8.0 * s, -1.0 * s]),
    ]
    first, top = 150.0, float(head[2])
    directions = np.linspace(first, end, max(int((first - end) / 9.0), 3))
    for direction in directions:
        share = (first - direction) / (first - min(end, 70.0) if number < 11 else first - end)
        z = top - 5.0 * s - drop * float(np.clip(share, 0.0, 1.15)) ** 0.85
        points.append(wall_point(outline, sign * direction, z))
    bone = spline_points(points, 10 + 2 * len(directions))
    taper = np.linspace(1.0, 0.85 if number < 11 else 0.7, len(bone))
    height, thick = (6.2 if number < 11 else 5.4) * s, (3.5 if number < 11 else 3.1) * s
    path = np.column_stack((bone, height * taper, thick * taper))
    return Rib(number, side, tube(path, (0.0, 0.0, 1.0)), _cartilage(outline, path, sign, end, cartilage_end, s), bone)


def _cartilage(outline: Outline, path: np.ndarray, sign: float, start: float, end: float, s: float) -> Solid:
    """From the rib's end towards the sternum, rising."""
    low = path[-1, 2]
    points = [path[-1, :3]]
    rise = 1.1 * s * max(start - end, 4.0)
    for share in (0.25, 0.5, 0.75, 1.0):
        direction = start + share * (end - start)
        points.append(wall_point(outline, sign * direction, float(low + rise * (share**1.4 - 0.15 * share))))
    nodes = spline_points(points, 8)
    radii = np.array([path[-1, 3:]]) * np.linspace(1.0, 0.8, len(nodes))[:, None]
    return tube(np.column_stack((nodes, radii)), (0.0, 0.0, 1.0))
