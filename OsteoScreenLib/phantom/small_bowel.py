"""Courses of the loops of small bowel: close together in the free space of the body cavity, mesentery behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.phantom.body_surface import DIRECTIONS, STEP_MM, Z_LOW, BodySurface, spine_y
from OsteoScreenLib.phantom.plan import BodyPlan

SPACING_MM = 21.0
"""Distance of neighbouring loops' middles at scale 1 in a person with little visceral fat."""
LOWEST, HIGHEST = 22.0, 236.0
"""Heights above the femoral heads between which loops lie, mm at scale 1."""


@dataclass(frozen=True)
class Loop:
    """One loop: the points along its middle (n, 3), its radii (n,), and whether it is collapsed."""

    points: np.ndarray
    radii: np.ndarray
    collapsed: bool


def lay_loops(
    plan: BodyPlan, surface: BodySurface, rng: np.random.Generator, taken: list[tuple[np.ndarray, float]]
) -> list[Loop]:
    """Lay small bowel through a loose lattice of places that nothing else takes.

    Args:
        plan, surface: of the patient. rng: of the bowel.
        taken: balls (middle, radius) of what is there already: colon and stomach.
    """
    s = plan.scale
    nodes = _nodes(plan, surface, rng, taken)
    free = np.ones(len(nodes), dtype=bool)
    loops = []
    while free.any():
        path = _walk(nodes, free, rng, 1.45 * SPACING_MM * s)
        collapsed = bool(rng.random() < 0.22)
        wide = float(rng.uniform(5.5, 7.5) if collapsed else rng.uniform(9.5, 14.0)) * s
        radii = wide * np.exp(rng.normal(0, 0.10, size=len(path)))
        points = nodes[path]
        if len(path) == 1:  # A loop that is cut across shows no more than this.
            points, radii = points + np.array([[-4.0 * s, 0.0, -5.0 * s], [4.0 * s, 0.0, 5.0 * s]]), np.repeat(radii, 2)
        loops.append(Loop(points, radii, collapsed))
    return loops


def _nodes(
    plan: BodyPlan, surface: BodySurface, rng: np.random.Generator, taken: list[tuple[np.ndarray, float]]
) -> np.ndarray:
    """Free places (n, 3): a lattice with every second layer and row shifted, shaken."""
    s, share = plan.scale, plan.visceral_share
    step = SPACING_MM * s * (0.95 + 0.15 * share)
    wide = plan.waist_half_width_mm - plan.subcutaneous_fat_mm
    layers = np.arange(LOWEST * s, HIGHEST * s, 0.85 * step)
    rows = np.arange(-210.0 * s, 40.0 * s, 0.87 * step)
    columns = np.arange(-wide, wide, step)
    z, y, x = (grid.astype(float) for grid in np.meshgrid(layers, rows, columns, indexing="ij"))
    x[:, 1::2] += 0.5 * step
    x[1::2] += 0.25 * step
    y[1::2] += 0.4 * step
    places = np.column_stack((x.ravel(), y.ravel(), z.ravel()))
    places += rng.normal(0, 0.16 * step, size=places.shape)
    radius = 10.0 * s
    keep = _inside(plan, surface, places, radius)
    for middle, size in taken:
        keep &= np.linalg.norm(places - middle, axis=1) > 0.88 * (radius + size)
    places = places[keep]
    # The mesentery with its fat fans out from in front of the spine; loops lie along its rim.
    behind = places[:, 1] - (spine_y(plan, places[:, 2]) - 62.0 * s)
    root = np.clip(1.0 + behind / (60.0 * s), 0.0, 1.0) * np.clip(1.3 - np.abs(places[:, 0]) / (75.0 * s), 0.0, 1.0)
    drop = 0.02 + 0.14 * share + (0.10 + 0.6 * share) * root
    return places[rng.random(len(places)) > drop]


def _inside(plan: BodyPlan, surface: BodySurface, places: np.ndarray, radius: float) -> np.ndarray:
    """Whether balls lie in the cavity, in front of spine, psoas and iliac vessels, and between the iliac wings."""
    s = plan.scale
    x, y, z = places.T
    outline = surface.trunk
    row = np.clip(np.rint((z - Z_LOW) / STEP_MM), 0, len(outline.centre_x) - 1).astype(int)
    dx, dy = x - outline.centre_x[row], y - outline.centre_y[row]
    turn = (np.arctan2(dx, -dy) + np.pi) / (2 * np.pi)
    inside = outline.radii["cavity"][row, np.clip((turn * DIRECTIONS).astype(int), 0, DIRECTIONS - 1)]
    keep = (np.hypot(dx, dy) < inside - radius - 1.0) & (z > LOWEST * s) & (z < HIGHEST * s)
    spine = spine_y(plan, z) - np.where(np.abs(x) < 30.0 * s, 34.0, 24.0) * s
    above = z > 85.0 * s
    keep &= ~above | (y < spine)
    narrow = (48.0 + 0.45 * np.maximum(z / s - 35.0, 0.0)) * s
    return keep & (above | (np.abs(x) < narrow))


def _walk(nodes: np.ndarray, free: np.ndarray, rng: np.random.Generator, reach: float) -> list[int]:
    """Take free places one after the other, each near the one before, mostly straight on; marks them as taken."""
    here = int(rng.choice(np.flatnonzero(free)))
    path, heading = [here], rng.normal(size=3) * (1.0, 0.6, 0.6)
    free[here] = False
    for _ in range(int(rng.integers(3, 11))):
        left = np.flatnonzero(free)
        steps = nodes[left] - nodes[here]
        length = np.linalg.norm(steps, axis=1)
        near = length < reach
        if not near.any():
            break
        left, steps, length = left[near], steps[near], length[near]
        straight = steps @ heading / (length * np.linalg.norm(heading) + 1e-6)
        best = int(np.argmax(straight + rng.normal(0, 0.45, size=len(left)) - 0.6 * length / reach))
        here, heading = int(left[best]), steps[best]
        path.append(here)
        free[here] = False
    return path
