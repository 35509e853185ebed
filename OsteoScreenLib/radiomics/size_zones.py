"""Grey level size zones (GLSZM): how large connected zones of one level are."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.radiomics.discretisation import Levels, levels_of
from OsteoScreenLib.radiomics.neighbours import Offset
from OsteoScreenLib.radiomics.region import PaddedRegion, Region
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
    padded = region.padded(levels.index, 1)
    along = np.zeros(len(padded.dense), dtype=bool)  # whether the next voxel of the row is of the same level
    if flat_axis != 2:
        along[:-1] = padded.alike((0, 0, 1))
    starts = padded.dense != 0
    starts[1:] &= ~along[:-1]
    first = np.flatnonzero(starts.take(padded.places))
    lengths = np.diff(first, append=region.size)
    node = np.empty(len(padded.dense), dtype=np.int32)
    node[padded.places] = np.repeat(np.arange(len(first), dtype=np.int32), lengths)
    left, right = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for offset in region.directions((1,), flat_axis):
        if any(offset[:2]):  # along the row, the nodes have done it
            place = _touching(padded, along, offset)
            left.append(node.take(place))
            right.append(node.take(place + padded.step(offset)))
    zone = connected(len(first), np.concatenate(left), np.concatenate(right))
    sizes = np.bincount(zone, weights=lengths).astype(np.int64)
    own = np.flatnonzero(sizes)
    return levels.index.take(first.take(own)), sizes.take(own)


def _touching(padded: PaddedRegion, along: np.ndarray, offset: Offset) -> np.ndarray:
    """Flat places where a voxel and the one an offset ahead are of the same level.

    Pairs of the same two runs are told once. A pair at an angle is left out where either voxel has a neighbour of its
    own level straight across from the other: that pair is told already.
    """
    step = padded.step(offset)
    same = padded.alike(offset)
    here, there = along[:-step], along[step:]
    if offset[2] == 0:
        same[1:] &= ~(same[:-1] & here[:-1])  # both rows go on from the pair before
    elif offset[2] == 1:
        same &= ~here
        same &= ~along[step - 1 : -1]
    else:
        same[1:] &= ~here[:-1]
        same &= ~there
    return np.flatnonzero(same)


def number_of_parts(mask: np.ndarray) -> int:
    """How many parts a mask falls into; voxels that touch at a corner belong together."""
    region = Region(mask, (1.0, 1.0, 1.0))
    return len(zones(region, levels_of(np.ones(region.size, dtype=np.intp)), None)[1])


def connected(n: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The least node of the connected component that each of n nodes belongs to, from the edges (left, right).

    In every round each root takes the least root that it has an edge to as its parent, until no edge joins two roots
    (Shiloach and Vishkin 1982).
    """
    parent = np.arange(n, dtype=np.int32)
    while len(left):
        np.minimum.at(parent, np.maximum(left, right), np.minimum(left, right))
        while not np.array_equal(up := parent.take(parent), parent):
            parent = up
        left, right = parent.take(left), parent.take(right)
        apart = left != right
        left, right = left[apart], right[apart]
    return parent
