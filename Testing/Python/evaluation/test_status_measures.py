"""Kappa, F1, calibration, decision curves and the bootstrap, beside other programs and by hand."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from factory import statistics_references as references
from factory.statistics_sets import probability_set, ratings, three_class_set

from OsteoScreenLib.evaluation.auc import auc_of
from OsteoScreenLib.evaluation.calibration import (
    calibration_error,
    calibration_in_the_large,
    calibration_line,
    groups_of,
    n_at_the_ends,
)
from OsteoScreenLib.evaluation.classification import (
    brier_of_each,
    confusion,
    one_against_rest,
    quadratic_kappa,
    ranked_probability_of_each,
    scores_of,
)
from OsteoScreenLib.evaluation.decision_curve import net_benefit, net_benefit_of_all
from OsteoScreenLib.evaluation.stratified_bootstrap import bootstrap, drawn_auc, draws
from OsteoScreenLib.radiomics.icc import icc_2_1

RECORDED = json.loads((Path(__file__).parent / "other_programs.json").read_text(encoding="utf-8"))
THRESHOLDS = np.array(references.DECISION_THRESHOLDS)


def our_decision_curves() -> dict[str, list[float]]:
    found = {}
    for number in range(references.N_PROBABILITY):
        truth, probability = probability_set(number)
        model, every = net_benefit(truth, probability, THRESHOLDS), net_benefit_of_all(truth, THRESHOLDS)
        found[str(number)] = [*model.tolist(), *every.tolist()]
    return found


def our_calibration() -> dict[str, dict[str, float]]:
    found = {}
    for number in range(references.N_PROBABILITY):
        line, large = calibration_line(*probability_set(number)), calibration_in_the_large(*probability_set(number))
        assert line is not None
        found[str(number)] = {
            "intercept": line.intercept,
            "slope": line.slope,
            "large": large.value,
            "intercept_se": math.sqrt(line.covariance[0, 0]),
            "slope_se": math.sqrt(line.covariance[1, 1]),
            "large_se": (large.high - large.low) / 2 / 1.959963984540054,
        }
    return found


def our_agreement() -> dict[str, list[float]]:
    found = {str(number): icc_2_1(ratings(number)) for number in range(references.N_RATINGS)}
    return {number: [one.icc, one.low, one.high] for number, one in found.items()}


def our_scores() -> dict[str, dict[str, float]]:
    found = {}
    for number in range(references.N_THREE):
        cases = three_class_set(number)
        scores = scores_of(confusion(cases.truth, cases.probabilities.argmax(axis=1), 3))
        areas = [auc_of(cases.truth == index, cases.probabilities[:, index]).value for index in range(3)]
        last = np.column_stack([1 - cases.probabilities[:, 2], cases.probabilities[:, 2]])
        found[str(number)] = {
            **{name: float(scores[name]) for name in ("f1_macro", "f1_micro", "f1_weighted", "kappa")},
            "auc_macro": float(np.mean(areas)),
            "brier_last": float(brier_of_each((cases.truth == 2).astype(int), last).mean()) / 2,
        }
    return found


PARTS = {
    "dcurves": (our_decision_curves, references.dcurves_of_sets),
    "statsmodels": (our_calibration, references.statsmodels_of_sets),
    "pingouin": (our_agreement, references.pingouin_of_ratings),
    "scikit-learn": (our_scores, references.sklearn_of_sets),
}
LIVE = [
    pytest.param(program, marks=pytest.mark.beside(program.replace("scikit-learn", "sklearn"), program))
    for program in PARTS
]


def assert_equal(found: dict, wanted: dict) -> None:
    assert found.keys() == wanted.keys()
    for number, values in wanted.items():
        assert found[number] == pytest.approx(values, rel=1e-6, abs=1e-9), number


@pytest.mark.parametrize("program", PARTS)
def test_what_is_computed_equals_what_was_recorded_from_an_independent_program(program):
    assert_equal(PARTS[program][0](), RECORDED[program])


@pytest.mark.parametrize("program", LIVE)
def test_what_is_computed_equals_an_independent_program_here_and_now(program):
    assert_equal(PARTS[program][0](), PARTS[program][1]())


def test_another_rule_at_the_threshold_would_be_noticed():
    truth, probability = np.array([True, False, True, False]), np.array([0.2, 0.2, 0.7, 0.1])
    assert net_benefit(truth, probability, np.array([0.2]))[0] == pytest.approx(0.5 - 0.25 * 0.25)


def test_withheld_cases_are_wrong_answers_in_every_count():
    truth, predicted = np.array([0, 0, 1, 1, 2, 2]), np.array([0, -1, 1, 0, -1, 2])
    matrix = confusion(truth, predicted, 3)
    assert matrix.tolist() == [[1, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1]]
    assert one_against_rest(matrix, 0) == (1, 2, 1, 2)  # the withheld case of class 2 is a false positive
    assert one_against_rest(matrix, 2) == (1, 1, 1, 3)
    scores = scores_of(matrix)
    assert scores["accuracy"] == 0.5
    assert scores["f1_2"] == pytest.approx(2 / 3)
    assert scores["f1_micro"] == pytest.approx(6 / (6 + 3 + 1))
    without = scores_of(confusion(truth[predicted >= 0], predicted[predicted >= 0], 3))
    assert without["accuracy"] == 0.75
    assert without["kappa"] == scores["kappa"]


def test_kappa_is_one_for_agreement_and_undefined_where_all_is_of_one_class():
    assert quadratic_kappa(np.diag([3, 4, 5])) == 1
    assert math.isnan(quadratic_kappa(np.diag([3, 0, 0])))
    assert quadratic_kappa(np.array([[0, 0, 5], [0, 0, 0], [5, 0, 0]])) == pytest.approx(-1)
    assert math.isnan(scores_of(np.array([[3, 0, 0, 0], [0, 4, 0, 0], [0, 0, 0, 0]]))["f1_2"])


def test_the_ranked_probability_score_punishes_a_distant_class_more():
    truth = np.array([0])
    near, far = np.array([[0.0, 1.0, 0.0]]), np.array([[0.0, 0.0, 1.0]])
    assert ranked_probability_of_each(truth, near) == 0.5
    assert ranked_probability_of_each(truth, far) == 1
    assert brier_of_each(truth, near) == brier_of_each(truth, far) == 2


def test_probabilities_that_are_true_have_slope_one_and_intercept_nought():
    random = np.random.default_rng(4)
    probability = random.uniform(0.02, 0.98, 20000)
    line = calibration_line(random.random(20000) < probability, probability)
    assert line.slope == pytest.approx(1, abs=0.05)
    assert line.slope_estimate().low < 1 < line.slope_estimate().high
    assert line.intercept == pytest.approx(0, abs=0.05)
    value, low, high = line.at(np.array([0.3]))
    assert low[0] < value[0] < high[0]
    assert value[0] == pytest.approx(0.3, abs=0.02)


def test_classes_that_do_not_overlap_have_no_recalibration_line():
    probability = np.array([0.1, 0.2, 0.8, 0.9])
    assert calibration_line(np.array([False, False, True, True]), probability) is None
    assert calibration_line(np.array([True, True, False, False]), probability) is None
    assert calibration_line(np.ones(4, bool), probability) is None
    assert calibration_line(np.array([False, True, False, True]), probability) is not None
    assert calibration_in_the_large(np.ones(4, bool), probability).value is None


def test_probabilities_of_nought_and_one_are_moved_and_counted():
    probability = np.array([0.0, 1.0, 0.5, 1.0, 0.0, 0.3])
    assert n_at_the_ends(probability) == 4
    line = calibration_line(np.array([False, True, True, False, False, True]), probability)
    assert math.isfinite(line.slope)


def test_groups_hold_ten_cases_at_least_and_part_no_equal_probabilities():
    truth, probability = probability_set(3)
    groups = groups_of(truth, probability)
    assert len(groups) == 10
    assert sum(group.n for group in groups) == len(truth)
    assert min(group.n for group in groups) >= 10
    assert all(before.high < after.low for before, after in itertools.pairwise(groups))
    same = groups_of(truth, np.full(len(truth), 0.4))
    assert len(same) == 1
    assert calibration_error(same) == pytest.approx(abs(0.4 - truth.mean()))
    assert groups_of(truth[:0], probability[:0]) == []
    assert calibration_error([]) is None


def test_draws_keep_the_classes_and_bring_all_cases_of_a_patient():
    truth = np.array([0] * 6 + [1] * 4 + [2] * 2)
    (drawn,) = draws(truth, np.arange(12), seed=1, resamples=200)
    assert drawn.shape == (200, 12)
    assert (drawn[:, :6].sum(axis=1) == 6).all()
    assert (drawn[:, 6:10].sum(axis=1) == 4).all()
    assert (drawn[:, 10:].sum(axis=1) == 2).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(12), abs=0.3)
    patients = np.array(["a", "a", "b", "b", "c", "d", "e", "e", "f", "f", "g", "g"])
    (drawn,) = draws(truth, patients, seed=1, resamples=200)
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert (drawn[:, 10] == drawn[:, 11]).all()
    assert (drawn[:, 4] != drawn[:, 5]).any()


def test_the_area_of_a_draw_is_that_of_its_cases_written_out():
    cases = three_class_set(2)
    positive, score = cases.truth == 1, np.round(cases.probabilities[:, 1], 1)
    (drawn,) = draws(cases.truth, np.arange(101), seed=5, resamples=30)
    for times, area in zip(drawn.astype(int), drawn_auc(positive, score, drawn), strict=True):
        assert area == pytest.approx(auc_of(np.repeat(positive, times), np.repeat(score, times)).value)
    assert np.isnan(drawn_auc(positive, score, drawn * ~positive)).all()


def test_scores_of_many_matrices_are_those_of_each():
    matrices = np.random.default_rng(1).integers(0, 20, (7, 3, 4))
    together = scores_of(matrices)
    for index, matrix in enumerate(matrices):
        alone = {name: float(value) for name, value in scores_of(matrix).items()}
        assert {name: float(values[index]) for name, values in together.items()} == pytest.approx(alone)


def test_the_bootstrap_covers_a_known_interval_is_repeatable_and_wider_for_patients():
    random = np.random.default_rng(0)
    values = random.normal(size=400)
    truth = np.zeros(400, int)

    def mean(drawn: np.ndarray) -> dict[str, np.ndarray]:
        return {"mean": drawn @ values / 400}

    low, high = bootstrap(mean, truth, np.arange(400), seed=7)["mean"]
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.1)
    assert bootstrap(mean, truth, np.arange(400), seed=7)["mean"] == (low, high)
    assert bootstrap(mean, truth, np.arange(400), seed=8)["mean"] != (low, high)
    values = np.repeat(values[:200], 2)
    by_patient = bootstrap(mean, truth, np.repeat(np.arange(200), 2), seed=7)["mean"]
    by_case = bootstrap(mean, truth, np.arange(400), seed=7)["mean"]
    assert by_patient[1] - by_patient[0] > 1.2 * (by_case[1] - by_case[0])


def test_a_figure_that_is_mostly_undefined_has_no_interval():
    truth = np.zeros(10, int)
    undefined = bootstrap(lambda drawn: {"x": np.full(len(drawn), np.nan)}, truth, np.arange(10), seed=1)
    assert undefined == {"x": None}
    assert bootstrap(lambda drawn: {"x": np.ones(len(drawn))}, truth, np.zeros(10), seed=1) == {"x": None}
