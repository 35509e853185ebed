"""The histogram of a whole volume, made in one streaming pass without a copy of the volume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_OFFSET = 32768
_CHUNK = 1 << 19


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of every whole value of a volume.

    Attributes:
        counts: (65536,) int64; ``counts[v + 32768]`` voxels have the value v (floats rounded; clipped to int16).
        n_voxels, n_non_finite: all voxels; those that are NaN or infinite (not in ``counts``).
        minimum, maximum: exact, of the finite voxels; NaN where there are none.
        slice_maximum: (z,) largest finite value of each slice along the first array axis (-inf where none).
    """

    counts: np.ndarray
    n_voxels: int
    n_non_finite: int
    minimum: float
    maximum: float
    slice_maximum: np.ndarray

    @property
    def n_finite(self) -> int:
        """Voxels with a number in them."""
        return self.n_voxels - self.n_non_finite

    def count(self, low: int, high: int) -> int:
        """Voxels with low <= value < high (whole numbers)."""
        first, last = (min(max(v + _OFFSET, 0), 2 * _OFFSET) for v in (low, high))
        return int(self.counts[first:last].sum())

    def at(self, value: int) -> int:
        """Voxels with exactly this (rounded) value."""
        return self.count(value, value + 1)


def histogram_of(hu: np.ndarray) -> Histogram:
    """Histogram of a (z, y, x) array of integers or floats; temporaries stay under 15 MB."""
    if hu.dtype == np.int16:
        return _histogram_int16(hu)
    counts = np.zeros(2 * _OFFSET, dtype=np.int64)
    slice_maximum = np.full(hu.shape[0], -np.inf)
    low, n_bad = np.inf, 0
    for z in range(hu.shape[0]):
        for piece in _pieces(hu[z]):
            piece, bad = _finite(piece)
            n_bad += bad
            whole = np.clip(np.rint(piece), -_OFFSET, _OFFSET - 1).astype(np.intp)
            counts += np.bincount(whole + _OFFSET, minlength=2 * _OFFSET)
            if piece.size:
                slice_maximum[z] = max(slice_maximum[z], float(piece.max()))
                low = min(low, float(piece.min()))
    high = float(slice_maximum.max(initial=-np.inf))
    if not np.isfinite(low):
        low = high = float("nan")
    return Histogram(counts, int(hu.size), n_bad, low, high, slice_maximum)


def _histogram_int16(hu: np.ndarray) -> Histogram:
    """The same for int16, where every value has a bin."""
    counts = np.zeros(2 * _OFFSET, dtype=np.int64)
    slice_maximum = np.full(hu.shape[0], -np.inf)
    for z in range(hu.shape[0]):
        slice_maximum[z] = hu[z].max(initial=-_OFFSET)
        for piece in _pieces(hu[z]):
            counts += np.bincount(piece.view(np.uint16), minlength=2 * _OFFSET)
    counts = np.roll(counts, _OFFSET)
    used = np.flatnonzero(counts) - _OFFSET
    low, high = (float(used[0]), float(used[-1])) if used.size else (float("nan"),) * 2
    return Histogram(counts, int(hu.size), 0, low, high, slice_maximum)


def _pieces(plane: np.ndarray) -> Iterator[np.ndarray]:
    """Flat contiguous pieces of a slice of at most half a million voxels."""
    rows = max(1, _CHUNK // max(1, plane.shape[1]))
    for start in range(0, plane.shape[0], rows):
        yield np.ascontiguousarray(plane[start : start + rows]).reshape(-1)


def _finite(piece: np.ndarray) -> tuple[np.ndarray, int]:
    """The finite values of a piece and the number of others."""
    if piece.dtype.kind != "f":
        return piece, 0
    finite = np.isfinite(piece)
    bad = int(piece.size - np.count_nonzero(finite))
    return (piece[finite], bad) if bad else (piece, 0)
