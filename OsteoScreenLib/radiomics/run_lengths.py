"""Grey level run length (GLRLM): how long a level goes on along a direction."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.radiomics.discretisation import Levels
from OsteoScreenLib.radiomics.neighbours import Offset
from OsteoScreenLib.radiomics.region import Region
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
    width = max(region.mask.shape) + 1
    if options.weighting_norm is None:
        rows = [
            size_features(SizeCounts.of_codes(runs(region, levels, o, width), levels.present, width)) for o in offsets
        ]
        return {name: mean_of_defined([row[formula] for row in rows]) for name, formula in NAMES.items()}
    total = np.zeros((levels.count + 1) * width)
    for offset in offsets:
        counts = np.bincount(runs(region, levels, offset, width), minlength=len(total))
        unweighted = options.weighting_norm == "no_weighting"
        total += counts * (1.0 if unweighted else options.length(offset, region.spacing_zyx_mm))
    cells = np.flatnonzero(total)
    if not len(cells):
        return dict.fromkeys(FEATURES, float("nan"))
    merged = size_features(SizeCounts(levels.present[cells // width - 1], cells % width, total[cells]))
    return {name: merged[formula] for name, formula in NAMES.items()}


def runs(region: Region, levels: Levels, offset: Offset, width: int) -> np.ndarray:
    """Of every run along a direction: level index times ``width``, plus its length."""
    lines = region.lines(offset)
    along = levels.index.take(lines.order)
    starts = lines.breaks.copy()
    starts[1:] |= along[1:] != along[:-1]
    first = np.flatnonzero(starts)
    lengths = np.diff(first, append=len(along))
    return along[first] * np.intp(width) + lengths
