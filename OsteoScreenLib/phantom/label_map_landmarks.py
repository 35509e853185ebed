"""Finds head, neck and shaft of a femur in a label map, so that the bone model knows where it is."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.phantom.femur_shape import STANDARD_HEAD_RADIUS_MM, FemurShape
from OsteoScreenLib.phantom.femur_solid import BoneFrame

HEAD_DEPTH_MM = 52.0
"""The head's surface is searched so far below the top of the femur."""

SHAFT_FROM_HEAD_MM = (-75.0, -150.0)
"""Levels below the head centre whose sections give the shaft axis, as far as they are in view."""


def fit_femur(
    femur: np.ndarray, pelvis: np.ndarray, spacing: tuple[float, float, float], side: str
) -> tuple[FemurShape, BoneFrame]:
    """Fit the bone model's frame to a femur.

    Args:
        femur, pelvis: (S, P, L) bool. spacing: mm along those axes. side: ``L`` or ``R``.

    Returns:
        Shape and frame, LPS mm from the first voxel. Sizes that a label map does not tell follow from the head.
    """
    points = np.argwhere(femur)[:, ::-1] * np.asarray(spacing)[::-1]  # x, y, z
    head, radius = _head(femur, pelvis, spacing)
    shaft_point, up = _shaft(points, head)
    across = shaft_point - head
    across = across - (across @ up) * up
    neck = _neck_direction(points, head, radius, across / np.linalg.norm(across) - up)
    lateral = neck - (neck @ up) * up
    u = lateral / np.linalg.norm(lateral)
    v = np.cross(up, u) * (1.0 if side == "L" else -1.0)
    angle = float(np.degrees(np.arccos(np.clip(neck @ up, -0.85, -0.3))))
    size = radius / STANDARD_HEAD_RADIUS_MM
    x, y, z = head.tolist()
    shape = FemurShape(
        side=side,
        head_centre=(x, y, z),
        head_radius_mm=radius,
        size=size,
        neck_shaft_angle_deg=angle,
        anteversion_deg=0.0,
        offset_mm=float(np.clip(across @ u, 28.0, 62.0)),
        neck_half_height_mm=0.70 * radius,
        neck_half_depth_mm=0.57 * radius,
        shaft_half_width_mm=14.0 * size,
        shaft_half_depth_mm=14.0 * size,
        shaft_cortex_mm=6.8 * size,
        bow_radius_mm=1120.0,
        trochanter_height=1.0,
        lesser_trochanter=1.0,
        rotation_deg=0.0,
        abduction_deg=0.0,
        flexion_deg=0.0,
    )
    return shape, BoneFrame((x, y, z), np.stack([u, v, up]))


def _head(femur: np.ndarray, pelvis: np.ndarray, spacing: tuple[float, float, float]) -> tuple[np.ndarray, float]:
    """Centre and radius of the sphere through the surface that faces the socket; far points are dropped in turn."""
    from scipy.ndimage import binary_erosion, distance_transform_edt

    found = np.argwhere(femur)
    top = int(found[:, 0].max()) + 1
    low = max(0, top - int(HEAD_DEPTH_MM / spacing[0]))
    part = (slice(low, top + 2), slice(None), slice(None))
    surface = femur[part] & ~binary_erosion(femur[part])
    near = distance_transform_edt(~pelvis[part], sampling=spacing) < 9.0
    points = (np.argwhere(surface & near) + np.array([low, 0, 0]))[:, ::-1] * np.asarray(spacing)[::-1]
    kept = points
    centre, radius = _sphere(kept)
    for share in (90, 85, 80, 80, 80):
        error = np.abs(np.linalg.norm(points - centre, axis=1) - radius)
        kept = points[error <= np.percentile(error, share)]
        centre, radius = _sphere(kept)
    return centre, float(np.clip(radius, 18.0, 30.0))


def _sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Least squares: |p|^2 = 2 c p + (r^2 - |c|^2)."""
    matrix = np.column_stack([2 * points, np.ones(len(points))])
    solution, *_ = np.linalg.lstsq(matrix, (points**2).sum(axis=1), rcond=None)
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))


def _shaft(points: np.ndarray, head: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A point on the shaft axis and its direction upwards, from the middles of its sections."""
    level = points[:, 2] - head[2]
    low = max(SHAFT_FROM_HEAD_MM[1], float(level.min()))
    high = min(SHAFT_FROM_HEAD_MM[0], low + 75.0) if low < SHAFT_FROM_HEAD_MM[0] - 20.0 else low + 25.0
    levels = np.unique(points[:, 2])
    middles = np.array(
        [points[points[:, 2] == z].mean(axis=0) for z in levels if low <= z - head[2] <= max(high, low + 20.0)]
    )
    middle = middles.mean(axis=0)
    _, _, axes = np.linalg.svd(middles - middle)
    up = axes[0] * np.sign(axes[0][2])
    return middle, up


def _neck_direction(points: np.ndarray, head: np.ndarray, radius: float, guess: np.ndarray) -> np.ndarray:
    """From the head centre through the middle of the neck's section just outside of the head."""
    direction = guess / np.linalg.norm(guess)
    away = points - head
    distance = np.linalg.norm(away, axis=1)
    for _ in range(4):
        along = away @ direction
        inside = (along > 0.9 * radius) & (along < 1.35 * radius) & (distance < 1.7 * radius)
        mean = away[inside].mean(axis=0)
        direction = mean / np.linalg.norm(mean)
    return direction
