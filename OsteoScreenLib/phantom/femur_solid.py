"""The outer surface of a femur, as a signed distance in a frame of its own.

The frame: origin at the head centre, u to lateral in the plane of neck and shaft, v to posterior, w upwards along the
shaft axis. A left and a right femur are the same bone in it. Points of metaphysis and trochanters are given for a head
radius of 24 mm, relative to a level on the shaft axis near its crossing with the neck axis, and were set by eye against
sections of seven femora from CT (libhip, Moshfeghifar et al. 2022, MIT licence).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from OsteoScreenLib.phantom.femur_shape import FemurShape
from OsteoScreenLib.phantom.plan import Point
from OsteoScreenLib.phantom.shapes import Solid, blend, ellipse_distance, ellipsoid, rod
from OsteoScreenLib.phantom.tissue_canvas import Field

SHAFT_END_MM = -430.0
TABLE_STEP_MM = 0.25
ROUGHNESS_MM = 0.3
"""Of the surface: standard deviation of its waves."""

# Height over the metaphysis's level, its centre (u, v) and half axes (u, v), for size 1.
_METAPHYSIS = (
    (24.0, 3.0, 4.0, 12.0, 11.0),
    (16.0, 1.0, 4.0, 17.0, 14.0),
    (6.0, -2.0, 3.5, 21.5, 16.8),
    (-6.0, -4.0, 2.5, 22.3, 17.4),
    (-18.0, -3.8, 1.8, 20.2, 16.8),
    (-28.0, -2.4, 1.0, 17.2, 15.6),
    (-42.0, -0.6, 0.3, 15.0, 14.9),
)
# Height below that level and factors on the half axes of the shaft.
_SHAFT = ((-62.0, 1.04, 1.02), (-120.0, 1.0, 1.0), (-230.0, 1.0, 1.02), (-300.0, 1.16, 1.10), (-400.0, 2.2, 1.6))


@dataclass(frozen=True)
class BoneFrame:
    """Where the femur's frame lies in the patient.

    Attributes:
        origin: head centre, LPS mm. axes: (3, 3), rows are u, v and w as LPS unit vectors.
    """

    origin: Point
    axes: np.ndarray

    def to_local(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates u, v, w of points."""
        x, y, z = x - self.origin[0], y - self.origin[1], z - self.origin[2]
        (u, v, w) = ((a * x + b * y) + c * z for a, b, c in self.axes.tolist())
        return u, v, w

    def to_lps(self, u: float, v: float, w: float) -> Point:
        """A point of the frame in the patient."""
        x, y, z = (np.asarray(self.origin) + np.array([u, v, w]) @ self.axes).tolist()
        return (x, y, z)

    def direction(self, u: float, v: float, w: float) -> Point:
        """A direction of the frame in the patient."""
        x, y, z = (np.array([u, v, w]) @ self.axes).tolist()
        return (x, y, z)


def femur_frame(shape: FemurShape) -> BoneFrame:
    """Pose: anteversion and external rotation turn the neck forward, then the thigh moves about the head."""
    turn = np.radians(shape.anteversion_deg + shape.rotation_deg)
    lateral = np.array([np.cos(turn), np.sin(turn), 0.0])
    axes = np.array([lateral, [-lateral[1], lateral[0], 0.0], [0.0, 0.0, 1.0]])
    abduct, flex = np.radians(shape.abduction_deg), np.radians(shape.flexion_deg)
    about_y = np.array([[np.cos(abduct), 0, -np.sin(abduct)], [0, 1, 0], [np.sin(abduct), 0, np.cos(abduct)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(flex), -np.sin(flex)], [0, np.sin(flex), np.cos(flex)]])
    axes = axes @ about_y.T @ about_x.T
    if shape.side == "R":
        axes = axes * np.array([-1.0, 1.0, 1.0])
    return BoneFrame(shape.head_centre, axes)


@dataclass
class FemurPoints:
    """What is known about a block of points: coordinates in the femur's frame and along the neck, all (broadcast) mm.

    Attributes:
        u, v, w: in the femur's frame. along, across: on the neck axis from the head centre, and square to it, upwards.
        height: over the metaphysis's level. lateral, posterior: position in the section of metaphysis and shaft,
        -1 to 1 between its borders. distance: signed distance to the surface.
    """

    u: np.ndarray
    v: np.ndarray
    w: np.ndarray
    along: np.ndarray
    across: np.ndarray
    height: np.ndarray
    lateral: np.ndarray
    posterior: np.ndarray
    distance: np.ndarray


@dataclass
class FemurSolid:
    """A femur's surface. Build it anew for every canvas: it remembers the last block of points."""

    shape: FemurShape
    osteophytes: float = 0.0
    roughness: Field | None = None
    frame: BoneFrame = field(init=False)

    def __post_init__(self) -> None:
        shape = self.shape
        self.frame = femur_frame(shape)
        angle = np.radians(shape.neck_shaft_angle_deg)
        self.neck_axis = (float(np.sin(angle)), float(np.cos(angle)))  # u and w
        self.centre = (shape.offset_mm, 0.0, shape.metaphysis_level_mm)
        self._shaft = self._shaft_tables()
        self._neck = self._neck_tables()
        self._bumps, self._hollows = self._trochanters()
        self._last: tuple[np.ndarray, np.ndarray, np.ndarray, FemurPoints] | None = None

    @property
    def solid(self) -> Solid:
        """In the patient, with a box that holds it."""
        corners = [
            self.frame.to_lps(u, v, w)
            for u in (-1.1 * self.shape.head_radius_mm, self.shape.offset_mm + 36.0 * self.shape.size)
            for v in (-1.15 * self.shape.head_radius_mm, 34.0 * self.shape.size)
            for w in (1.1 * self.shape.head_radius_mm + 8.0, self.shape.metaphysis_level_mm + SHAFT_END_MM)
        ]
        # The bow leaves the box of the upper end by its sagitta, the condylar end by its flare.
        low = np.min(corners, axis=0) - np.array([0.0, 24.0, 0.0])
        high = np.max(corners, axis=0) + np.array([0.0, 6.0, 0.0])
        return Solid(lambda x, y, z: self.at(x, y, z).distance, tuple(low.tolist()), tuple(high.tolist()))

    def at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> FemurPoints:
        """Everything about points in LPS; the answer for the last block is kept, as painting asks for it thrice."""
        last = self._last
        if last is not None and last[0] is x and last[1] is y and last[2] is z:
            return last[3]
        points = self.local(*self.frame.to_local(x, y, z))
        if self.roughness is not None:
            points.distance += ROUGHNESS_MM * self.roughness(x, y, z)
        self._last = (x, y, z, points)
        return points

    def local(
        self, u: np.ndarray, v: np.ndarray, w: np.ndarray, known_distance: np.ndarray | None = None
    ) -> FemurPoints:
        """The same for points in the femur's frame; a distance known from elsewhere replaces the surface."""
        axis_u, axis_w = self.neck_axis
        along, across = axis_u * u + axis_w * w, axis_u * w - axis_w * u
        height = w - self.centre[2]
        shaft, lateral, posterior = self._shaft_distance(u, v, height)
        if known_distance is not None:
            return FemurPoints(u, v, w, along, across, height, lateral, posterior, known_distance)
        distance = blend(self._head_and_neck(u, v, w, along, across), shaft, 7.0)
        for bump, width in self._bumps:
            distance = blend(distance, bump.distance(u, v, w), width)
        for hollow in self._hollows:
            distance = -blend(-distance, hollow.distance(u, v, w), 4.0)
        return FemurPoints(u, v, w, along, across, height, lateral, posterior, distance)

    def _head_and_neck(
        self, u: np.ndarray, v: np.ndarray, w: np.ndarray, along: np.ndarray, across: np.ndarray
    ) -> np.ndarray:
        radius = self.shape.head_radius_mm
        head = np.sqrt(u * u + v * v + w * w) - radius
        half_height, half_depth = (_look_up(table, along, 0.0) for table in self._neck)
        # The neck lies a little behind the middle of the head: its front is hollower than its back.
        neck = ellipse_distance(across + 0.03 * radius, v - 0.05 * radius, half_height, half_depth)
        length = self.shape.neck_length_mm
        neck = np.maximum(neck, np.maximum(0.3 * radius - along, along - (length + 5.0)))
        both = blend(head, neck, 4.5)
        fovea = ellipsoid((-0.95 * radius, 0.22 * radius, -0.30 * radius), (4.5, 5.5, 6.0))
        both = -blend(-both, fovea.distance(u, v, w), 2.0)
        return both

    def _shaft_distance(
        self, u: np.ndarray, v: np.ndarray, height: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        centre_u, centre_v, half_u, half_v, ridge = (_look_up(table, -height, -30.0) for table in self._shaft)
        across_u, across_v = u - self.centre[0] - centre_u, v - centre_v
        distance = ellipse_distance(across_u, across_v, half_u, half_v)
        # Linea aspera: a low ridge along the back of the shaft.
        back = np.sqrt(across_u * across_u + (across_v - half_v + 1.2) ** 2) - ridge
        distance = blend(distance, back, 5.0)
        top = 22.0 * self.shape.size
        distance = np.maximum(distance, np.maximum(height - top, SHAFT_END_MM - height))
        return distance, across_u / half_u, across_v / half_v

    def shaft_middle(self, depth_mm: float) -> tuple[float, float]:
        """Middle (u, v) of the bone so far below the metaphysis's level."""
        centre_u, centre_v = (float(_look_up(table, np.float32(depth_mm), -30.0)) for table in self._shaft[:2])
        return self.centre[0] + centre_u, centre_v

    def _shaft_tables(self) -> tuple[np.ndarray, ...]:
        """Centre (u, v), half axes (u, v) and radius of the ridge, by depth below the metaphysis's level."""
        shape, size = self.shape, self.shape.size
        rows = [tuple(size * value for value in row) for row in _METAPHYSIS]
        rows += [
            (level, 0.0, 0.0, wide * shape.shaft_half_width_mm, deep * shape.shaft_half_depth_mm)
            for level, wide, deep in _SHAFT
        ]
        level, centre_u, centre_v, half_u, half_v = np.array(rows).T
        depth = np.arange(-30.0, -SHAFT_END_MM + 40.0, TABLE_STEP_MM)
        # Forward bow: an arc over the length of the shaft; the frame's turn is undone, as the bow follows the condyles.
        length = 400.0
        below = np.clip(depth - 30.0, 0.0, length)
        sagitta = below * (length - below) / (2.0 * shape.bow_radius_mm)
        turn = np.radians(shape.anteversion_deg)
        smooth = [_smooth_curve(-level, values, depth) for values in (centre_u, centre_v, half_u, half_v)]
        smooth[0] = smooth[0] - sagitta * np.sin(turn)
        smooth[1] = smooth[1] - sagitta * np.cos(turn)
        ridge = 3.8 * np.clip((depth - 35.0) / 40.0, 0.0, 1.0) - 6.0 * (depth < 0.0)
        return tuple(values.astype(np.float32) for values in (*smooth, ridge))

    def _neck_tables(self) -> tuple[np.ndarray, np.ndarray]:
        """Half height and half depth of the neck, by place along its axis from the head centre."""
        shape = self.shape
        radius, length = shape.head_radius_mm, shape.neck_length_mm
        waist = 0.5 * (0.95 * radius + 0.62 * length)
        high, deep = shape.neck_half_height_mm, shape.neck_half_depth_mm
        along = np.array([0.0, 0.55 * radius, waist - 6.0, waist, waist + 6.0, length - 6.0, length + 6.0])
        heights = np.array([0.80 * radius, 0.80 * radius, 1.03 * high, high, 1.06 * high, 1.26 * high, 1.30 * high])
        depths = np.array([0.76 * radius, 0.76 * radius, 1.04 * deep, deep, 1.04 * deep, 1.16 * deep, 1.22 * deep])
        steps = np.arange(0.0, length + 60.0, TABLE_STEP_MM)
        both = (_smooth_curve(along, values, steps).astype(np.float32) for values in (heights, depths))
        return next(both), next(both)

    def _trochanters(self) -> tuple[list[tuple[Solid, float]], list[Solid]]:
        """Bumps with the width of their blending, and hollows, in the femur's frame."""
        size, rise, lesser = self.shape.size, self.shape.trochanter_height, self.shape.lesser_trochanter

        def place(u: float, v: float, height: float) -> Point:
            return (self.centre[0] + size * u, size * v, self.centre[2] + size * height)

        tip = 15.0 * size
        leaning = _axes_along((-0.18, 0.30, 1.0))
        towards = _axes_along((-0.62, 0.66, -0.42))
        bumps = [
            (ellipsoid(place(13.5, 3.5, 10.0), (13.5 * size, 17.0 * size, 22.0 * size)), 8.0),
            (ellipsoid(place(13.0, 13.5, 26.0 * rise), (8.0 * size, 12.5 * size, tip), leaning), 6.0),
            (rod(place(11.5, 20.0, 15.0), place(-9.0, 15.5, -13.0), 4.6 * size), 7.0),
            (ellipsoid(place(-14.0, 14.5, -22.5), (8.0 * lesser, 7.4 * lesser, 12.5 * lesser), towards), 9.0),
        ]
        bumps += self._osteophytes()
        hollows = [ellipsoid(place(-2.0, 21.5, 27.0), (7.5 * size, 9.5 * size, 13.0 * size), leaning)]
        return bumps, hollows

    def _osteophytes(self) -> list[tuple[Solid, float]]:
        """A collar of spurs where head and neck meet, most below and behind."""
        if self.osteophytes <= 0.0:
            return []
        radius, severity = self.shape.head_radius_mm, min(self.osteophytes, 1.0)
        axis_u, axis_w = self.neck_axis
        spurs = []
        for turn, weight in ((-90.0, 1.0), (-150.0, 0.8), (-30.0, 0.7), (100.0, 0.5), (30.0, 0.4), (160.0, 0.6)):
            across, behind = np.sin(np.radians(turn)), -np.cos(np.radians(turn))
            along, reach = 0.52 * radius, (0.80 + 0.06 * severity) * radius
            centre = (
                float(along * axis_u - reach * across * axis_w),
                float(reach * behind),
                float(along * axis_w + reach * across * axis_u),
            )
            spur = (2.5 + 3.5 * severity) * weight
            spurs.append((ellipsoid(centre, (1.3 * spur, 1.3 * spur, spur)), 4.0))
        return spurs


def _look_up(table: np.ndarray, place: np.ndarray, start: float) -> np.ndarray:
    """Value of a table whose rows are ``TABLE_STEP_MM`` apart, its ends beyond them."""
    index = ((place - start) * (1.0 / TABLE_STEP_MM) + 0.5).astype(np.int32)
    return table[np.clip(index, 0, len(table) - 1)]


def _smooth_curve(place: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Monotone cubic curve through points, constant beyond its ends."""
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(place, values)(np.clip(at, place[0], place[-1]))


def _axes_along(direction: Point) -> np.ndarray:
    """Orthonormal columns, the third along a direction, the first near u."""
    third = np.asarray(direction) / np.linalg.norm(direction)
    second = np.cross(third, (1.0, 0.0, 0.0))
    second /= np.linalg.norm(second)
    return np.stack([np.cross(second, third), second, third], axis=1)
