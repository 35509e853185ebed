"""Whether probabilities mean what they say: intercept, slope, groups of cases, calibration error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from OsteoScreenLib.evaluation.estimate import CONFIDENCE, Estimate, proportion

CLIP = 1e-6
"""Probabilities of exactly 0 or 1 have no logit; they are moved by this much, and counted."""

_MOST_GROUPS, _CASES_PER_GROUP = 10, 10


@dataclass(frozen=True)
class LogisticLine:
    """logit(truth) = intercept + slope x logit(probability): the recalibration line of Cox 1958.

    Attributes:
        intercept, slope: fitted together; slope under 1 means probabilities that are too extreme.
        covariance: (2, 2) of both.
    """

    intercept: float
    slope: float
    covariance: np.ndarray

    def slope_estimate(self, confidence: float = CONFIDENCE) -> Estimate:
        """The slope with Wald's interval."""
        half = _quantile(confidence) * math.sqrt(self.covariance[1, 1])
        return Estimate(self.slope, self.slope - half, self.slope + half)

    def at(self, probability: np.ndarray, confidence: float = CONFIDENCE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Observed share that the line gives at each probability, with its pointwise band: value, low, high."""
        x = logit(probability)
        centre = self.intercept + self.slope * x
        variance = self.covariance[0, 0] + 2 * x * self.covariance[0, 1] + x * x * self.covariance[1, 1]
        half = _quantile(confidence) * np.sqrt(variance)
        return _expit(centre), _expit(centre - half), _expit(centre + half)


@dataclass(frozen=True)
class Group:
    """Cases of neighbouring probability: their range and mean of it, and the share that has the class."""

    low: float
    high: float
    n: int
    mean_probability: float
    observed: Estimate


def logit(probability: np.ndarray) -> np.ndarray:
    """Natural log of the odds; 0 and 1 are moved by ``CLIP``."""
    p = np.clip(np.asarray(probability, dtype=np.float64), CLIP, 1 - CLIP)
    return np.log(p) - np.log1p(-p)


def calibration_line(truth: np.ndarray, probability: np.ndarray) -> LogisticLine | None:
    """Fit by maximum likelihood; None where there is no finite fit: one class only, or classes that do not overlap.

    Args:
        truth: (n,) bool. probability: (n,).
    """
    truth, x = np.asarray(truth, dtype=bool), logit(probability)
    if truth.all() or not truth.any():
        return None
    with_class, without = x[truth], x[~truth]
    if with_class.min() >= without.max() or with_class.max() <= without.min():
        return None
    return _newton(np.column_stack([np.ones_like(x), x]), truth.astype(float))


def _newton(design: np.ndarray, truth: np.ndarray) -> LogisticLine | None:
    centre, scale = design[:, 1].mean(), design[:, 1].std()
    standard = np.column_stack([design[:, 0], (design[:, 1] - centre) / scale])
    found, loss = np.zeros(2), math.inf
    for _ in range(200):
        share = _expit(standard @ found)
        information = standard.T @ (standard * (share * (1 - share))[:, None])
        step = np.linalg.solve(information, standard.T @ (truth - share))
        while (after := _loss(standard, truth, found + step)) > loss + 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2  # a full step may overshoot
        found, loss = found + step, after
        if np.abs(step).max() < 1e-10:
            break
    else:
        return None
    back = np.array([[1.0, -centre / scale], [0.0, 1 / scale]])
    intercept, slope = back @ found
    return LogisticLine(float(intercept), float(slope), back @ np.linalg.inv(information) @ back.T)


def _loss(design: np.ndarray, truth: np.ndarray, parameters: np.ndarray) -> float:
    linear = design @ parameters
    return float((np.logaddexp(0, linear) - truth * linear).sum())


def calibration_in_the_large(truth: np.ndarray, probability: np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """Intercept with the slope held at 1 (Steyerberg 2019, section 15.3): over 0 means probabilities that are too low.

    Not defined where all cases are of one class.
    """
    truth, x = np.asarray(truth, dtype=bool), logit(probability)
    if truth.all() or not truth.any():
        return Estimate(None)
    from scipy.optimize import brentq

    events = truth.sum()
    reach = float(np.abs(x).max() + math.log(len(x)) + 1)  # there the expected events are under 1, or all but 1
    intercept = float(brentq(lambda shift: _expit(x + shift).sum() - events, -reach, reach, xtol=1e-13))
    share = _expit(x + intercept)
    half = _quantile(confidence) / math.sqrt(float((share * (1 - share)).sum()))
    return Estimate(intercept, intercept - half, intercept + half)


def groups_of(truth: np.ndarray, probability: np.ndarray) -> list[Group]:
    """Up to ten groups of equally many cases, ten cases at least in each; equal probabilities are not parted."""
    truth, probability = np.asarray(truth, dtype=bool), np.asarray(probability, dtype=np.float64)
    if not len(truth):
        return []
    count = max(1, min(_MOST_GROUPS, len(truth) // _CASES_PER_GROUP))
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, count + 1)[1:-1], method="lower"))
    member = np.searchsorted(edges, probability, side="left")
    found = []
    for group in np.unique(member):
        inside = member == group
        p = probability[inside]
        observed = proportion(int(truth[inside].sum()), int(inside.sum()))
        found.append(Group(float(p.min()), float(p.max()), int(inside.sum()), float(p.mean()), observed))
    return found


def calibration_error(groups: list[Group]) -> float | None:
    """Expected calibration error over the groups. With few cases it is above 0 even for perfect probabilities."""
    total = sum(group.n for group in groups)
    if not total:
        return None
    return sum(group.n * abs(group.mean_probability - (group.observed.value or 0.0)) for group in groups) / total


def n_at_the_ends(probability: np.ndarray) -> int:
    """How many probabilities were moved to have a logit."""
    p = np.asarray(probability)
    return int(((p < CLIP) | (p > 1 - CLIP)).sum())


def _quantile(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _expit(value: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    return expit(value)
