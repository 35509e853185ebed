"""Grey level run length (GLRLM): how long a level goes on along a direction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from OsteoScreenLib.radiomics.discretisation import Levels
from OsteoScreenLib.radiomics.neighbours import Offset
from OsteoScreenLib.radiomics.region import PaddedRegion, Region
from OsteoScreenLib.radiomics.size_features import SizeCounts, size_features
from OsteoScreenLib.radiomics.texture_options import TextureOptions
from OsteoScreenLib.radiomics.undefined import mean_of_defined

NAMES = {
    "GrayLevelNonUniformity": "LevelNonUniformity",
    "GrayLevelNonUniformityNormalized": "LevelNonUniformityNormalized",
    "GrayLevelVariance": "LevelVariance",
    "HighGrayLevelRunEmphasis": "HighLevelEmphasis",
    "LongRunEmphasis": "LargeEmphasis",
    "LongRunHighGrayLevelEmphasis": "LargeHigh",
    "LongRunLowGrayLevelEmphasis": "LargeLow",
    "LowGrayLevelRunEmphasis": "LowLevelEmphasis",
    "RunEntropy": "Entropy",
    "RunLengthNonUniformity": "SizeNonUniformity",
    "RunLengthNonUniformityNormalized": "SizeNonUniformityNormalized",
    "RunPercentage": "Percentage",
    "RunVariance": "SizeVariance",
    "ShortRunEmphasis": "SmallEmphasis",
    "ShortRunHighGrayLevelEmphasis": "SmallHigh",
    "ShortRunLowGrayLevelEmphasis": "SmallLow",
}
"""PyRadiomics' name of each feature, and its formula in :mod:`size_features`."""

FEATURES = tuple(NAMES)


def run_length_features(region: Region, levels: Levels, options: TextureOptions) -> dict[str, float]:
    """The 16 GLRLM features, averaged over the directions; or of one weighted sum of the matrices."""
    offsets = region.directions((1,), options.flat_axis)
    matrices = run_lengths(region, levels, offsets)
    if options.weighting_norm is None:
        rows = [size_features(SizeCounts.of_matrix(matrix, levels.present)) for matrix in matrices]
        return {name: mean_of_defined([row[formula] for row in rows]) for name, formula in NAMES.items()}
    total = np.zeros((levels.count, max(region.mask.shape)))
    for offset, matrix in zip(offsets, matrices, strict=True):
        unweighted = options.weighting_norm == "no_weighting"
        total += matrix * (1.0 if unweighted else options.length(offset, region.spacing_zyx_mm))
    if not total.any():
        return dict.fromkeys(FEATURES, float("nan"))
    merged = size_features(SizeCounts.of_matrix(total, levels.present))
    return {name: merged[formula] for name, formula in NAMES.items()}


def run_lengths(region: Region, levels: Levels, offsets: Sequence[Offset]) -> Iterator[np.ndarray]:
    """For each direction (L, longest side of the bounding box): runs by level and by length from 1 on."""
    padded = region.padded(levels.index, 1)
    voxels, width = levels.histogram(), max(region.mask.shape)
    for offset in offsets:
        first, length = _long_runs(padded, offset)
        codes = (padded.dense.take(first) - np.intp(1)) * width + length - 1
        matrix = np.bincount(codes, minlength=levels.count * width).reshape(levels.count, width)
        matrix[:, 0] = voxels - matrix @ np.arange(1, width + 1)
        yield matrix


def _long_runs(padded: PaddedRegion, offset: Offset) -> tuple[np.ndarray, np.ndarray]:
    """Flat place of the first voxel, and number of voxels, of every run of two voxels or more."""
    step = padded.step(offset)
    goes_on = padded.alike(offset)
    first = np.flatnonzero(goes_on[step:] > goes_on[:-step]) + step  # the border is wider than one step: no run before
    length = np.full(len(first), 2)
    running, place = np.arange(len(first)), first
    while len(running):
        place = place + step
        on = goes_on.take(place)
        running, place = running[on], place[on]
        length[running] += 1
    return first, length
