"""Intervals by drawing whole patients again, within the classes of the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from OsteoScreenLib.evaluation.bootstrap import RESAMPLES
from OsteoScreenLib.evaluation.estimate import CONFIDENCE

Statistics = Callable[[np.ndarray], Mapping[str, np.ndarray]]
"""From (draws, n), how often each case was drawn, to named figures, (draws,) each."""

_CELLS_AT_ONCE = 4_000_000


def draws(truth: np.ndarray, patients: np.ndarray, seed: int, resamples: int = RESAMPLES) -> Iterator[np.ndarray]:
    """How often each case was drawn: blocks of (draws, n), ``resamples`` draws in all.

    As many patients of each class are drawn as there are, with replacement. A patient brings all its cases along, and
    belongs to the most severe class among them.

    Args:
        truth: (n,) class numbers, higher is more severe. patients: (n,) the patient of each case.
    """
    random = np.random.default_rng(seed)
    names, member = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    severity = np.full(len(names), -1)
    np.maximum.at(severity, member, truth)
    block = max(1, _CELLS_AT_ONCE // max(1, len(truth)))
    for start in range(0, resamples, block):
        times = np.zeros((min(block, resamples - start), len(names)))
        for level in np.unique(severity):
            of_class = np.flatnonzero(severity == level)
            times[:, of_class] = random.multinomial(
                len(of_class), np.full(len(of_class), 1 / len(of_class)), len(times)
            )
        yield times[:, member]


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
        return dict.fromkeys(statistics(np.ones((1, len(truth)))))
    values: dict[str, list[np.ndarray]] = {}
    for drawn in draws(truth, patients, seed, resamples):
        for name, found in statistics(drawn).items():
            values.setdefault(name, []).append(found)
    return {name: _interval(np.concatenate(found), confidence) for name, found in values.items()}


def drawn_auc(positive: np.ndarray, score: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """AUC of each draw, ties counted half; NaN where a draw lacks a class.

    Args:
        positive, score: (n,) of the cases. drawn: (draws, n).
    """
    order = np.argsort(score, kind="stable")
    start_of_tie = np.flatnonzero(np.concatenate([[True], np.diff(score[order]) > 0]))
    ordered, with_class = drawn[:, order], positive[order]
    above = np.add.reduceat(ordered * with_class, start_of_tie, axis=1)
    below = np.add.reduceat(ordered * ~with_class, start_of_tie, axis=1)
    won = (above * (np.cumsum(below, axis=1) - below / 2)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return won / (above.sum(axis=1) * below.sum(axis=1))


def _interval(values: np.ndarray, confidence: float) -> tuple[float, float] | None:
    defined = values[np.isfinite(values)]
    if len(defined) < 0.95 * len(values):
        return None
    low, high = np.percentile(defined, [50 * (1 - confidence), 50 * (1 + confidence)])
    return float(low), float(high)
