"""The ends of a histogram: padding constants, and values that were cut off."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.histogram import Histogram

_ZERO = 32768
_NEIGHBOURS = 10
_TAIL = 40
_TAIL_FILLED = 0.3


def padding_values(counts: np.ndarray) -> list[int]:
    """Single values under -1150 that hold 0.1 % of all voxels and stand out from their neighbours, lowest first.

    Args:
        counts: (65536,) counts; ``counts[v + 32768]`` voxels have the value v.
    """
    total = counts.sum()
    below = np.flatnonzero(counts[: t.LOWEST_MEASURED_HU + _ZERO] >= max(1.0, t.PADDING_FRACTION * total))
    return [int(i) - _ZERO for i in below if _stands_out(counts, int(i))]


def _stands_out(counts: np.ndarray, index: int) -> bool:
    """Whether one value is far more frequent than those around it."""
    around = np.concatenate([counts[max(0, index - _NEIGHBOURS) : index], counts[index + 1 : index + 1 + _NEIGHBOURS]])
    return bool(counts[index] > t.CLIP_RATIO * max(1.0, float(around.max(initial=0))))


def low_clip(histogram: Histogram) -> int | None:
    """The value at which the lower end is cut off, padding aside; None where it is not."""
    counts = histogram.counts.copy()
    for value in padding_values(counts):
        counts[value + _ZERO] = 0
    used = np.flatnonzero(counts)
    if used.size == 0:
        return None
    index = int(used[0])
    if counts[index] < t.CLIP_FRACTION * histogram.n_finite:
        return None
    return index - _ZERO if _is_cut(counts, index, +1) else None


def high_clip(histogram: Histogram) -> int | None:
    """The value at which the upper end is cut off; None where it is not."""
    used = np.flatnonzero(histogram.counts)
    if used.size == 0:
        return None
    index = int(used[-1])
    if histogram.counts[index] < t.CLIP_MIN_VOXELS:
        return None
    return index - _ZERO if _is_cut(histogram.counts, index, -1) else None


def _is_cut(counts: np.ndarray, index: int, inwards: int) -> bool:
    """Whether the end value towers over a filled tail, as clipping makes it and a constant material does not."""
    tail = counts[index + 1 : index + 1 + _TAIL] if inwards > 0 else counts[max(0, index - _TAIL) : index][::-1]
    if tail.size < _TAIL or np.count_nonzero(tail) < _TAIL_FILLED * tail.size:
        return False
    return bool(counts[index] > t.CLIP_RATIO * tail[:_NEIGHBOURS].mean())
