"""What a bone-status model does at prediction: calibration, operating points, envelope, sets, explanation."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.status.bone_status import BoneStatus
from OsteoScreenLib.status.calibration import Calibration, log_scores
from OsteoScreenLib.status.envelope import Envelope
from OsteoScreenLib.status.explanation_words import in_words, top_features
from OsteoScreenLib.status.operating_points import OperatingPoints
from OsteoScreenLib.status.prediction_set import PredictionSets, make_prediction_sets
from OsteoScreenLib.status.shapley import Contributions, contributions


def test_slope_one_without_intercepts_gives_the_probabilities_back():
    p = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]])
    np.testing.assert_allclose(Calibration(1.0, (0.0, 0.0, 0.0)).apply(log_scores(p)), p, atol=1e-12)


def test_two_calibrations_one_after_the_other_are_one():
    scores = np.random.default_rng(0).normal(size=(20, 3))
    first, second = Calibration(1.7, (0.2, -0.1, 0.4)), Calibration(0.6, (-1.0, 0.3, 0.0))
    by_turns = second.apply(np.log(first.apply(scores)))
    np.testing.assert_allclose(first.followed_by(second).apply(scores), by_turns, atol=1e-12)


def test_operating_points_may_call_a_case_positive_for_two_classes_or_none():
    points = OperatingPoints((0.5, 0.3, 0.4), "greatest Youden index", "12 cases")
    found = points.positive(np.array([[0.3, 0.35, 0.45 - 0.1], [0.1, 0.4, 0.5]]))
    assert found.tolist() == [[False, True, False], [False, True, True]]
    assert OperatingPoints.from_dict(points.to_dict()) == points


def envelope(limit: float = 3.0) -> Envelope:
    return Envelope(
        ("a", "b"), np.zeros(2), np.full(2, 10.0), np.full(2, 5.0), np.ones(2), np.eye(2), limit, coverage=0.99
    )


def test_the_envelope_is_silent_inside_and_names_what_lies_outside():
    assert envelope().reasons(np.array([5.0, 6.0])) == []
    assert envelope().reasons(np.array([5.0, np.nan])) == []
    outside = envelope(limit=100.0).reasons(np.array([5.0, 12.0]))
    assert outside == ["b is 12; the model was made from 0 to 10"]
    together = envelope().reasons(np.array([8.0, 8.0]))
    assert len(together) == 1
    assert "distance 4.2, limit 3.0" in together[0]


def test_an_envelope_round_trips_and_a_malformed_one_is_refused():
    data = envelope().to_dict()
    assert Envelope.from_dict(data).to_dict() == data
    with pytest.raises(ValueError, match="precision has the shape"):
        Envelope.from_dict({**data, "precision": [[1.0]]})
    with pytest.raises(ValueError, match="scale"):
        Envelope.from_dict({**data, "scale": [1.0, 0.0]})


def test_conformal_sets_hold_the_true_class_as_often_as_stated():
    """Over 400 draws, split conformal covers between 1 - a and 1 - a + 1 / (n + 1) on average."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(400):
        p = rng.dirichlet((0.6, 0.6, 0.6), size=100)
        truth = np.array([rng.choice(3, p=row) for row in p])
        sets = make_prediction_sets(p[:50], truth[:50], 0.9, "half")
        held.append(sets.members(p[50:])[np.arange(50), truth[50:]].mean())
    error = np.std(held) / 20
    assert 0.9 - 3 * error <= np.mean(held) <= 0.9 + 1 / 51 + 3 * error


def test_too_few_cases_for_a_coverage_give_sets_of_all_classes():
    sets = make_prediction_sets(np.full((5, 3), 1 / 3), np.zeros(5, dtype=int), 0.9, "five")
    assert sets.members(np.array([0.0, 0.5, 0.5])).all()
    assert PredictionSets.from_dict(sets.to_dict()) == sets


def additive(values: np.ndarray) -> np.ndarray:
    weights = np.linspace(-1, 1, values.shape[1])
    score = values @ weights
    return np.stack([score, -score], axis=1)


@pytest.mark.parametrize("n", [5, 15])
def test_contributions_to_a_sum_are_its_parts(n):
    rng = np.random.default_rng(1)
    case, typical = rng.normal(size=n), rng.normal(size=n)
    found = contributions(additive, case, typical)
    assert found.exact == (n == 5)
    np.testing.assert_allclose(found.values[:, 0], np.linspace(-1, 1, n) * (case - typical), atol=1e-10)


def interacting(values: np.ndarray) -> np.ndarray:
    score = np.tanh(values[:, 0] * values[:, 1] + values[:, 2]) + values[:, 3:].max(axis=1)
    return np.stack([score, 1 - score], axis=1)


def test_contributions_sum_to_the_difference_and_sampling_is_near_the_exact_values(monkeypatch):
    rng = np.random.default_rng(2)
    case, typical = rng.normal(size=8), rng.normal(size=8)
    exact = contributions(interacting, case, typical)
    monkeypatch.setattr("OsteoScreenLib.status.shapley.EXACT_UP_TO", 3)
    sampled = contributions(interacting, case, typical)
    assert (exact.exact, sampled.exact) == (True, False)
    for found in (exact, sampled):
        np.testing.assert_allclose(found.values.sum(axis=0), found.prediction - found.base, atol=1e-10)
    np.testing.assert_allclose(sampled.values, exact.values, atol=0.05)
    assert np.abs(exact.values).max() > 0.2


def test_a_missing_value_moves_nothing():
    found = contributions(additive, np.array([np.nan, 2.0]), np.array([7.0, 0.0]))
    np.testing.assert_allclose(found.values[0], 0.0)


def test_the_top_features_are_said_in_words():
    values = np.array([[0.0, 0.0, 0.004], [-0.1, -0.1, 0.2], [0.05, 0.05, -0.1]])  # the first would be told as 0.00
    found = Contributions(values, np.array([0.5, 0.2, 0.3]), np.array([0.4, 0.2, 0.4 + 0.01]), True)
    names = ["same", "original_firstorder_Mean", "wavelet-LLH_glcm_Contrast"]
    top = top_features(found, names, np.array([1.0, 90.0, 3.0]), np.array([1.0, 140.0, 2.0]))
    assert [feature.sentence for feature in top] == [
        "original_firstorder_Mean (density distribution) of 90 (below the typical 140) raises the probability of"
        " osteoporosis by 0.20",
        "wavelet-LLH_glcm_Contrast (texture (co-occurrence), wavelet band) of 3 (above the typical 2) lowers the"
        " probability of osteoporosis by 0.10",
    ]
    (sex,) = top_features(found, ["same", "sex_male", "other"], np.array([1.0, 0.0, np.nan]), np.array([1.0, 0.5, 2.0]))
    assert sex.sentence == "female sex raises the probability of osteoporosis by 0.20"
    assert in_words("age") == "age in years"
    assert in_words("densitometry_femoral_neck_abmd") == "areal density in g/cm2 (femoral neck)"
    assert in_words("densitometry_total_hip_trabecular_hu") == "trabecular HU (total hip)"
    assert in_words("f633") == "f633"


@pytest.mark.parametrize(
    "change",
    [
        {"probabilities": {"normal": "abc"}},
        {"probabilities": {"normal": float("nan")}},
        {"probabilities": {"tall": 0.5}},
        {"side": 5},
        {"model": ["x"]},
    ],
)
def test_a_status_that_nobody_can_show_is_not_read(change):
    sound = BoneStatus("m", "left", "normal", {"normal": 0.8, "osteopenia": 0.2, "osteoporosis": 0.0}).to_dict()
    assert BoneStatus.from_dict(sound).to_dict() == sound
    with pytest.raises(ValueError, match=r"."):
        BoneStatus.from_dict({**sound, **change})
