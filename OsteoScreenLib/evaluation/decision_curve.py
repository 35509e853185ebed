"""Net benefit of acting on a probability, against acting on all and on none."""

from __future__ import annotations

import numpy as np

THRESHOLDS = np.round(np.arange(0.01, 1.0, 0.01), 2)
"""Probabilities at which one would just act, such as refer for DXA."""


def net_benefit(truth: np.ndarray, probability: np.ndarray, thresholds: np.ndarray = THRESHOLDS) -> np.ndarray:
    """True positives per case, less false positives per case at the odds of the threshold (Vickers and Elkin 2006).

    A case is acted on where its probability reaches the threshold. Acting on none has net benefit 0.

    Args:
        truth: (n,) bool. probability: (n,). thresholds: between 0 and 1, 1 excluded.

    Returns:
        One value for each threshold; NaN where there are no cases.
    """
    truth = np.asarray(truth, dtype=bool)
    if not len(truth):
        return np.full(len(thresholds), np.nan)
    acted = np.asarray(probability)[None, :] >= np.asarray(thresholds)[:, None]
    true, false = (acted & truth).mean(axis=1), (acted & ~truth).mean(axis=1)
    return true - false * thresholds / (1 - thresholds)


def net_benefit_of_all(truth: np.ndarray, thresholds: np.ndarray = THRESHOLDS) -> np.ndarray:
    """Net benefit of acting on every case."""
    return net_benefit(truth, np.ones(len(truth)), thresholds)
