"""SelectFeatures: feature selection as one step of a scikit-learn pipeline, fitted anew wherever the pipeline is."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from OsteoScreenLib.training import selection


class SelectFeatures(TransformerMixin, BaseEstimator):
    """Variance, stability, correlation, mRMR, then LASSO or Boruta, on the candidates; kept columns pass.

    Args:
        candidates: columns to select from. kept: columns that always pass.
        stable: columns that are stable, from an ICC table; None where there is none. It knows no classes.
        correlation_limit, mrmr_features, selector, most_features, seed: see ``Recipe``.

    After ``fit``: ``columns_`` (kept ones first), and ``counts_``, how many candidates each step left.
    """

    def __init__(
        self,
        candidates: tuple[int, ...],
        kept: tuple[int, ...] = (),
        stable: tuple[int, ...] | None = None,
        correlation_limit: float = 0.9,
        mrmr_features: int = 20,
        selector: str = "lasso",
        most_features: int = 10,
        seed: int = 0,
    ) -> None:
        self.candidates = candidates
        self.kept = kept
        self.stable = stable
        self.correlation_limit = correlation_limit
        self.mrmr_features = mrmr_features
        self.selector = selector
        self.most_features = most_features
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> SelectFeatures:  # noqa: N803 (scikit-learn's name)
        """Select by the cases given here and by nothing else."""
        left = np.array(self.candidates, dtype=np.int64)
        self.counts_ = {"candidates": len(left)}
        left = left[selection.varying(X[:, left])]
        self.counts_["varying"] = len(left)
        if self.stable is not None:
            left = left[np.isin(left, self.stable)]
            self.counts_["stable"] = len(left)
        if len(left):
            importance = selection.relevance(X[:, left], y)
            left = left[selection.uncorrelated(X[:, left], importance, self.correlation_limit)]
            self.counts_["uncorrelated"] = len(left)
            left = left[selection.mrmr(X[:, left], y, self.mrmr_features)]
            self.counts_["mrmr"] = len(left)
            left = self._last(X[:, left], y, left)
        self.counts_["selected"] = len(left)
        self.columns_ = np.concatenate([np.array(self.kept, dtype=np.int64), left])
        if not len(self.columns_):
            raise ValueError("no feature is left: every candidate is constant or unstable")
        return self

    def _last(self, values: np.ndarray, y: np.ndarray, left: np.ndarray) -> np.ndarray:
        if self.selector == "none":
            return left[: self.most_features]
        if self.selector == "lasso":
            return left[selection.lasso(values, y, self.most_features)]
        return left[selection.boruta(values, y, self.most_features, self.seed)]

    def transform(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """The selected columns."""
        return X[:, self.columns_]
