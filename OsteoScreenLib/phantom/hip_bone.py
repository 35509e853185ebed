"""The hip bone: ilium, ischium and pubis around a socket that fits the patient's femoral head.

The shape is built from landmarks: a curved sheet for the iliac wing, tubes for columns and rami, balls for socket and
tuberosity, rounded into each other. Landmarks are given for a left hip bone of a man of 1.70 m, in mm from the midline
at the height of the femoral head centres, and are stretched to the patient. Their distances follow published
pelvimetry: hip centre 30 % of the width between the anterior superior spines below them and 22 % behind them (Bell
1990), spines 230-250 mm apart, inlet 120-130 mm wide, ischial spines about 95 mm (men) and 105 mm (women) apart,
subpubic angle about 65 (men) and 85 degrees (women) (Handa 2008; Fischer and Mitteroecker 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from OsteoScreenLib.phantom.plan import BodyPlan, rng_of
from OsteoScreenLib.phantom.shapes import Point, Solid, ellipsoid, mirrored, rod, sphere
from OsteoScreenLib.phantom.swept_shapes import carved, patched_union, remembered, sheet, spline_points, tube

_NOMINAL_HIP_HALF = 89.0
_NOMINAL_ENDPLATE = (34.0, 98.0)

# Direction of the iliac wing seen from above (forwards and outwards to backwards and inwards), and its outer normal.
_WING = (-0.55, 0.835, 0.0)
_WING_NORMAL = (0.835, 0.55, 0.0)

# Opening of the socket: inclination about 42 degrees, anteversion about 18 degrees (Murray 1993; Lewinnek 1978).
_OPENING = (0.64, -0.31, -0.70)

# Rim of the wing: from the anterior inferior spine over crest and posterior spines to the greater sciatic notch.
_OUTLINE = (
    (101, -39, 33), (104, -42, 46), (110, -48, 58), (118, -56, 70), (126, -53, 83), (134, -42, 98), (140, -22, 113),
    (138, 2, 126), (127, 22, 133), (108, 44, 132), (86, 64, 125), (66, 82, 113), (50, 96, 100), (43, 101, 87),
    (44, 98, 73), (45, 95, 59), (51, 84, 49), (59, 70, 44), (66, 57, 39), (69, 48, 28), (71, 44, 12), (80, 20, 4),
    (92, -10, 6), (98, -28, 16),
)  # fmt: skip

# Middle surface of the wing and its thickness.
_WING_POINTS = (
    (101, -38, 34, 15), (103, -36, 46, 10), (109, -44, 58, 9), (118, -53, 70, 13), (124, -48, 80, 12),
    (132, -41, 96, 15), (138, -22, 111, 20), (136, 2, 122, 15), (126, 21, 129, 12), (108, 42, 128, 12),
    (87, 61, 120, 13), (68, 79, 108, 16), (53, 92, 96, 19), (46, 96, 86, 19), (46, 94, 72, 15), (47, 90, 58, 12),
    (88, 3, 30, 23), (74, 36, 30, 16), (72, 44, 16, 15), (94, -20, 20, 20),
    (106, -8, 51, 18), (103, -28, 51, 10), (88, 26, 51, 18), (72, 49, 51, 18), (59, 70, 53, 16),
    (116, -36, 70, 8), (112, -10, 70, 14), (94, 22, 70, 9), (73, 48, 70, 17), (61, 66, 70, 19), (53, 80, 70, 18),
    (122, -12, 90, 13), (102, 16, 90, 5.5), (80, 42, 90, 10), (66, 59, 88, 17), (56, 77, 86, 20),
    (130, -14, 105, 14), (114, 14, 108, 4.0), (92, 38, 108, 5.5), (74, 62, 104, 12), (122, 12, 120, 7),
    (102, 40, 119, 6),
)  # fmt: skip

# Paths: x, y, z, radius along the tube's wide axis, radius across it.
_POSTERIOR_COLUMN = ((80, 28, 28, 22, 13), (80, 32, 10, 21, 11), (79, 36, -6, 20, 10.5), (77, 38, -20, 15, 10))
_ISCHIUM = (
    (77, 33, -4, 15, 10), (77, 35, -22, 19, 11), (75, 39, -38, 19.5, 11.5), (73, 42, -52, 19, 12.5),
    (71, 43, -66, 13, 11),
)  # fmt: skip
_SUPERIOR_RAMUS = (
    (98, -30, 30, 11, 9), (84, -29, 18, 11, 9.5), (70, -20, 6, 12, 10), (58, -17, -5, 10.5, 8), (44, -26, -13, 9, 7),
    (30, -34, -19, 9, 7.5), (20, -37, -21, 7, 7),
)  # fmt: skip
_PUBIC_BODY = ((19, -37, -15, 15, 6.5), (18, -28, -27, 16, 8), (17, -17, -39, 14.5, 7.5), (16, -9, -48, 11, 6))
_INFERIOR_RAMUS = (
    (70, 38, -68, 10, 9), (60, 28, -70, 10, 7), (48, 16, -68, 9, 5.5), (36, 4, -63, 9, 5), (25, -6, -55, 10, 5.5),
    (16, -12, -47, 10, 6.5),
)  # fmt: skip


@dataclass(frozen=True)
class HipBone:
    """One hip bone.

    Attributes:
        bone: the whole solid. socket: the ball that holds the femoral head with both layers of cartilage.
        fossa: fat-filled floor of the socket. landmarks: LPS mm by name.
    """

    bone: Solid
    socket: Solid
    fossa: Solid
    landmarks: dict[str, Point]


@lru_cache(maxsize=4)
def hip_bone(plan: BodyPlan, side: str) -> HipBone:
    """The hip bone of one side, ``L`` or ``R``: both are drawn as left ones with small differences, then mirrored.

    Kept, as a patient is painted in many parts.
    """
    place = _Placing(plan, side)
    head = (plan.hip_half_mm, 0.0, 0.0)
    radius = plan.head_radius_mm + plan.joint_space_mm
    socket, fossa = sphere(head, radius), _fossa(head, radius)
    members = [_wing(place), *_socket_block(place, head, radius), *_columns(place), *_pubis_and_ischium(place)]
    bone = carved(patched_union(members, 9.0), [_beyond_rim(head, radius)], 3.0)
    bone = remembered(carved(carved(bone, [socket]), [fossa], 3.0))
    marks = {name: place.point(point) for name, point in _LANDMARKS.items()}
    fossa = _near(fossa, head, radius + 6.0)
    if side == "L":
        return HipBone(bone, socket, fossa, marks)
    marks = {name: (-x, y, z) for name, (x, y, z) in marks.items()}
    return HipBone(mirrored(bone), mirrored(socket), mirrored(fossa), marks)


_LANDMARKS: dict[str, Point] = {
    "anterior_superior_iliac_spine": (119, -58, 69),
    "anterior_inferior_iliac_spine": (101, -42, 33),
    "iliac_crest_top": (127, 22, 134),
    "posterior_superior_iliac_spine": (43, 102, 87),
    "ischial_spine": (46, 53, -8),
    "ischial_tuberosity": (71, 46, -78),
    "pubic_tubercle": (27, -44, -14),
}


def wing_points(plan: BodyPlan, side: str) -> list[tuple[float, float, float, float]]:
    """Points in the iliac wing and its crest, x as on the left, each with the radius of the bone around it, mm."""
    place = _Placing(plan, side)
    wing = np.asarray(_WING_POINTS, dtype=float)
    rim = spline_points(place.points(np.asarray(_OUTLINE[:16])), 40)
    points = [*zip(*place.points(wing).T.tolist(), (0.5 * place.scale * wing[:, 3]).tolist(), strict=True)]
    return points + [(x, y, z, 4.0 * place.scale) for x, y, z in rim.tolist()]


class _Placing:
    """Stretches landmarks to a patient: size, distance of the hips, place of the sacrum, sex, and chance."""

    def __init__(self, plan: BodyPlan, side: str) -> None:
        self.scale = plan.scale
        self.stretch = plan.hip_half_mm / _NOMINAL_HIP_HALF
        self.shift_y = plan.sacral_endplate[1] - _NOMINAL_ENDPLATE[0] * plan.scale
        self.shift_z = plan.sacral_endplate[2] - _NOMINAL_ENDPLATE[1] * plan.scale
        self.female = plan.traits.sex == "F"
        common, own = rng_of(plan.traits, "hip bone"), rng_of(plan.traits, f"hip bone {side}")
        self.flare, self.crest, self.arch, self.ischium = common.normal(0.0, (3.0, 3.5, 2.5, 2.5)) + own.normal(
            0.0, 0.6, 4
        )
        self.thickness = float(np.exp(common.normal(0.0, 0.07))) * (0.94 if self.female else 1.02)

    def points(self, rows: np.ndarray) -> np.ndarray:
        """Rows of x, y, z in patient mm."""
        x, y, z = np.asarray(rows, dtype=float)[:, :3].T
        back = np.clip((y - 15.0) / 40.0, 0.0, 1.0) * np.clip((z - 15.0) / 30.0, 0.0, 1.0)
        high = np.clip((z - 40.0) / 80.0, 0.0, 1.0) * (1.0 - 0.8 * back)
        low = np.clip((-z - 15.0) / 50.0, 0.0, 1.0)
        # Women: wings flare less upwards and more outwards, the arch under the symphysis and the outlet are wider.
        lateral = np.clip((x - 8.0) / 40.0, 0.0, 1.0)
        x = (
            x
            + high * (self.flare + (2.0 if self.female else 0.0))
            + low * lateral * (self.arch + (5.0 if self.female else -3.0))
        )
        x = x + (6.5 if self.female else 0.0) * np.clip(1.0 - np.abs(z + 8.0) / 25.0, 0.0, 1.0) * np.clip(
            (y - 30.0) / 20.0, 0.0, 1.0
        )
        z = z + high * (self.crest - (5.0 if self.female else 0.0)) - low * self.ischium
        return np.column_stack((
            x * self.stretch,
            y * self.scale + back * self.shift_y,
            z * self.scale + back * self.shift_z,
        ))  # fmt: skip

    def point(self, point: Point) -> Point:
        """One landmark in patient mm."""
        x, y, z = self.points(np.array([point]))[0].tolist()
        return (x, y, z)

    def path(self, rows: tuple[tuple[float, ...], ...], count: int) -> np.ndarray:
        """Smooth path with two radii."""
        nodes = np.asarray(rows, dtype=float)
        radii = nodes[:, 3:] * self.scale * self.thickness
        return spline_points(np.column_stack((self.points(nodes), radii)), count)


def _wing(place: _Placing) -> Solid:
    nodes = np.asarray(_WING_POINTS, dtype=float)
    middle = np.column_stack((place.points(nodes), nodes[:, 3] * place.scale * place.thickness))
    axes = np.array([_WING, (0.0, 0.0, 1.0), _WING_NORMAL])
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    return sheet(middle, place.points(np.asarray(_OUTLINE)), (place.stretch * 89.0, 0.0, 0.0), axes, 8.0)


def _socket_block(place: _Placing, head: Point, radius: float) -> list[Solid]:
    """Roof, the thin medial wall (quadrilateral plate), and what joins them in front."""
    x, _, _ = head
    size = 0.5 * (place.scale + radius / 27.5)
    turn = np.array([(0.88, -0.47, 0.0), (0.47, 0.88, 0.0), (0.0, 0.0, 1.0)])  # Columns: long axis follows the wing.
    roof = ellipsoid((x - 2.0, 2.0, 17.0 * size), (22.0 * size, 42.0 * size, 24.0 * size), turn)
    wall = ellipsoid((x - radius - 2.8, 9.0 * size, 7.0), (5.6, 29.0 * size, 24.0 * size))
    front = rod((x - 0.70 * radius, -0.62 * radius, 12.0), (x - 0.35 * radius, -2.0, radius), 0.36 * radius)
    return [roof, wall, front]


def _columns(place: _Placing) -> list[Solid]:
    spine_root, spine_tip = place.point((66, 44, 2)), place.point((47, 52, -8))
    return [
        tube(place.path(_POSTERIOR_COLUMN, 10), (-0.80, 0.60, 0.0)),
        tube(place.path(_SUPERIOR_RAMUS, 12), (0.0, 0.3, 1.0)),
        rod(place.point((67, -14, 2)), place.point((69, 22, 27)), 6.5 * place.scale, 8.0 * place.scale),  # Pelvic brim.
        rod(place.point((70, 32, 20)), place.point((68, 36, -14)), 9.5 * place.scale, 8.0 * place.scale),
        tube(place.path(_ISCHIUM, 10), (-0.30, 0.95, 0.0)),
        rod(spine_root, spine_tip, 8.0 * place.scale, 2.6 * place.scale),
    ]


def _pubis_and_ischium(place: _Placing) -> list[Solid]:
    scale = place.scale
    body = tube(place.path(_PUBIC_BODY, 8), (0.97, 0.22, 0.1))  # The symphysis slopes back and down.
    tuberosity = ellipsoid(
        place.point((72, 44, -60)),
        (12.5 * scale, 15.0 * scale, 19.0 * scale),
        np.array([(0.9, 0.42, 0.1), (-0.42, 0.9, 0.0), (-0.1, 0.0, 1.0)]),
    )
    return [
        _symphysis_cut(body, scale),
        tuberosity,
        tube(place.path(_INFERIOR_RAMUS, 10), (0.15, 0.35, 0.92)),
        rod(place.point((32, -37, -16)), place.point((24, -40, -17)), 5.0 * scale, 6.0 * scale),
    ]


def _symphysis_cut(body: Solid, scale: float) -> Solid:
    """Half of a symphysis 4-5 mm wide stays free (Becker 2010)."""
    gap = 2.3 * scale

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.maximum(body.distance(x, y, z), gap - x)

    return Solid(distance, body.low, body.high)


def _fossa(head: Point, radius: float) -> Solid:
    """Floor of the socket with its notch: medial and below, about 5 mm deeper than the lunate surface."""
    x = head[0]
    floor = ellipsoid((x - 0.60 * radius, 2.0, -0.18 * radius), (0.55 * radius, 0.52 * radius, 0.60 * radius))
    notch = rod((x - 0.7 * radius, 1.0, -0.5 * radius), (x - 0.35 * radius, -4.0, -1.3 * radius), 9.5)
    return patched_union([floor, notch], 6.0)


def _near(solid: Solid, centre: Point, radius: float) -> Solid:
    """What of a solid lies within a ball."""
    ball = sphere(centre, radius)

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.maximum(solid.distance(x, y, z), ball.distance(x, y, z))

    return Solid(distance, ball.low, ball.high)


def _beyond_rim(head: Point, radius: float) -> Solid:
    """What lies outside of the plane of the rim, around the head: no bone there."""
    nx, ny, nz = (np.asarray(_OPENING) / np.linalg.norm(_OPENING)).tolist()
    reach = radius + 30.0

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        x, y, z = x - head[0], y - head[1], z - head[2]
        outwards = np.maximum(np.sqrt(x * x + y * y + z * z) - (radius + 5.0), 0.0)
        return 1.5 + 0.7 * outwards - (nx * x + ny * y + nz * z)  # The plane bends away: no ledge is cut far out.

    around = sphere(head, reach)
    return Solid(distance, around.low, around.high)
