"""The sacrum with its foramina and wings, and the coccyx.

Built in the frame of the upper endplate of S1: x to the left, p backwards and d downwards along the first sacral
segments. Sizes for a height of 1.70 m: base 105-115 mm wide, about 105 mm long, deepest curve at S3 (Mahato 2010;
Abitbol 1987).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from OsteoScreenLib.phantom.plan import BodyPlan
from OsteoScreenLib.phantom.shapes import Point, Solid, ellipsoid
from OsteoScreenLib.phantom.swept_shapes import carved, patched_union, sheet, spline_points, tube

# x, d, p of the middle, thickness.
_PLATE = (
    (0, 6, 10, 52), (14, 6, 10, 50), (25, 8, 12, 42), (40, 12, 14, 33), (54, 20, 17, 28), (66, 26, 18, 24),
    (0, 22, 11, 46), (25, 22, 12, 36), (42, 26, 14, 28), (0, 40, 13, 38), (22, 40, 13, 30), (44, 42, 16, 20),
    (58, 44, 18, 16),
    (0, 62, 16, 28), (20, 62, 15, 22), (38, 62, 16, 14), (0, 82, 12, 21), (18, 82, 12, 15), (30, 82, 12, 10),
    (0, 98, 3, 15), (12, 98, 3, 12), (20, 98, 3, 9),
)  # fmt: skip
# x, d along the right half of the edge, from the endplate to the tip.
_EDGE = (
    (0, -1), (12, -1), (22, -0.5), (27, 2),
    (33, 6), (46, 9), (58, 12), (66, 18), (67, 28), (61, 42), (52, 54), (42, 64),
    (36, 74),    (31, 84), (26, 93), (20, 100), (10, 105), (0, 106),
)  # fmt: skip
_CANAL = ((0, -8, 25, 13, 8), (0, 14, 24, 11, 6.5), (0, 36, 24, 8, 5), (0, 60, 24, 6, 3.5), (0, 84, 16, 4.5, 2.5))
_FORAMEN_LEVELS = (25.0, 49.0, 70.0, 88.0)
_COCCYX = ((-2, 111, 11, 5.5), (-9, 122, 8, 4.5), (-19, 131, 6, 4))


@dataclass(frozen=True)
class Sacrum:
    """The sacrum and what lies around and in it.

    Attributes:
        bone: with foramina and canal cut out, its wings reaching into the hip bones: cut them with
            :func:`beside`. holes: foramina. canal: of the nerve roots. coccyx: its pieces.
    """

    bone: Solid
    holes: tuple[Solid, ...]
    canal: Solid
    coccyx: tuple[Solid, ...]


@lru_cache(maxsize=2)
def sacrum(plan: BodyPlan) -> Sacrum:
    """The sacrum under the plan's upper endplate of S1; kept, as a patient is painted in many parts."""
    frame = _Frame(plan)
    canal = frame.tube(_CANAL, 12)
    holes = tuple(
        frame.foramen(level, side, number) for number, level in enumerate(_FORAMEN_LEVELS) for side in (1, -1)
    )
    facets = [frame.ball((side * 23.0, -3.0, 29.0), (7.5, 9.0, 5.0)) for side in (1, -1)]
    crest = frame.tube(((0, 6, 34, 3.5, 5), (0, 30, 34, 3.5, 7), (0, 55, 31, 3.5, 5), (0, 75, 22, 3, 3)), 8)
    whole = patched_union([frame.plate(), crest, *facets], 4.0)
    coccyx = tuple(frame.ball((0.0, d, p), (a, 6.0, b)) for p, d, a, b in _COCCYX)
    filled = tuple(_within(hole, whole) for hole in holes)
    return Sacrum(carved(whole, [canal, *holes], 1.5), filled, canal, coccyx)


def beside(solid: Solid, others: tuple[Solid, ...], gap_mm: float) -> Solid:
    """A solid that keeps a gap to others: the wings of the sacrum beside the hip bones."""

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        result = solid.distance(x, y, z)
        for other in others:
            result = np.maximum(result, gap_mm - other.distance(x, y, z))
        return result

    return Solid(distance, solid.low, solid.high)


def _within(hole: Solid, whole: Solid) -> Solid:
    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.maximum(hole.distance(x, y, z), whole.distance(x, y, z))

    return Solid(distance, hole.low, hole.high)


class _Frame:
    """Places points (x, d, p) of the sacrum in the patient."""

    def __init__(self, plan: BodyPlan) -> None:
        slope = float(np.radians(plan.sacral_slope_deg))
        self.scale = plan.scale
        self.width = 0.5 * (plan.scale + plan.hip_half_mm / 89.0)
        self.origin = np.asarray(plan.sacral_endplate)
        self.down = np.array([0.0, np.sin(slope), -np.cos(slope)])
        self.back = np.array([0.0, np.cos(slope), np.sin(slope)])

    def point(self, x: float, d: float, p: float) -> np.ndarray:
        return self.origin + np.array([x * self.width, 0.0, 0.0]) + self.scale * (d * self.down + p * self.back)

    def plate(self) -> Solid:
        middle = np.array([(*self.point(x, d, p), thick * self.scale) for x, d, p, thick in _PLATE])
        half = [self.point(x, d, 0.0) for x, d in _EDGE]
        other = [point * np.array([-1.0, 1.0, 1.0]) for point in half[-2:0:-1]]
        axes = np.array([(1.0, 0.0, 0.0), self.down, self.back])
        return sheet(middle, np.array(half + other), tuple(self.origin.tolist()), axes, 2.0, symmetric=True)

    def tube(self, rows: tuple[tuple[float, ...], ...], count: int) -> Solid:
        nodes = [(*self.point(x, d, p), a * self.scale, b * self.scale) for x, d, p, a, b in rows]
        return tube(spline_points(nodes, count), (1.0, 0.0, 0.0))

    def ball(self, place: Point, radii: Point) -> Solid:
        axes = np.column_stack(((1.0, 0.0, 0.0), self.down, self.back))
        return ellipsoid(self.point(*place).tolist(), tuple(value * self.scale for value in radii), axes)

    def foramen(self, level: float, side: int, number: int) -> Solid:
        """From the canal forwards and outwards, wider in front; a smaller opening behind."""
        x = 19.0 - 2.2 * number
        front = (-7.0, 0.0, 4.0, 0.0)[number]
        rows = ((0.3 * x, level - 3, 23 - 2 * number, 3.5, 3.5), (0.75 * x, level - 1, 14 - number, 4.5, 4.5),
                (x, level + 1, front + 7, 5.4, 5.4), (1.25 * x, level + 2, front - 7, 7.5, 7.0))  # fmt: skip
        return self.tube(tuple((side * a, b, c, d, e) for a, b, c, d, e in rows), 6)
