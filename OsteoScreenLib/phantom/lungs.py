"""Lung bases over the domes of the diaphragm, with their vessels, and the lower side of the heart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.phantom.body_surface import BodySurface, along, layer, polar, spine_y
from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.lattice_noise import Field, lattice_noise
from OsteoScreenLib.phantom.plan import BodyPlan, rng_of
from OsteoScreenLib.phantom.shapes import Solid, blend, ellipsoid
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas

DIAPHRAGM_MM = 3.0
HEART_AXES = np.linalg.qr(np.array([(0.80, 0.45, 0.40), (-0.45, 0.89, 0.0), (-0.40, 0.0, 0.92)]))[0]
"""The apex points to the left, forwards and down."""


@dataclass(frozen=True)
class Domes:
    """The two domes of the diaphragm.

    Attributes:
        right_top, left_top: z of their highest points. spine: y of the spine there. scale: of the body.
    """

    right_top: float
    left_top: float
    spine: float
    scale: float

    @property
    def forward(self) -> float:
        """How much further than in a straight spine the organs in front of it reach forwards from it, mm."""
        return 0.5 * max(self.spine - 14.0 * self.scale, 0.0)

    def height(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Z of the diaphragm; deepest at the back and along the sides, where the lung reaches down in a recess."""
        s = self.scale
        tops = []
        for sign, top in ((-1.0, self.right_top), (1.0, self.left_top)):
            u = np.clip((x - sign * 62.0 * s) / (92.0 * s), -1.15, 1.15)
            # The front of the diaphragm is attached higher than its back.
            away = (y - self.spine + 42.0 * s + self.forward) / (95.0 * s + self.forward)
            v = np.maximum(np.where(away < 0, 0.62 * away, away), -0.9)
            tops.append(top - 92.0 * s * (u * u + v * v) ** 1.25)
        both = -blend(-tops[0], -tops[1], 22.0)
        return both - 0.55 * np.maximum(y - self.spine + 5.0 * s, 0.0)


def make_domes(plan: BodyPlan) -> Domes:
    """The diaphragm at moderate inspiration: right dome at about T9 to T10, the left a finger lower."""
    rng = rng_of(plan.traits, "diaphragm")
    right = plan.vertebra("T10").centre[2] + float(rng.normal(12.0, 9.0)) * plan.scale
    left = right - float(np.clip(rng.normal(13.0, 5.0), 2.0, 25.0)) * plan.scale
    return Domes(right, left, plan.vertebra("T10").centre[1], plan.scale)


@dataclass(frozen=True)
class _Chest:
    plan: BodyPlan
    domes: Domes
    heart: Solid
    branch_a: Field
    branch_b: Field
    uneven: Field


def paint_lungs(canvas: TissueCanvas, plan: BodyPlan, surface: BodySurface, domes: Domes) -> None:
    """Paint lungs, diaphragm, heart and the fat of the mediastinum over the body cavity."""
    lowest = domes.left_top - 190.0 * plan.scale
    first = int(np.searchsorted(canvas.z.ravel(), lowest))
    if first == canvas.z.size:
        return
    rng = rng_of(plan.traits, "lungs")
    seeds = rng.integers(0, 2**31, size=3).tolist()
    s = plan.scale
    heart = ellipsoid(
        (22.0 * s, domes.spine - 66.0 * s - 1.2 * domes.forward, domes.left_top + 42.0 * s),
        (60.0 * s, 44.0 * s, 56.0 * s),
        HEART_AXES,
    )
    chest = _Chest(
        plan, domes, heart,
        lattice_noise(seeds[0], 17.0), lattice_noise(seeds[1], 17.0), lattice_noise(seeds[2], 40.0),
    )  # fmt: skip
    step = max(1, 400_000 // (canvas.x.size * canvas.y.size))
    for start in range(first, canvas.z.size, step):
        _paint_slab(canvas, surface, chest, slice(start, min(start + step, canvas.z.size)))


def _paint_slab(canvas: TissueCanvas, surface: BodySurface, chest: _Chest, z_range: slice) -> None:
    x_low, x_high, y_low, y_high = surface.reach(canvas.z[z_range])
    x_range = slice(*np.searchsorted(canvas.x.ravel(), (x_low, x_high)).tolist())
    y_range = slice(*np.searchsorted(canvas.y.ravel(), (y_low, y_high)).tolist())
    if x_range.start == x_range.stop or y_range.start == y_range.stop:
        return
    box = (z_range, y_range, x_range)
    z, y, x = canvas.z[z_range], canvas.y[:, y_range], canvas.x[:, :, x_range]
    hu, label, voxel = canvas.soft_hu[box], canvas.label[box], canvas.voxel_mm
    inside = layer(*polar(surface.trunk, x, y, z), "cavity")
    uneven = chest.uneven(x, y, z)
    above = (chest.domes.height(x, y) - z) * 0.72 + 1.5 * uneven
    middle = _mediastinum(chest, x, y, z, uneven)
    heart = chest.heart.distance(x, y, z) + 4.0 * uneven
    wall = np.maximum(inside, np.abs(above + DIAPHRAGM_MM / 2) - DIAPHRAGM_MM / 2)
    _put(canvas, hu, label, _clip(np.maximum(wall, -middle - 1.0), voxel), canvas.hu["muscle"], LABEL["other_muscle"])
    _put(canvas, hu, label, _clip(np.maximum(np.maximum(heart, inside + 1), above + 4.0), voxel),
         0.35 * canvas.hu["muscle"] + 0.65 * canvas.hu["blood"], LABEL["heart"])  # fmt: skip
    lung = np.maximum(np.maximum(inside, above), -middle)
    lung = np.maximum(lung, -heart + 2.5)
    lung = np.maximum(lung, chest.domes.right_top - 105.0 * chest.plan.scale - z)
    share = _clip(lung, voxel) * (label == LABEL["visceral_fat"])
    if not share.any():
        return
    near = np.clip(1.0 + lung / 45.0, 0.0, 1.0)
    vessel = np.hypot(chest.branch_a(x, y, z), chest.branch_b(x, y, z))
    vessel = np.clip((0.30 - 0.12 * near - vessel) * 5.0, 0.0, 1.0) * np.clip(-lung / 6.0, 0.0, 1.0)
    # The lower parts of a lying patient's lung hold more blood.
    dependent = np.clip(0.06 + 0.0009 * (y - chest.domes.spine) + 0.012 * uneven, 0.0, 0.3)
    share_of_blood = dependent + (0.9 - dependent) * vessel
    value = canvas.hu["lung"] + (canvas.hu["blood"] - canvas.hu["lung"]) * share_of_blood
    hu += share * (value - hu)
    np.copyto(label, np.uint8(LABEL["lung_left"]), where=(share > 0.5) & (x > 0))
    np.copyto(label, np.uint8(LABEL["lung_right"]), where=(share > 0.5) & (x <= 0))


def _mediastinum(chest: _Chest, x: np.ndarray, y: np.ndarray, z: np.ndarray, uneven: np.ndarray) -> np.ndarray:
    """Distance to what lies between the lungs: spine, great vessels, oesophagus, and fat behind the breastbone."""
    s = chest.plan.scale
    y0 = spine_y(chest.plan, z).astype(np.float32)
    dx, dy = x - 2.0 * s, y - y0
    spine = np.sqrt((dx / 1.05) ** 2 + np.maximum(np.abs(dy + 8.0 * s) - 14.0 * s, 0.0) ** 2) - 25.0 * s
    # A thin partition runs from the spine to the front.
    front = np.maximum(np.abs(x - 3.0 * s) - along(z, (300, 40), (360, 30), (430, 13)).astype(np.float32) * s, dy)
    return blend(spine, front, 10.0) + 3.5 * uneven


def _clip(distance: np.ndarray, voxel: float) -> np.ndarray:
    return np.clip(0.5 - distance / voxel, 0.0, 1.0)


def _put(canvas: TissueCanvas, hu: np.ndarray, label: np.ndarray, share: np.ndarray, value: float, number: int) -> None:
    # Only the body cavity: the muscles beside the spine reach into its outline.
    share = share * np.isin(label, (LABEL["visceral_fat"], LABEL["lung_left"], LABEL["lung_right"]))
    hu += share * (value - hu)
    np.copyto(label, np.uint8(number), where=share > 0.5)
