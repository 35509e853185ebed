"""Features of matrices that count something by grey level and size: runs, zones and dependences.

The same sixteen formulas serve the grey level run length (GLRLM), size zone (GLSZM) and dependence (GLDM) matrices
(Galloway 1975, Thibault et al. 2009, Sun and Wee 1983).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_EPS = float(np.spacing(1))


@dataclass(frozen=True, eq=False)
class SizeCounts:
    """The cells of a matrix that are not empty.

    Attributes:
        level: (m,) grey level of each cell.
        size: (m,) size (run length, zone size, dependence) of each cell.
        count: (m,) how often.
    """

    level: np.ndarray
    size: np.ndarray
    count: np.ndarray

    @classmethod
    def of_codes(cls, codes: np.ndarray, present: np.ndarray, width: int) -> SizeCounts:
        """From codes ``index * width + size``, where index is 1 + the position of the level in ``present``."""
        if len(codes) and int(codes.max()) < 4_000_000:
            counts = np.bincount(codes)
            cells = np.flatnonzero(counts)
            count = counts[cells]
        else:
            cells, count = np.unique(codes, return_counts=True)
        return cls(present[cells // width - 1], cells % width, count)

    @classmethod
    def of_matrix(cls, matrix: np.ndarray, present: np.ndarray) -> SizeCounts:
        """From (L, longest) counts of each level that is present and each size from 1 on."""
        level, size = np.nonzero(matrix)
        return cls(present[level], size + 1, matrix[level, size])


def size_features(cells: SizeCounts) -> dict[str, float]:
    """Every formula by a neutral name; the classes choose and rename.

    ``Size`` stands for run length, zone size or dependence: SmallEmphasis, LargeEmphasis, LevelNonUniformity,
    LevelNonUniformityNormalized, SizeNonUniformity, SizeNonUniformityNormalized, Percentage, LevelVariance,
    SizeVariance, Entropy, LowLevelEmphasis, HighLevelEmphasis, SmallLow, SmallHigh, LargeLow, LargeHigh.
    """
    level, size = cells.level.astype(np.float64), cells.size.astype(np.float64)
    count = cells.count.astype(np.float64)
    total = count.sum()
    share = count / total
    by_level = np.bincount(cells.level, weights=count)
    by_size = _grouped(cells.size, count)
    level2, size2 = level**2, size**2
    level_squares, size_squares = float(by_level @ by_level), float(by_size @ by_size)
    return {
        "SmallEmphasis": float(np.sum(count / size2)) / total,
        "LargeEmphasis": float(count @ size2) / total,
        "LevelNonUniformity": level_squares / total,
        "LevelNonUniformityNormalized": level_squares / total**2,
        "SizeNonUniformity": size_squares / total,
        "SizeNonUniformityNormalized": size_squares / total**2,
        "Percentage": total / float(count @ size),
        "LevelVariance": float(share @ (level - share @ level) ** 2),
        "SizeVariance": float(share @ (size - share @ size) ** 2),
        "Entropy": -float(np.sum(share * np.log2(share + _EPS))),
        "LowLevelEmphasis": float(np.sum(count / level2)) / total,
        "HighLevelEmphasis": float(count @ level2) / total,
        "SmallLow": float(np.sum(count / (level2 * size2))) / total,
        "SmallHigh": float(np.sum(count * level2 / size2)) / total,
        "LargeLow": float(np.sum(count * size2 / level2)) / total,
        "LargeHigh": float(np.sum(count * (size2 * level2))) / total,
    }


def _grouped(keys: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum of the weights of equal keys; keys may be as large as a region has voxels."""
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    return np.add.reduceat(weights[order], starts)
