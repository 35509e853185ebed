"""Intervals by drawing whole patients again, within the classes of the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from OsteoScreenLib.evaluation.bootstrap import RESAMPLES
from OsteoScreenLib.evaluation.estimate import CONFIDENCE

Statistics = Callable[[np.ndarray], Mapping[str, float]]
"""From indices of the drawn cases (some several times) to named figures."""


def draws(truth: np.ndarray, patients: np.ndarray, seed: int, resamples: int = RESAMPLES) -> Iterator[np.ndarray]:
    """Indices of the cases of each draw: as many patients of each class as there are, with replacement.

    A patient brings all its cases along, and belongs to the most severe class among them.

    Args:
        truth: (n,) class numbers, higher is more severe. patients: (n,) the patient of each case.
    """
    random = np.random.default_rng(seed)
    names, member = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    severity = np.full(len(names), -1)
    np.maximum.at(severity, member, truth)
    order = np.argsort(member, kind="stable")
    cases = np.split(order, np.cumsum(np.bincount(member))[:-1])
    strata = [np.flatnonzero(severity == level) for level in np.unique(severity)]
    single = len(names) == len(truth)
    only = np.array([own[0] for own in cases]) if len(cases) else np.array([], dtype=int)
    for _ in range(resamples):
        drawn = np.concatenate([random.choice(stratum, len(stratum)) for stratum in strata])
        yield only[drawn] if single else np.concatenate([cases[index] for index in drawn])


def bootstrap(
    statistics: Statistics,
    truth: np.ndarray,
    patients: np.ndarray,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> dict[str, tuple[float, float] | None]:
    """Percentile interval of each figure (Efron and Tibshirani 1993, chapter 13).

    None where a figure is not defined in more than one draw of twenty, or where there are fewer than two patients.
    """
    if len(np.unique(np.asarray(patients, dtype=str))) < 2:
        return dict.fromkeys(statistics(np.arange(len(truth))))
    values: dict[str, list[float]] = {}
    for indices in draws(truth, patients, seed, resamples):
        for name, value in statistics(indices).items():
            values.setdefault(name, []).append(value)
    return {name: _interval(np.asarray(found), confidence) for name, found in values.items()}


def _interval(values: np.ndarray, confidence: float) -> tuple[float, float] | None:
    defined = values[np.isfinite(values)]
    if len(defined) < 0.95 * len(values):
        return None
    low, high = np.percentile(defined, [50 * (1 - confidence), 50 * (1 + confidence)])
    return float(low), float(high)
