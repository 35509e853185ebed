"""Skin, fat, muscle, bowel, bladder, vessels and table of the geometric body."""

from __future__ import annotations

import numpy as np

from factory.geometric_canvas import Canvas
from OsteoScreenLib.phantom.shapes import Solid, blend, ellipse_distance, ellipsoid, inset, rod

# HU at 120 kVp, unenhanced; textbook values (Hounsfield scale; e.g. Kalender, Computed Tomography, 3rd ed., ch. 1).
SKIN_HU = 40.0
FAT_HU = -105.0
MUSCLE_HU = 56.0
BLOOD_HU = 42.0
URINE_HU = 6.0
BOWEL_WALL_HU = 40.0
BOWEL_CONTENT_HU = 22.0
GAS_HU = -985.0
MATTRESS_HU = -960.0
TABLE_SHELL_HU = -250.0
TABLE_CORE_HU = -900.0

CROTCH_MM = -62.0
SKIN_MM = 2.0
HALF_SPACE_MM = 1e4


def body_distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Distance to the skin: an elliptic trunk that tapers to the waist and runs out into two thighs."""
    waist = np.clip((z + 20.0) / 140.0, 0.0, 1.0) ** 2
    trunk = ellipse_distance(x, y, 174.0 - 22.0 * waist, 107.0 - 8.0 * waist)
    trunk = np.maximum(trunk, CROTCH_MM - z)
    return blend(trunk, _thigh_distance(x, y, z, 0.0), 14.0)


def muscle_distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Distance to the fascia below the subcutaneous fat, which is thicker behind and at the sides."""
    waist = np.clip((z + 20.0) / 140.0, 0.0, 1.0) ** 2
    trunk = ellipse_distance(x, y + 4.0, 156.0 - 18.0 * waist, 84.0 - 6.0 * waist)
    trunk = np.maximum(trunk, CROTCH_MM + 10.0 - z)
    return blend(trunk, _thigh_distance(x, y, z, 15.0), 8.0)


def _thigh_distance(x: np.ndarray, y: np.ndarray, z: np.ndarray, depth: float) -> np.ndarray:
    """Distance to the surface ``depth`` mm below the skin of the thighs; they end inside the trunk."""
    taper = np.clip((z + 130.0) / 110.0, 0.0, 1.0)
    # |x| makes both thighs at once.
    thigh = ellipse_distance(np.abs(x) - 87.0, y - 2.0, 74.0 + 10.0 * taper - depth, 80.0 + 10.0 * taper - depth)
    return np.maximum(thigh, z + 15.0)


def paint_table(canvas: Canvas) -> None:
    """A curved table with a hard shell, a light core and a mattress; it stays inside the field of view."""
    half_width, floor = 136.0, (-HALF_SPACE_MM, HALF_SPACE_MM)

    def layer(top: float, bottom: float) -> Solid:
        def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
            surface = y + 0.0013 * x**2
            across = np.maximum(np.maximum(top - surface, surface - bottom), np.abs(x) - half_width)
            return across + np.zeros_like(z)

        return Solid(distance, (-half_width, top - 30.0, floor[0]), (half_width, bottom, floor[1]))

    canvas.paint(layer(112.0, 122.0), MATTRESS_HU)
    canvas.paint(layer(122.0, 146.0), TABLE_SHELL_HU)
    canvas.paint(inset(layer(122.0, 146.0), 2.5), TABLE_CORE_HU)


def paint_soft_tissue(canvas: Canvas, rng: np.random.Generator) -> None:
    """Everything inside the skin but the bones."""
    everywhere = (-HALF_SPACE_MM,) * 3, (HALF_SPACE_MM,) * 3
    body, muscle = Solid(body_distance, *everywhere), Solid(muscle_distance, *everywhere)
    canvas.paint(body, SKIN_HU)
    canvas.paint(inset(body, SKIN_MM), FAT_HU)
    canvas.paint(muscle, MUSCLE_HU)
    _paint_fat_planes(canvas)
    _paint_cavity(canvas, rng)
    for side in (-1.0, 1.0):
        canvas.paint(rod((side * 44.0, 30.0, 140.0), (side * 70.0, -38.0, 10.0), 21.0, 17.0), MUSCLE_HU)
        canvas.paint(rod((side * 70.0, -38.0, 10.0), (side * 92.0, 0.0, -60.0), 17.0, 8.0), MUSCLE_HU)
        canvas.paint(rod((side * 34.0, 12.0, 140.0), (side * 74.0, -62.0, 0.0), 5.5), BLOOD_HU)
        canvas.paint(rod((side * 74.0, -62.0, 0.0), (side * 66.0, -40.0, -140.0), 4.5), BLOOD_HU)
        canvas.paint(rod((side * 40.0, 20.0, 140.0), (side * 62.0, -60.0, 0.0), 6.0), BLOOD_HU)


def _paint_fat_planes(canvas: Canvas) -> None:
    """Thin fat between the muscles: a shell below the fascia of the trunk, and rays from the shaft in the thighs."""

    def between_glutei(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        sheet = np.abs(muscle_distance(x, y, z) + 17.0) - 1.6
        return np.maximum(np.maximum(sheet, -10.0 - y), -40.0 - z)

    def between_thigh_muscles(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        dx, dy = np.abs(x) - 110.0, y - 10.0
        radius = np.hypot(dx, dy)
        angle = np.arctan2(dy, dx)
        rays = np.abs(np.sin(2.5 * angle + 0.03 * radius)) * radius / 2.5 - 1.3
        return np.maximum(np.maximum(rays, 24.0 - radius), np.maximum(z + 70.0, muscle_distance(x, y, z) + 2.0))

    canvas.paint(
        Solid(between_glutei, (-HALF_SPACE_MM, -12.0, -42.0), (HALF_SPACE_MM,) * 3),
        FAT_HU,
    )
    canvas.paint(
        Solid(between_thigh_muscles, (-HALF_SPACE_MM,) * 3, (HALF_SPACE_MM, HALF_SPACE_MM, -70.0)),
        FAT_HU,
    )


def _paint_cavity(canvas: Canvas, rng: np.random.Generator) -> None:
    """Fat of the abdomen and pelvis with bowel, rectum and bladder."""
    cavity = ellipsoid((0.0, -8.0, 90.0), (112.0, 62.0, 125.0))
    canvas.paint(cavity, FAT_HU)
    for centre in _bowel_places(rng):
        radii = (rng.uniform(13.0, 19.0), rng.uniform(11.0, 15.0), rng.uniform(12.0, 18.0))
        loop = ellipsoid(centre, radii)
        canvas.paint(loop, BOWEL_WALL_HU)
        canvas.paint(inset(loop, 2.0), BOWEL_CONTENT_HU)
        if rng.random() < 0.5:
            canvas.paint(_above_level(inset(loop, 2.5), centre[1] - rng.uniform(-2.0, 4.0)), GAS_HU)
    bladder = ellipsoid((0.0, -28.0, 4.0), (39.0, 27.0, 27.0))
    canvas.paint(bladder, BOWEL_WALL_HU)
    canvas.paint(inset(bladder, 3.0), URINE_HU)
    rectum = rod((0.0, 38.0, -25.0), (6.0, 36.0, 45.0), 15.0, 13.0)
    canvas.paint(rectum, BOWEL_WALL_HU)
    canvas.paint(_above_level(inset(rectum, 5.0), 32.0), GAS_HU)


def _bowel_places(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Centres of the bowel loops: a loose lattice above the bladder, shaken by the seed."""
    places = []
    for z in (48.0, 78.0, 108.0):
        for x in (-72.0, -36.0, 0.0, 36.0, 72.0):
            dx, dy, dz = rng.uniform(-6.0, 6.0, size=3)
            places.append((x + dx, -42.0 + 0.003 * x**2 + dy, z + dz))
    return places


def _above_level(solid: Solid, level: float) -> Solid:
    """The part in front of a level: gas rises to the front of a patient who lies on the back."""
    return Solid(lambda x, y, z: np.maximum(solid.distance(x, y, z), y - level), solid.low, solid.high)
