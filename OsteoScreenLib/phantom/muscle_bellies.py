"""Muscle bellies: tubes of elliptic section along the body, and how closely packed bellies share the space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.phantom.labels import sided
from OsteoScreenLib.phantom.plan import BodyPlan
from OsteoScreenLib.phantom.shapes import Solid, ellipse_distance, mirrored, rod
from OsteoScreenLib.phantom.thigh_axis import ThighAxis

Knot = tuple[float, float, float, float, float, float]
"""z, x and y of the middle, semi-axes, and the angle in degrees of the first semi-axis from x towards y (backwards)."""

FAR = 1e3
PAD_FAT = 1e3
"""The ``fat`` of a belly that is no muscle but a pad of fat between muscles."""
SHAFT_Y = 7.0
"""How much further back than in the tables of muscles the femoral shaft is."""


@dataclass(frozen=True)
class Belly:
    """One muscle, or one head of it.

    Attributes:
        solid: its core; packing widens it until it meets its neighbours.
        label: number of the structure.
        fat: how much fat lies between its fibres, relative to other muscles.
        slack_mm: how far it always widens into free space.
        grows: share of the patient's growth (`SoftAnatomy.growth_mm`) by which it widens further, up to its neighbours.
    """

    solid: Solid
    label: int
    fat: float = 1.0
    slack_mm: float = 2.5
    grows: float = 0.0


def loft(knots: Sequence[Knot]) -> Solid:
    """Tube whose elliptic section changes along z; rounded at both ends. Knots in ascending z."""
    z_knots, cx, cy, a, b, angle = (np.asarray(values, dtype=float) for values in zip(*knots, strict=True))
    bottom, top = float(z_knots[0]), float(z_knots[-1])
    cap = float(min(max(a[0], b[0], a[-1], b[-1], 3.0), 0.25 * (top - bottom)))

    def section(z: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.interp(z, z_knots, values).astype(np.float32)

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        turn = np.radians(section(z, angle))
        c, s = np.cos(turn), np.sin(turn)
        u, v = x - section(z, cx), y - section(z, cy)
        ends = np.minimum(z - bottom, top - z) / cap
        round_off = np.sqrt(np.clip(1.0 - np.clip(1.0 - ends, 0.0, 1.0) ** 2, 0.02, 1.0)).astype(np.float32)
        across = ellipse_distance(c * u + s * v, c * v - s * u, section(z, a) * round_off, section(z, b) * round_off)
        return np.maximum(across, np.maximum(bottom - z, z - top))

    reach = np.maximum(a, b)
    return Solid(
        distance,
        (float((cx - reach).min()), float((cy - reach).min()), bottom),
        (float((cx + reach).max()), float((cy + reach).max()), top),
    )


@dataclass(frozen=True)
class Frame:
    """Maps the places of a standard skeleton (femoral heads 178 mm apart) into a patient; left side.

    Attributes:
        plan: of the patient. thickness: scale of bellies across.
        thighs: where the femoral shafts lie, by side; the muscles of the thigh lie around them.
        behind_mm: how much further back than in the standard skeleton the buttock lies.
        mirror: -1 if what is built here is meant for the right side, so that the sway of the spine turns round.
    """

    plan: BodyPlan
    thickness: float
    thighs: Mapping[str, ThighAxis]
    behind_mm: float = 0.0
    mirror: float = 1.0

    def place(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """A point of the left side."""
        half, s = self.plan.hip_half_mm, self.plan.scale
        px = x * half / 89.0 if x < 89.0 else half + (x - 89.0) * s
        if z < -40.0:
            share = float(np.clip(0.45 + 0.55 * x / 110.0, 0.45, 1.0)) * min((-40.0 - z) / 30.0, 1.0)
            px += share * float(self.thighs["L" if self.mirror > 0 else "R"].outwards(z * s))
        dy = SHAFT_Y * min(max(-30.0 - z, 0.0) / 30.0, 1.0)
        return (px, (y + dy) * s, z * s)

    def belly(
        self, name: str, *knots: Sequence[float], fat: float = 1.0, slack: float = 4.0, grows: float = 1.0
    ) -> list[Belly]:
        """A lofted belly on both sides; a knot is z, x, y, a, b and optionally an angle."""
        size = self.plan.scale * self.thickness
        mapped: list[Knot] = []
        for z, x, y, a, b, *angle in sorted(knots, key=lambda knot: knot[0]):
            px, py, pz = self.place(x, y, z)
            py += self.behind_mm if name == "gluteus_maximus" else 0.0
            mapped.append((pz, px, py, a * size, b * size, angle[0] if angle else 0.0))
        return both_sides(loft(mapped), name, fat, slack, grows)

    def strap(
        self,
        name: str,
        start: Sequence[float],
        end: Sequence[float],
        radius: float,
        end_radius: float,
        fat: float = 1.0,
        grows: float = 0.6,
    ) -> list[Belly]:
        """A round belly between two points, on both sides."""
        size = self.plan.scale * self.thickness
        solid = rod(self.place(*start), self.place(*end), radius * size, end_radius * size)
        return both_sides(solid, name, fat, 1.5, grows)

    def pad(self, start: Sequence[float], end: Sequence[float], radius: float, end_radius: float) -> list[Belly]:
        """Fat that keeps its place between muscles, on both sides."""
        s = self.plan.scale
        solid = rod(self.place(*start), self.place(*end), radius * s, end_radius * s)
        return both_sides(solid, "intermuscular_fat", PAD_FAT, 0.0, 1.0)


def both_sides(left: Solid, name: str, fat: float = 1.0, slack: float = 4.0, grows: float = 0.0) -> list[Belly]:
    """The belly of the left side and its mirror image."""
    if name in ("other_muscle", "intermuscular_fat"):
        from OsteoScreenLib.phantom.labels import LABEL

        numbers = (LABEL[name], LABEL[name])
    else:
        numbers = (sided(name, "L"), sided(name, "R"))
    return [Belly(left, numbers[0], fat, slack, grows), Belly(mirrored(left), numbers[1], fat, slack, grows)]


class Packing:
    """The two nearest of many bellies at every voxel of a slab."""

    def __init__(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
        self.axes = (x.ravel(), y.ravel(), z.ravel())
        shape = (z.size, y.size, x.size)
        self.best = np.full(shape, FAR, dtype=np.float32)
        self.second = np.full(shape, FAR, dtype=np.float32)
        self.which = np.zeros(shape, dtype=np.uint8)

    def box(self, solid: Solid, margin: float) -> tuple[slice, slice, slice] | None:
        """Index ranges (z, y, x) of a solid's box, widened; None if outside."""
        ranges = []
        for values, low, high in zip(self.axes, solid.low, solid.high, strict=True):
            first, last = np.searchsorted(values, (low - margin, high + margin))
            if first == last:
                return None
            ranges.append(slice(int(first), int(last)))
        return ranges[2], ranges[1], ranges[0]

    def add(self, number: int, distance: np.ndarray, box: tuple[slice, slice, slice] = (slice(None),) * 3) -> None:
        """Enter the distances to belly ``number`` (1 to 255) within a box; pieces of one number do not part."""
        best, second, which = self.best[box], self.second[box], self.which[box]
        nearer = distance < best
        np.minimum(second, np.maximum(distance, best), out=second, where=which != number)
        np.minimum(best, distance, out=best)
        which[nearer] = number
