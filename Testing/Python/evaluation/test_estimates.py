"""Proportions and predictive values with their intervals, and the figures of the femur paper."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from OsteoScreenLib.evaluation.accuracy import Accuracy
from OsteoScreenLib.evaluation.estimate import Estimate, proportion

FEMUR_PAPER = (
    ("sensitivity, normal", 44, 52, 0.846, 0.719, 0.931),
    ("specificity, normal", 41, 49, 0.837, 0.703, 0.927),
    ("sensitivity, osteopenia", 23, 30, 0.767, 0.577, 0.901),
    ("specificity, osteopenia", 53, 71, 0.746, 0.629, 0.842),
    ("sensitivity, osteoporosis", 18, 19, 0.947, 0.740, 0.999),
    ("specificity, osteoporosis", 79, 82, 0.963, 0.897, 0.992),
)
"""As printed in BMC Musculoskelet Disord 2025;26:378 for its 101 test cases."""


@pytest.mark.parametrize(("what", "k", "n", "value", "low", "high"), FEMUR_PAPER)
def test_exact_intervals_are_those_printed_in_the_femur_paper(what, k, n, value, low, high):
    found = proportion(k, n)
    assert [round(bound, 3) for bound in (found.value, found.low, found.high)] == [value, low, high], what


def test_the_neighbouring_count_has_other_intervals():
    assert round(proportion(17, 19).low, 3) != 0.740
    assert round(proportion(78, 82).high, 3) != 0.992


def test_none_and_all_have_one_sided_intervals_and_no_case_has_none():
    assert proportion(0, 10).low == 0
    assert proportion(0, 10).high == pytest.approx(1 - 0.025**0.1)
    assert proportion(10, 10).low == pytest.approx(0.025**0.1)
    assert proportion(10, 10).high == 1
    assert proportion(0, 0) == Estimate(None)
    with pytest.raises(ValueError, match="no proportion"):
        proportion(3, 2)


@given(n=st.integers(1, 400), share=st.floats(0, 1))
def test_an_exact_interval_leaves_at_most_its_tails(n, share):
    from scipy.stats import binom

    k = round(share * n)
    found = proportion(k, n)
    assert 0 <= found.low <= found.value <= found.high <= 1
    if k > 0:
        assert binom.sf(k - 1, n, found.low) == pytest.approx(0.025, abs=1e-6)
    if k < n:
        assert binom.cdf(k, n, found.high) == pytest.approx(0.025, abs=1e-6)


def test_predictive_values_at_the_prevalence_of_the_study_are_those_counted():
    counts = Accuracy(tp=18, fp=3, fn=1, tn=79)
    ppv, npv = counts.predictive_values(19 / 101)
    assert ppv.value == pytest.approx(counts.ppv.value) == pytest.approx(18 / 21)
    assert npv.value == pytest.approx(counts.npv.value) == pytest.approx(79 / 80)


def test_predictive_values_follow_bayes_and_their_intervals_the_published_formula():
    counts = Accuracy(tp=18, fp=3, fn=1, tn=79)
    ppv, npv = counts.predictive_values(0.05)
    assert ppv.value == pytest.approx(18 / 19 * 0.05 / (18 / 19 * 0.05 + 3 / 82 * 0.95))
    assert npv.value == pytest.approx(79 / 82 * 0.95 / (79 / 82 * 0.95 + 1 / 19 * 0.05))
    half = 1.959964 * math.sqrt((1 / 19) / 18 + (79 / 82) / 3)  # (1 - se) / (se n1) + sp / ((1 - sp) n0)
    centre = math.log(ppv.value / (1 - ppv.value))
    assert ppv.low == pytest.approx(1 / (1 + math.exp(half - centre)), abs=1e-6)
    assert ppv.high == pytest.approx(1 / (1 + math.exp(-half - centre)), abs=1e-6)


def test_predictive_values_of_a_perfect_test_have_an_interval_and_need_both_kinds_of_case():
    ppv, npv = Accuracy(20, 0, 0, 60).predictive_values(0.1)
    assert ppv.value == npv.value == 1
    assert 0.2 < ppv.low < 0.9
    assert Accuracy(5, 0, 1, 0).predictive_values(0.1) == (Estimate(None), Estimate(None))
    for prevalence in (0, 1, 12):
        with pytest.raises(ValueError, match="between 0 and 1"):
            Accuracy(1, 1, 1, 1).predictive_values(prevalence)
