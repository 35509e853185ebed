"""What the CT shows at the surface of a mask: whether a bone ends there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry

EDGE_STEP_HU = 100.0
"""Own choice: brightest point within 3 mm inside minus darkest within 3 mm outside. Cortex against muscle steps by 500
HU and more, thin subchondral bone against the joint space by 150 HU and more."""
SOFT_BELOW_HU = 120.0
"""Own choice: a rim of 3 mm whose brightest point is under this holds no cortex, not even a thin one at 5 mm slices."""
BONE_OVER_HU = 250.0
"""Own choice: brighter than unenhanced and venous soft tissue; what is brighter 2 to 3 mm outside was left out."""
_INSIDE_MM, _OUTSIDE_MM = (-3.0, -2.0, -1.0, 0.0), (0.0, 1.0, 2.0, 3.0)
_MAX_POINTS = 12_000
_SMOOTH_HU_MM = 2.0
_SMOOTH_MASK_MM = 5.0


@dataclass(frozen=True)
class SurfaceEdge:
    """Shares of the surface of a mask, 0 to 1, and the mean step in HU.

    Attributes:
        edge_share: where the CT falls by 100 HU or more from inside to outside.
        soft_rim_share: where the outermost 3 mm of the mask hold no bone: the mask reaches too far.
        bright_outside_share: where bone lies 2 to 3 mm outside: the mask ends too early, or the acetabulum is near.
        mean_step_hu: mean of the step.
    """

    edge_share: float
    soft_rim_share: float
    bright_outside_share: float
    mean_step_hu: float


def surface_edge(mask: np.ndarray, hu: np.ndarray, geometry: Geometry, seed: int = 0) -> SurfaceEdge | None:
    """Look across the surface of a mask, along its normals, in the CT.

    The mask and the CT are smoothed by boxes of 5 and 2 mm, for normals and against noise. Where the mask meets the
    border of the image there is no surface to judge.

    Args:
        mask: (z, y, x) boolean, with a margin of 5 mm where the image has one. hu: (z, y, x) HU on the same grid.
        geometry: of both.
        seed: for the choice among many surface voxels.

    Returns:
        The shares, or None where fewer than 50 surface voxels can be judged.
    """
    from scipy.ndimage import map_coordinates, uniform_filter

    spacing = np.array(geometry.spacing_xyz_mm[::-1])
    index = _surface(mask)
    if len(index) > _MAX_POINTS:
        index = index[np.random.default_rng(seed).choice(len(index), _MAX_POINTS, replace=False)]
    solid = uniform_filter(mask.astype(np.float32), _voxels(_SMOOTH_MASK_MM, spacing), mode="nearest")
    normals = _normals(solid, index, spacing)
    known = np.linalg.norm(normals, axis=1) > 0
    index, normals = index[known], normals[known]
    if len(index) < 50:
        return None
    smooth = uniform_filter(hu.astype(np.float32), _voxels(_SMOOTH_HU_MM, spacing), mode="nearest")

    def along(offset_mm: float) -> np.ndarray:
        places = index + normals * (offset_mm / spacing)
        return np.asarray(map_coordinates(smooth, places.T, order=1, mode="nearest"))

    inside = np.max([along(offset) for offset in _INSIDE_MM], axis=0)
    outer = [along(offset) for offset in _OUTSIDE_MM]
    step = inside - np.min(outer, axis=0)
    return SurfaceEdge(
        edge_share=float((step >= EDGE_STEP_HU).mean()),
        soft_rim_share=float((inside < SOFT_BELOW_HU).mean()),
        bright_outside_share=float((np.min(outer[2:], axis=0) > BONE_OVER_HU).mean()),
        mean_step_hu=float(step.mean()),
    )


def _surface(part: np.ndarray) -> np.ndarray:
    """(n, 3) voxels of the mask with a face neighbour in the image that is background."""
    surface = np.zeros_like(part)
    for axis in range(3):
        low = tuple(slice(0, -1) if a == axis else slice(None) for a in range(3))
        high = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        surface[low] |= part[low] & ~part[high]
        surface[high] |= part[high] & ~part[low]
    return np.argwhere(surface)


def _normals(solid: np.ndarray, index: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """(n, 3) outward unit normals in mm by central differences of the smoothed mask; 0 where there is no slope."""
    slopes = np.empty((len(index), 3), np.float32)
    for axis in range(3):
        up, down = index.copy(), index.copy()
        up[:, axis] = np.minimum(index[:, axis] + 1, solid.shape[axis] - 1)
        down[:, axis] = np.maximum(index[:, axis] - 1, 0)
        slopes[:, axis] = (solid[tuple(down.T)] - solid[tuple(up.T)]) / spacing[axis]
    length = np.linalg.norm(slopes, axis=1, keepdims=True)
    return np.divide(slopes, length, out=np.zeros_like(slopes), where=length > 1e-6)


def _voxels(size_mm: float, spacing: np.ndarray) -> list[int]:
    """Odd number of voxels for a box of this size along each axis."""
    return [2 * int(size_mm / s / 2 + 0.5) + 1 for s in spacing]
