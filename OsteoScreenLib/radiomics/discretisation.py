"""Grey levels: how continuous values fall into bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.errors import InputError

DEFAULT_BIN_WIDTH = 25
MAX_LEVELS = 2500
"""More different grey levels in one region than this are refused: a co-occurrence matrix of all would not fit."""


@dataclass(frozen=True, eq=False)
class Levels:
    """The discretised voxels of a region.

    Attributes:
        present: (L,) the grey levels that occur, ascending, from 1 on.
        index: (n,) for each voxel, 1 + the position of its level in ``present``; uint8 or uint16, 0 is left for
            "outside".
    """

    present: np.ndarray
    index: np.ndarray

    @property
    def count(self) -> int:
        """L, how many different levels occur."""
        return len(self.present)

    @property
    def highest(self) -> int:
        """The highest level that occurs (PyRadiomics' Ng)."""
        return int(self.present[-1])

    @property
    def grey(self) -> np.ndarray:
        """(n,) each voxel's grey level."""
        return self.present[self.index - 1]

    def histogram(self) -> np.ndarray:
        """(L,) voxels of each level that occurs."""
        return np.bincount(self.index, minlength=self.count + 1)[1:]


def discretise(
    values: np.ndarray,
    *,
    bin_width: float | None = None,
    bin_count: int | None = None,
    lowest: float | None = None,
    ibsi: bool = False,
) -> Levels:
    """Grey levels of the voxels of a region.

    With a bin width, bins start at multiples of it (PyRadiomics), or at ``lowest`` (IBSI's fixed bin size, where the
    region was resegmented). With a bin count, the range of values is divided into as many bins.

    Args:
        values: (n,) finite.
        bin_width: in the unit of the values; 25 where neither it nor ``bin_count`` is given.
        bin_count: number of bins; goes before the width.
        lowest: lower bound of the first bin, IBSI only; the smallest value where None.

    Raises:
        InputError: ``too_many_grey_levels``.
    """
    if ibsi:
        grey = _ibsi_levels(values, bin_width or DEFAULT_BIN_WIDTH, bin_count, lowest)
    else:
        grey = np.digitize(values, bin_edges(values, bin_width, bin_count))
    return levels_of(grey)


def bin_edges(values: np.ndarray, bin_width: float | None = None, bin_count: int | None = None) -> np.ndarray:
    """Edges of the bins as PyRadiomics draws them: half open, one edge beyond the largest value.

    Raises:
        InputError: ``too_many_grey_levels``.
    """
    if bin_count is not None:
        edges = np.histogram_bin_edges(values, bin_count)
        edges[-1] += 1  # the largest value belongs to the last bin
        return edges
    width = DEFAULT_BIN_WIDTH if bin_width is None else bin_width
    low, high = values.min(), values.max()
    if values.dtype.kind in "iu":  # in Python's numbers: a 16-bit sum could overflow
        low, high = int(low), int(high)
    if float(high) - float(low) > 20 * MAX_LEVELS * width:
        raise _too_many(int((float(high) - float(low)) / width))
    edges = np.arange(low - low % width, high + 2 * width, width)
    return edges if len(edges) > 1 else np.array([edges[0] - 0.5, edges[0] + 0.5])


def levels_of(grey: np.ndarray) -> Levels:
    """Levels from whole numbers of at least 1.

    Raises:
        InputError: ``too_many_grey_levels``.
    """
    counts = np.bincount(grey)
    present = np.flatnonzero(counts)
    if len(present) > MAX_LEVELS:
        raise _too_many(len(present))
    small = np.uint8 if len(present) < 255 else np.uint16
    position = np.zeros(len(counts), dtype=small)
    position[present] = np.arange(1, len(present) + 1, dtype=small)
    return Levels(present, position.take(grey))


def _ibsi_levels(values: np.ndarray, width: float, count: int | None, lowest: float | None) -> np.ndarray:
    """IBSI reference manual (Zwanenburg et al. 2016, v11), section 2.7: fixed bin number and fixed bin size."""
    values = values.astype(np.float64)
    if count is not None:
        low, high = values.min(), values.max()
        if high <= low:
            return np.ones(len(values), dtype=np.intp)
        return np.minimum(np.floor(count * (values - low) / (high - low)).astype(np.intp) + 1, count)
    low = values.min() if lowest is None else lowest
    if (values.max() - low) / width > 20 * MAX_LEVELS:
        raise _too_many(int((values.max() - low) / width))
    return np.floor((values - low) / width).astype(np.intp) + 1


def _too_many(n: int) -> InputError:
    return InputError(
        f"The region has {n} grey levels with this bin width; at most {MAX_LEVELS} can be counted",
        next_step="Give a larger binWidth, or a binCount.",
        code="too_many_grey_levels",
    )
