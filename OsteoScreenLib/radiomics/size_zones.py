"""Grey level size zones (GLSZM): how large connected zones of one level are."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.radiomics.discretisation import Levels
from OsteoScreenLib.radiomics.region import Region
from OsteoScreenLib.radiomics.size_features import SizeCounts, size_features
from OsteoScreenLib.radiomics.texture_options import TextureOptions

NAMES = {
    "GrayLevelNonUniformity": "LevelNonUniformity",
    "GrayLevelNonUniformityNormalized": "LevelNonUniformityNormalized",
    "GrayLevelVariance": "LevelVariance",
    "HighGrayLevelZoneEmphasis": "HighLevelEmphasis",
    "LargeAreaEmphasis": "LargeEmphasis",
    "LargeAreaHighGrayLevelEmphasis": "LargeHigh",
    "LargeAreaLowGrayLevelEmphasis": "LargeLow",
    "LowGrayLevelZoneEmphasis": "LowLevelEmphasis",
    "SizeZoneNonUniformity": "SizeNonUniformity",
    "SizeZoneNonUniformityNormalized": "SizeNonUniformityNormalized",
    "SmallAreaEmphasis": "SmallEmphasis",
    "SmallAreaHighGrayLevelEmphasis": "SmallHigh",
    "SmallAreaLowGrayLevelEmphasis": "SmallLow",
    "ZoneEntropy": "Entropy",
    "ZonePercentage": "Percentage",
    "ZoneVariance": "SizeVariance",
}
"""PyRadiomics' name of each feature, and its formula in :mod:`size_features`."""

FEATURES = tuple(NAMES)


def size_zone_features(region: Region, levels: Levels, options: TextureOptions) -> dict[str, float]:
    """The 16 GLSZM features; neighbours are the 26 round a voxel (8 in a slice where extraction is 2D)."""
    index, size = zones(region, levels, options.flat_axis)
    width = region.size + 1
    cells = SizeCounts.of_codes(index.astype(np.int64) * width + size, levels.present, width)
    found = size_features(cells)
    return {name: found[formula] for name, formula in NAMES.items()}


def zones(region: Region, levels: Levels, flat_axis: int | None) -> tuple[np.ndarray, np.ndarray]:
    """(level index, number of voxels) of every zone of equal level.

    All levels at once: runs of equal level along a row are the nodes of a graph, runs of one level that touch are its
    edges, and its connected components are the zones.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    node, first = _row_runs(region, levels, flat_axis)
    edges = _edges(region, levels, flat_axis, node)
    n = len(first)
    lengths = np.diff(first, append=region.size)
    if len(edges[0]) == 0:
        return levels.index[first], lengths
    graph = coo_array((np.ones(len(edges[0]), dtype=np.uint8), edges), shape=(n, n))
    n_zones, zone = connected_components(graph, directed=False)
    sizes = np.bincount(zone, weights=lengths, minlength=n_zones).astype(np.int64)
    index = np.empty(n_zones, dtype=levels.index.dtype)
    index[zone] = levels.index[first]
    return index, sizes


def _row_runs(region: Region, levels: Levels, flat_axis: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The run of equal level along x that each voxel belongs to, and each run's first voxel, in raster order."""
    if flat_axis == 2:
        everyone = np.arange(region.size, dtype=np.int32)
        return everyone, everyone
    places = region.places(1)
    starts = np.ones(region.size, dtype=bool)
    starts[1:] = (np.diff(places) != 1) | (np.diff(levels.index.astype(np.int32)) != 0)
    return (np.cumsum(starts, dtype=np.int32) - np.int32(1)), np.flatnonzero(starts)


def _edges(region: Region, levels: Levels, flat_axis: int | None, node: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of runs of one level that touch; a pair that follows itself is told once."""
    offsets = [o for o in region.directions((1,), flat_axis) if flat_axis == 2 or o != (0, 0, 1)]
    padded = region.padded(levels.index, 1)
    numbers = region.numbers()
    left, right = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for offset in offsets:
        step = sum(a * b for a, b in zip(offset, padded.strides, strict=True))
        same = np.flatnonzero(padded.neighbours(offset) == levels.index)
        a = node.take(same)
        b = node.take(numbers.take(padded.places.take(same) + step))
        fresh = np.ones(len(a), dtype=bool)
        fresh[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
        left.append(a[fresh])
        right.append(b[fresh])
    return np.concatenate(left), np.concatenate(right)
