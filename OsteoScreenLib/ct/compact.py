"""The smallest array type that holds every voxel value exactly."""

from __future__ import annotations

import numpy as np

_INT16 = np.iinfo(np.int16)


def fits_int16(values: np.ndarray) -> bool:
    """Whether every value is a whole number within int16 (NaN and infinities are not)."""
    if values.size == 0 or values.dtype == np.int16:
        return True
    low, high = values.min(), values.max()
    if not (low >= _INT16.min and high <= _INT16.max):  # also False where a NaN is involved
        return False
    return values.dtype.kind in "iub" or bool(np.all(values == np.rint(values)))


def compact(values: np.ndarray) -> np.ndarray:
    """A read-only, contiguous copy as int16, float32 or float64: the first that holds every value exactly.

    Args:
        values: (z, y, x) array of any real type. It is read slice by slice to bound the memory.
    """
    if all(fits_int16(plane) for plane in values):
        result = values.astype(np.int16)
    elif all(_fits_float32(plane) for plane in values):
        result = values.astype(np.float32)
    else:
        result = values.astype(np.float64)
    result.setflags(write=False)
    return result


def _fits_float32(values: np.ndarray) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(
            np.array_equal(values.astype(np.float32).astype(np.float64), values.astype(np.float64), equal_nan=True)
        )
