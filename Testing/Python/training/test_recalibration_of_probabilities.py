"""Fitting a calibration: what is known is found again."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.status.calibration import Calibration
from OsteoScreenLib.training.choose_operating_points import choose_operating_points
from OsteoScreenLib.training.fit_calibration import fit_calibration

pytestmark = pytest.mark.needs_module("scipy")


def drawn(calibration: Calibration, n: int = 6000):
    """Scores, and classes drawn from their calibrated probabilities."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1.5, (n, 3))
    p = calibration.apply(scores)
    return scores, (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)


def test_slope_and_intercepts_are_found_again():
    wanted = Calibration(0.5, (0.4, 0.0, -0.4))
    found = fit_calibration(*drawn(wanted))
    assert found.slope == pytest.approx(0.5, abs=0.04)
    np.testing.assert_allclose(np.array(found.intercepts) - np.mean(found.intercepts), wanted.intercepts, atol=0.08)


def test_intercepts_alone_leave_the_slope_at_one():
    found = fit_calibration(*drawn(Calibration(1.0, (1.0, 0.0, -1.0))), slope=False)
    assert found.slope == 1.0
    np.testing.assert_allclose(np.array(found.intercepts) - np.mean(found.intercepts), (1.0, 0.0, -1.0), atol=0.1)


def test_youden_and_a_wanted_sensitivity_give_the_thresholds_one_would_draw():
    low = np.array([0.05, 0.1, 0.2, 0.3, 0.6, 0.7, 0.8, 0.9, 0.15])
    p = np.stack([1 - low, np.zeros(9), low], axis=1)
    classes = np.array([0, 0, 0, 2, 0, 2, 2, 2, 1])
    youden = choose_operating_points(p, classes)
    assert youden.thresholds[2] == pytest.approx(0.25)  # 4 of 4 found, 1 of 5 falsely; at 0.65 3 of 4 and none
    assert choose_operating_points(p, classes, "sensitivity", 0.75).thresholds[2] == pytest.approx(0.65)
    assert choose_operating_points(p, classes, "sensitivity", 1.0).thresholds[2] == pytest.approx(0.25)
