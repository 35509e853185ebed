"""The axis of the femoral shaft from the middles of its sections."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.ct.sphere_fit import HeadSphere
from OsteoScreenLib.densitometry.bone_mask import BoneMask

FAR_RADII = 3.2
"""Only the shaft lies so far from the head's centre, in head radii; the greater trochanter reaches to about 3."""
_BAND_MM = 3.0
_SHORT_START_RADII = 1.9
"""Where less shaft is in the mask, from above the lesser trochanter: near 10 degrees off, enough to divide the bone."""
_SHORTEST_MM = 15.0
_SHORTEST_UPPER_MM = 15.0
"""Own choice: an axis through fewer sections may point anywhere."""
_ROUGH_START_RADII = 2.7
"""Below the head's centre along the shaft: under the lesser trochanter (its tip lies at 2.3)."""
_LONGEST_MM = 85.0
"""The shaft bends forwards: what lies deeper is left out."""
_MIN_SECTIONS = 4


@dataclass(frozen=True)
class ShaftLine:
    """A line through the shaft.

    Attributes:
        point: on it, LPS mm. axis: unit vector upwards. length_mm: of the shaft that it was fitted to;
            0 where sections through the trochanters had to help.
        residual_mm: root mean square distance of the sections' middles from it.
    """

    point: np.ndarray
    axis: np.ndarray
    length_mm: float
    residual_mm: float


def rough_shaft(bone: BoneMask, head: HeadSphere) -> ShaftLine | None:
    """The shaft's line before the lesser trochanter is known; None where no shaft is in the mask."""
    centre, radius = np.asarray(head.centre_lps_mm), head.radius_mm
    away = bone.points - centre
    distance = np.linalg.norm(away, axis=1)
    # A whole femur is in few scans; its knee is no shaft.
    far = (distance > FAR_RADII * radius) & (distance < FAR_RADII * radius + 2 * _LONGEST_MM)
    if np.count_nonzero(far) < 30:
        return None
    middle = away[far].mean(axis=0)
    # From the trochanteric mass to the far end of the shaft.
    near = (distance > 1.6 * radius) & (distance < 2.6 * radius)
    upper = away[near].mean(axis=0) if near.any() else np.zeros(3)
    axis = upper - middle
    axis = axis / np.linalg.norm(axis)
    for start, shortest in ((_ROUGH_START_RADII, _SHORTEST_MM), (_SHORT_START_RADII, _SHORTEST_UPPER_MM)):
        line = _settled(bone, axis, centre, start * radius)
        if line is not None and line.length_mm >= shortest:
            return line if start == _ROUGH_START_RADII else replace(line, length_mm=0.0)
    return None


def _settled(bone: BoneMask, axis: np.ndarray, centre: np.ndarray, start_mm: float) -> ShaftLine | None:
    """Fit the line below a level, take that level along the new line, and so on."""
    line = None
    for _ in range(5):
        better = fit_shaft(bone, axis, centre - start_mm * axis)
        if better is None:
            return None
        settled = line is not None and float(better.axis @ axis) > np.cos(np.radians(0.1))
        line, axis = better, better.axis
        if settled:
            break
    return line


def fit_shaft(bone: BoneMask, axis: np.ndarray, start: np.ndarray) -> ShaftLine | None:
    """Fit the shaft's line to the sections below a place.

    Args:
        bone: the mask. axis: a rough one, upwards. start: the first section lies at its level.

    Returns:
        The line; None where too few whole sections are in the mask.
    """
    depth = (start - bone.points) @ axis
    below = (depth > 0.0) & (depth < _LONGEST_MM)
    band = np.floor(depth[below] / _BAND_MM).astype(int)
    if band.size == 0:
        return None
    count = np.bincount(band)
    points = bone.points[below]
    middles = np.stack([np.bincount(band, points[:, a]) for a in range(3)], axis=1) / np.maximum(count, 1)[:, None]
    whole = _whole_sections(bone, axis, start, count)
    if np.count_nonzero(whole) < _MIN_SECTIONS:
        return None
    middles = middles[whole]
    middle = middles.mean(axis=0)
    direction = np.linalg.svd(middles - middle)[2][0]
    direction = direction * np.sign(direction @ axis)
    away = middles - middle
    off = away - (away @ direction)[:, None] * direction
    return ShaftLine(
        middle, direction, float(np.ptp(away @ direction)) + _BAND_MM, float(np.sqrt((off**2).sum(axis=1).mean()))
    )


def _whole_sections(bone: BoneMask, axis: np.ndarray, start: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Which bands hold a whole section: not cut by the scan's border and not at the slanting end of the mask."""
    whole = count >= 0.85 * np.median(count[count > 0])
    depth = (start - bone.cuts.points) @ axis
    here = (depth > 0.0) & (depth < _BAND_MM * len(count))
    cut = np.bincount(np.floor(depth[here] / _BAND_MM).astype(int), bone.cuts.areas[here], minlength=len(count))
    whole &= cut[: len(count)] < 2.0 * _BAND_MM
    # The mask's last band is seldom full.
    whole[-1] = False
    return np.asarray(whole)
