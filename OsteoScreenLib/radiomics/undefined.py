"""Averages that leave out what is not defined, without a warning on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def mean_of_defined(values: Sequence[float] | np.ndarray) -> float:
    """Mean of the values that are numbers; NaN where none is."""
    array = np.asarray(values, dtype=np.float64)
    defined = array[~np.isnan(array)]
    return float(defined.mean()) if len(defined) else float("nan")
