"""The outline of a mask in a slice, as line segments."""

from __future__ import annotations

import numpy as np

_SMOOTHING = 0.6
_LEVEL = 0.5


def outline(mask: np.ndarray) -> np.ndarray:
    """Segments along the outline of a slice's mask (marching squares), smoothed by about half a pixel.

    Args:
        mask: (rows, columns) bool.

    Returns:
        (n, 2, 2) float: n segments of two (row, column) points in pixel indices, 0 at the first pixel's centre. What
        leaves the slice is closed half a pixel outside of it.

    Raises:
        MissingPackageError: scipy is not installed.
    """
    from scipy import ndimage

    values = np.pad(ndimage.gaussian_filter(mask.astype(np.float32), _SMOOTHING, mode="nearest"), 1)
    # Corners of each cell of four pixels, clockwise from the upper left.
    corners = np.stack([values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1]])
    inside = corners > _LEVEL
    crossed = inside != np.roll(inside, -1, axis=0)
    rows, columns = np.nonzero(crossed.any(axis=0))
    if rows.size == 0:
        return np.empty((0, 2, 2))
    points = _crossings(corners[:, rows, columns], rows, columns)
    edges = crossed[:, rows, columns]
    simple = edges.sum(axis=0) == 2
    first_two = np.argsort(~edges[:, simple], axis=0, kind="stable")[:2]
    picked = np.flatnonzero(simple)
    pieces = [np.stack([points[first_two[0], picked], points[first_two[1], picked]], axis=1)]
    # A saddle, with opposite corners inside: two corners are cut off.
    for one, other in ((3, 0), (1, 2)):
        pieces.append(np.stack([points[one, ~simple], points[other, ~simple]], axis=1))
    return np.concatenate(pieces) - 1.0


def _crossings(corners: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(4, n, 2) points where the level is crossed on each edge of a cell; meaningless where it is not."""
    following = np.roll(corners, -1, axis=0)
    difference = following - corners
    safe = np.where(np.abs(difference) < 1e-9, 1.0, difference)
    share = np.clip((_LEVEL - corners) / safe, 0.0, 1.0)
    zero, one = np.zeros_like(share[0]), np.ones_like(share[0])
    down = np.stack([zero, share[1], one, 1.0 - share[3]])
    right = np.stack([share[0], one, 1.0 - share[2], zero])
    return np.stack([rows + down, columns + right], axis=2)


def svg_path(segments: np.ndarray, pixel: tuple[float, float], origin: tuple[float, float]) -> str:
    """Segments as the data of an SVG path.

    Args:
        segments: from :func:`outline`.
        pixel: height and width of a pixel in drawing units.
        origin: (y, x) of the upper left corner of the first pixel in drawing units.
    """
    drawn = (segments + 0.5) * pixel + origin
    return "".join(f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" for (y0, x0), (y1, x1) in drawn)
