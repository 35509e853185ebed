"""Bladder, rectum, prostate, bowel and vessels for label maps that have none: painted before muscles and bones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.shapes import ellipsoid, rod
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits

Point = tuple[float, float, float]
Place = Callable[[float, float, float], Point]


def paint_contents(
    canvas: TissueCanvas, heads: Mapping[str, tuple[Point, float]], traits: PatientTraits, seed: int
) -> None:
    """Paint what lies inside of the pelvis, placed by the femoral heads.

    Args:
        canvas: any part of the body, fat painted.
        heads: centre and radius of the femoral heads by side.
        traits: of the patient. seed: of sizes and places.
    """
    rng = np.random.default_rng(seed)
    left, right = (np.asarray(heads[side][0]) for side in "LR")
    middle, half = (left + right) / 2, float(np.linalg.norm(left - right)) / 2
    scale = half / 89.0
    inside = (LABEL["visceral_fat"], LABEL["bowel"])

    def place(x: float, y: float, z: float) -> Point:
        a, b, c = (middle + scale * np.array([x, y, z])).tolist()
        return (a, b, c)

    _bowel(canvas, rng, place, scale, inside)
    full = float(rng.uniform(0.6, 1.35))
    bladder = ellipsoid(place(0, -12, 12 + 12 * full), tuple(scale * full * r for r in (34.0, 27.0, 26.0)))
    canvas.paint(bladder, "muscle", label=LABEL["bladder"], only_labels=inside)
    wall = ellipsoid(place(0, -12, 12 + 12 * full), tuple(scale * full * r - 3.0 for r in (34.0, 27.0, 26.0)))
    canvas.paint(wall, "bladder_urine", label=LABEL["bladder"], only_labels=(LABEL["bladder"],))
    gland = ellipsoid(place(0, 4, -16), tuple(scale * r for r in (22.0, 15.0, 17.0)))
    canvas.paint(gland, "prostate_uterus", label=LABEL["prostate_or_uterus"], only_labels=inside)
    rectum = rod(place(0, 34, -45), place(float(rng.normal(0, 8)), 52, 50), 13.0 * scale, 17.0 * scale)
    canvas.paint(rectum, "bowel_wall", label=LABEL["bowel"], only_labels=inside)
    filling = str(rng.choice(["stool", "gas", "bowel_contents"]))
    lumen = rod(place(0, 34, -40), place(0, 51, 46), 7.0 * scale, 13.0 * scale)
    canvas.paint(lumen, filling, label=LABEL["bowel"], only_labels=(LABEL["bowel"],))
    _vessels(canvas, rng, heads, place, scale)


def _bowel(canvas: TissueCanvas, rng: np.random.Generator, place: Place, scale: float, inside: tuple[int, ...]) -> None:
    """Loops of small bowel and of colon above the bladder."""
    for _ in range(int(rng.integers(18, 34))):
        start = rng.normal((0.0, -25.0, 95.0), (42.0, 18.0, 38.0))
        end = start + rng.normal(0.0, 18.0, 3)
        radius = float(rng.uniform(8.0, 17.0)) * scale
        filling = str(rng.choice(["bowel_contents", "bowel_contents", "stool", "gas"]))
        loop = rod(place(*start), place(*end), radius)
        canvas.paint(loop, "bowel_wall", label=LABEL["bowel"], only_labels=inside)
        canvas.paint(rod(place(*start), place(*end), radius - 2.2), filling, label=LABEL["bowel"], only_labels=inside)


def _vessels(
    canvas: TissueCanvas,
    rng: np.random.Generator,
    heads: Mapping[str, tuple[Point, float]],
    place: Place,
    scale: float,
) -> None:
    """External iliac and femoral artery and vein of both sides, in front of the femoral heads."""
    fat = (LABEL["visceral_fat"], LABEL["subcutaneous_fat"], LABEL["bowel"])
    for side, sign in (("L", 1.0), ("R", -1.0)):
        (x, y, z), radius = heads[side]
        groin = (x - sign * 8.0, y - radius - 22.0 * scale, z + 2.0)
        thigh = (x + sign * 2.0, y - radius - 12.0 * scale, z - 110.0 * scale)
        brim = place(sign * 44.0, 12.0, 85.0)
        for kind, inwards, width in (("artery", 0.0, 4.4), ("vein", 12.0, 5.6)):
            r = width * scale * float(rng.uniform(0.85, 1.2))
            points = [(p[0] - sign * inwards, p[1] + 2.0, p[2]) for p in (brim, groin, thigh)]
            canvas.paint(rod(points[0], points[1], r), "blood", label=sided(f"iliac_{kind}", side), only_labels=fat)
            canvas.paint(rod(points[1], points[2], r), "blood", label=sided(f"femoral_{kind}", side), only_labels=fat)
