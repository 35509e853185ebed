"""AUC, DeLong's variance and test, beside pROC in R: live where it is installed, recorded elsewhere."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from factory.statistics_references import proc_of_asah, proc_of_sets, r_has_proc
from factory.statistics_sets import N_BINARY, binary_set, three_class_set
from hypothesis import given
from hypothesis import strategies as st

from OsteoScreenLib.evaluation.auc import auc_of, compare, holm, mean_auc, newcombe
from OsteoScreenLib.evaluation.stratified_bootstrap import drawn_auc, draws

RECORDED = json.loads((Path(__file__).parent / "other_programs.json").read_text(encoding="utf-8"))
EQUAL = 1e-6


@pytest.fixture(scope="module")
def proc() -> None:
    if not r_has_proc():
        pytest.skip("R with the package pROC, to compare with, is not installed (Debian: r-cran-proc)")


def ours(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    a, b = auc_of(truth, first), auc_of(truth, second)
    test = compare(a, b)
    return {
        "auc_a": a.value,
        "auc_b": b.value,
        "var_a": a.variance(),
        "var_b": b.variance(),
        "z": test.z,
        "p": test.p,
    }


@pytest.mark.parametrize("number", range(N_BINARY))
def test_auc_variance_and_paired_test_equal_those_recorded_from_proc(number):
    cases = binary_set(number)
    found = ours(cases.truth, cases.first, cases.second)
    assert found == pytest.approx(RECORDED["pROC"][str(number)], rel=EQUAL, abs=1e-12)


@pytest.mark.usefixtures("proc")
def test_auc_variance_and_paired_test_equal_those_of_proc_here_and_now(tmp_path: Path):
    of_r = proc_of_sets(tmp_path)
    assert len(of_r) == N_BINARY
    for number in range(N_BINARY):
        cases = binary_set(number)
        found = ours(cases.truth, cases.first, cases.second)
        assert found == pytest.approx(of_r[str(number)], rel=EQUAL, abs=1e-12)


@pytest.mark.usefixtures("proc")
def test_markers_of_the_haemorrhage_data_of_proc_have_its_auc_and_tests(tmp_path: Path):
    data, of_r = proc_of_asah(tmp_path)
    assert len(of_r) == 3
    assert len(data["truth"]) == 113
    for pair, wanted in of_r.items():
        first, second = pair.split()
        assert ours(data["truth"] == 1, data[first], data[second]) == pytest.approx(wanted, rel=EQUAL, abs=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=4, max_size=40))
def test_the_area_is_the_share_of_pairs_in_order_and_turns_with_the_scores(cases):
    truth, score = np.array([case[0] for case in cases]), np.array([float(case[1]) for case in cases])
    if truth.all() or not truth.any():
        return
    found = auc_of(truth, score)
    pairs = [(a > b) + 0.5 * (a == b) for a in score[truth] for b in score[~truth]]
    assert found.value == pytest.approx(np.mean(pairs))
    assert auc_of(truth, -score).value == pytest.approx(1 - found.value)
    assert auc_of(~truth, score).value == pytest.approx(1 - found.value)
    interval = found.estimate()
    if interval.low is not None:
        assert 0 <= interval.low <= found.value <= interval.high <= 1
        assert auc_of(truth, -score).estimate().low == pytest.approx(1 - interval.high)


def test_a_variance_that_is_slightly_off_is_noticed():
    cases = binary_set(5)
    wrong = {**ours(cases.truth, cases.first, cases.second)}
    wrong["var_a"] *= 1.00001
    assert wrong != pytest.approx(RECORDED["pROC"]["5"], rel=EQUAL, abs=1e-12)


def test_the_interval_is_on_the_logit_scale():
    area = auc_of(binary_set(2).truth, binary_set(2).first)
    found = area.estimate()
    assert 0 < found.low < area.value < found.high < 1
    logit = [math.log(value / (1 - value)) for value in (found.low, area.value, found.high)]
    assert logit[1] - logit[0] == pytest.approx(logit[2] - logit[1])
    assert logit[2] - logit[1] == pytest.approx(
        1.959964 * math.sqrt(area.variance()) / (area.value * (1 - area.value)), rel=1e-6
    )


def test_a_perfect_area_has_an_interval_that_goes_by_the_number_of_cases():
    few = auc_of(np.arange(20) >= 15, np.arange(20)).estimate()
    many = auc_of(np.arange(200) >= 150, np.arange(200)).estimate()
    assert few.value == few.high == many.high == 1
    assert 0.5 < few.low < many.low < 1
    reverse = auc_of(np.arange(20) < 15, np.arange(20)).estimate()
    assert reverse.value == reverse.low == 0
    assert 0 < reverse.high < 0.5
    middle = newcombe(0.8, 40, 60)
    assert 0.68 < middle.low < 0.8 < middle.high < 0.89


def test_one_case_of_a_class_has_an_area_but_no_interval_and_none_is_an_error():
    truth = np.array([True, False, False, False])
    found = auc_of(truth, np.array([3, 1, 2, 4])).estimate()
    assert found.value == pytest.approx(2 / 3)
    assert found.low is None
    test = compare(auc_of(truth, np.array([3, 1, 2, 4])), auc_of(truth, np.array([3, 1, 4, 2])))
    assert math.isnan(test.p)
    with pytest.raises(ValueError, match="both classes"):
        auc_of(np.ones(3, bool), np.arange(3))
    with pytest.raises(ValueError, match="numbers"):
        auc_of(truth, np.array([1, 2, 3, np.nan]))


def test_a_model_compared_with_itself_or_with_its_own_scale_has_p_of_one():
    cases = binary_set(4)
    same = compare(auc_of(cases.truth, cases.first), auc_of(cases.truth, np.exp(cases.first)))
    assert (same.difference.value, same.z, same.p) == (0, 0, 1)


def test_the_variance_of_a_macro_area_is_that_of_the_bootstrap():
    cases = three_class_set(1, n=303)
    areas = [auc_of(cases.truth == index, cases.probabilities[:, index]) for index in range(3)]
    macro = mean_auc(areas)
    assert macro.value == pytest.approx(np.mean([area.value for area in areas]))
    (times,) = draws(cases.truth, np.arange(303), seed=3, resamples=2000)
    drawn = np.mean(
        [drawn_auc(cases.truth == index, cases.probabilities[:, index], times) for index in range(3)], axis=0
    )
    assert math.sqrt(macro.variance()) == pytest.approx(np.std(drawn), rel=0.1)
    alone = math.sqrt(sum(area.variance() for area in areas)) / 3
    assert abs(alone / np.std(drawn) - 1) > 0.1  # as if the classes were of other cases: not it


def test_two_alike_femora_of_a_patient_tell_no_more_than_one():
    cases = binary_set(10)
    once = auc_of(cases.truth, cases.first)
    twice = auc_of(np.tile(cases.truth, 2), np.tile(cases.first, 2))
    patients = np.tile(np.arange(len(cases.truth)), 2)
    assert twice.value == pytest.approx(once.value)
    assert twice.variance(patients) == pytest.approx(once.variance(), rel=0.02)
    assert twice.variance() == pytest.approx(once.variance() / 2, rel=0.02)
    assert once.variance(np.arange(len(cases.truth))) == pytest.approx(once.variance(), rel=1e-12)


def test_intervals_of_both_hips_of_patients_cover_as_they_say_and_those_of_single_cases_do_not():
    random, area, hips = np.random.default_rng(2), 0.85, 160
    shift = NormalDist().inv_cdf(area) * math.sqrt(2)
    patients = np.repeat(np.arange(hips // 2), 2)
    covered = {"patients": 0, "cases": 0}
    for _ in range(600):
        truth = np.repeat(random.random(hips // 2) < 0.3, 2) ^ (random.random(hips) < 0.08)
        alike, own = np.repeat(random.normal(size=hips // 2), 2), random.normal(size=hips)
        found = auc_of(truth, math.sqrt(0.8) * alike + math.sqrt(0.2) * own + shift * truth)
        for name, interval in (("patients", found.estimate(patients)), ("cases", found.estimate())):
            covered[name] += interval.low <= area <= interval.high
    assert 0.925 < covered["patients"] / 600 < 0.975
    assert covered["cases"] / 600 < 0.925


def test_holm_adjusts_as_in_its_paper_and_passes_over_what_is_no_number():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    found = holm([0.5, math.nan, 0.001])
    assert math.isnan(found[1])
    assert [found[0], found[2]] == pytest.approx([0.5, 0.002])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
