"""The femoral head as a sphere, found wherever and however the bone lies.

The search that segmentation uses looks for the head at the upper, medial end of the mask, as a patient lies in a scan.
Here the bone may be turned any way, so the sphere is found from the surface alone: every face votes for the places
that lie one radius inwards of it (Hough transform for spheres; Ballard 1981, Pattern Recognition 13:111), the best
places are refined by weighted least squares, and what does not bend alike in all directions is refused.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from OsteoScreenLib.ct.sphere_fit import HeadSphere, refine_sphere, residual_of, stretch_of
from OsteoScreenLib.densitometry.bone_mask import BoneMask, Surface

RADIUS_MM = (15.0, 36.0)
"""Own choice, with wide margins: femoral heads of adults have a radius of 19 to 29 mm."""
MIN_SHARE = 0.25
"""Own choice: less of a sphere than this does not tell a head from a bulge."""
_MAX_RESIDUAL = 0.85
"""Own choice: largest residual over the tolerance; real heads have 0.55 to 0.7, pieces of shaft 0.95 and more."""
_LARGE_SHARE = 0.55
_MAX_RESIDUAL_OF_LARGE = 0.95
"""Own choice: a surface that follows this much of a sphere is a head, also where its outline is rough; what else looks
like a sphere of that size, trochanters and pieces of shaft, follows 0.42 of it at most."""
_MAX_STRETCH = 0.12
"""Own choice: a shaft touches a sphere along a belt; the surface of a head bends alike in all directions."""
_BIN_MM = 2.5
_VOTERS = 12_000
_FITTED = 8000
_PLACES = 4
_APART_MM = 12.0
_NECK_COSINE = 0.45
"""Own choice: the neck's flare begins within 63 degrees of its axis."""
_MAX_MOVE_MM = 4.0


def fit_head(bone: BoneMask) -> HeadSphere | None:
    """The largest part of the surface that is a sphere of a femoral head's size; None where there is none."""
    surface = bone.surface
    if surface.areas.size < 50:
        return None
    exact = surface.where(surface.half_mm <= 2 * surface.half_mm.min())
    tolerance = _tolerance(exact)
    found = []
    for centre in _voted_places(surface):
        near = exact.where(np.linalg.norm(exact.points - centre, axis=1) < RADIUS_MM[1] + 8.0)
        near = near.where(slice(None, None, max(1, near.areas.size // _FITTED)))
        start = _radius_at(near, centre)
        if start is None:
            continue
        fitted = _refined(near, centre, start, 2.0 * tolerance)
        fitted = _refined(near, *fitted, tolerance)
        sphere = _accepted(surface, near, *fitted, tolerance)
        if sphere is not None:
            found.append(sphere)
    return max(found, key=lambda sphere: sphere.share_of_surface * sphere.radius_mm**2, default=None)


def away_from_neck(bone: BoneMask, head: HeadSphere, neck_axis: np.ndarray) -> HeadSphere:
    """The same sphere fitted without the side where the neck begins, whose flare would pull it outwards."""
    exact = bone.surface.where(bone.surface.half_mm <= 2 * bone.surface.half_mm.min())
    centre = np.asarray(head.centre_lps_mm)
    away = exact.points - centre
    distance = np.linalg.norm(away, axis=1)
    near = exact.where((distance < 1.3 * head.radius_mm) & (away @ neck_axis < _NECK_COSINE * distance))
    tolerance = _tolerance(exact)
    fitted, radius = _refined(near, centre, head.radius_mm, tolerance)
    moved = float(np.linalg.norm(fitted - centre))
    if moved > _MAX_MOVE_MM or not RADIUS_MM[0] <= radius <= RADIUS_MM[1]:
        return head
    x, y, z = (float(value) for value in fitted)
    return replace(head, centre_lps_mm=(x, y, z), radius_mm=radius)


def _tolerance(exact: Surface) -> float:
    return 0.6 + 0.6 * float(exact.half_mm.max())


def _voted_places(surface: Surface) -> list[np.ndarray]:
    """The places inwards of most of the surface, best first."""
    from scipy import ndimage

    chosen = surface.where(slice(None, None, max(1, surface.areas.size // _VOTERS)))
    radii = np.arange(RADIUS_MM[0], RADIUS_MM[1], 1.0)
    votes = (chosen.points[:, None, :] - radii[:, None] * chosen.normals[:, None, :]).reshape(-1, 3)
    low = surface.points.min(axis=0) - _BIN_MM
    size = np.ceil((surface.points.max(axis=0) + _BIN_MM - low) / _BIN_MM).astype(int) + 1
    cell = np.floor((votes - low) / _BIN_MM).astype(int)
    inside = ((cell >= 0) & (cell < size)).all(axis=1)
    weight = np.repeat(chosen.areas, len(radii))[inside]
    flat = np.ravel_multi_index(tuple(cell[inside].T), tuple(size.tolist()))
    counts = np.bincount(flat, weight, minlength=int(size.prod())).reshape(size)
    counts = ndimage.gaussian_filter(counts, 1.0)
    places = []
    axes = np.indices(counts.shape)
    for _ in range(_PLACES):
        best = np.unravel_index(int(counts.argmax()), counts.shape)
        if counts[best] <= 0:
            break
        places.append(low + (np.array(best) + 0.5) * _BIN_MM)
        away = sum((axes[a] - best[a]) ** 2 for a in range(3)) * _BIN_MM**2
        counts = np.where(away < _APART_MM**2, 0.0, counts)
    return places


def _radius_at(surface: Surface, centre: np.ndarray) -> float | None:
    """The distance at which most of the surface looks away from a place."""
    away = surface.points - centre
    distance = np.maximum(np.linalg.norm(away, axis=1), 1e-6)
    facing = (away * surface.normals).sum(axis=1) / distance > 0.87
    edges = np.arange(RADIUS_MM[0] - 2.0, RADIUS_MM[1] + 3.0, 1.0)
    counts, _ = np.histogram(distance[facing], edges, weights=surface.areas[facing])
    counts = np.convolve(counts, [0.5, 1.0, 0.5], mode="same")
    return None if counts.max() <= 0 else float(edges[int(counts.argmax())] + 0.5)


def area_on_sphere(surface: Surface, centre: np.ndarray, radius: float, reach: float | np.ndarray) -> np.ndarray:
    """Area in mm2 that each face adds to a sphere; 0 for those off it and those that look elsewhere."""
    away = surface.points - centre
    distance = np.maximum(np.linalg.norm(away, axis=1), 1e-6)
    cosine = (away * surface.normals).sum(axis=1) / distance
    return np.where((np.abs(distance - radius) <= reach) & (cosine > 0.7), surface.areas, 0.0)


def _refined(surface: Surface, centre: np.ndarray, radius: float, tolerance: float) -> tuple[np.ndarray, float]:
    return refine_sphere(surface.points, centre, radius, tolerance, partial(area_on_sphere, surface))


def _accepted(
    surface: Surface, exact: Surface, centre: np.ndarray, radius: float, tolerance: float
) -> HeadSphere | None:
    """The sphere as an answer, or None where it is not a head."""
    if not RADIUS_MM[0] <= radius <= RADIUS_MM[1]:
        return None
    weight = area_on_sphere(exact, centre, radius, 2 * tolerance)
    if weight.sum() <= 0:
        return None
    residual = residual_of(exact.points, centre, radius, weight)
    on_sphere = area_on_sphere(surface, centre, radius, tolerance + 0.5 * surface.half_mm)
    share = float(on_sphere.sum()) / (4 * np.pi * radius**2)
    most = _MAX_RESIDUAL if share < _LARGE_SHARE else _MAX_RESIDUAL_OF_LARGE
    if share < MIN_SHARE or residual > most * tolerance:
        return None
    if stretch_of(exact.points, centre, radius, weight) > _MAX_STRETCH:
        return None
    x, y, z = (float(value) for value in centre)
    return HeadSphere((x, y, z), float(radius), residual, min(1.0, share))
