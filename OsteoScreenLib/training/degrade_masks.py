"""Wrong masks from right ones, so that a model of mask quality can be calibrated without a network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def degraded(mask: np.ndarray, spacing_zyx_mm: tuple[float, float, float], rng: np.random.Generator) -> np.ndarray:
    """One wrong version of a femur mask: one or two of the errors that segmentations make.

    The surface moves in or out as a whole or in waves, the mask is shifted, its top or another end is missing, a ball
    beside it is added or bitten out, or it is smoothed until thin parts go.

    Args:
        mask: (z, y, x) boolean, right, not empty.
        spacing_zyx_mm: voxel size along the array's axes.
        rng: all randomness comes from here.

    Returns:
        (z, y, x) boolean, not empty; now and then nearly unchanged.
    """
    spacing = np.array(spacing_zyx_mm)
    box = tuple(
        slice(max(0, int(filled[0]) - pad), int(filled[-1]) + 1 + pad)
        for axis, pad in enumerate(np.ceil(25.0 / spacing).astype(int))
        for filled in [np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))]
    )
    part = mask[box]
    chosen = rng.choice(len(_ERRORS), size=1 + int(rng.random() < 0.5), replace=False)
    for number in chosen:
        changed = _ERRORS[number](part, spacing, rng)
        part = changed if changed.any() else part
    result = np.zeros_like(mask)
    result[box] = part
    return result


def _depth(part: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Distance from the surface in mm, positive inside."""
    from scipy import ndimage

    inside = ndimage.distance_transform_edt(part, sampling=spacing)
    outside = ndimage.distance_transform_edt(~part, sampling=spacing)
    return np.asarray(np.where(part, inside, -outside))


def _whole_surface(part: np.ndarray, spacing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(_depth(part, spacing) > rng.normal(0, 2.0))


def _waves(part: np.ndarray, spacing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from scipy import ndimage

    field = ndimage.gaussian_filter(rng.normal(size=part.shape), rng.uniform(5, 15) / spacing)
    amplitude = rng.uniform(1, 6) / max(1e-9, float(field.std()))
    return np.asarray(_depth(part, spacing) > field * amplitude)


def _shift(part: np.ndarray, spacing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from scipy import ndimage

    return np.asarray(ndimage.shift(part.astype(np.uint8), rng.normal(0, 3, 3) / spacing, order=0) > 0)


def _lost_end(part: np.ndarray, spacing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    axis = int(rng.choice(3, p=(0.6, 0.2, 0.2)))
    filled = np.flatnonzero(part.any(axis=tuple(a for a in range(3) if a != axis)))
    count = min(len(filled) - 1, int(rng.uniform(3, 45) / spacing[axis]))
    result = part.copy()
    gone = filled[-count:] if rng.random() < 0.7 else filled[:count]
    if count > 0:
        result[tuple(gone if a == axis else slice(None) for a in range(3))] = False
    return result


def _ball(part: np.ndarray, spacing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from scipy import ndimage

    surface = np.argwhere(part & ~ndimage.binary_erosion(part))
    centre = surface[rng.integers(len(surface))]
    grid = np.ogrid[tuple(slice(0, n) for n in part.shape)]
    distance = sum(((g - c) * s) ** 2 for g, c, s in zip(grid, centre, spacing, strict=True))
    ball = np.asarray(distance < rng.uniform(6, 24) ** 2)
    return part | ball if rng.random() < 0.5 else part & ~ball


def _smoothed(part: np.ndarray, spacing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from scipy import ndimage

    blurred = ndimage.gaussian_filter(part.astype(np.float32), rng.uniform(2, 8) / spacing)
    return np.asarray(blurred > rng.uniform(0.4, 0.6))


_ERRORS: tuple[Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray], ...] = (
    _whole_surface,
    _waves,
    _shift,
    _lost_end,
    _ball,
    _smoothed,
)
