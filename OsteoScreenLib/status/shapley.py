"""How much each feature moved a prediction: Shapley values against the typical development case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import factorial

import numpy as np

EXACT_UP_TO = 12
"""Features; more would want over 4096 predictions and are sampled."""
ORDERS = 256
"""Random orders of features that are walked forwards and backwards where the values are sampled."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """Shapley values of one case.

    Attributes:
        values: (features, classes): how much the feature moved the class's probability. They sum to the prediction
            less the base.
        base: (classes,), prediction of the typical case. prediction: (classes,), of this case.
        exact: whether every set of features was asked.
    """

    values: np.ndarray
    base: np.ndarray
    prediction: np.ndarray
    exact: bool


def contributions(predict: Callable[[np.ndarray], np.ndarray], case: np.ndarray, typical: np.ndarray) -> Contributions:
    """Shapley values with one reference case (Lundberg and Lee 2017; "baseline Shapley", Sundararajan and Najmi 2020).

    A feature is "absent" where it has the typical case's value. Up to ``EXACT_UP_TO`` features every subset is asked,
    beyond that random orders (Castro 2009), each with its reverse; sums are exact in both.

    Args:
        predict: probabilities (cases, classes) of cases (cases, features).
        case, typical: (features,). A missing value of the case counts as the typical one.
    """
    case = np.where(np.isfinite(case), case, typical)
    exact = len(case) <= EXACT_UP_TO
    values = _exact(predict, case, typical) if exact else _sampled(predict, case, typical)
    ends = predict(np.stack([typical, case]))
    return Contributions(values, ends[0], ends[1], exact)


def _exact(predict: Callable[[np.ndarray], np.ndarray], case: np.ndarray, typical: np.ndarray) -> np.ndarray:
    n = len(case)
    subsets = np.arange(2**n)
    present = (subsets[:, None] >> np.arange(n)) & 1 == 1
    answers = predict(np.where(present, case, typical))
    size = present.sum(axis=1)
    weight = np.array([factorial(k) * factorial(n - k - 1) / factorial(n) if k < n else 0.0 for k in range(n + 1)])
    values = np.empty((n, answers.shape[1]))
    for i in range(n):
        without = subsets[~present[:, i]]
        values[i] = weight[size[without]] @ (answers[without | (1 << i)] - answers[without])
    return values


def _sampled(predict: Callable[[np.ndarray], np.ndarray], case: np.ndarray, typical: np.ndarray) -> np.ndarray:
    n = len(case)
    rng = np.random.default_rng(0)  # the same case has the same explanation
    orders = [rng.permutation(n) for _ in range(ORDERS)]
    orders += [order[::-1] for order in orders]
    rank = np.empty((len(orders), n), dtype=np.int64)
    for row, order in zip(rank, orders, strict=True):
        row[order] = np.arange(n)
    steps = np.arange(n + 1)[None, :, None] > rank[:, None, :]  # (orders, steps, features): present after this step
    rows = np.where(steps, case, typical).reshape(-1, n)
    answers = predict(rows).reshape(len(orders), n + 1, -1)
    values = np.zeros((n, answers.shape[2]))
    for order, walk in zip(orders, answers, strict=True):
        values[order] += np.array([after - before for before, after in pairwise(walk)])
    return values / len(orders)
