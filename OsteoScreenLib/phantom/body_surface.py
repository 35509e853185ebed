"""Outline of the body and of the layers under it: skin, fascia, three layers of the abdominal wall, body cavity.

The trunk is described in every axial plane by radii around a point in its middle, as functions of the direction and of
the height, so that one arctangent per voxel serves all layers. The thighs are described in the same way around points
of their own. The back is flattened where the body rests on the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.phantom.plan import BodyPlan, rng_of
from OsteoScreenLib.phantom.shapes import blend
from OsteoScreenLib.phantom.skin_over_bones import cover_bones
from OsteoScreenLib.phantom.thigh_axis import thigh_axis

DIRECTIONS = 2048
"""Directions in a table of radii: steps of 0.6 mm at the skin of a large patient."""
COARSE = 512
"""Directions in which the outline is worked out; the tables are interpolated from these."""
STEP_MM = 4.0
"""Spacing of the tables along z."""
SKIN_MM = 1.8
Z_LOW, Z_HIGH = -420.0, 640.0
LAYERS = ("skin", "fascia", "outer", "middle", "inner", "cavity")
"""Radii from outside to inside: skin, muscle fascia, inner side of each layer of the wall, body cavity."""


def bump(angle: np.ndarray, centre_deg: float, width_deg: float) -> np.ndarray:
    """Bell around a direction, the same on both sides of the body; 0 degrees is in front, 180 behind."""
    difference = (np.abs(np.degrees(angle)) - centre_deg) / width_deg
    return np.exp(-0.5 * difference**2)


def along(z: np.ndarray, *knots: tuple[float, float]) -> np.ndarray:
    """Linear interpolation over heights."""
    heights, values = zip(*knots, strict=True)
    return np.interp(z, heights, values)


def wavy(rng: np.random.Generator, angle: np.ndarray, z: np.ndarray, size: float) -> np.ndarray:
    """Low-order unevenness of an outline over direction and height, about ``size`` mm."""
    result = np.zeros(np.broadcast_shapes(angle.shape, z.shape))
    for order in (1, 2, 3, 4, 5, 7):
        for _ in range(2):
            phase, length = rng.uniform(0, 2 * np.pi), rng.uniform(60.0, 220.0)
            wave = np.cos(order * angle + rng.uniform(0, 2 * np.pi)) * np.cos(z / length * 2 * np.pi + phase)
            result += rng.normal() / order**0.7 * wave
    return size * 0.6 * result


@dataclass(frozen=True)
class Outline:
    """Radii around a vertical line that may bend.

    Attributes:
        centre_x, centre_y: (n,) of the line at the heights ``Z_LOW + k * STEP_MM``, mm.
        radii: layer name -> (n, DIRECTIONS) float32, mm.
    """

    centre_x: np.ndarray
    centre_y: np.ndarray
    radii: dict[str, np.ndarray]

    def at(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Centres (k, 1, 1) and radii (k, DIRECTIONS) at heights z of any shape with k values."""
        place = np.clip((z.ravel().astype(np.float64) - Z_LOW) / STEP_MM, 0, len(self.centre_x) - 1.001)
        low = place.astype(np.intp)
        part = (place - low).astype(np.float32)[:, None]
        radii = {name: table[low] * (1 - part) + table[low + 1] * part for name, table in self.radii.items()}
        column = (-1, 1, 1)
        x = (self.centre_x[low] + (self.centre_x[low + 1] - self.centre_x[low]) * part[:, 0]).astype(np.float32)
        y = (self.centre_y[low] + (self.centre_y[low + 1] - self.centre_y[low]) * part[:, 0]).astype(np.float32)
        return x.reshape(column), y.reshape(column), radii


@dataclass(frozen=True, eq=False)
class BodySurface:
    """The outlines of one patient.

    Attributes:
        trunk; thighs: of the left and the right one, by side.
        table_mm: y of the table top under the midline; it rises to the sides.
        perineum_mm: z under which there is no trunk.
        cleft_mm: y from which the cleft between the buttocks opens backwards.
        thigh_gap_mm: half the gap between the thighs.
    """

    trunk: Outline
    thighs: dict[str, Outline]
    table_mm: float
    perineum_mm: float
    cleft_mm: float
    thigh_gap_mm: float

    def table_top(self, x: np.ndarray) -> np.ndarray:
        """Y of the table's surface."""
        return self.table_mm - 0.00055 * x**2

    def reach(self, z: np.ndarray) -> tuple[float, float, float, float]:
        """Box (x low, x high, y low, y high) that holds the body at heights z."""
        low, high = np.array([1e9, 1e9]), np.array([-1e9, -1e9])
        for outline in (self.trunk, *self.thighs.values()):
            cx, cy, radii = outline.at(z)
            reach = float(radii["skin"].max())
            low = np.minimum(low, (float(cx.min()) - reach, float(cy.min()) - reach))
            high = np.maximum(high, (float(cx.max()) + reach, float(cy.max()) + reach))
        return float(low[0]), float(high[0]), float(low[1]), min(float(high[1]), self.table_mm)


def polar(
    outline: Outline, x: np.ndarray, y: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Distance from the middle line, flat index into the tables of radii, and these tables, for an axial slab."""
    cx, cy, radii = outline.at(z)
    dx, dy = x - cx, y - cy
    rho = np.sqrt(dx * dx + dy * dy)
    index = ((np.arctan2(dx, -dy) + np.float32(np.pi)) * np.float32(DIRECTIONS / (2 * np.pi))).astype(np.int32)
    np.clip(index, 0, DIRECTIONS - 1, out=index)
    index += (np.arange(z.size, dtype=np.int32) * DIRECTIONS).reshape(-1, 1, 1)
    return rho, index, radii


def layer(rho: np.ndarray, index: np.ndarray, radii: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Distance to a layer's surface, negative inside."""
    return rho - radii[name].ravel().take(index)


def skin_and_fascia(
    surface: BodySurface,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    trunk: tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray]:
    """Distances to the skin and to the fascia under the subcutaneous fat in an axial slab; ``trunk`` is its polar()."""
    skin, fascia = layer(*trunk, "skin"), layer(*trunk, "fascia")
    if float(z.min()) < 80.0:
        below = surface.perineum_mm - z
        skin = -blend(-skin, -below, 60.0)
        fascia = np.maximum(fascia, below + 14.0)
        thigh_skin, thigh_fascia = _thighs(surface, x, y, z)
        skin, fascia = blend(skin, thigh_skin, 16.0), np.minimum(fascia, thigh_fascia)
        cleft = 1.2 + 0.02 * np.maximum(y - surface.cleft_mm, 0.0) - np.abs(x)
        # Between the buttocks the cleft deepens downwards; it runs out above the coccyx.
        cleft = np.minimum(
            cleft, y - surface.cleft_mm + 0.65 * np.clip(8.0 - z, 0.0, 60.0) - 0.9 * np.maximum(z - 8.0, 0.0)
        )
        skin = np.maximum(skin, cleft)
        fascia = np.maximum(fascia, cleft + 7.0)
    floor = surface.table_top(x)
    return -blend(-skin, floor - y, 12.0), np.maximum(fascia, y - floor + 6.0)


def _thighs(surface: BodySurface, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shape = np.broadcast_shapes(x.shape, y.shape, z.shape)
    skin, fascia = np.empty(shape, np.float32), np.empty(shape, np.float32)
    middle = int(np.searchsorted(x.ravel(), 0.0))
    for side, part in (("L", slice(middle, None)), ("R", slice(0, middle))):
        if x[:, :, part].size == 0:
            continue
        fields = polar(surface.thighs[side], x[:, :, part], y, z)
        gap = surface.thigh_gap_mm - np.abs(x[:, :, part])
        top = z - 45.0
        skin[:, :, part] = np.maximum(np.maximum(layer(*fields, "skin"), gap), top)
        fascia[:, :, part] = np.maximum(np.maximum(layer(*fields, "fascia"), gap + 7.0), top)
    return skin, fascia


def make_body_surface(plan: BodyPlan) -> BodySurface:
    """Draw a patient's outlines."""
    rng = rng_of(plan.traits, "body-surface")
    z = np.arange(Z_LOW, Z_HIGH, STEP_MM)
    angle = (np.arange(COARSE) + 0.5) / COARSE * 2 * np.pi - np.pi
    trunk = _trunk(plan, rng, z, angle)
    thighs = {side: _thigh(plan, rng, z, angle, side) for side in "LR"}
    scale, fat = plan.scale, plan.subcutaneous_fat_mm
    back = sacral_back(plan) + 4.0 * scale + 0.55 * fat
    return BodySurface(
        trunk=trunk,
        thighs=thighs,
        table_mm=float(back),
        perineum_mm=-78.0 * scale,
        cleft_mm=float(plan.sacral_endplate[1] + 100.0 * scale),
        thigh_gap_mm=float(max(0.8, 5.0 - 0.16 * fat + rng.normal(0, 1.0))),
    )


def spine_y(plan: BodyPlan, z: np.ndarray) -> np.ndarray:
    """Y of the middle of the vertebral bodies (below: of the sacrum) by height."""
    s, (_, ey, ez) = plan.scale, plan.sacral_endplate
    knots = [(ez - 130 * s, ey + 52 * s), (ez - 100 * s, ey + 60 * s), (ez - 50 * s, ey + 42 * s), (ez, ey + 4 * s)]
    knots += [(v.centre[2], v.centre[1]) for v in plan.vertebrae]
    return along(z, *knots)


def spine_x(plan: BodyPlan, z: np.ndarray) -> np.ndarray:
    """X of the middle of the vertebral bodies by height."""
    return along(z, plan.sacral_endplate[::2][::-1], *((v.centre[2], v.centre[0]) for v in plan.vertebrae))


def sacral_back(plan: BodyPlan) -> float:
    """Y of the fascia behind sacrum and coccyx."""
    return max(96.0 * plan.scale, plan.sacral_endplate[1] + 84.0 * plan.scale)


def _trunk(plan: BodyPlan, rng: np.random.Generator, z: np.ndarray, angle: np.ndarray) -> Outline:
    s, fat, visceral = plan.scale, plan.subcutaneous_fat_mm, plan.visceral_share
    level, direction = (z / s)[:, None], angle[None, :]
    hip, waist = plan.hip_half_width_mm - fat, plan.waist_half_width_mm - fat
    chest = (1.0 if plan.traits.sex == "M" else 0.92) * s
    width = along(
        level, (-90, 0.70 * hip), (-60, 0.9 * hip), (-35, hip), (10, hip), (60, 0.965 * hip),
        (95, max(0.88 * hip, 154 * s)),
        (122, max(0.45 * hip + 0.52 * waist, 153 * s)), (165, waist), (205, waist + 1), (250, 0.5 * waist + 66 * chest),
        (300, 138 * chest + 14 * (visceral - 0.4)), (360, 146 * chest), (430, 148 * chest),
    )  # fmt: skip
    belly = plan.waist_half_depth_mm - 0.8 * fat
    spine = spine_y(plan, z)[:, None]
    sacral = sacral_back(plan)
    back = along(
        level,
        (-90, 80 * s),
        (-40, 92 * s),
        (-5, sacral),
        (70, sacral),
        (100, max(sacral - 6 * s, 99 * s)),
        (700, 99 * s),
    )
    lumbar = spine + along(
        level, (80, 62 * s), (130, 73 * s), (160, 74 * s), (240, 72 * s), (300, 66 * s), (420, 62 * s)
    )
    share = np.clip((level - 98.0) / 50.0, 0.0, 1.0)
    back = back * (1 - share) + lumbar * share
    waist_front = 76.0 * s - 2.0 * belly
    front = along(
        level, (-90, -38 * s), (-40, -58 * s), (0, -66 * s), (40, 0.7 * -70 * s + 0.3 * waist_front),
        (90, 0.35 * -74 * s + 0.65 * waist_front), (140, waist_front), (200, waist_front),
        (260, 0.5 * waist_front - 54 * s), (310, 0.25 * waist_front - 86 * s), (360, -118 * chest), (430, -120 * chest),
    )  # fmt: skip
    middle, half = (front + back) / 2, (back - front) / 2
    forward = 0.5 + 0.5 * np.cos(direction)
    power = along(level, (-60, 2.6), (60, 2.5), (160, 2.25), (300, 2.15), (430, 2.2)) * (1.0 + 0.28 * (1 - forward))
    sine, cosine = np.abs(np.sin(direction)), np.abs(np.cos(direction))
    fascia = ((sine / width) ** power + (cosine / half) ** power) ** (-1.0 / power)
    fascia = fascia - 7.0 * s * bump(direction, 180.0, 7.0) * along(level, (90, 0.2), (140, 1), (300, 1), (400, 0.6))
    fascia = fascia - 9.0 * s * bump(direction, 38.0, 16.0) * along(level, (-60, 1), (20, 0.9), (70, 0.0))
    fascia = fascia + wavy(rng, direction, z[:, None], 1.6)
    walls = _wall(plan, level, direction, fascia)
    walls["cavity"] = np.minimum(walls["cavity"], _front_of_spine(plan, level, direction, spine - middle))
    skin = fascia + fat_thickness(plan, level, direction) + wavy(rng, direction, z[:, None], 0.7)
    skin, fascia = cover_bones(plan, z, angle, middle[:, 0], skin, fascia)
    radii = {"skin": skin, "fascia": fascia, **walls}
    tables = {name: _fine(radii[name]) for name in LAYERS}
    lean = rng.normal(0, 2.0)
    return Outline(np.full(z.shape, 0.0) + lean * np.sin(z / 180.0), middle[:, 0], tables)


def fat_thickness(plan: BodyPlan, level: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Subcutaneous fat with skin of the trunk by height (at scale 1) and direction: thick at flank and buttock."""
    female = plan.traits.sex == "F"
    front = along(level, (-40, 1.1), (20, 1.1), (90, 1.15), (150, 1.05), (230, 0.75), (300, 0.5), (420, 0.42))
    side = along(
        level,
        (-60, 1.1),
        (-20, 1.0),
        (60, 0.9),
        (100, 0.75),
        (125, 0.8),
        (165, 1.0),
        (240, 0.75),
        (300, 0.5),
        (420, 0.45),
    )
    oblique = along(level, (-60, 1.5), (40, 1.55), (100, 1.25), (160, 1.3), (220, 1.05), (290, 0.8), (420, 0.7))
    behind = along(level, (-60, 1.2), (60, 0.95), (110, 0.75), (180, 0.85), (300, 0.75), (420, 0.7))
    groin = along(level, (-60, 0.7), (30, 0.6), (90, 0.95), (150, 1.0), (300, 0.5), (420, 0.4))
    weights = [
        bump(direction, c, w) for c, w in ((0.0, 20.0), (45.0, 18.0), (90.0, 22.0), (138.0, 20.0), (180.0, 14.0))
    ]
    share = sum(w * v for w, v in zip(weights, (front, groin, side, oblique, behind), strict=True)) / sum(weights)
    lower = np.clip((60.0 - level) / 90.0, 0.0, 1.0)
    share = share * (1.0 + (0.25 if female else 0.0) * lower * bump(direction, 100.0, 40.0))
    fat = plan.subcutaneous_fat_mm
    thickness = SKIN_MM + 1.2 + fat * share + 7.0 * lower * bump(direction, 135.0, 25.0)
    thickness = thickness + 9.0 * bump(direction, 0.0, 14.0) * np.exp(-(((level + 5.0) / 25.0) ** 2))
    thickness = thickness - min(0.75 * fat, 15.0) * bump(direction, 0.0, 2.6) * np.exp(-(((level - 158.0) / 6.0) ** 2))
    if female:
        size = (9.0 + 0.5 * fat) * np.clip((level - 345.0) / 60.0, 0.0, 1.0)
        thickness = thickness + size * bump(direction, 48.0, 19.0)
    return np.maximum(thickness, SKIN_MM + 0.8)


def _wall(plan: BodyPlan, level: np.ndarray, direction: np.ndarray, fascia: np.ndarray) -> dict[str, np.ndarray]:
    """Inner sides of the wall's layers, and of the cavity."""
    m = plan.muscle_scale
    degrees = np.abs(np.degrees(direction))
    abdomen = along(level, (20, 0.0), (60, 0.55), (100, 0.9), (150, 1.0), (230, 1.0), (290, 0.35), (420, 0.25))
    chest = np.clip((level - 255.0) / 45.0, 0.0, 1.0)
    rectus_edge = along(level, (0, 22.0), (60, 34.0), (150, 42.0), (260, 42.0), (330, 36.0))
    rectus = np.sqrt(np.clip((rectus_edge - degrees) / 14.0, 0.0, 1.0)) * np.sqrt(
        np.clip((degrees - 1.2) / 9.0, 0.0, 1.0)
    )
    rectus = rectus * along(level, (-10, 3.0), (20, 10.0), (60, 9.5), (160, 8.5), (260, 7.0), (330, 3.0), (380, 1.5))
    # Below the iliac crests the wall is left in front only, down to the inguinal ligament.
    lateral_end = along(level, (20, 44.0), (80, 66.0), (100, 88.0), (122, 138.0))
    lateral = np.sqrt(np.clip((degrees - rectus_edge - 1.0) / 24.0, 0.0, 1.0)) * np.clip(
        (lateral_end - degrees) / 14.0, 0.0, 1.0
    )
    latissimus = bump(direction, 128.0, 17.0) * along(level, (150, 0.0), (210, 4.5), (300, 8.0), (420, 9.0))
    pectoral = bump(direction, 40.0, 22.0) * along(level, (350, 0.0), (430, 9.0))
    outer = rectus + lateral * (6.2 * abdomen + 2.5 * chest) + latissimus + pectoral
    # The ribs lie in the middle layer of the chest.
    beside_spine = np.clip((157.0 - degrees) / 6.0, 0.0, 1.0)
    middle = (
        lateral * 8.2 * abdomen * (1 - chest) + chest * beside_spine * (8.5 + 1.0 * bump(direction, 150.0, 25.0)) / m
    )
    inner = lateral * 4.2 * abdomen * (1 - 0.7 * chest)
    first = fascia - 0.6 - m * outer
    second = first - 0.8 * lateral - m * middle
    third = second - 0.7 * lateral - m * inner
    cavity = third - 1.5 - 2.5 * (1 - chest) * plan.visceral_share * 2.0
    # In the midline, where the wall is thin, too.
    cavity = np.minimum(cavity, fascia - 6.0)
    cavity = np.minimum(cavity, _pelvic_cavity(plan, level, direction))
    return {"outer": first, "middle": second, "inner": third, "cavity": np.maximum(cavity, 1.0)}


def _front_of_spine(plan: BodyPlan, level: np.ndarray, direction: np.ndarray, spine: np.ndarray) -> np.ndarray:
    """Limit of the cavity in front of the muscles of the back; beside the spine it reaches further backwards."""
    s = plan.scale
    back, side = np.maximum(-np.cos(direction), 1e-3), np.abs(np.sin(direction))
    depth = np.maximum(spine + along(level, (80, 60), (120, 30), (260, 28), (300, 24)) * s, 5.0)
    straight = depth / back
    shoulder = 36.0 * s
    slanted = (depth - shoulder) / np.maximum(back - side, 1e-3)
    slanted = np.where((back > side) & (slanted > 0), slanted, 1e4)
    return np.where(straight * side <= shoulder, straight, np.maximum(slanted, shoulder / np.maximum(side, 1e-3)))


def _pelvic_cavity(plan: BodyPlan, level: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Limits of the cavity between the hip bones; no limit above the iliac crests."""
    s = plan.scale
    width = along(level, (-75, 5), (-50, 30), (-30, 48), (0, 56), (30, 60), (60, 82), (85, 112), (120, 260))
    front = along(level, (-75, 20), (-40, 48), (0, 62), (30, 75), (60, 110), (90, 400))
    back = along(level, (-75, 25), (-40, 62), (20, 78), (60, 80), (100, 300))
    depth = np.where(np.cos(direction) > 0, front, back)
    ellipse = 1.0 / np.sqrt((np.sin(direction) / width) ** 2 + (np.cos(direction) / depth) ** 2)
    return s * ellipse


def _thigh(plan: BodyPlan, rng: np.random.Generator, z: np.ndarray, angle: np.ndarray, side: str) -> Outline:
    s, fat = plan.scale, plan.subcutaneous_fat_mm
    sign = 1.0 if side == "L" else -1.0
    level, direction = (z / s)[:, None], angle[None, :]
    muscle = 1.0 + 0.4 * (plan.muscle_scale - 1.0)
    # Outwards is 90 degrees on the left and -90 degrees on the right.
    outward = np.sin(direction) * sign
    grow = 1.0 + 0.05 * rng.normal(0, 0.25)
    across = s * muscle * grow * along(level, (-420, 52), (-260, 64), (-150, 71), (-60, 75), (0, 78), (40, 76))
    deep = s * muscle * grow * along(level, (-420, 56), (-260, 66), (-150, 73), (-60, 76), (0, 78), (40, 76))
    power = 2.3
    fascia = ((np.abs(np.sin(direction)) / across) ** power + (np.abs(np.cos(direction)) / deep) ** power) ** (
        -1 / power
    )
    fascia = fascia + wavy(rng, direction, z[:, None], 1.2)
    female = plan.traits.sex == "F"
    share = 0.62 + 0.18 * np.clip(-outward, 0, 1) + 0.30 * np.clip(-np.cos(direction), 0, 1)
    share = share + (0.3 if female else 0.0) * np.clip(outward, 0, 1) * along(level, (-260, 0.3), (-60, 1.0))
    share = share * along(level, (-420, 0.6), (-200, 0.8), (-60, 1.0))
    skin = fascia + SKIN_MM + 1.2 + fat * share + wavy(rng, direction, z[:, None], 0.5)
    # The outer side keeps in line with the hip; lower down the thigh follows its femur.
    hip = plan.hip_half_width_mm - fat
    follow = thigh_axis(plan, side).outwards(z) * along(z / s, (-160, 0.85), (-50, 0.0))
    centre = sign * (hip - across[:, 0] + follow + along(z / s, (-420, -24 * s), (-200, -4 * s), (-60, 0.0), (0, 0)))
    tables = {"skin": skin, "fascia": fascia}
    middle = s * along(z / s, (-420, 10), (-150, 7), (-60, 14), (0, 17), (40, 17))
    return Outline(centre, middle, {name: _fine(table) for name, table in tables.items()})


def _fine(table: np.ndarray) -> np.ndarray:
    """A table of radii in all directions from one in the coarse directions."""
    repeat = DIRECTIONS // COARSE
    shift = (np.arange(repeat) + 0.5) / repeat - 0.5
    before, after = np.roll(table, 1, axis=1), np.roll(table, -1, axis=1)
    parts = [table + (after - table) * d if d > 0 else table + (before - table) * -d for d in shift]
    return np.ascontiguousarray(np.stack(parts, axis=2).reshape(len(table), DIRECTIONS), dtype=np.float32)
