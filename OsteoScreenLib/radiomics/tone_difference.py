"""Neighbouring grey tone difference (NGTDM): how far a voxel is from the mean of its neighbours."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.radiomics.discretisation import Levels
from OsteoScreenLib.radiomics.region import Region
from OsteoScreenLib.radiomics.texture_options import TextureOptions

FEATURES = ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")


def tone_difference_features(region: Region, levels: Levels, options: TextureOptions) -> dict[str, float]:
    """The 5 NGTDM features (Amadasun and King 1989), with PyRadiomics' values where a divisor is 0."""
    differences = _differences(region, levels, options)
    return features_of(levels.histogram().astype(np.float64), differences, levels.present.astype(np.float64))


def _differences(region: Region, levels: Levels, options: TextureOptions) -> np.ndarray:
    """(L,) sum over the voxels of each level of |level - mean of the neighbours|; 0 for a voxel without neighbours."""
    reach = max(options.distances)
    grey = levels.grey.astype(np.uint16 if levels.highest < 65536 else np.int64)
    total = region.padded(grey, reach).neighbour_sums(options.distances, options.flat_axis)
    number = region.neighbour_counts(options.distances, options.flat_axis)
    off = total / np.maximum(number, 1)  # in place from here on: these are the largest arrays of all
    np.abs(np.subtract(grey, off, out=off), out=off)
    off[number == 0] = 0.0
    return np.bincount(levels.index, weights=off, minlength=levels.count + 1)[1:]


def features_of(number: np.ndarray, differences: np.ndarray, level: np.ndarray) -> dict[str, float]:
    """The features from the matrix: voxels, summed differences and grey level of each level that occurs."""
    voxels = number.sum()
    share = number / voxels
    weighted = share * differences
    coarseness = float(weighted.sum())
    total = float(differences.sum())
    n = len(level)
    apart = level[:, None] - level[None, :]
    both = share[:, None] + share[None, :]
    spread = float(share @ apart**2 @ share) * total / voxels
    busy = float(np.abs((level * share)[:, None] - (level * share)[None, :]).sum())
    complexity = np.abs(apart) * (weighted[:, None] + weighted[None, :]) / both
    return {
        "Busyness": coarseness / busy if busy != 0 else 0.0,
        "Coarseness": 1 / coarseness if coarseness != 0 else 1e6,
        "Complexity": float(complexity.sum()) / voxels,
        "Contrast": spread / (n * (n - 1)) if n > 1 else 0.0,
        "Strength": float((both * apart**2).sum()) / total if total != 0 else 0.0,
    }
