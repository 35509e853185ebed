"""A picture of a solid: rays through its signed distance, shaded by direction, by openness and by depth.

Rays step by the distance to the surface (sphere tracing: Hart JC 1996, The Visual Computer 12:527-545). Hollows are
darkened by how much nearer the surface is than the point on the normal (Evans A 2006, Fast approximations for global
illumination on dynamic scenes, SIGGRAPH courses). Nothing but numpy and scipy is needed, on any computer.
"""

from __future__ import annotations

import numpy as np

BACKGROUND = (18, 23, 26)
BONE = (0.88, 0.78, 0.61)
"""Linear light, red green blue: dry bone."""

_STEPS = 160
_CAUTION = 0.85  # a smoothed distance can exceed the true one a little
_HIT_MM = 0.05
_KEY, _FILL = (-0.62, 0.62, 0.48), (0.78, 0.10, 0.45)
_OPENNESS_MM = (1.5, 3.0, 6.0, 11.0)


def surface_picture(field: np.ndarray, step_mm: float, pixels: int, side_mm: float) -> np.ndarray:
    """Draw a solid, centred in a square.

    Args:
        field: (down, away, right) float32 signed distance in mm, negative inside, as seen by the viewer.
        step_mm: its voxel size.
        pixels: of the square.
        side_mm: of the square.

    Returns:
        (pixels, pixels, 3) uint8.
    """
    scale = side_mm / pixels / step_mm
    across = (np.arange(pixels) - (pixels - 1) / 2) * scale
    rows, columns = np.meshgrid(across + (field.shape[0] - 1) / 2, across + (field.shape[2] - 1) / 2, indexing="ij")
    depth, nearest = _trace(field, step_mm, rows.ravel(), columns.ravel())
    pixel_mm = side_mm / pixels
    # How much of a pixel the solid covers, by how near its ray comes: edges without steps.
    cover = np.clip(0.5 - nearest / pixel_mm, 0.0, 1.0)
    seen = cover > 0.0
    picture = np.empty((pixels * pixels, 3))
    picture[:] = (np.array(BACKGROUND) / 255.0) ** 2.2
    if seen.any():  # smoothing may leave nothing of a few voxels
        points = np.stack([rows.ravel()[seen], depth[seen], columns.ravel()[seen]])
        light = _shade(field, step_mm, points)
        picture[seen] += cover[seen, None] * (light - picture[seen])
    return np.rint(np.clip(picture, 0.0, 1.0) ** (1 / 2.2) * 255.0).astype(np.uint8).reshape(pixels, pixels, 3)


def _sample(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values at (3, n) fractional indices, interpolated linearly, the border carried on outside."""
    from scipy import ndimage

    return ndimage.map_coordinates(field, points, order=1, mode="nearest")


def _trace(field: np.ndarray, step_mm: float, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth (index) at which each ray meets the surface or comes nearest to it, and the least distance in mm."""
    depth, best = np.zeros(rows.size), np.zeros(rows.size)
    nearest = np.full(rows.size, np.inf)
    going = np.flatnonzero(
        (rows >= 0) & (rows <= field.shape[0] - 1) & (columns >= 0) & (columns <= field.shape[2] - 1)
    )
    for _ in range(_STEPS):
        distance = _sample(field, np.stack([rows[going], depth[going], columns[going]]))
        closer = distance < nearest[going]
        nearest[going[closer]] = distance[closer]
        best[going[closer]] = depth[going[closer]]
        depth[going] += np.maximum(distance, 0.1) / step_mm * _CAUTION
        going = going[(distance > _HIT_MM) & (depth[going] < field.shape[1])]
        if going.size == 0:
            break
    nearest[nearest <= _HIT_MM] = -np.inf
    return best, nearest


def _normals(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Unit vectors (right, up, towards the viewer) out of the surface, (n, 3)."""
    slopes = []
    for axis in range(3):
        offset = np.zeros((3, 1))
        offset[axis] = 1.0
        slopes.append(_sample(field, points + offset) - _sample(field, points - offset))
    down, away, right = slopes
    normals = np.stack([right, -down, -away], axis=1).astype(np.float64)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)


def _shade(field: np.ndarray, step_mm: float, points: np.ndarray) -> np.ndarray:
    """Linear light of surface points, (n, 3)."""
    normals = _normals(field, points)
    outwards = np.stack([-normals[:, 1], -normals[:, 2], normals[:, 0]])
    closed = np.zeros(points.shape[1])
    for weight, reach in zip((0.30, 0.30, 0.25, 0.15), _OPENNESS_MM, strict=True):
        clearance = _sample(field, points + outwards * (reach / step_mm))
        closed += weight * np.clip(1.0 - clearance / reach, 0.0, 1.0)
    openness = (1.0 - closed) ** 1.8
    key, fill = (np.array(v) / np.linalg.norm(v) for v in (_KEY, _FILL))
    lambert = np.clip(normals @ key, 0.0, None)
    second = np.clip(normals @ fill, 0.0, None)
    sky = 0.5 + 0.5 * normals[:, 1]
    halfway = key + np.array((0.0, 0.0, 1.0))
    gloss = np.clip(normals @ (halfway / np.linalg.norm(halfway)), 0.0, None) ** 24
    first, last = points[1].min(), points[1].max()
    far = (points[1] - first) / max(last - first, 1.0)
    amount = (0.05 + 0.10 * sky) * openness + (0.86 * lambert + 0.13 * second) * (0.25 + 0.75 * openness)
    light = amount[:, None] * np.array(BONE) + (0.06 * gloss * openness)[:, None]
    return light * (1.0 - 0.40 * far)[:, None]
