"""Nothing of a case that is predicted may reach the model: by the interface, by the folds, and by the checks."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import pytest

from OsteoScreenLib.evaluation.predictions import THREE_CLASSES
from OsteoScreenLib.training.cohort import Cohort, CohortCase
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.leak_checks import leak_findings, planted_leak_is_caught
from OsteoScreenLib.training.status_recipe import Recipe

pytestmark = [pytest.mark.needs_module("sklearn"), pytest.mark.needs_module("scipy")]

SCORES = (-0.3, -1.7, -3.1)


def noise(n: int = 90, features: int = 1000, seed: int = 0) -> tuple[FeatureMatrix, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = tuple(f"f{i}" for i in range(features))
    return FeatureMatrix(names, rng.normal(size=(n, features))), np.arange(n) % 3, np.array([f"p{i}" for i in range(n)])


def cohort_of(classes: np.ndarray, groups: np.ndarray) -> Cohort:
    rng = np.random.default_rng(1)
    cases = tuple(
        CohortCase(f"c{i}", g, g, SCORES[k] + rng.normal(0, 0.2), THREE_CLASSES[k], split="train")
        for i, (k, g) in enumerate(zip(classes, groups, strict=True))
    )
    return Cohort(cases, "DXA", "femoral_neck")


RECIPE = Recipe("noise", "logistic", mrmr_features=(10,), outer_folds=5, inner_folds=3)


def test_selecting_features_of_noise_before_the_folds_looks_brilliant_and_the_pipeline_does_not():
    """The same data, the same steps: 0.8 and more where selection saw all cases, chance where the pipeline selects."""
    from OsteoScreenLib.training import selection
    from OsteoScreenLib.training.nested_validation import validate_nested

    matrix, classes, groups = noise(n=60, features=3000)
    ours = np.mean(validate_nested(matrix, classes, groups, RECIPE).aucs)
    beforehand = matrix.columns([matrix.names[i] for i in selection.mrmr(matrix.values, classes, 10)])
    leaking = np.mean(validate_nested(beforehand, classes, groups, RECIPE).aucs)
    assert leaking > 0.8
    assert abs(ours - 0.5) < 0.12


def test_a_recipe_takes_plain_values_and_nothing_fitted():
    from sklearn.preprocessing import StandardScaler

    from OsteoScreenLib.training.nested_validation import fit_status, validate_nested

    with pytest.raises(TypeError, match="a word, a number or a list"):
        replace(RECIPE, kept=(StandardScaler(),))
    for function in (fit_status, validate_nested):
        kinds = {str(p.annotation) for p in inspect.signature(function).parameters.values()}
        assert not any("Any" in kind or "Pipeline" in kind or "Estimator" in kind for kind in kinds)


def test_the_auc_of_permuted_labels_covers_one_half_where_the_true_one_is_high():
    from OsteoScreenLib.training.permutation_test import permutation_test

    matrix, classes, groups = noise(features=60)
    values = matrix.values.copy()
    values[:, 0] += 2.0 * classes
    found = permutation_test(FeatureMatrix(matrix.names, values), classes, groups, RECIPE, permutations=12)
    assert found.true_auc > 0.85
    assert found.low <= 0.5 <= found.high
    assert found.high < 0.75
    assert (found.is_sound, found.p) == (True, 1 / 13)


def test_two_hips_of_a_patient_are_never_parted_by_a_fold():
    from OsteoScreenLib.training.nested_validation import make_folds

    classes = np.repeat(np.arange(60) % 3, 2)
    groups = np.repeat([f"p{i}" for i in range(60)], 2)
    for train, test in make_folds(classes, groups, 5, seed=0):
        assert not set(groups[train]) & set(groups[test])


def test_hips_of_one_patient_do_not_give_each_other_away():
    """A feature that is a patient's own number predicts the other hip perfectly, and nobody else."""
    from OsteoScreenLib.training.nested_validation import validate_nested

    rng = np.random.default_rng(0)
    person = rng.normal(size=(45, 8))
    matrix = FeatureMatrix(tuple(f"f{i}" for i in range(8)), np.repeat(person, 2, axis=0))
    classes = np.repeat(rng.permutation(np.arange(45) % 3), 2)
    recipe = Recipe("hips", "forest", mrmr_features=(8,), trees=30, selector="none", outer_folds=5, inner_folds=3)
    together = np.mean(validate_nested(matrix, classes, np.repeat([f"p{i}" for i in range(45)], 2), recipe).aucs)
    parted = np.mean(validate_nested(matrix, classes, np.array([f"h{i}" for i in range(90)]), recipe).aucs)
    assert parted > 0.9
    assert together < 0.7


def test_a_planted_leak_is_caught_and_honest_features_are_not_called_one():
    matrix, classes, groups = noise(n=120, features=40)
    values = matrix.values.copy()
    cohort = cohort_of(classes, groups)
    scores = np.array([case.t_score for case in cohort.cases])
    values[:, 0] = scores + np.random.default_rng(5).normal(0, 0.35 * scores.std(), 120)  # as good as CT-aBMD
    honest = FeatureMatrix(matrix.names, values)
    assert leak_findings(honest, cohort) == []
    assert planted_leak_is_caught(honest, cohort)


def test_copies_of_a_patient_under_another_name_are_named():
    matrix, classes, groups = noise(n=30, features=5)
    values = matrix.values.copy()
    values[7] = values[3]
    found = leak_findings(FeatureMatrix(matrix.names, values), cohort_of(classes, groups))
    assert found == ["the cases c3 and c7 of different patients have the same features"]


def test_a_check_that_notices_nothing_says_so(monkeypatch):
    matrix, classes, groups = noise(n=60, features=5)
    monkeypatch.setattr("OsteoScreenLib.training.leak_checks.TOO_GOOD", 1.1)
    assert not planted_leak_is_caught(matrix, cohort_of(classes, groups))
