"""What the tables of a study need: Markdown, quartiles, correlations, bins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; None becomes a dash, and a line that would break a cell becomes a slash."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows:
        cells = ("-" if cell is None else str(cell).replace("|", "/") for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def shown(value: float | None, digits: int = 3) -> str:
    """A number with so many decimals, a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"


def median_and_quartiles(values: Sequence[float], digits: int = 3) -> str:
    """``median (first to third quartile)``; a dash where there are no values."""
    if len(values) == 0:
        return "-"
    low, middle, high = (float(v) for v in np.percentile(values, [25, 50, 75]))
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing."""
    return float(np.mean(values)) if len(values) else None


def pearson(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Pearson's correlation; None where it is not defined: under three pairs, or a side that does not vary."""
    a, b = np.asarray(first, float), np.asarray(second, float)
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation, ties with their mean rank; None where Pearson's would be."""
    return pearson(ranks(first), ranks(second))


def ranks(values: Sequence[float]) -> list[float]:
    """Rank of each value from 1 upwards; equal values share the mean of their ranks."""
    array = np.asarray(values, float)
    _, member, counts = np.unique(array, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return [float(rank) for rank in (last - (counts - 1) / 2)[member]]


def by_bins(
    estimated: Sequence[float], true: Sequence[float], edges: Sequence[float]
) -> list[tuple[str, int, float | None, float | None]]:
    """Calibration: pairs by the bin of their estimate: name of the bin, count, mean estimate, mean truth.

    Args:
        edges: rising; a bin holds its lower edge, and the last one its upper edge too.
    """
    x, y = np.asarray(estimated, float), np.asarray(true, float)
    found = []
    for number, (low, high) in enumerate(pairwise(edges)):
        last = number == len(edges) - 2
        inside = (x >= low) & ((x <= high) if last else (x < high))
        found.append((f"{low:g} to {high:g}", int(inside.sum()), mean(x[inside].tolist()), mean(y[inside].tolist())))
    return found
