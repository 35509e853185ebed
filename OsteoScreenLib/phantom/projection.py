"""Areal density: a bone's mineral summed along parallel rays, as a DXA scanner sees it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry

MG_PER_CM3_MM_TO_G_PER_CM2 = 1e-4
SURFACE_SMOOTHING_VOXELS = 0.7
"""Standard deviation of the smoothing that takes the staircase off a label's surface before its shadow is cut out."""

EDGE_SLOPE_PER_VOXEL = 0.5
"""Of the smoothed mask at the surface (a Gaussian edge, widened a little by the voxels); turns it into a distance."""


@dataclass(frozen=True)
class Shadow:
    """The projection of one bone.

    Attributes:
        areal: (v, u) float64, bone mineral in g/cm2 of hydroxyapatite.
        bone: (v, u) float, share of each pixel that lies in the bone's shadow.
        u, v: coordinates of the pixels in mm along the two axes of the image, from the frame's origin.
    """

    areal: np.ndarray
    bone: np.ndarray
    u: np.ndarray
    v: np.ndarray

    @property
    def pixel_cm2(self) -> float:
        """Area of a pixel."""
        return float((self.u[1] - self.u[0]) * (self.v[1] - self.v[0])) / 100.0

    def content_and_area(self, region: np.ndarray) -> tuple[float, float]:
        """Bone mineral content in g and bone area in cm2 of a region, (v, u) weights of 0 to 1."""
        return float((self.areal * region).sum()) * self.pixel_cm2, float((self.bone * region).sum()) * self.pixel_cm2


def bone_alone(
    mineral: np.ndarray, label: np.ndarray, numbers: Collection[int], other_bones: Collection[int]
) -> tuple[np.ndarray, np.ndarray]:
    """A bone's mineral and its mask, without its neighbours.

    A label holds the voxels that a bone fills by more than half; the mineral of those it fills by less, one voxel
    around, belongs to it too where no other bone claims them.

    Args:
        mineral: (z, y, x) mg/cm3. label: (z, y, x).
        numbers: labels of the bone. other_bones: labels of all bones.

    Returns:
        (z, y, x) float32 mineral that is zero elsewhere, and the bool mask.
    """
    from scipy.ndimage import binary_dilation

    mask = np.isin(label, list(numbers))
    others = np.isin(label, [number for number in other_bones if number not in numbers])
    reach = binary_dilation(mask, np.ones((3, 3, 3), bool)) & ~others
    return np.where(reach, mineral, 0).astype(np.float32), mask


def cast_shadow(
    mineral: np.ndarray,
    mask: np.ndarray,
    geometry: Geometry,
    origin: np.ndarray,
    axes: np.ndarray,
    u_range: tuple[float, float],
    v_range: tuple[float, float],
    step_mm: float = 0.75,
) -> Shadow:
    """Project a bone along one axis of a frame.

    Args:
        mineral, mask: (z, y, x), of one bone, see :func:`bone_alone`.
        geometry: of both; axes along L, P, S.
        origin: (3,) LPS mm of the frame's origin.
        axes: (3, 3), rows are the unit vectors u, v and the ray, LPS.
        u_range, v_range: mm, of the image.
        step_mm: pixel size and step along the rays.

    Returns:
        The shadow. Between voxel centres mineral and smoothed mask are linear; the shadow's edge is where the mask
        just reaches one half on a ray.
    """
    from scipy.ndimage import affine_transform, gaussian_filter

    spacing = np.asarray(geometry.spacing_xyz_mm)
    low, high = _depth_range(geometry, mask, origin, axes)
    u, v, w = (np.arange(a + step_mm / 2, b, step_mm) for a, b in (u_range, v_range, (low, high)))
    # Output index (v, w, u) -> input index (z, y, x): the frame's axes in voxels.
    columns = np.stack([axes[1], axes[2], axes[0]], axis=1) * step_mm / spacing[:, None]
    start = (origin + u[0] * axes[0] + v[0] * axes[1] + w[0] * axes[2] - geometry.origin_lps_mm) / spacing
    matrix, offset, shape = columns[::-1], start[::-1], (len(v), len(w), len(u))
    surface = gaussian_filter(mask.astype(np.float32), SURFACE_SMOOTHING_VOXELS)
    deepest = affine_transform(surface, matrix, offset, shape, order=1, mode="constant").max(axis=1)
    inside_mm = (deepest - 0.5) / EDGE_SLOPE_PER_VOXEL * float(spacing.mean())
    seen = np.clip(0.5 + inside_mm / step_mm, 0.0, 1.0)
    along = affine_transform(mineral.astype(np.float32), matrix, offset, shape, order=1, mode="constant")
    areal = along.sum(axis=1, dtype=np.float64) * step_mm * MG_PER_CM3_MM_TO_G_PER_CM2
    return Shadow(areal=areal, bone=seen, u=u, v=v)


def _depth_range(geometry: Geometry, mask: np.ndarray, origin: np.ndarray, axes: np.ndarray) -> tuple[float, float]:
    """Along the rays, the stretch that holds the whole bone, two voxels more at both ends."""
    spacing = np.asarray(geometry.spacing_xyz_mm)
    corners = [np.flatnonzero(mask.any(axis=other))[[0, -1]] for other in ((0, 1), (0, 2), (1, 2))]
    depths = [
        float(axes[2] @ (np.asarray(geometry.origin_lps_mm) + np.array([x, y, z]) * spacing - origin))
        for x in corners[0]
        for y in corners[1]
        for z in corners[2]
    ]
    margin = 2 * float(spacing.max())
    return min(depths) - margin, max(depths) + margin
