"""From a cohort table to bundles and predictions, on a real tabular set, beside plain scikit-learn on one split."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from factory.status_cohort import write_diabetes_cohort, write_wine_cohort

from OsteoScreenLib.errors import InputError, ModelError, UsageError
from OsteoScreenLib.evaluation.auc import auc_of, compare, mean_auc
from OsteoScreenLib.evaluation.predictions import THREE_CLASSES
from OsteoScreenLib.evaluation.predictions_file import read_predictions
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.store import find_model, install_model, remove_model
from OsteoScreenLib.training.cohort_file import read_cohort
from OsteoScreenLib.training.cohort_splits import split_cohort
from OsteoScreenLib.training.feature_file import read_features
from OsteoScreenLib.training.feature_matrix import FeatureMatrix, clinical_features
from OsteoScreenLib.training.status_recipe import Recipe

pytestmark = [pytest.mark.needs_module("sklearn"), pytest.mark.needs_module("skl2onnx")]

RUNGS = ("age_sex", "ct_abmd", "radiomics", "fusion")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Cohort, features, outcome and folder of one training."""
    from OsteoScreenLib.training.status_bundle import CardFacts
    from OsteoScreenLib.training.train_status import TrainingOptions, train_status

    folder = tmp_path_factory.mktemp("wine")
    table, features = write_wine_cohort(folder)
    cohort = split_cohort(read_cohort(table), "random", seed=1)
    matrix = read_features(features, cohort)
    recipe = Recipe("radiomics", trees=60, mrmr_features=(8, 13), outer_folds=4, inner_folds=3)
    options = TrainingOptions(recipe, RUNGS, permutations=4, facts=CardFacts("wine", demonstration=True))
    return cohort, matrix, train_status(cohort, matrix, folder / "run", options), folder


def of_model(trained, model: str, split: str):
    rows = [row for row in read_predictions(trained[2].predictions).of_model(model) if row.split == split]
    answered = [row for row in rows if not row.withheld]
    truth = np.array([THREE_CLASSES.index(row.truth) for row in answered])
    return rows, truth, np.array([row.probabilities for row in answered])


def macro(truth: np.ndarray, probabilities: np.ndarray) -> float:
    return float(np.mean([auc_of(truth == k, probabilities[:, k]).value for k in range(3)]))


def test_the_radiomics_model_is_as_good_as_plain_scikit_learn_on_the_same_split(trained):
    """Both see the same 125 cases and are asked of the same 53."""
    from sklearn.ensemble import RandomForestClassifier

    cohort, matrix, _, _ = trained
    fitted, test = cohort.where(lambda case: case.is_fitted), cohort.where(lambda case: case.split == "test")
    plain = RandomForestClassifier(500, random_state=0).fit(matrix.values[fitted], cohort.classes[fitted])
    theirs = plain.predict_proba(matrix.values[test])
    rows, truth, ours = of_model(trained, "radiomics", "test")
    assert len(rows) == 53
    assert sum(bool(row.withheld) for row in rows) <= 3
    assert macro(truth, ours) > macro(cohort.classes[test], theirs) - 0.01
    assert np.mean(ours.argmax(axis=1) == truth) > np.mean(theirs.argmax(axis=1) == cohort.classes[test]) - 0.03
    _, truth, ours = of_model(trained, "radiomics", "development")
    assert macro(truth, ours) > 0.98


def test_drawn_ages_and_sexes_tell_nothing_and_the_card_says_so(trained):
    _, truth, p = of_model(trained, "age_sex", "test")
    assert abs(macro(truth, p) - 0.5) < 0.15
    report = json.loads(trained[2].report.read_text())
    assert any("is not told apart" in text or "are needed" in text for text in report["warnings"])


def test_every_case_has_a_row_in_every_model_and_a_missing_rung_is_explained(trained):
    table = read_predictions(trained[2].predictions)
    assert table.models == ("age_sex", "radiomics", "fusion")
    assert {len(table.of_model(name)) for name in table.models} == {178}
    assert set(trained[2].left_out) == {"ct_abmd"}


def test_the_checks_of_honesty_ran_and_found_nothing_wrong(trained):
    report = json.loads(trained[2].report.read_text())
    for name in ("radiomics", "fusion"):
        honesty = report["models"][name]["honesty"]
        assert honesty["planted_leak_caught"]
        assert honesty["permuted_labels"]["is_sound"]
        assert honesty["permuted_labels"]["true_auc"] > 0.97
    assert any("14 of 53 test cases are osteoporosis" in text for text in report["warnings"])


def test_operating_points_come_from_development_cases_alone(trained):
    from OsteoScreenLib.status.status_classifier import StatusClassifier
    from OsteoScreenLib.training.choose_operating_points import choose_operating_points

    settings = StatusClassifier(load_bundle(trained[2].bundles["radiomics"])).settings
    _, truth, p = of_model(trained, "radiomics", "development")
    again = choose_operating_points(p, truth, chosen_on="125 development cases, out of fold")
    np.testing.assert_allclose(settings.operating_points.thresholds, again.thresholds, atol=1e-12)
    rows, _, _ = of_model(trained, "radiomics", "test")
    for row in rows:
        if not row.withheld:
            assert list(row.positive) == settings.operating_points.positive(np.array(row.probabilities)).tolist()


def test_what_the_test_cases_are_does_not_change_the_model(trained, tmp_path):
    """The same training with scrambled test cases gives the same bundle, byte for byte of the graph."""
    from dataclasses import replace

    from OsteoScreenLib.training.train_one_status import train_one_status

    cohort, matrix, _, _ = trained
    matrix = clinical_features(cohort).beside(matrix)
    recipe = Recipe("radiomics", "logistic", mrmr_features=(8,), outer_folds=3, inner_folds=3)
    test = cohort.where(lambda case: case.split == "test")
    values = matrix.values.copy()
    values[test] = np.random.default_rng(0).normal(size=values[test].shape) * 1e3
    cases = tuple(replace(c, status="normal", t_score=0.0) if c.split == "test" else c for c in cohort.cases)
    one = train_one_status(cohort, matrix, recipe)
    other = train_one_status(replace(cohort, cases=cases), FeatureMatrix(matrix.names, values), recipe)
    assert one.onnx == other.onnx
    assert one.settings.to_json() == other.settings.to_json()


def test_the_bundle_is_installed_and_answers_without_scikit_learn(trained, tmp_path, monkeypatch):
    """In a process where scikit-learn, torch and skl2onnx cannot be imported."""
    monkeypatch.setenv("OSTEOSCREEN_MODELS", str(tmp_path / "models"))
    install_model(trained[2].bundles["fusion"])
    assert find_model("wine-fusion").demonstration
    rows, _, _ = of_model(trained, "fusion", "test")
    row = next(row for row in rows if not row.withheld)
    script = f"""
import sys
for name in ("sklearn", "torch", "skl2onnx", "onnx", "scipy", "pandas"):
    sys.modules[name] = None
import csv, json
from OsteoScreenLib.models.store import find_model
from OsteoScreenLib.status.status_classifier import StatusClassifier
rows = csv.DictReader(open({str(trained[3] / "run" / "features.csv")!r}))
line = next(row for row in rows if row["case_id"] == {row.case_id!r})
features = {{n: float(v) for n, v in line.items() if n != "case_id" and v}}
print(json.dumps(StatusClassifier(find_model("wine-fusion")).answer(features, "left").to_dict()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    np.testing.assert_allclose([answer["probabilities"][k] for k in THREE_CLASSES], row.probabilities, atol=1e-9)
    assert (answer["class"], answer["side"], answer["demonstration_model"]) == (row.predicted, "left", True)
    assert answer["top_features"][0]["sentence"].count("the probability of")
    remove_model("wine-fusion")
    with pytest.raises(ModelError, match="There is no model wine-fusion"):
        find_model("wine-fusion")


def test_a_case_unlike_all_others_or_without_its_age_is_withheld(trained):
    from OsteoScreenLib.status.status_classifier import StatusClassifier

    cohort, matrix, outcome, _ = trained
    classifier = StatusClassifier(load_bundle(outcome.bundles["fusion"]))
    whole = clinical_features(cohort).beside(matrix)
    first = int(cohort.where(lambda case: case.is_fitted)[0])
    features = dict(zip(whole.names, whole.values[first].tolist(), strict=True))
    assert not classifier.answer(features).status.withheld
    strange = classifier.answer({**features, "proline": 1e5})
    assert any("proline is 1e+05" in reason for reason in strange.status.reasons)
    without = classifier.answer({**features, "age": None, "sex_male": None})
    assert without.status.reasons == ("age is not known", "sex is not known")
    assert (without.positive, without.prediction_set, without.top) == ({}, (), ())


def test_too_few_patients_of_a_class_are_named(tmp_path):
    from OsteoScreenLib.training.nested_validation import fit_status

    matrix, classes = FeatureMatrix(("a",), np.arange(20.0)[:, None]), np.array([0, 1] * 9 + [2, 2])
    with pytest.raises(InputError, match="Of the class osteoporosis there are 2 patients"):
        fit_status(matrix, classes, np.arange(20).astype(str), Recipe("r"))


def test_recalibration_undoes_a_shift_of_prevalence_and_names_its_parent(trained, tmp_path):
    from OsteoScreenLib.status.status_classifier import StatusClassifier
    from OsteoScreenLib.training.recalibrate_status import recalibrate

    cohort, matrix, outcome, _ = trained
    parent = load_bundle(outcome.bundles["radiomics"])
    whole = clinical_features(cohort).beside(matrix)
    done = recalibrate(parent.folder, cohort, whole, tmp_path, site="North Clinic", slope=True)
    child = load_bundle(done.folder)
    assert child.document["parent"] == parent.reference()
    assert child.model_id == "wine-radiomics-north-clinic"
    assert done.cases + done.withheld == 178
    assert done.after <= done.before + 0.02
    old, new = StatusClassifier(parent), StatusClassifier(child)
    values = whole.columns(old.settings.inputs).values
    np.testing.assert_array_equal(old.scores(values), new.scores(values))
    shares = np.bincount(cohort.classes, minlength=3) / 178
    np.testing.assert_allclose(new.probabilities(values).mean(axis=0), shares, atol=0.02)


def test_recalibration_with_another_reference_standard_is_refused(trained, tmp_path):
    from dataclasses import replace

    from OsteoScreenLib.training.recalibrate_status import recalibrate

    cohort, matrix, outcome, _ = trained
    whole = clinical_features(cohort).beside(matrix)
    with pytest.raises(InputError, match="made for DXA T-scores"):
        recalibrate(
            Path(outcome.bundles["radiomics"]), replace(cohort, t_score_source="QCT"), whole, tmp_path, site="north"
        )


def test_on_patients_with_diabetes_the_models_equal_plain_scikit_learn_and_the_sets_cover(tmp_path):
    """442 real patients, a hard question: paired DeLong against scikit-learn alone, on the same 132 test cases."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from OsteoScreenLib.training.train_status import TrainingOptions, train_status

    table, features = write_diabetes_cohort(tmp_path)
    cohort = split_cohort(read_cohort(table), "random", seed=1)
    matrix = read_features(features, cohort)
    options = TrainingOptions(Recipe("radiomics", "logistic"), ("fusion",), permutations=5)
    outcome = train_status(cohort, matrix, tmp_path / "run", options)

    fitted, test = cohort.where(lambda case: case.is_fitted), cohort.where(lambda case: case.split == "test")
    values = clinical_features(cohort).beside(matrix).values
    plain = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    theirs = plain.fit(values[fitted], cohort.classes[fitted]).predict_proba(values[test])
    rows = {row.case_id: row for row in read_predictions(outcome.predictions).rows}
    own = [rows[cohort.cases[i].case_id] for i in test]
    kept = [i for i, row in enumerate(own) if not row.withheld]
    truth = cohort.classes[test][kept]
    areas = [
        mean_auc([auc_of(truth == k, p[:, k]) for k in range(3)])
        for p in (np.array([own[i].probabilities for i in kept]), theirs[kept])
    ]
    assert len(own) == 132
    assert len(own) - len(kept) <= 7
    found = compare(areas[0], areas[1])
    assert abs(areas[0].value - areas[1].value) < 0.02
    assert found.p > 0.05
    report = json.loads(outcome.report.read_text())["models"]["fusion"]
    assert report["honesty"]["permuted_labels"]["is_sound"]
    coverage = report["metrics"]["test"]["prediction_sets"]["coverage"]
    assert coverage["low"] <= 0.9 <= coverage["high"]


@pytest.mark.parametrize(("name", "version"), [("My cohort", "0.1.0"), ("x" * 60, "0.1.0"), ("clinic", "one")])
def test_a_name_that_no_bundle_may_have_is_refused_before_anything_is_trained(name, version):
    from OsteoScreenLib.training.status_bundle import CardFacts

    assert CardFacts("clinic", "1.0.0").model_id == "clinic"
    with pytest.raises(UsageError, match="No model can be called"):
        CardFacts(name, version)
