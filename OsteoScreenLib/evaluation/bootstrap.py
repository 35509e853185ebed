"""Confidence intervals by resampling whole patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 2000
"""Enough for a 95 % interval (Efron and Tibshirani 1993, section 13.3: 1000 or more)."""


def bootstrap_mean(
    values: Sequence[float], groups: Sequence[str], seed: int, resamples: int = RESAMPLES, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Percentile bootstrap interval of a mean; groups are drawn with replacement, each with all its values.

    The two femora of a patient are alike, so that drawing them one by one would make the interval too narrow.

    Args:
        values: measurements. groups: the patient of each.
        seed: of the random numbers.

    Returns:
        (low, high), or None where there are fewer than two groups.

    Raises:
        ValueError: values and groups differ in number.
    """
    if len(values) != len(groups):
        raise ValueError(f"{len(values)} values of {len(groups)} groups")
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if len(names) < 2:
        return None
    sums = np.bincount(member, weights=np.asarray(values, dtype=float))
    counts = np.bincount(member)
    drawn = np.random.default_rng(seed).integers(0, len(names), (resamples, len(names)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [50 * (1 - confidence), 50 * (1 + confidence)])
    return float(low), float(high)
