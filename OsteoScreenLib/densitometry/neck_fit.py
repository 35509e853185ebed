"""The femoral neck: its axis and its narrowest cross-section."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.ct.sphere_fit import HeadSphere
from OsteoScreenLib.densitometry.bone_mask import BoneMask

_STEP_MM = 1.2
_FIRST, _LAST = 0.72, 1.75
"""The narrowest section is searched between these distances from the head's centre, in head radii."""
_DISC = 1.05
"""Sections are looked at within this distance of the axis, in head radii: the trochanter beside it is left out."""
_MIN_AREA = 0.12
"""Own choice: a smaller section, over that of the head, is no neck (0.35 to 0.45 in adults)."""
_ROUNDS = 8
_CHORD_STEP_MM = 0.6
_CUT_REACH_MM = 4.0


@dataclass(frozen=True)
class NeckSection:
    """The narrowest section of the neck, square to its axis."""

    axis: np.ndarray
    centre: np.ndarray
    distance_mm: float
    area_mm2: float


def square_to(axis: np.ndarray, near: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors square to an axis and to each other; the first lies in the plane of the axis and ``near``."""
    start = np.eye(3)[int(np.abs(axis).argmin())] if near is None else near
    first = start - (start @ axis) * axis
    first = first / np.linalg.norm(first)
    return first, np.cross(axis, first)


def coarse_direction(bone: BoneMask, head: HeadSphere) -> np.ndarray | None:
    """From the head's centre to the middle of the bone that crosses a shell around the head: the root of the neck."""
    away = bone.points - np.asarray(head.centre_lps_mm)
    distance = np.linalg.norm(away, axis=1)
    shell = (distance > 1.12 * head.radius_mm) & (distance < 1.30 * head.radius_mm)
    if np.count_nonzero(shell) < 20:
        return None
    direction = away[shell].mean(axis=0)
    for _ in range(5):
        unit = direction / np.linalg.norm(direction)
        chosen = shell & (away @ unit > 0.6 * distance)
        if np.count_nonzero(chosen) < 20:
            return None
        direction = away[chosen].mean(axis=0)
    return np.asarray(direction / np.linalg.norm(direction))


def fit_neck(bone: BoneMask, head: HeadSphere, coarse: np.ndarray) -> NeckSection | None:
    """The axis from the head's centre through the middle of the narrowest section square to it; None where none is.

    Found by repetition: the narrowest section square to the axis, then the axis through its middle. The tilt of the
    smallest section alone would be a poor axis: its area changes by less than one per cent over 8 degrees.
    """
    axis, centre = coarse, np.asarray(head.centre_lps_mm)
    found = None
    for _ in range(_ROUNDS):
        found = _narrowest(bone, centre, axis, head.radius_mm)
        if found is None:
            return None
        turned = found.centre - centre
        turned = turned / np.linalg.norm(turned)
        settled = float(turned @ axis) > np.cos(np.radians(0.05))
        axis = turned
        if settled:
            break
    return None if found is None else replace(found, axis=axis)


def _narrowest(bone: BoneMask, centre: np.ndarray, axis: np.ndarray, radius: float) -> NeckSection | None:
    """The smallest section square to an axis between head and trochanters."""
    along = np.arange(_FIRST * radius, _LAST * radius, _STEP_MM)
    half = _DISC * radius
    values, line, first, second = sections(bone, centre, axis, along, half, _STEP_MM)
    values = values * (line[:, None] ** 2 + line**2 <= half**2)
    areas = values.sum(axis=(1, 2)) * _STEP_MM**2
    smooth = np.convolve(areas, [0.25, 0.5, 0.25], mode="valid")
    best = int(smooth.argmin()) + 1
    if areas[best] < _MIN_AREA * np.pi * radius**2:
        return None
    # Between the steps: the vertex of a parabola through the three sections around the smallest one.
    before, here, after = (float(v) for v in smooth[np.clip(np.arange(best - 2, best + 1), 0, len(smooth) - 1)])
    bend = before - 2 * here + after
    shift = float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend > 1e-6 else 0.0
    section = values[best]
    x = float((section * line[:, None]).sum() / section.sum())
    y = float((section * line).sum() / section.sum())
    distance = float(along[best]) + shift * _STEP_MM
    return NeckSection(axis, centre + distance * axis + x * first + y * second, distance, float(areas[best]))


def chords_mm(bone: BoneMask, neck: NeckSection, upwards: np.ndarray, radius: float) -> tuple[float, float]:
    """Longest chords of the narrowest section: in the plane of the axis and ``upwards``, and square to it."""
    half = _DISC * radius
    values, line, *_ = sections(bone, neck.centre, neck.axis, np.zeros(1), half, _CHORD_STEP_MM, upwards)
    section = values[0] * (line[:, None] ** 2 + line**2 <= half**2)
    return float(section.sum(axis=0).max() * _CHORD_STEP_MM), float(section.sum(axis=1).max() * _CHORD_STEP_MM)


def section_is_cut(bone: BoneMask, neck: NeckSection, radius: float) -> bool:
    """Whether the scan ends in or at the narrowest section."""
    return cut_area_mm2(bone, neck.centre, neck.axis, _CUT_REACH_MM, _DISC * radius) > 0.0


def cut_area_mm2(bone: BoneMask, place: np.ndarray, axis: np.ndarray, reach_mm: float, radius_mm: float) -> float:
    """Area over which the scan cuts the bone within a disc around a place."""
    away = bone.cuts.points - place
    along = away @ axis
    square = np.linalg.norm(away - along[:, None] * axis, axis=1)
    return float(bone.cuts.areas[(np.abs(along) <= reach_mm) & (square <= radius_mm)].sum())


def sections(
    bone: BoneMask,
    start: np.ndarray,
    axis: np.ndarray,
    along: np.ndarray,
    half_mm: float,
    step_mm: float,
    near: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sections square to an axis: values (n, m, m), coordinates (m,) and the two directions of the sections' axes."""
    first, second = square_to(axis, near)
    line = np.arange(-half_mm, half_mm + step_mm / 2, step_mm)
    plane = line[:, None, None] * first + line[None, :, None] * second
    places = start + along[:, None, None, None] * axis + plane
    return bone.sample(places), line, first, second
