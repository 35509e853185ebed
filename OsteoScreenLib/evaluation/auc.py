"""Area under the ROC curve with DeLong's variance, of one model or as the difference of two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.evaluation.estimate import CONFIDENCE, Estimate


@dataclass(frozen=True)
class Auc:
    """An AUC, or a mean or difference of AUCs of the same cases.

    Attributes:
        value: the area, ties counted half.
        influence: (n,) contribution of each case to the error of ``value``; the sum of their squares is DeLong's
            variance. NaN where a class has a single case: then the variance is not defined.
        n_positive, n_negative: cases behind it; of a mean of several areas, of the smallest.
    """

    value: float
    influence: np.ndarray
    n_positive: int
    n_negative: int

    def variance(self, patients: np.ndarray | None = None) -> float:
        """DeLong's variance (1988); cases of one patient are summed first (Obuchowski 1997).

        With one case for each patient both are the same number. With several, the factors n / (n - 1) are those of
        cases and not of patients, which matters with very few patients only.
        """
        if patients is None:
            return float(self.influence @ self.influence)
        _, member = np.unique(patients, return_inverse=True)
        sums = np.bincount(member, weights=self.influence)
        return float(sums @ sums)

    def estimate(self, patients: np.ndarray | None = None, confidence: float = CONFIDENCE) -> Estimate:
        """With its interval on the logit scale, which stays within 0 and 1 (Pepe 2003, section 5.2.3).

        Where the area is 0 or 1, DeLong's variance is 0 and says nothing; the interval is then that of Newcombe 2006,
        method 5, which goes by the numbers of cases.
        """
        variance = self.variance(patients)
        if not math.isfinite(variance):
            return Estimate(self.value)
        z = _normal_quantile(confidence)
        if not 0 < self.value < 1:
            return newcombe(self.value, self.n_positive, self.n_negative, confidence)
        centre = math.log(self.value / (1 - self.value))
        half = z * math.sqrt(variance) / (self.value * (1 - self.value))
        return Estimate(self.value, _expit(centre - half), _expit(centre + half))


@dataclass(frozen=True)
class PairedTest:
    """Two models on the same cases: difference of their AUCs with Wald's interval, z and two-sided p."""

    difference: Estimate
    z: float
    p: float


def auc_of(positive: np.ndarray, score: np.ndarray) -> Auc:
    """AUC by ranks (Sun and Xu 2014), with the contribution of each case.

    Args:
        positive: (n,) bool. score: (n,) higher means more likely positive; infinite values are allowed.

    Raises:
        ValueError: one of the two classes has no case, or a score is not a number.
    """
    from scipy.stats import rankdata

    positive, score = np.asarray(positive, dtype=bool), np.asarray(score, dtype=np.float64)
    m, n = int(positive.sum()), int((~positive).sum())
    if not m or not n:
        raise ValueError("an AUC needs cases of both classes")
    if np.isnan(score).any():
        raise ValueError("an AUC needs scores that are numbers")
    ranks = rankdata(score)
    beaten = (ranks[positive] - rankdata(score[positive])) / n
    beating = 1 - (ranks[~positive] - rankdata(score[~positive])) / m
    value = float(beaten.mean())
    influence = np.empty(len(score))
    influence[positive] = (beaten - value) / math.sqrt(m * (m - 1)) if m > 1 else math.nan
    influence[~positive] = (beating - value) / math.sqrt(n * (n - 1)) if n > 1 else math.nan
    return Auc(value, influence, m, n)


def mean_auc(areas: Sequence[Auc]) -> Auc:
    """Their plain mean (macro average); its variance knows that they come from the same cases."""
    return Auc(
        float(np.mean([area.value for area in areas])),
        np.mean([area.influence for area in areas], axis=0),
        min(area.n_positive for area in areas),
        min(area.n_negative for area in areas),
    )


def compare(first: Auc, second: Auc, patients: np.ndarray | None = None, confidence: float = CONFIDENCE) -> PairedTest:
    """DeLong's paired test (1988): both areas must come from the same cases in the same order.

    Where both models order the cases alike, the difference is 0 with variance 0, and p is 1.
    """
    apart = Auc(first.value - second.value, first.influence - second.influence, first.n_positive, first.n_negative)
    spread = math.sqrt(apart.variance(patients)) if np.isfinite(apart.influence).all() else math.nan
    if math.isnan(spread):
        return PairedTest(Estimate(apart.value), math.nan, math.nan)
    if spread < 1e-12:
        z = 0.0 if abs(apart.value) < 1e-12 else math.copysign(math.inf, apart.value)
    else:
        z = apart.value / spread
    half = _normal_quantile(confidence) * spread
    return PairedTest(
        Estimate(apart.value, apart.value - half, apart.value + half), z, math.erfc(abs(z) / math.sqrt(2))
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values of tests made together (Holm 1979); those that are not numbers take no part."""
    tested = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    adjusted = [math.nan] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(tested):
        largest = max(largest, min(1.0, p * (len(tested) - rank)))
        adjusted[index] = largest
    return adjusted


def newcombe(value: float, m: int, n: int, confidence: float = CONFIDENCE) -> Estimate:
    """Interval of an AUC from the numbers of cases alone (Newcombe 2006, Stat Med 25:559, method 5).

    The bounds are the areas from which the observed one is just z standard errors away, each with the variance of
    Hanley and McNeil 1982 in Newcombe's symmetric form.
    """
    from scipy.optimize import brentq

    z, half = _normal_quantile(confidence), (m + n) / 2 - 1

    def spread(area: float) -> float:
        factor = 1 + half * (1 - area) / (2 - area) + half * area / (1 + area)
        return math.sqrt(area * (1 - area) * factor / (m * n))

    low = 0.0 if value <= 0 else brentq(lambda area: value - area - z * spread(area), 1e-12, value - 1e-12)
    high = 1.0 if value >= 1 else brentq(lambda area: area - value - z * spread(area), value + 1e-12, 1 - 1e-12)
    return Estimate(value, float(low), float(high))


def _normal_quantile(confidence: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
