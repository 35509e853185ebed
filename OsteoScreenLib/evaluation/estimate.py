"""A figure with its confidence interval, and the exact interval of a proportion."""

from __future__ import annotations

from dataclasses import dataclass

CONFIDENCE = 0.95
"""Of every interval of a study."""


@dataclass(frozen=True)
class Estimate:
    """A figure and the bounds of its interval; each None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None


def proportion(k: int, n: int, confidence: float = CONFIDENCE) -> Estimate:
    """Share of k in n with its exact interval (Clopper and Pearson 1934, by quantiles of the beta distribution).

    Assumes independent cases. Without cases (n = 0) nothing is defined.

    Raises:
        ValueError: k is not between 0 and n.
    """
    from scipy.stats import beta

    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no proportion")
    if n == 0:
        return Estimate(None)
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, k, n - k + 1)) if k > 0 else 0.0
    high = float(beta.ppf(1 - tail, k + 1, n - k)) if k < n else 1.0
    return Estimate(k / n, low, high)
