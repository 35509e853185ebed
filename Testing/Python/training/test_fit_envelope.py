"""The envelope of the development cases: how many like them it lets through, and how few unlike them."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.needs_module("sklearn")


def drawn(n: int, seed: int, shift: float = 0.0, turned: bool = False) -> np.ndarray:
    """Ten correlated features; turned: the same spread of each, and the correlations of none."""
    mix = np.random.default_rng(0).normal(size=(10, 10))
    mix[:, 1] = mix[:, 0] + 0.05 * mix[:, 1]
    values = np.random.default_rng(seed).normal(size=(n, 10)) @ mix + shift * np.sqrt((mix**2).sum(axis=0))
    return np.random.default_rng(seed + 1).permuted(values, axis=0) if turned else values


def withheld(shift: float = 0.0, turned: bool = False) -> float:
    """Share of 1000 new cases that an envelope of 250 withholds."""
    from OsteoScreenLib.training.fit_envelope import fit_envelope

    names = [f"f{i}" for i in range(10)]
    envelope = fit_envelope(names, drawn(250, 1), np.array([f"p{i}" for i in range(250)]))
    assert envelope.coverage == pytest.approx(0.99, abs=0.005)
    return float(np.mean([bool(envelope.reasons(row)) for row in drawn(1000, 2, shift, turned)]))


def test_of_cases_alike_about_one_in_a_hundred_is_withheld():
    assert 0.001 < withheld() < 0.04


def test_cases_far_away_are_withheld():
    assert withheld(shift=6.0) > 0.99


def test_cases_whose_features_do_not_go_together_are_withheld_though_each_is_in_range():
    assert withheld(turned=True) > 0.5


def test_missing_values_do_not_count_as_strange():
    from OsteoScreenLib.training.fit_envelope import fit_envelope

    values = drawn(100, 3)
    values[::5, 2] = np.nan
    envelope = fit_envelope([f"f{i}" for i in range(10)], values, np.arange(100).astype(str))
    assert np.isfinite(envelope.limit)
    assert envelope.reasons(np.full(10, np.nan)) == []
