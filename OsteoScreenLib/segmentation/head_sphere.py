"""The femoral head as a sphere, fitted to the surface of a femur mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.sphere_fit import HeadSphere, refine_sphere, residual_of, stretch_of

RADIUS_MM = (15.0, 36.0)
"""Own choice, with wide margins: femoral heads of adults have a radius of 19 to 29 mm."""
_SEARCH_BELOW_TOP_MM = 75.0
"""The head lies within this distance below the highest point of the mask, also where the trochanter is higher."""
_MEDIAL_SHARE = 0.6
"""The head lies in this share of the width of the upper mask, counted from the medial border."""
_TRIALS = 600
_MAX_POINTS = 2500
_MIN_SHARE = 0.25
"""Less of a sphere than this does not tell a head from a bulge."""
_MAX_RESIDUAL = 0.85
"""Largest residual over the tolerance; heads of masks of real CTs have 0.55 to 0.7, pieces of shaft 0.95 and more."""
_MAX_STRETCH = 0.12
"""Own choice: a piece of shaft fits a sphere along a belt, but its surface departs from it by half its radius times
the squared sine of the latitude; the surface of a head bends alike in all directions."""


@dataclass(frozen=True, eq=False)
class _Faces:
    """Outer faces of the mask's voxels: points, unit normals (n, 3) in LPS, areas in mm2, half voxel across in mm."""

    points: np.ndarray
    normals: np.ndarray
    areas: np.ndarray
    half_mm: np.ndarray

    def where(self, chosen: np.ndarray) -> _Faces:
        return _Faces(self.points[chosen], self.normals[chosen], self.areas[chosen], self.half_mm[chosen])


def fit_head_sphere(mask: np.ndarray, geometry: Geometry, side: str) -> HeadSphere | None:
    """Fit a sphere to the proximal medial surface of one femur's mask.

    Spheres through four random surface points are compared by how much of their area the mask follows (RANSAC, Fischler
    and Bolles 1981, with a fixed seed); the best one is refined by weighted least squares with Tukey's biweight.

    Args:
        mask: (z, y, x) bool, one femur.
        geometry: of the mask's grid.
        side: ``left`` or ``right``, the patient's.

    Returns:
        The sphere, or None where the mask shows no head.

    Raises:
        ValueError: the side is neither, or mask and geometry differ in size.
    """
    if side not in ("left", "right"):
        raise ValueError(f"a side is left or right, not {side!r}")
    if mask.shape != geometry.shape_zyx:
        raise ValueError(f"mask {mask.shape} and geometry {geometry.shape_zyx} differ in size")
    faces = _outer_faces(np.asarray(mask, bool), geometry)
    if faces.areas.size < 50:
        return None
    faces = faces.where(faces.points[:, 2] > np.percentile(faces.points[:, 2], 99.8) - _SEARCH_BELOW_TOP_MM)
    exact = faces.where(faces.half_mm <= 2 * faces.half_mm.min())
    tolerance = 0.6 + 0.6 * float(exact.half_mm.max())
    start = _best_trial(_medial_part(exact, side), tolerance)
    if start is None:
        return None
    centre, radius = _refined(exact, *start, tolerance)
    return _accepted(faces, exact, centre, radius, tolerance)


def _outer_faces(mask: np.ndarray, geometry: Geometry) -> _Faces:
    """Faces between mask and background; where the mask meets the image border there is no surface."""
    spans = [np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    if any(span.size == 0 for span in spans):
        return _Faces(np.empty((0, 3)), np.empty((0, 3)), np.empty(0), np.empty(0))
    low = [max(0, int(span[0]) - 1) for span in spans]
    part = mask[tuple(slice(a, int(span[-1]) + 2) for a, span in zip(low, spans, strict=True))]
    spacing = np.array(geometry.spacing_xyz_mm)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    for axis in range(3):
        step = np.diff(part.astype(np.int8), axis=axis)
        index = np.argwhere(step)
        sign = -step[tuple(index.T)].astype(float)  # +1 where the mask ends towards higher indices
        place = index + np.array(low, float)
        place[:, axis] += 0.5
        column = 2 - axis
        points = np.asarray(geometry.origin_lps_mm) + (place[:, ::-1] * spacing) @ geometry.matrix.T
        normals = sign[:, None] * geometry.matrix[:, column]
        area = float(np.prod(np.delete(spacing, column)))
        parts.append((points, normals, np.full(len(index), area), np.full(len(index), spacing[column] / 2)))
    points, normals, areas, half = (np.concatenate(entry) for entry in zip(*parts, strict=True))
    return _Faces(points, normals, areas, half)


def _medial_part(faces: _Faces, side: str) -> _Faces:
    """The faces nearer to the body's midline, at most a few thousand of them."""
    medial = -faces.points[:, 0] if side == "left" else faces.points[:, 0]
    low, high = np.percentile(medial, [0.2, 99.8])
    faces = faces.where(medial >= high - _MEDIAL_SHARE * (high - low))
    if faces.areas.size > _MAX_POINTS:
        faces = faces.where(np.random.default_rng(1).permutation(faces.areas.size)[:_MAX_POINTS])
    return faces


def _best_trial(faces: _Faces, tolerance: float) -> tuple[np.ndarray, float] | None:
    """Centre and radius of the trial sphere that the faces follow over the largest area; None where none is a head."""
    n = faces.areas.size
    if n < 20:
        return None
    chosen = np.random.default_rng(0).integers(0, n, (_TRIALS, 4))
    corner = faces.points[chosen]  # trials, 4, 3
    edges = corner[:, 1:] - corner[:, :1]
    possible = np.abs(np.linalg.det(edges)) > 50.0
    if not possible.any():
        return None
    edges, first = edges[possible], corner[possible, 0]
    offset = np.linalg.solve(2 * edges, (edges**2).sum(axis=2)[..., None])[..., 0]
    centres, radii = first + offset, np.linalg.norm(offset, axis=1)
    usable = (radii >= RADIUS_MM[0]) & (radii <= RADIUS_MM[1])
    best, best_area = None, 0.0
    for centre, radius in zip(centres[usable], radii[usable], strict=True):
        area = float(_area_on_sphere(faces, centre, radius, tolerance).sum())
        if area > best_area:
            best, best_area = (centre, float(radius)), area
    return best


def _area_on_sphere(faces: _Faces, centre: np.ndarray, radius: float, tolerance: float | np.ndarray) -> np.ndarray:
    """Area in mm2 that each face adds to the sphere: 0 for faces off it, and for those that look inwards.

    A staircase of faces shows, along each axis, the projection of the smooth surface; weighted by the cosine to the
    smooth normal the faces add up to the smooth surface's area.
    """
    away = faces.points - centre
    distance = np.linalg.norm(away, axis=1)
    cosine = (away * faces.normals).sum(axis=1) / np.maximum(distance, 1e-6)
    return np.where((np.abs(distance - radius) <= tolerance) & (cosine > 0), faces.areas * cosine, 0.0)


def _refined(faces: _Faces, centre: np.ndarray, radius: float, tolerance: float) -> tuple[np.ndarray, float]:
    return refine_sphere(faces.points, centre, radius, tolerance, partial(_area_on_sphere, faces))


def _accepted(faces: _Faces, exact: _Faces, centre: np.ndarray, radius: float, tolerance: float) -> HeadSphere | None:
    """The sphere as an answer, or None where it is not a head."""
    if not RADIUS_MM[0] <= radius <= RADIUS_MM[1]:
        return None
    weight = _area_on_sphere(exact, centre, radius, 2 * tolerance)
    if weight.sum() <= 0:
        return None
    residual = residual_of(exact.points, centre, radius, weight)
    on_sphere = _area_on_sphere(faces, centre, radius, tolerance + 0.5 * faces.half_mm)
    share = float(on_sphere.sum()) / (4 * np.pi * radius**2)
    if share < _MIN_SHARE or residual > _MAX_RESIDUAL * tolerance:
        return None
    if stretch_of(exact.points, centre, radius, weight) > _MAX_STRETCH:
        return None
    x, y, z = (float(value) for value in centre)
    return HeadSphere((x, y, z), float(radius), residual, min(1.0, share))
