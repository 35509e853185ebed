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
    first, zone = _joined_rows(region, levels, flat_axis)
    sizes = np.bincount(zone, weights=np.diff(first, append=np.int32(region.size)))
    own = np.flatnonzero(sizes)
    return levels.index.take(first.take(own)), sizes.take(own).astype(np.int64)


def _joined_rows(region: Region, levels: Levels, flat_axis: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Of every run of equal level along a row: its first voxel's number in raster order, and the zone it belongs to."""
    padded = region.padded(levels.index, 1)
    along = np.zeros(len(padded.dense), dtype=bool)  # whether the next voxel of the row is of the same level
    if flat_axis != 2:
        along[:-1] = padded.alike((0, 0, 1))
    first = np.flatnonzero(~along.take(padded.places - 1)).astype(np.int32)
    zone = np.arange(len(first), dtype=np.int32)
    node = np.empty(len(padded.dense), dtype=np.int32)
    node[padded.places] = np.repeat(zone, np.diff(first, append=np.int32(region.size)))
    offsets = [offset for offset in region.directions((1,), flat_axis) if any(offset[:2])]  # the nodes are the rows
    for angled in (False, True):  # what touches straight across has joined most: few pairs at an angle are news
        pairs = [_touching(padded, along, node, zone, o) for o in offsets if (o[2] != 0) == angled]
        if pairs:
            zone = connected(zone, *(np.concatenate(ends) for ends in zip(*pairs, strict=True)))
    return first, zone


def _touching(
    padded: PaddedRegion, along: np.ndarray, node: np.ndarray, zone: np.ndarray, offset: Offset
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of zones, as far as they are known, that belong together: voxels an offset apart are of one level.

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
    place = np.flatnonzero(same)
    left, right = zone.take(node.take(place)), zone.take(node.take(place + step))
    apart = left != right
    return left[apart], right[apart]


def number_of_parts(mask: np.ndarray) -> int:
    """How many parts a mask falls into; voxels that touch at a corner belong together."""
    region = Region(mask, (1.0, 1.0, 1.0))
    return len(zones(region, levels_of(np.ones(region.size, dtype=np.intp)), None)[1])


def connected(root: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The least node of the connected component that each node belongs to.

    In every round each root takes the least root that it has an edge to as its parent, until no edge joins two roots
    (Shiloach and Vishkin 1982).

    Args:
        root: (n,) the same before these edges; each node itself at first.
        left, right: the roots that each edge joins.
    """
    while len(left):
        root = root.copy()
        np.minimum.at(root, np.maximum(left, right), np.minimum(left, right))
        while not np.array_equal(up := root.take(root), root):
            root = up
        left, right = root.take(left), root.take(right)
        apart = left != right
        left, right = left[apart], right[apart]
    return root
