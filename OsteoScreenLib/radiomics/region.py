"""A region of interest: its voxels in raster order, and how they lie beside each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from OsteoScreenLib.radiomics.neighbours import Offset, directions

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Region:
    """The voxels of one mask inside their bounding box.

    What depends on the mask alone is worked out once, on first use, and serves every filtered image.

    Attributes:
        mask: (z, y, x) bool, the bounding box.
        spacing_zyx_mm: voxel size.
    """

    mask: np.ndarray
    spacing_zyx_mm: tuple[float, float, float]
    _kept: dict[object, object] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @cached_property
    def size(self) -> int:
        """Number of voxels."""
        return int(np.count_nonzero(self.mask))

    def directions(self, distances: Sequence[int], flat_axis: int | None, both_ways: bool = False) -> list[Offset]:
        """The neighbours' offsets in this region's bounding box."""
        return directions(self.mask.shape, distances, flat_axis=flat_axis, both_ways=both_ways)

    def padded(self, values: np.ndarray, reach: int) -> PaddedRegion:
        """Values of the voxels (n,) laid out in the bounding box with a border of zeros ``reach`` wide."""
        places = self.places(reach)
        z, y, x = (n + 2 * reach for n in self.mask.shape)
        dense = np.zeros(z * y * x, dtype=values.dtype)
        dense[places] = values
        return PaddedRegion(dense, places, (y * x, x, 1))

    def places(self, reach: int) -> np.ndarray:
        """Flat index of every voxel in the bounding box with a border ``reach`` wide."""
        return self._once(("places", reach), lambda: np.flatnonzero(np.pad(self.mask, reach)))

    def neighbour_counts(self, distances: Sequence[int], flat_axis: int | None) -> np.ndarray:
        """(n,) how many voxels of the region lie at these distances from each."""

        def count() -> np.ndarray:
            ones = self.padded(np.ones(self.size, dtype=np.uint16), max(distances))
            return ones.neighbour_sums(distances, flat_axis)

        return self._once(("counts", tuple(distances), flat_axis), count)

    def _once(self, name: object, make: Callable[[], T]) -> T:
        """What was made under this name before, or make it; two threads never make the same."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = make()
            return self._kept[name]  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class PaddedRegion:
    """Values in a bounding box with a border of zeros, flat, and where the region's voxels lie in it.

    All values are above 0. The border keeps the ends of a row apart, so that whoever steps through the flat array never
    meets a voxel of another row.
    """

    dense: np.ndarray
    places: np.ndarray
    strides: tuple[int, int, int]

    def step(self, offset: Offset) -> int:
        """How far apart two voxels lie in ``dense`` that are an offset apart."""
        return sum(a * b for a, b in zip(offset, self.strides, strict=True))

    def neighbours(self, offset: Offset) -> np.ndarray:
        """(n,) value of each voxel's neighbour; 0 where that lies outside the region."""
        first = int(self.places[0]) + self.step(offset)  # a shifted view is cheaper than shifted places
        return self.dense[first:].take(self.places - self.places[0])

    def alike(self, offset: Offset) -> np.ndarray:
        """Flat, bool: where a voxel of the region and the one an offset ahead have the same value."""
        step = self.step(offset)
        behind = self.dense[:-step]
        same = self.dense[step:] == behind
        same &= behind != 0
        return same

    def neighbour_sums(self, distances: Sequence[int], flat_axis: int | None) -> np.ndarray:
        """(n,) sum of the values at these distances (by the largest component) from each voxel."""
        reached = int(self.dense.max(initial=0)) * (2 * max(distances) + 1) ** 3
        total = np.zeros(len(self.places), dtype=np.int32 if reached < 2**31 else np.int64)
        for distance in dict.fromkeys(distances):
            total += self._box_sums(distance, flat_axis)
            total -= self._box_sums(distance - 1, flat_axis)
        return total

    def _box_sums(self, distance: int, flat_axis: int | None) -> np.ndarray:
        """(n,) sum of the values in the box of this half width round each voxel, one axis after the other."""
        if distance == 0:
            return self.dense.take(self.places)
        axes = [axis for axis in range(3) if axis != flat_axis]
        largest = int(self.dense.max(initial=0)) * (2 * distance + 1) ** len(axes)
        dense = self.dense.astype(np.min_scalar_type(largest) if largest < 2**32 else np.int64)
        for axis in axes:
            line = dense.copy()
            for step in range(self.strides[axis], (distance + 1) * self.strides[axis], self.strides[axis]):
                dense[step:] += line[:-step]
                dense[:-step] += line[step:]
        return dense.take(self.places)
