"""Through which slices a femur is shown: the centre of the head, the neck, near the lesser trochanter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NECK_IN_RADII = 0.75
"""Depth below the centre of the head, in radii of the head, of the axial slice through the neck."""

_TROCHANTER_IN_RADII = (1.9, 3.3)
_USUAL_TROCHANTER_IN_RADII = 2.2
_USUAL_RADIUS_MM = 24.0


@dataclass(frozen=True)
class Level:
    """An axial slice: its index towards superior and what it goes through, in words."""

    index: int
    words: str


def axial_levels(
    mask: np.ndarray,
    spacing_spl_mm: tuple[float, float, float],
    head: tuple[float, ...] | None,
    radius_mm: float | None,
    medial: int,
) -> list[Level]:
    """Up to three axial slices that meet the mask, the highest first.

    Args:
        mask: (S, P, L) bool of one femur.
        spacing_spl_mm: voxel size.
        head: index of the centre of the head along those axes; None where no head was found. Then the slices lie at
            fixed shares of the mask's height.
        radius_mm: of the head.
        medial: +1 where medial is towards the patient's left (right femur), else -1.
    """
    filled = np.flatnonzero(mask.any(axis=(1, 2)))
    if filled.size == 0:
        return []
    if head is None:
        words = ("a quarter down the mask", "half-way down the mask", "three quarters down the mask")
        shares = zip((0.75, 0.5, 0.25), words, strict=True)
        levels = [Level(round(float(filled[0] + share * (filled[-1] - filled[0]))), text) for share, text in shares]
    else:
        radius = radius_mm or _USUAL_RADIUS_MM
        below = _trochanter_below_mm(mask, spacing_spl_mm, head, radius, medial)
        levels = [Level(round(head[0]), "through the centre of the head")]
        for depth, place in ((NECK_IN_RADII * radius, "through the neck"), (below, "near the lesser trochanter")):
            index = round(head[0] - depth / spacing_spl_mm[0])
            levels.append(Level(index, f"{place}, {depth:.0f} mm lower"))
    met = set(filled.tolist())
    return [level for level in levels if level.index in met]


def _trochanter_below_mm(
    mask: np.ndarray,
    spacing_spl_mm: tuple[float, float, float],
    head: tuple[float, ...],
    radius_mm: float,
    medial: int,
) -> float:
    """Depth of the lesser trochanter below the centre of the head: where the bone bulges most to medial and posterior.

    The bulge is measured from a straight line between both ends of the range in which the trochanter can lie; where
    there is none within the range, the usual depth is given.
    """
    usual = _USUAL_TROCHANTER_IN_RADII * radius_mm
    high, low = (head[0] - share * radius_mm / spacing_spl_mm[0] for share in _TROCHANTER_IN_RADII)
    indices = [index for index in range(max(0, round(low)), round(high) + 1) if index < len(mask) and mask[index].any()]
    if len(indices) < 5:
        return usual
    reach = []
    for index in indices:
        posterior, left = np.nonzero(mask[index])
        reach.append(float(np.max(posterior * spacing_spl_mm[1] + medial * left * spacing_spl_mm[2])))
    line = np.linspace(reach[0], reach[-1], len(reach))
    best = int(np.argmax(np.array(reach) - line))
    if best in (0, len(reach) - 1):
        return usual
    return (head[0] - indices[best]) * spacing_spl_mm[0]
