"""Fitting a calibration to cases that the classifier did not see."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.status.calibration import Calibration

RIDGE = 1e-3
"""Pulls slope and intercepts a little towards 1 and 0, so that separable cases do not drive them to infinity."""


def fit_calibration(scores: np.ndarray, classes: np.ndarray, *, slope: bool = True) -> Calibration:
    """Slope and intercepts with the greatest likelihood of the true classes.

    Args:
        scores: (cases, classes), out of fold. classes: index of the true class (cases,).
        slope: whether the slope is fitted too; else it stays 1 and only the shares of the classes are corrected.
    """
    from scipy.optimize import minimize

    n, k = scores.shape
    truth = np.eye(k)[classes]

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        p = Calibration(float(parameters[0]), tuple(parameters[1:])).apply(scores)
        away = parameters - np.array([1.0] + [0.0] * k)
        value = -np.log(np.maximum(p[np.arange(n), classes], 1e-300)).mean() + RIDGE * (away @ away)
        error = (p - truth) / n
        gradient = np.concatenate([[(error * scores).sum()], error.sum(axis=0)]) + 2 * RIDGE * away
        return float(value), gradient if slope else np.concatenate([[0.0], gradient[1:]])

    start = np.array([1.0] + [0.0] * k)
    bounds = [(1e-3, 100.0) if slope else (1.0, 1.0)] + [(None, None)] * k
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(float(found[0]), tuple(float(b) for b in found[1:]))
