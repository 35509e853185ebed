"""Largest distances between the corners of a surface mesh."""

from __future__ import annotations

import contextlib

import numpy as np

_BLOCK = 256

MANY_POINTS = 4000
"""From here on a convex hull costs less than comparing every pair."""


def largest_distance(vertices: np.ndarray, spacing_zyx_mm: tuple[float, float, float]) -> float:
    """Largest distance between two mesh corners, in mm.

    Points that no corner of the bounding box is far enough from cannot end the diameter; in a long bone few others are
    left. Where many are, the convex hull has the ends among its corners.

    Args:
        vertices: (n, 3) in half voxels.
    """
    points = _ends_of_rows(vertices).astype(np.float64) / 2 * np.asarray(spacing_zyx_mm)
    points = _that_may_end_a_diameter(points)
    if len(points) > MANY_POINTS:
        from scipy.spatial import ConvexHull, QhullError

        with contextlib.suppress(QhullError):  # too flat for a hull: the ends of the rows serve
            points = points[ConvexHull(points).vertices]
    return _farthest_pair(points)


def largest_distance_in_planes(vertices: np.ndarray, spacing_zyx_mm: tuple[float, float, float], axis: int) -> float:
    """Largest distance between two mesh corners of one plane across an axis (0 z, 1 y, 2 x), in mm.

    Planes are looked at from the one with the largest bounding box downwards, until no box can hold a longer distance.
    """
    others = [i for i in range(3) if i != axis]
    order = np.argsort(vertices[:, axis], kind="stable")
    planes = np.flatnonzero(np.diff(vertices[order, axis], prepend=-1))
    flat = vertices[order][:, others]
    scale = np.asarray(spacing_zyx_mm)[others] / 2
    extent = np.maximum.reduceat(flat, planes) - np.minimum.reduceat(flat, planes)
    diagonal = np.hypot(*(extent * scale).T)
    ends = np.append(planes[1:], len(flat))
    best = 0.0
    for plane in np.argsort(-diagonal, kind="stable"):
        if diagonal[plane] <= best:
            break
        points = _ends_of_rows(flat[planes[plane] : ends[plane]]) * scale
        best = max(best, _farthest_pair(_that_may_end_a_diameter(points)))
    return best


def _that_may_end_a_diameter(points: np.ndarray) -> np.ndarray:
    """Leave out the points that are nearer to every point than two others are known to be apart."""
    low, high = points.min(axis=0), points.max(axis=0)
    farthest = np.sqrt((np.maximum(points - low, high - points) ** 2).sum(axis=1))
    known, start = 0.0, points[0]
    for _ in range(4):  # from any point to the farthest, and on from there
        away = ((points - start) ** 2).sum(axis=1)
        end = int(away.argmax())
        known, start = max(known, float(away[end]) ** 0.5), points[end]
    return points[farthest >= known * (1 - 1e-12)]


def _ends_of_rows(points: np.ndarray) -> np.ndarray:
    """Of the points that differ in the last coordinate only, the two outermost; no others can end a diameter."""
    order = np.lexsort(points.T[::-1])
    points = points[order]
    changes = np.any(np.diff(points[:, :-1], axis=0) != 0, axis=1)
    first = np.concatenate([[True], changes])
    last = np.concatenate([changes, [True]])
    return points[first | last]


def _farthest_pair(points: np.ndarray) -> float:
    best = 0.0
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK]
        squares = np.zeros((len(block), len(points) - start))
        for axis in range(points.shape[1]):
            squares += (block[:, axis, None] - points[None, start:, axis]) ** 2
        best = max(best, float(squares.max()))
    return best**0.5
