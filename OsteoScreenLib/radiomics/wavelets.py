"""Stationary wavelet bands, one at a time, equal to PyRadiomics' (PyWavelets' transform without decimation)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pywt


def bands(
    array: np.ndarray, wavelet: pywt.Wavelet, axes: Sequence[int], levels: int, first_level: int
) -> Iterator[tuple[str, np.ndarray]]:
    """The detail bands of each level and, last, the approximation.

    Each level filters the approximation of the one before it with the same filter: PyRadiomics does not widen it. The
    transform wants even sizes, so an odd axis is lengthened by its first voxel and cut again.

    Args:
        array: (z, y, x); beyond its ends the transform goes on with the other end.
        axes: to filter along, in the order of the letters in the names.
        levels: number of levels told. first_level: number of levels gone through before.

    Yields:
        (name, (z, y, x) array of the input's size): ``wavelet-LLH`` of the first level told, ``wavelet2-LLH`` of the
        second.
    """
    cut = tuple(slice(0, n) for n in array.shape)
    data = np.pad(array, [(0, n % 2) for n in array.shape], "wrap")
    low = "L" * len(axes)
    for _ in range(first_level):
        data = _approximation(data, wavelet, axes)
    for level in range(1, levels + 1):
        approximation = data
        for band, part in _tree(data, wavelet, axes, ""):
            if band == low:
                approximation = part
            else:
                yield _name(level, band), part[cut]
        data = approximation
    yield _name(levels, low), data[cut]


def band_names(n_axes: int, levels: int) -> list[str]:
    """The names that :func:`bands` tells, in its order."""
    letters = ["".join(band) for band in itertools.product("LH", repeat=n_axes)]
    details = [_name(level, band) for level in range(1, levels + 1) for band in letters[1:]]
    return [*details, _name(levels, letters[0])]


def _name(level: int, band: str) -> str:
    return f"wavelet{level if level > 1 else ''}-{band}"


def _tree(data: np.ndarray, wavelet: pywt.Wavelet, axes: Sequence[int], done: str) -> Iterator[tuple[str, np.ndarray]]:
    """Both halves along the first axis, each divided along the others in turn: few arrays exist at a time."""
    import pywt

    if not axes:
        yield done, data
        return
    halves = dict(zip("LH", pywt.swt(data, wavelet, level=1, axis=axes[0])[0], strict=True))
    del data
    for letter in "LH":
        yield from _tree(halves.pop(letter), wavelet, axes[1:], done + letter)


def _approximation(data: np.ndarray, wavelet: pywt.Wavelet, axes: Sequence[int]) -> np.ndarray:
    import pywt

    for axis in axes:
        data = pywt.swt(data, wavelet, level=1, axis=axis)[0][0]
    return data
