"""Largest distances between the corners of a surface mesh."""

from __future__ import annotations

import contextlib

import numpy as np

_BLOCK = 2048


def largest_distance(vertices: np.ndarray, spacing_zyx_mm: tuple[float, float, float]) -> float:
    """Largest distance between two mesh corners, in mm.

    The two ends of a diameter are corners of the convex hull, and the hull of a surface has few corners.

    Args:
        vertices: (n, 3) in half voxels.
    """
    from scipy.spatial import ConvexHull, QhullError

    points = _ends_of_rows(vertices).astype(np.float64) / 2 * np.asarray(spacing_zyx_mm)
    if len(points) > 64:
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
        points = flat[planes[plane] : ends[plane]]
        best = max(best, _farthest_pair(_ends_of_rows(points) / 2 * np.asarray(spacing_zyx_mm)[others]))
    return best


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
