"""Peaks of air, fat and soft tissue in a histogram."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.clipping import low_clip, padding_values
from OsteoScreenLib.quality.histogram import Histogram

_ZERO = 32768


def measured_counts(histogram: Histogram) -> np.ndarray:
    """Counts (65536,) without padding values and without the pile of values that were cut off at the lower end."""
    counts = histogram.counts.astype(float)
    for value in padding_values(histogram.counts):
        counts[value + _ZERO] = 0
    clip = low_clip(histogram)
    if clip is not None:
        counts[clip + _ZERO] = 0
    return counts


def looks_like_ct(counts: np.ndarray) -> bool:
    """Whether counts (65536,) have the peaks of fat and soft tissue, and air, where HU have them."""
    total = counts.sum()
    body = _between(counts, t.BODY_ABOVE_HU, _ZERO)
    if total == 0 or body == 0:
        return False
    fat = _between(counts, *t.FAT_HU)
    tissue = _between(counts, t.FAT_HU[0], t.SOFT_TISSUE_HU[1])
    if tissue < t.MIN_TISSUE_FRACTION * body or fat < t.MIN_FAT_FRACTION * body:
        return False
    if not t.FAT_HU[0] <= tissue_mode_hu(counts) <= t.SOFT_TISSUE_HU[1]:
        return False
    if _between(counts, -_ZERO, t.LOWEST_MEASURED_HU) > t.MAX_BELOW_AIR_FRACTION * total:
        return False
    return not (_misplaced_air(counts) or _mirrored(counts))


def tissue_mode_hu(counts: np.ndarray) -> int:
    """The most frequent value between -300 and 2000 HU, after smoothing."""
    return _smoothed_mode(counts, t.BODY_ABOVE_HU, 2000)[0]


def _misplaced_air(counts: np.ndarray) -> bool:
    """A narrow peak with at least 5 % of all voxels at -800 to -200 HU (scaled) or 800 to 1200 HU (inverted).

    Lung is broad: over 80 HU around its peak it holds under 60 % of what lies within 300 HU of it.
    """
    total = counts.sum()
    for low, high in ((-800, -200), (800, 1200)):
        mode, _ = _smoothed_mode(counts, low, high)
        near = _between(counts, mode - 40, mode + 40)
        if near >= t.MISPLACED_AIR_FRACTION * total and near > 0.6 * _between(counts, mode - 150, mode + 150):
            return True
    return False


def _mirrored(counts: np.ndarray) -> bool:
    """At least 5 % of all voxels at 700 to 1200 HU, and more than at 200 to 700 HU: inverted air and lung, not bone."""
    dense = _between(counts, 700, 1200)
    return dense >= t.MISPLACED_AIR_FRACTION * counts.sum() and dense > _between(counts, 200, 700)


def _smoothed_mode(counts: np.ndarray, low: int, high: int) -> tuple[int, float]:
    """Place and height of the highest point of the smoothed counts in [low, high)."""
    reach = 3 * t.HISTOGRAM_SMOOTHING_HU
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / t.HISTOGRAM_SMOOTHING_HU) ** 2)
    piece = counts[low + _ZERO - reach : high + _ZERO + reach]
    smooth = np.convolve(piece, kernel / kernel.sum(), mode="valid")
    place = int(np.argmax(smooth))
    return low + place, float(smooth[place])


def _between(counts: np.ndarray, low: int, high: int) -> float:
    """Sum of the counts of low <= value < high."""
    return float(counts[low + _ZERO : high + _ZERO].sum())
