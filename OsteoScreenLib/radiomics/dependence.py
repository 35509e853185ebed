"""Grey level dependence (GLDM): how many neighbours are like a voxel."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.radiomics.discretisation import Levels
from OsteoScreenLib.radiomics.region import Region
from OsteoScreenLib.radiomics.size_features import SizeCounts, size_features
from OsteoScreenLib.radiomics.texture_options import TextureOptions

NAMES = {
    "DependenceEntropy": "Entropy",
    "DependenceNonUniformity": "SizeNonUniformity",
    "DependenceNonUniformityNormalized": "SizeNonUniformityNormalized",
    "DependenceVariance": "SizeVariance",
    "GrayLevelNonUniformity": "LevelNonUniformity",
    "GrayLevelVariance": "LevelVariance",
    "HighGrayLevelEmphasis": "HighLevelEmphasis",
    "LargeDependenceEmphasis": "LargeEmphasis",
    "LargeDependenceHighGrayLevelEmphasis": "LargeHigh",
    "LargeDependenceLowGrayLevelEmphasis": "LargeLow",
    "LowGrayLevelEmphasis": "LowLevelEmphasis",
    "SmallDependenceEmphasis": "SmallEmphasis",
    "SmallDependenceHighGrayLevelEmphasis": "SmallHigh",
    "SmallDependenceLowGrayLevelEmphasis": "SmallLow",
}
"""PyRadiomics' name of each feature, and its formula in :mod:`size_features`."""

FEATURES = tuple(NAMES)
NOT_COMPUTED = ("GrayLevelNonUniformityNormalized", "DependencePercentage")


def dependence_features(region: Region, levels: Levels, options: TextureOptions) -> dict[str, float]:
    """The 14 GLDM features (Sun and Wee 1983); a voxel counts as its own dependent, as in PyRadiomics."""
    dependents = dependent_neighbours(region, levels, options)
    offsets = len(region.directions(options.distances, options.flat_axis, both_ways=True))
    width = offsets + 2
    codes = levels.index.astype(np.int64) * width + dependents + 1
    found = size_features(SizeCounts.of_codes(codes, levels.present, width))
    return {name: found[formula] for name, formula in NAMES.items()}


def dependent_neighbours(region: Region, levels: Levels, options: TextureOptions) -> np.ndarray:
    """(n,) neighbours whose level differs by no more than ``options.dependence``."""
    reach = max(options.distances)
    if options.dependence == 0:
        padded = region.padded(levels.index, reach)
        offsets = region.directions(options.distances, options.flat_axis)
        count = np.zeros(len(padded.dense), dtype=np.uint8 if 2 * len(offsets) < 256 else np.uint16)
        for offset in offsets:
            step, same = padded.step(offset), padded.alike(offset)
            count[:-step] += same
            count[step:] += same
        return count.take(padded.places)
    grey = levels.grey.astype(np.int32)
    padded = region.padded(grey, reach)
    count = np.zeros(region.size, dtype=np.int32)
    for offset in region.directions(options.distances, options.flat_axis, both_ways=True):
        other = padded.neighbours(offset)
        count += (other > 0) & (np.abs(other - grey) <= options.dependence)
    return count
