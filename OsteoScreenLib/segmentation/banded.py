"""Sampling along one axis of an array as a product with a banded matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_CHUNK = 4
"""Outputs per block. Small blocks waste little on zeros, and their products stay under the size (m n k = 262,144) from
which OpenBLAS wakes further threads; those wait long for each other where other programs use the processor."""
_BORDER = 1e-6


@dataclass(frozen=True, eq=False)
class Banded:
    """A matrix that is zero away from a band, kept as blocks.

    Attributes:
        blocks: outputs (start, stop), inputs (start, stop), and the float32 weights (outputs, inputs) between them.
        inside: (m,) whether each output lies within the input's voxels, borders included; others have no weights.
    """

    blocks: tuple[tuple[slice, slice, np.ndarray], ...]
    inside: np.ndarray

    @classmethod
    def sampling(cls, n: int, positions: np.ndarray, sigma: float) -> Banded:
        """Blur with a Gaussian, then linear interpolation; beyond the ends the end values go on.

        Args:
            n: inputs.
            positions: (m,) fractional input index of each output, rising or falling.
            sigma: standard deviation in voxels; 0 for no blur. The Gaussian ends at 3 sigma.
        """
        reach = int(3 * sigma + 0.5)
        offsets = np.arange(-reach, reach + 1)
        bell = np.exp(-0.5 * (offsets / sigma) ** 2) if sigma > 0 else np.ones(1)
        bell /= bell.sum()
        lower = np.floor(positions)
        share = positions - lower
        inside = (positions >= -0.5 - _BORDER) & (positions <= n - 0.5 + _BORDER)
        blocks = []
        for first in range(0, positions.size, _CHUNK):
            outputs = slice(first, min(first + _CHUNK, positions.size))
            start = np.clip(lower[outputs].min() - reach, 0, n - 1)
            stop = np.clip(lower[outputs].max() + reach + 1, 0, n - 1) + 1
            weights = np.zeros((outputs.stop - first, int(stop - start)), np.float32)
            for row, place in enumerate(range(first, outputs.stop)):
                if inside[place]:
                    for side, part in ((0, 1.0 - share[place]), (1, share[place])):
                        index = np.clip(lower[place] + side + offsets, 0, n - 1) - start
                        np.add.at(weights[row], index.astype(int), part * bell)
            blocks.append((outputs, slice(int(start), int(stop)), weights))
        return cls(tuple(blocks), inside)

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.inside.size)

    def rows(self, wanted: slice) -> Banded:
        """The matrix of some of the outputs."""
        blocks = []
        for outputs, inputs, weights in self.blocks:
            first, last = max(outputs.start, wanted.start), min(outputs.stop, wanted.stop)
            if first < last:
                part = weights[first - outputs.start : last - outputs.start]
                blocks.append((slice(first - wanted.start, last - wanted.start), inputs, part))
        return Banded(tuple(blocks), self.inside[wanted])


def along_axis_0(array: np.ndarray, matrix: Banded) -> np.ndarray:
    """Sample a float32 (n, b, c) array along its first axis: (m, b, c)."""
    return along_axis_1(array.transpose(1, 0, 2), matrix).transpose(1, 0, 2)


def along_axis_1(array: np.ndarray, matrix: Banded) -> np.ndarray:
    """Sample a float32 (a, n, c) array along its second axis: (a, m, c)."""
    result = np.empty((array.shape[0], matrix.outputs, array.shape[2]), np.float32)
    for outputs, inputs, weights in matrix.blocks:
        result[:, outputs] = weights @ array[:, inputs]
    return result


def along_axis_2(array: np.ndarray, matrix: Banded) -> np.ndarray:
    """Sample a float32 (a, b, n) array along its last axis: (a, b, m)."""
    result = np.empty((*array.shape[:2], matrix.outputs), np.float32)
    for outputs, inputs, weights in matrix.blocks:
        result[..., outputs] = array[..., inputs] @ weights.T
    return result
