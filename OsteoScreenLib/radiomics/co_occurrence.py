"""Grey level co-occurrence (GLCM): how often two levels lie beside each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from OsteoScreenLib.radiomics.co_occurrence_features import FEATURES, features_of, maximal_correlations
from OsteoScreenLib.radiomics.discretisation import Levels
from OsteoScreenLib.radiomics.region import Region
from OsteoScreenLib.radiomics.texture_options import TextureOptions
from OsteoScreenLib.radiomics.undefined import mean_of_defined


def co_occurrence_features(region: Region, levels: Levels, options: TextureOptions) -> dict[str, float]:
    """The 24 GLCM features (Haralick et al. 1973 and later ones; PyRadiomics' names and definitions).

    One matrix for each direction, its features averaged; or, with a weighting norm, one weighted sum of all matrices.

    Returns:
        Every feature; NaN where no voxel has a neighbour in the region.
    """
    matrices = [matrix for matrix in _matrices(region, levels, options) if matrix.sum() > 0]
    if not matrices:
        return dict.fromkeys(FEATURES, float("nan"))
    probabilities = [matrix / matrix.sum() for matrix in matrices]
    rows = [features_of(matrix, levels.present) for matrix in probabilities]
    found = {name: mean_of_defined([row[name] for row in rows]) for name in rows[0]}
    found["MCC"] = mean_of_defined(maximal_correlations(probabilities))
    return found


def _matrices(region: Region, levels: Levels, options: TextureOptions) -> Iterator[np.ndarray]:
    """Each direction's (L, L) matrix of counts, or the one weighted sum."""
    offsets = region.directions(options.distances, options.flat_axis)
    n = levels.count
    reach = max(options.distances)
    padded = region.padded(levels.index, reach)
    own = levels.index.astype(np.int32) * (n + 1)
    total = np.zeros((n, n))
    for offset in offsets:
        pairs = np.bincount(own + padded.neighbours(offset), minlength=(n + 1) ** 2)
        matrix = pairs.reshape(n + 1, n + 1)[1:, 1:].astype(np.float64)
        if options.symmetrical:
            matrix += matrix.T.copy()
        if options.weighting_norm is None:
            yield matrix
        else:
            total += matrix * np.exp(-(options.length(offset, region.spacing_zyx_mm) ** 2))
    if options.weighting_norm is not None:
        yield total
