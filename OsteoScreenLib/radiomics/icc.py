"""Agreement of repeated measurements: the intraclass correlation coefficient ICC(2,1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Agreement:
    """ICC(2,1) with its interval.

    Attributes:
        icc: two-way random effects, absolute agreement, one measurement; NaN where nothing varies.
        low, high: bounds of the interval; NaN where they are not defined.
    """

    icc: float
    low: float
    high: float


def icc_2_1(values: np.ndarray, confidence: float = 0.95) -> Agreement:
    """How well one measurement of a subject stands for any other.

    Shrout and Fleiss 1979, case 2, single rating; interval of McGraw and Wong 1996, table 7, ICC(A,1).

    Args:
        values: (subjects, measurements), at least 2 x 2, finite.
        confidence: of the interval.

    Raises:
        ValueError: too few subjects or measurements, or values that are not numbers.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or min(values.shape) < 2:
        raise ValueError("agreement wants at least two subjects and two measurements of each")
    if not np.isfinite(values).all():
        raise ValueError("agreement wants numbers")
    n, k = values.shape
    centred = values - values.mean()
    scale = np.abs(centred).max()
    if scale <= 1e-12 * np.abs(values).max(initial=0.0) or scale == 0:
        return Agreement(float("nan"), float("nan"), float("nan"))
    centred = centred / scale  # squares of very large or small features would leave the range of numbers
    rows, columns = centred.mean(axis=1), centred.mean(axis=0)
    residual = centred - rows[:, None] - columns[None, :]
    ms_rows = k * float(rows @ rows) / (n - 1)
    ms_columns = n * float(columns @ columns) / (k - 1)
    ms_error = float((residual**2).sum()) / ((n - 1) * (k - 1))
    icc = (ms_rows - ms_error) / (ms_rows + (k - 1) * ms_error + k * (ms_columns - ms_error) / n)
    low, high = _interval(icc, ms_rows, ms_columns, ms_error, n, k, confidence)
    return Agreement(icc, low, high)


def _interval(
    icc: float, rows: float, columns: float, error: float, n: int, k: int, confidence: float
) -> tuple[float, float]:
    from scipy.stats import f as f_distribution

    if error <= 0 or icc >= 1:
        return icc, icc
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    freedom = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    tail = 1 - (1 - confidence) / 2
    lower = f_distribution.ppf(tail, n - 1, freedom)
    upper = f_distribution.ppf(tail, freedom, n - 1)
    between = k * columns + (k * n - k - n) * error
    low = n * (rows - lower * error) / (lower * between + n * rows)
    high = n * (upper * rows - error) / (between + n * upper * rows)
    return float(low), float(min(high, 1.0))
