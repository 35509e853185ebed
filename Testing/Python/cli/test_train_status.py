"""``osteoscreen train status`` and ``recalibrate-status``: from tables to installed models."""

from __future__ import annotations

import sys

import pytest
from factory.status_cohort import write_wine_cohort

from OsteoScreenLib.evaluation.predictions_file import read_predictions
from OsteoScreenLib.models.bundle import load_bundle

needs_sklearn = [pytest.mark.needs_module("sklearn"), pytest.mark.needs_module("skl2onnx")]


def needs_learning(test):
    """Marks a test as one that wants scikit-learn and skl2onnx."""
    for mark in needs_sklearn:
        test = mark(test)
    return test


@needs_learning
def test_tables_become_models_that_are_installed_evaluated_and_recalibrated(osteoscreen, tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEOSCREEN_MODELS", str(tmp_path / "models"))
    cohort, features = write_wine_cohort(tmp_path)
    run = tmp_path / "run"
    common = ["--features", features, "--out", run, "--split", "random", "--classifier", "logistic"]
    rungs = ["--model", "age_sex", "--model", "radiomics", "--permutations", "3", "--id", "wine", "--demonstration"]
    ended = osteoscreen("train", "status", cohort, *common, *rungs)
    assert ended.code == 0, ended.err
    assert "Warning: 14 of 53 test cases are osteoporosis; 100 of either kind are needed." in ended.out
    table = read_predictions(run / "predictions.csv")
    assert (table.models, table.splits) == (("age_sex", "radiomics"), ("development", "test"))

    bundle = run / "bundles" / "wine-radiomics-0.1.0"
    assert osteoscreen("models", "install", bundle).code == 0
    card = osteoscreen("models", "show", "wine-radiomics").out
    for words in ("for bone status", "A demonstration", "Classifiers of measured features", "test.auc.macro.value"):
        assert words in card
    assert osteoscreen("models", "verify", "wine-radiomics").code == 0

    again = osteoscreen(
        "train",
        "recalibrate-status",
        bundle,
        cohort,
        "--features",
        features,
        "--out",
        tmp_path / "north",
        "--site",
        "North",
    )
    assert again.code == 0, again.err
    assert load_bundle(tmp_path / "north" / "wine-radiomics-north-0.1.0").document["parent"]["id"] == "wine-radiomics"


@needs_learning
def test_a_wrong_table_is_refused_with_its_lines_before_anything_is_made(osteoscreen, tmp_path):
    cohort, features = write_wine_cohort(tmp_path)
    cohort.write_text(cohort.read_text().replace("c3,", "c2,", 1))
    ended = osteoscreen("train", "status", cohort, "--features", features, "--out", tmp_path / "run")
    assert ended.code == 2
    assert "line 5: the case 'c2' is in line 4 already" in ended.err
    assert not (tmp_path / "run").exists()


@needs_learning
def test_an_unknown_rung_or_classifier_is_refused_with_those_that_there_are(osteoscreen, tmp_path):
    cohort, features = write_wine_cohort(tmp_path)
    common = ["train", "status", cohort, "--features", features, "--out", tmp_path / "run", "--split", "random"]
    ended = osteoscreen(*common, "--model", "everything")
    assert ended.code == 2
    assert "age_sex, mean_hu, ct_abmd, radiomics, fusion" in ended.err
    ended = osteoscreen(*common, "--classifier", "oracle")
    assert ended.code == 2
    assert "forest, logistic, svm, boosting" in ended.err


@needs_learning
def test_a_stability_table_takes_unstable_features_out(osteoscreen, tmp_path):
    cohort, features = write_wine_cohort(tmp_path)
    lines = ["feature,perturbation,icc_2_1,low,high,stable,subjects,measurements"]
    lines += [
        f"{name},all,0.9,0.8,0.95,{word},20,6" for name, word in (("proline", "no"), ("hue", "yes"), ("ash", "yes"))
    ]
    (tmp_path / "stability.csv").write_text("\n".join(lines) + "\n")
    ended = osteoscreen(
        *("train", "status", cohort, "--features", features, "--out", tmp_path / "run", "--split", "random"),
        *("--stability", tmp_path / "stability.csv", "--model", "radiomics", "--classifier", "logistic"),
        *("--permutations", "0"),
    )
    assert ended.code == 0, ended.err
    text = (tmp_path / "run" / "bundles" / "bone-status-radiomics-0.1.0" / "status.json").read_text()
    assert '"hue"' in text
    assert '"proline"' not in text
    assert "labels were not permuted" in ended.out


@pytest.mark.parametrize("module", ["sklearn", "skl2onnx"])
def test_a_missing_package_is_named_with_the_way_to_get_it(osteoscreen, monkeypatch, tmp_path, module):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else sys.__spec__)
    ended = osteoscreen("train", "status", tmp_path / "cohort.csv", "--out", tmp_path / "out")
    assert ended.code == 2
    assert "pip install 'osteoscreen[train]'" in ended.err
