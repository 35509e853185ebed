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
class Lines:
    """The voxels of a region in the order of their lines along one direction.

    Attributes:
        order: (n,) positions in the region's raster order.
        breaks: (n,) True where a voxel does not follow the one before it: another line, or a gap in this one.
    """

    order: np.ndarray
    breaks: np.ndarray


@dataclass(frozen=True, eq=False)
class Region:
    """The voxels of one mask inside their bounding box.

    Everything that depends on the mask alone (neighbours, lines) is worked out once, on first use, and serves every
    filtered image.

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

    @cached_property
    def coordinates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(z, y, x) indices of the voxels in raster order, int32."""
        z, y, x = (axis.astype(np.int32) for axis in np.nonzero(self.mask))
        return z, y, x

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

        def find() -> np.ndarray:
            z, y, x = (axis.astype(np.intp) + reach for axis in self.coordinates)
            _, height, width = (n + 2 * reach for n in self.mask.shape)
            return (z * height + y) * width + x

        return self._once(("places", reach), find)

    def numbers(self) -> np.ndarray:
        """Each voxel's number in raster order, laid out flat in the bounding box with a border of one (0 outside)."""
        return self._once("numbers", lambda: self.padded(np.arange(self.size, dtype=np.int32), 1).dense)

    def lines(self, offset: Offset) -> Lines:
        """The voxels along the lines of a direction whose components are -1, 0 and 1."""
        return self._once(("lines", offset), lambda: self._find_lines(offset))

    def neighbour_counts(self, offsets: Sequence[Offset], reach: int) -> np.ndarray:
        """(n,) how many of the offsets lead from each voxel to another of the region, int32."""

        def count() -> np.ndarray:
            inside = self.padded(np.ones(self.size, dtype=np.uint8), reach)
            total = np.zeros(self.size, dtype=np.int32)
            for offset in offsets:
                total += inside.neighbours(offset)
            return total

        return self._once(("counts", tuple(offsets)), count)

    def _find_lines(self, offset: Offset) -> Lines:
        axis = next(i for i, step in enumerate(offset) if step)
        along = self.coordinates[axis].astype(np.int64) * offset[axis]
        length = self.mask.shape[axis] + 1
        others = [i for i in range(3) if i != axis]
        # Where a line crosses the plane through 0 of its axis tells the lines apart; it may lie outside the box.
        key = np.zeros(self.size, dtype=np.int64)
        for i in others:
            crossing = self.coordinates[i] - offset[i] * along
            crossing -= crossing.min(initial=0)
            key = key * (int(crossing.max(initial=0)) + 1) + crossing
        key = key * 2 * length + along + length
        order = np.argsort(key, kind="stable")
        breaks = np.ones(self.size, dtype=bool)
        breaks[1:] = np.diff(key[order]) != 1
        return Lines(order.astype(np.int32), breaks)

    def _once(self, name: object, make: Callable[[], T]) -> T:
        """What was made under this name before, or make it; two threads never make the same."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = make()
            return self._kept[name]  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class PaddedRegion:
    """Values in a bounding box with a border of zeros, flat, and where the region's voxels lie in it."""

    dense: np.ndarray
    places: np.ndarray
    strides: tuple[int, int, int]

    def neighbours(self, offset: Offset) -> np.ndarray:
        """(n,) value of each voxel's neighbour; 0 where that lies outside the region."""
        step = sum(a * b for a, b in zip(offset, self.strides, strict=True))
        return self.dense.take(self.places + step)
