"""Fitting the envelope of the development cases, beyond which a model is silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from OsteoScreenLib.status.envelope import Envelope

MARGIN = 0.25
"""Of a feature's range in the development cases, on either side. Own choice."""
WITHIN = 0.99
"""Share of the development cases, each measured without its fold, that lies within the limit. Own choice."""
_FOLDS = 5


def fit_envelope(names: Sequence[str], values: np.ndarray, groups: np.ndarray) -> Envelope:
    """Range of each feature, and Mahalanobis distance with the covariance of Ledoit and Wolf 2004.

    The limit is the 99th percentile of distances that were measured from the other folds: of cases measured from
    themselves, a covariance of some ten features would call all alike.

    Args:
        names: of the features. values: (cases, features), NaN where missing. groups: never parted by a fold.
    """
    from sklearn.model_selection import GroupKFold

    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    margin = MARGIN * (high - low)
    folds = min(_FOLDS, len(set(groups)))
    distances = np.zeros(len(values))
    for train, test in GroupKFold(folds).split(values, groups=groups):
        distances[test] = _fit(names, values[train], low, high, np.inf).distances(values[test])
    limit = float(np.quantile(distances, WITHIN, method="higher"))
    fitted = _fit(names, values, low - margin, high + margin, limit)
    return replace(fitted, coverage=float((distances <= limit).mean()))


def _fit(names: Sequence[str], values: np.ndarray, low: np.ndarray, high: np.ndarray, limit: float) -> Envelope:
    from sklearn.covariance import LedoitWolf

    centre = np.nanmean(values, axis=0)
    scale = np.nanstd(values, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    standard = np.nan_to_num((values - centre) / scale, nan=0.0)
    precision = LedoitWolf(assume_centered=True).fit(standard).precision_
    return Envelope(tuple(names), low, high, centre, scale, precision, limit, coverage=float("nan"))
