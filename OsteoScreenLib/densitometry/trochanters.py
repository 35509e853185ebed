"""The two trochanters in the femur's own frame."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.densitometry.bone_frame import BoneFrame
from OsteoScreenLib.densitometry.bone_mask import BoneMask

LESSER_LEVELS_RADII = (1.3, 3.3)
"""The lesser trochanter is searched so far below the head's centre along the shaft; its tip lies near 2.3 radii."""
_LESSER_DIRECTION = (-0.62, 0.78)
"""Medial and backwards (u, v): where the lesser trochanter points, and the neck above it does not reach."""
_STEP_MM = 1.0
_MIN_PROMINENCE_MM = 1.5
"""Own choice: less than this is the waviness of a mask."""
_TOP_MM = 1.5
_SIDEWAYS_MM = 14.0


def lesser_trochanter(bone: BoneMask, frame: BoneFrame, radius: float, shaft_uv: np.ndarray) -> np.ndarray | None:
    """The tip of the lesser trochanter, (u, v, w).

    The bone's reach towards its medial back is followed down the shaft; the lesser trochanter is the hump that stands
    out most of what lies above and below it.

    Args:
        bone: the mask. frame: of the femur. radius: of the head, mm.
        shaft_uv: where the shaft's axis crosses the frame.

    Returns:
        The tip; None where no hump stands out.
    """
    from scipy.signal import find_peaks

    local = frame.to_local(bone.surface.points)
    reach = (local[:, :2] - shaft_uv) @ np.array(_LESSER_DIRECTION)
    levels = np.arange(-LESSER_LEVELS_RADII[1] * radius, -LESSER_LEVELS_RADII[0] * radius, _STEP_MM)
    thick = max(1.5, 0.55 * max(bone.geometry.spacing_xyz_mm))
    profile = np.full(len(levels), np.nan)
    for number, level in enumerate(levels):
        here = np.abs(local[:, 2] - level) <= thick
        if np.count_nonzero(here) > 8:
            profile[number] = np.percentile(reach[here], 98.0)
    known = np.flatnonzero(np.isfinite(profile))
    if len(known) < 10:
        return None
    levels, profile = levels[known], np.convolve(np.pad(profile[known], 2, mode="edge"), np.full(5, 0.2), "valid")
    peaks, facts = find_peaks(profile, prominence=_MIN_PROMINENCE_MM)
    if len(peaks) == 0:
        return None
    best = int(peaks[int(facts["prominences"].argmax())])
    # The hump's top is broad: its middle is where it lies, not the highest of many nearly equal levels.
    top = profile > profile[best] - _TOP_MM
    low = best - int(np.argmin(top[best::-1])) if not top[: best + 1].all() else 0
    high = best + int(np.argmin(top[best:])) if not top[best:].all() else len(top)
    weight = np.clip(profile[low + 1 : high] - (profile[best] - _TOP_MM), 0.0, None)
    level = float((levels[low + 1 : high] * weight).sum() / weight.sum())
    here = np.flatnonzero(np.abs(local[:, 2] - level) <= 2.0 * thick)
    far = here[reach[here] > reach[here].max() - 1.5]
    u, v = local[far, :2].mean(axis=0).tolist()
    return np.array([u, v, level])


def greater_trochanter(bone: BoneMask, frame: BoneFrame, radius: float, shaft_uv: np.ndarray) -> np.ndarray | None:
    """The tip of the greater trochanter, (u, v, w): the highest bone beside and beyond the shaft's axis."""
    local = frame.to_local(bone.surface.points)
    beyond = local[:, 0] > shaft_uv[0] - 0.33 * radius
    beyond &= np.abs(local[:, 1] - shaft_uv[1]) < 0.6 * radius + _SIDEWAYS_MM
    if np.count_nonzero(beyond) < 20:
        return None
    height = local[beyond, 2]
    top = float(np.sort(height)[-5])
    u, v = local[beyond][height > top - 1.0, :2].mean(axis=0).tolist()
    return np.array([u, v, top])
