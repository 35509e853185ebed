"""Bring arrays from one evenly spaced line to another, along any axis.

Written without matrix products: their own threads would fight with the scanner's.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class Interpolation:
    """Linear interpolation from evenly spaced places onto others; beyond the ends the last value holds.

    Args:
        source: (n,) ascending places. target: (m,) places.
    """

    def __init__(self, source: np.ndarray, target: np.ndarray) -> None:
        step = float(source[1] - source[0]) if len(source) > 1 else 1.0
        place = np.clip((np.asarray(target) - source[0]) / step, 0, len(source) - 1)
        self.low = np.minimum(place.astype(np.intp), max(len(source) - 2, 0))
        self.high = np.minimum(self.low + 1, len(source) - 1)
        self.share = (place - self.low).astype(np.float32)

    def along(self, values: np.ndarray, axis: int) -> np.ndarray:
        """float32 values with that axis resampled."""
        shape = [1] * values.ndim
        shape[axis] = len(self.share)
        share = self.share.reshape(shape)
        result = np.take(values, self.high, axis=axis)
        low = np.take(values, self.low, axis=axis)
        result -= low
        result *= share
        result += low
        return result

    def at(self, values: np.ndarray, k: int) -> np.ndarray:
        """The values along the first axis, interpolated to target k."""
        share = self.share[k]
        if share == 0:
            return values[self.low[k]]
        result: np.ndarray = values[self.low[k]] * (1 - share) + values[self.high[k]] * share
        return result


class Averaging:
    """Mean over the cells of a coarser line; what the source does not reach counts as 0.

    Args:
        source, source_step: cell centres and cell width. target, target_step: of the coarser line.
    """

    def __init__(self, source: np.ndarray, source_step: float, target: np.ndarray, target_step: float) -> None:
        from scipy.sparse import csr_matrix

        low = np.maximum(target[:, None] - target_step / 2, source[None, :] - source_step / 2)
        high = np.minimum(target[:, None] + target_step / 2, source[None, :] + source_step / 2)
        self._weights: Any = csr_matrix((np.clip(high - low, 0, None) / target_step).astype(np.float32))

    def along(self, values: np.ndarray, axis: int) -> np.ndarray:
        """float32 values with that axis averaged."""
        first = np.ascontiguousarray(np.moveaxis(values, axis, 0), dtype=np.float32)
        mean = self._weights @ first.reshape(len(first), -1)
        return np.moveaxis(mean.reshape(-1, *first.shape[1:]), 0, axis)
