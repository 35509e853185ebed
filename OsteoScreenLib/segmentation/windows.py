"""Running a network on a grid of any size: at once where it is small enough, else by overlapping windows."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if

_OVERLAP = 0.4
"""Least share of a window that its neighbour covers as well."""
_BELL = 0.25
"""Standard deviation of a window's weight, relative to its size."""

Size = tuple[int, int, int]


class RunnableNetwork(Protocol):
    """What this room needs of a network."""

    def run(self, array: np.ndarray) -> np.ndarray:
        """Logits (1, channels, z, y, x) of a float32 (1, 1, z, y, x) window."""
        ...


def window_size(shape: Size, largest: Size | None, max_voxels: int, multiple_of: int) -> Size:
    """The largest window that fits a grid, a size and a number of voxels; its longest side gives way first.

    Args:
        shape: of the grid, multiples of ``multiple_of``. largest: size that is not exceeded, or None.
        max_voxels: voxels that are not exceeded, as far as the sides stay at two multiples or more.
        multiple_of: what each side is a multiple of.
    """
    size = list(shape)
    if largest is not None:
        size = [min(n, max(1, bound // multiple_of) * multiple_of) for n, bound in zip(size, largest, strict=True)]
    while math.prod(size) > max_voxels and max(size) > 2 * multiple_of:
        size[size.index(max(size))] -= multiple_of
    return size[0], size[1], size[2]


def probabilities(
    network: RunnableNetwork,
    image: np.ndarray,
    window: Size,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> np.ndarray:
    """Probabilities of a network's channels: softmax of several logits, sigmoid of a single one.

    Windows overlap and are blended with Gaussian weights.

    Args:
        network: to run. image: float32 (z, y, x), normalised. window: size of a window, at most the image's.
        progress, cancelled: told and asked between windows.

    Returns:
        float32 (channels, z, y, x).

    Raises:
        CancelledError: the user asked to stop.
    """
    if window == image.shape:
        stop_if(cancelled)
        return _activated(network.run(np.ascontiguousarray(image[None, None]))[0])
    places = [
        (z, y, x)
        for z in _starts(image.shape[0], window[0])
        for y in _starts(image.shape[1], window[1])
        for x in _starts(image.shape[2], window[2])
    ]
    bell = _bell(window)
    total = np.zeros(image.shape, np.float32)
    result = None
    for number, (z, y, x) in enumerate(places):
        stop_if(cancelled)
        progress(number / len(places), "Looking for the femora")
        part = (slice(z, z + window[0]), slice(y, y + window[1]), slice(x, x + window[2]))
        found = _activated(network.run(np.ascontiguousarray(image[part][None, None]))[0])
        if result is None:
            result = np.zeros((found.shape[0], *image.shape), np.float32)
        result[:, part[0], part[1], part[2]] += found * bell
        total[part] += bell
    assert result is not None  # there is at least one window
    result /= total
    return result


def _activated(logits: np.ndarray) -> np.ndarray:
    """Softmax over several channels, sigmoid of one."""
    if logits.shape[0] == 1:
        return 1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0)))
    powers = np.exp(logits - logits.max(axis=0))
    return powers / powers.sum(axis=0)


def _starts(length: int, window: int) -> list[int]:
    """First voxels of windows that cover a length evenly."""
    if window >= length:
        return [0]
    count = math.ceil((length - window) / (window * (1 - _OVERLAP))) + 1
    return [round(place) for place in np.linspace(0, length - window, count)]


def _bell(window: Size) -> np.ndarray:
    """(z, y, x) float32 weights, largest in the middle and never zero."""
    sides = []
    for size in window:
        place = (np.arange(size) - (size - 1) / 2) / (_BELL * size)
        sides.append(np.exp(-0.5 * place**2).astype(np.float32))
    return sides[0][:, None, None] * sides[1][:, None] * sides[2]
