"""Boxes in patient space, and the upright isotropic grids that networks work on.

A network's grid is a :class:`Geometry` with the identity as its direction: then the array axes (z, y, x) run towards
superior, posterior and the patient's left.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry

UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
Slices = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Box:
    """A box along the patient's axes: two corners (x, y, z) in LPS mm."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def grown(self, margin_mm: float) -> Box:
        """Larger by a margin on every side."""
        return _box(np.subtract(self.low, margin_mm), np.add(self.high, margin_mm))

    def within(self, other: Box) -> Box | None:
        """The part that lies in another box; None where there is none."""
        low, high = np.maximum(self.low, other.low), np.minimum(self.high, other.high)
        return _box(low, high) if (low < high).all() else None

    def joined(self, other: Box) -> Box:
        """The smallest box around both."""
        return _box(np.minimum(self.low, other.low), np.maximum(self.high, other.high))


def _box(low: np.ndarray, high: np.ndarray) -> Box:
    (a, b, c), (d, e, f) = (tuple(float(v) for v in corner) for corner in (low, high))
    return Box((a, b, c), (d, e, f))


def box_of(geometry: Geometry, slices: Slices | None = None) -> Box:
    """The smallest box around a grid, or around some of its voxels; voxel borders included."""
    ends = slices or tuple(slice(0, n) for n in geometry.shape_zyx)
    borders = [(entry.start - 0.5, entry.stop - 0.5) for entry in reversed(ends)]
    corners = np.array([geometry.to_physical(corner) for corner in itertools.product(*borders)])
    return _box(corners.min(axis=0), corners.max(axis=0))


def slices_of(box: Box, geometry: Geometry, margin_voxels: Sequence[float] = (0.0, 0.0, 0.0)) -> Slices | None:
    """The voxels (z, y, x) of a grid that may lie in a box, with a margin (z, y, x); None where none do."""
    corners = np.array(
        [geometry.to_index(corner) for corner in itertools.product(*zip(box.low, box.high, strict=True))]
    )
    low = np.floor(corners.min(axis=0)[::-1] - margin_voxels).astype(int)
    high = np.ceil(corners.max(axis=0)[::-1] + margin_voxels).astype(int) + 1
    low, high = np.maximum(low, 0), np.minimum(high, geometry.shape_zyx)
    if (low >= high).any():
        return None
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return z, y, x


def network_grid(box: Box, spacing_mm: float, multiple_of: int) -> Geometry:
    """The upright isotropic grid that covers a box, exactly centred on it, sizes rounded up to a multiple."""
    low, high = np.array(box.low), np.array(box.high)
    unit = spacing_mm * multiple_of
    sizes = [max(1, math.ceil(float(length) / unit - 1e-6)) * multiple_of for length in high - low]
    x, y, z = ((low + high) / 2 - (np.array(sizes) - 1) / 2 * spacing_mm).tolist()
    return Geometry((sizes[2], sizes[1], sizes[0]), (spacing_mm,) * 3, (x, y, z), UPRIGHT)


def cropped(geometry: Geometry, slices: Slices) -> Geometry:
    """The grid of a part of an array."""
    z, y, x = slices
    shape = (z.stop - z.start, y.stop - y.start, x.stop - x.start)
    origin = geometry.to_physical((x.start, y.start, z.start))
    return Geometry(shape, geometry.spacing_xyz_mm, origin, geometry.direction)
