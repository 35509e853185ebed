"""Stomach, small bowel, colon and rectum: tubes that press against each other, with gas above fluid and stool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.phantom.body_surface import DIRECTIONS, BodySurface, spine_y
from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.lattice_noise import lattice_noise
from OsteoScreenLib.phantom.lungs import Domes
from OsteoScreenLib.phantom.muscle_bellies import Packing
from OsteoScreenLib.phantom.plan import BodyPlan, rng_of
from OsteoScreenLib.phantom.shapes import rod
from OsteoScreenLib.phantom.small_bowel import lay_loops
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas

Point = tuple[float, float, float]
SLAB_VOXELS = 400_000
FLUID, STOOL = 0, 1
MOST_LOOPS = 200
"""Pieces are numbered in a byte."""
STOOL_HEAPS_MM = 7.0
"""How uneven the surface of stool under gas is."""


@dataclass(frozen=True)
class Gut:
    """One piece of the gut.

    Attributes:
        points, radii: its course. wall_mm: thickness of its wall. content: FLUID or STOOL.
        gas_y: gas fills what lies in front of this. shift_hu: how much denser than others its fluid is.
    """

    points: tuple[Point, ...]
    radii: tuple[float, ...]
    wall_mm: float
    content: int
    gas_y: float
    shift_hu: float = 0.0


def make_gut(plan: BodyPlan, surface: BodySurface, domes: Domes) -> list[Gut]:
    """Lay the gut into the body cavity."""
    rng = rng_of(plan.traits, "bowel")
    colon = _colon(plan, surface, domes, rng)
    stomach = _stomach(plan, domes, rng)
    small = _small_bowel(plan, surface, rng, [*colon, stomach])
    return [stomach, *colon, *small]


def radius_towards(
    surface: BodySurface, angle_deg: float, z: float, name: str = "cavity"
) -> tuple[float, float, float]:
    """Radius of a layer of the trunk in a direction (0 in front, 90 left), and the middle (x, y) at that height."""
    cx, cy, radii = surface.trunk.at(np.asarray([z], dtype=np.float32))
    index = int((np.radians(angle_deg) + np.pi) / (2 * np.pi) * DIRECTIONS) % DIRECTIONS
    return float(radii[name][0, index]), float(cx.ravel()[0]), float(cy.ravel()[0])


def _at_wall(surface: BodySurface, angle_deg: float, z: float, inwards: float) -> Point:
    radius, cx, cy = radius_towards(surface, angle_deg, z)
    radius = max(radius - inwards, 5.0)
    return (cx + radius * float(np.sin(np.radians(angle_deg))), cy - radius * float(np.cos(np.radians(angle_deg))), z)


def _resampled(points: list[Point], radii: list[float], step: float, rng: np.random.Generator, haustra: float) -> tuple:
    """Points every ``step`` mm along a course; radii swell and narrow in turn."""
    path = np.asarray(points)
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    count = max(2, int(lengths[-1] / step) + 1)
    at = np.linspace(0.0, lengths[-1], count)
    course = np.stack([np.interp(at, lengths, path[:, k]) for k in range(3)], axis=1)
    course[1:-1] += rng.normal(0, 2.0, size=(count - 2, 3))
    size = np.interp(at, lengths, radii) * (1.0 + haustra * np.where(np.arange(count) % 2, 1.0, -1.0))
    size = size * np.exp(rng.normal(0, 0.06, size=count))
    return tuple(tuple(map(float, point)) for point in course), tuple(map(float, size))


def _colon(plan: BodyPlan, surface: BodySurface, domes: Domes, rng: np.random.Generator) -> list[Gut]:
    s, v = plan.scale, plan.visceral_share
    inwards = (20.0 + 8.0 * v) * s
    up = float(rng.normal(0, 8.0))
    flexure_r, flexure_l = 232.0 + up, 268.0 + up
    sag = float(np.clip(rng.normal(45.0, 18.0), 10.0, 90.0))
    wide = float(np.exp(rng.normal(0, 0.12)))

    def wall(angle: float, z: float, more: float = 0.0) -> Point:
        return _at_wall(surface, angle, z * s, inwards + more * s)

    ascending = [wall(-78, 78, 4), wall(-84, 110, 2), wall(-94, 150), wall(-98, 190), wall(-92, flexure_r)]
    transverse = [wall(-72, flexure_r, 4), wall(-45, flexure_r - 0.5 * sag, 0), wall(-15, flexure_r - sag, -2),
                  wall(18, flexure_r - 0.9 * sag, -2), wall(45, flexure_l - 0.6 * sag, 0),
                  wall(75, flexure_l, 3)]  # fmt: skip
    descending = [wall(88, flexure_l - 6), wall(102, 220, -4), wall(104, 170, -6), wall(98, 125, -4), wall(82, 92, 0)]
    swing = float(rng.normal(0, 12.0))
    sigmoid = [descending[-1], (62 * s, -22 * s, 66 * s), (34 * s + swing, -30 * s, 48 * s),
               (2 * s + swing, -18 * s, 58 * s),
               (-18 * s + 0.5 * swing, 12 * s, 62 * s), (2 * s, 40 * s, 58 * s)]  # fmt: skip
    rectum = [(2.0 * s, 40.0 * s, 58.0 * s), (0.0, 52.0 * s, 38.0 * s), (0.0, 54.0 * s, 12.0 * s),
              (0.0, 44.0 * s, -16.0 * s),
              (0.0, 34.0 * s, -34.0 * s), (0.0, 42.0 * s, -66.0 * s)]  # fmt: skip
    gas_front = radius_towards(surface, 0.0, 190.0 * s)
    gas_y = gas_front[2] - gas_front[0] + float(rng.uniform(30.0, 52.0)) * s
    pieces = [
        (ascending, [25.0, 27.0, 25.0, 23.0, 22.0], STOOL, gas_y, 2.2, 0.10),
        (transverse, [21.0, 20.0, 19.0, 19.0, 19.0, 18.0], STOOL if rng.random() < 0.85 else FLUID, gas_y, 2.0, 0.12),
        (descending, [15.0, 13.5, 13.0, 13.0, 13.5], STOOL, gas_y, 2.6, 0.08),
        (sigmoid, [13.0, 13.5, 14.0, 14.0, 14.0, 14.0], STOOL, -32.0 * s, 3.0, 0.06),
        (rectum, [14.0, 15.0, 17.0, 15.0, 10.0, 7.0], STOOL if rng.random() < 0.5 else FLUID, 44.0 * s, 3.4, 0.0),
    ]
    guts = []
    for points, radii, content, level, thick, haustra in pieces:
        scale = wide if points is not rectum else float(np.exp(rng.normal(0, 0.15)))
        course, size = _resampled(points, [r * s * scale for r in radii], 19.0 * s, rng, haustra)
        if points is transverse:
            course = _before_the_aorta(plan, course, size)
        guts.append(Gut(course, size, thick, content, float(level)))
    return guts


def _before_the_aorta(plan: BodyPlan, course: tuple, size: tuple) -> tuple:
    """Keep the middle of a course in front of the great vessels, in lean patients too."""
    s = plan.scale
    moved = []
    for (x, y, z), radius in zip(course, size, strict=True):
        limit = float(spine_y(plan, np.asarray(z))) - 46.0 * s - radius + max(abs(x) - 35.0 * s, 0.0)
        moved.append((x, min(y, limit), z))
    return tuple(moved)


def _stomach(plan: BodyPlan, domes: Domes, rng: np.random.Generator) -> Gut:
    s, y0, top = plan.scale, domes.spine - 1.2 * domes.forward, domes.left_top
    size = float(np.exp(rng.normal(0, 0.15))) * s
    points = [
        (60.0, -34.0, -37.0),
        (64.0, -48.0, -72.0),
        (48.0, -70.0, -102.0),
        (14.0, -78.0, -122.0),
        (-20.0, -62.0, -116.0),
    ]
    course = tuple((x * s, y0 + y * s, top + z * s) for x, y, z in points)
    radii = tuple(r * size for r in (38.0, 32.0, 23.0, 16.0, 11.0))
    return Gut(course, radii, 4.5, FLUID, float(y0 + rng.uniform(-72.0, -45.0) * s))


def _small_bowel(plan: BodyPlan, surface: BodySurface, rng: np.random.Generator, others: list[Gut]) -> list[Gut]:
    """Loops with fluid, some collapsed, some with gas in front."""
    taken = [(np.asarray(p), r) for gut in others for p, r in zip(gut.points, gut.radii, strict=True)]
    guts = []
    for loop in lay_loops(plan, surface, rng, taken)[:MOST_LOOPS]:
        front = float(np.min(loop.points[:, 1] - loop.radii))
        gassy = not loop.collapsed and rng.random() < 0.22
        gas = front + float(rng.uniform(3.0, 14.0)) if gassy else front - 60.0
        thick = 3.6 if loop.collapsed else float(rng.uniform(2.0, 2.8))
        points = tuple((float(x), float(y), float(z)) for x, y, z in loop.points)
        shift = float(np.clip(rng.normal(2.0, 9.0), -12.0, 26.0))
        guts.append(Gut(points, tuple(map(float, loop.radii)), thick, FLUID, gas, shift))
    return guts


def paint_bowel(canvas: TissueCanvas, gut: list[Gut], seed: int) -> None:
    """Paint the gut into the fat of the body cavity."""
    reach = np.array(
        [(min(p[2] for p in g.points) - max(g.radii), max(p[2] for p in g.points) + max(g.radii)) for g in gut]
    )
    step = max(1, SLAB_VOXELS // (canvas.x.size * canvas.y.size))
    x_reach = [abs(p[0]) + r for g in gut for p, r in zip(g.points, g.radii, strict=True)]
    x_range = slice(*np.searchsorted(canvas.x.ravel(), (-max(x_reach), max(x_reach))).tolist())
    y_low = min(p[1] - r for g in gut for p, r in zip(g.points, g.radii, strict=True))
    y_high = max(p[1] + r for g in gut for p, r in zip(g.points, g.radii, strict=True))
    y_range = slice(*np.searchsorted(canvas.y.ravel(), (y_low, y_high)).tolist())
    if x_range.start == x_range.stop or y_range.start == y_range.stop:
        return
    for start in range(0, canvas.z.size, step):
        z_range = slice(start, min(start + step, canvas.z.size))
        z = canvas.z[z_range]
        if float(z.min()) < reach[:, 1].max() and float(z.max()) > reach[:, 0].min():
            _paint_slab(canvas, gut, seed, (z_range, y_range, x_range))


def _paint_slab(canvas: TissueCanvas, gut: list[Gut], seed: int, box: tuple[slice, slice, slice]) -> None:
    z, y, x = canvas.z[box[0]], canvas.y[:, box[1]], canvas.x[:, :, box[2]]
    packing = Packing(x, y, z)
    for number, piece in enumerate(gut, start=1):
        for a, b, ra, rb in zip(piece.points[:-1], piece.points[1:], piece.radii[:-1], piece.radii[1:], strict=True):
            solid = rod(a, b, ra, rb)
            part = packing.box(solid, 5.0)
            if part is not None:
                packing.add(number, solid.distance(x[:, :, part[2]], y[:, part[1]], z[part[0]]), part)
    if not (packing.best < 1.0).any():
        return
    voxel = canvas.voxel_mm
    uneven = lattice_noise(seed, 13.0)(x, y, z)
    depth = packing.best + 1.4 * uneven
    hu, label = canvas.soft_hu[box], canvas.label[box]
    free = label == LABEL["visceral_fat"]
    free |= (label == LABEL["intermuscular_fat"]) & (z < 20.0)
    walls, contents, levels, shifts = _tables(gut)
    wall = walls[packing.which]
    share = np.clip(0.5 - depth / voxel, 0.0, 1.0) * free
    hu += share * (canvas.hu["bowel_wall"] - hu)
    np.copyto(label, np.uint8(LABEL["bowel"]), where=share > 0.5)
    lumen = np.maximum(depth, -0.5 * (packing.second - packing.best)) + wall
    grain = lattice_noise(seed + 1, 3.6)(x, y, z)
    value, stool = canvas.hu["bowel_contents"] + shifts[packing.which], contents[packing.which] == STOOL
    speckled = np.clip((grain - 0.55) * 0.55, 0.0, 0.75)
    value[stool] = (canvas.hu["stool"] + (canvas.hu["gas"] - canvas.hu["stool"]) * speckled)[stool]
    gas = np.clip(0.5 - (y - levels[packing.which] - STOOL_HEAPS_MM * uneven * stool) / voxel, 0.0, 1.0)
    value += gas * (canvas.hu["gas"] - value)
    hu += np.clip(0.5 - lumen / voxel, 0.0, 1.0) * share * (value - hu)


def _tables(gut: list[Gut]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    walls = np.asarray([0.0] + [g.wall_mm for g in gut], dtype=np.float32)
    contents = np.asarray([0] + [g.content for g in gut], dtype=np.uint8)
    levels = np.asarray([-1e4] + [g.gas_y for g in gut], dtype=np.float32)
    shifts = np.asarray([0.0] + [g.shift_hu for g in gut], dtype=np.float32)
    return walls, contents, levels, shifts
