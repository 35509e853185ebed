"""Muscles beside the spine. The walls of the abdomen and the chest follow the outline (body_surface.py)."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.phantom.body_surface import spine_x, spine_y
from OsteoScreenLib.phantom.muscle_bellies import Belly, Frame, both_sides, loft
from OsteoScreenLib.phantom.shapes import Solid


def trunk_muscles(frame: Frame, age_years: float) -> list[Belly]:
    """Erector spinae and multifidus, quadratus lumborum, crura of the diaphragm."""
    # Multifidus turns to fat first with age, above all at the lower lumbar levels.
    ageing = 1.0 + 0.014 * max(age_years - 45.0, 0.0)
    return [
        *both_sides(_beside_spine(frame, _MULTIFIDUS), "paraspinal", 1.8 * ageing, 4.5, 0.2),
        *both_sides(_beside_spine(frame, _LONGISSIMUS), "paraspinal", 1.3 * ageing, 4.5, 0.2),
        *both_sides(_beside_spine(frame, _ILIOCOSTALIS), "paraspinal", 1.2 * ageing, 4.5, 0.2),
        *both_sides(_beside_spine(frame, _QUADRATUS), "quadratus_lumborum", 1.0, 1.5),
        *both_sides(_beside_spine(frame, _CRUS), "other_muscle", 0.3, 0.8),
        *both_sides(_beside_spine(frame, _TRAPEZIUS), "other_muscle", 0.8, 0.8),
    ]


# z at scale 1, offsets of the middle from the vertebral centre in x and y, semi-axes, angle.
_MULTIFIDUS = (
    (52, 16, 24, 5, 3, 0), (75, 18, 34, 9, 6, 0), (98, 17, 44, 12, 11, 0), (125, 16, 48, 13, 17, 0),
    (160, 15, 47, 11, 15, 0),
    (200, 14, 47, 9, 15, 0), (240, 12, 46, 8, 13, 0), (310, 11, 44, 7, 10, 0), (430, 11, 42, 7, 9, 0),
)  # fmt: skip
_LONGISSIMUS = (
    (80, 28, 46, 8, 5, 0), (105, 30, 52, 14, 10, 0), (128, 34, 52, 17, 15, 0), (150, 34, 51, 16, 17, 0),
    (200, 33, 48, 14, 18, 0), (240, 31, 47, 14, 17, 0),
    (310, 28, 44, 13, 13, 0), (430, 27, 42, 12, 11, 0),
)  # fmt: skip
_ILIOCOSTALIS = (
    (118, 52, 46, 6, 4, -10), (140, 55, 46, 10, 9, -12), (200, 56, 44, 13, 14, -15), (240, 54, 43, 13, 13, -15),
    (310, 52, 40, 13, 8, -15), (430, 52, 40, 12, 6, -15),
)  # fmt: skip
_QUADRATUS = (
    (122, 80, 26, 11, 3, -20), (150, 76, 28, 17, 7, -18), (200, 64, 27, 16, 7, -15), (240, 54, 26, 13, 6, -12),
    (282, 46, 26, 8, 4, 0),
)  # fmt: skip
_CRUS = (
    (185, 12, -19, 3, 2, 0),
    (235, 14, -19, 6, 3, 0),
    (275, 15, -17, 7, 4, 10),
    (330, 16, -22, 5, 9, 0),
    (350, 15, -28, 3, 8, 0),
)
_TRAPEZIUS = ((275, 10, 62, 5, 2, -5), (330, 20, 58, 16, 3, -8), (430, 26, 57, 24, 4.5, -8))


def _beside_spine(frame: Frame, knots: tuple[tuple[float, ...], ...]) -> Solid:
    plan, s = frame.plan, frame.plan.scale
    levels = np.asarray([z * s for z, *_ in knots])
    middle, sway = spine_y(plan, levels), frame.mirror * spine_x(plan, levels)
    size = s * (0.35 + 0.65 * frame.thickness)
    return loft(
        [
            (z * s, x * s + float(x0), float(y0) + dy * s, a * size, b * size, angle)
            for (z, x, dy, a, b, angle), x0, y0 in zip(knots, sway, middle, strict=True)
        ]
    )
