"""``osteoscreen train status`` and ``recalibrate-status``: from tables to installed models."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from factory.rod_scans import GEOMETRY, write_rods
from factory.status_cohort import write_wine_cohort

from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.write import write_labels
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
def test_a_cohort_that_is_too_small_is_refused_before_anything_is_measured(osteoscreen, tmp_path):
    ended = osteoscreen("train", "status", scans_with_masks(tmp_path, 12), "--out", tmp_path / "run")
    assert ended.code == 2
    assert "there are 3 patients to learn from; nested cross-validation with 5 and 5 folds needs 7" in ended.err
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


@needs_learning
def test_a_program_that_follows_hears_progress_outcome_and_the_whole_of_an_error(osteoscreen, tmp_path):
    cohort, features = write_wine_cohort(tmp_path)
    call = ("train", "status", cohort, "--features", features, "--out", tmp_path / "run", "--split", "random")
    quick = ("--model", "age_sex", "--classifier", "logistic", "--permutations", "0", "--progress", "json")
    ended = osteoscreen(*call, *quick)
    assert ended.code == 0, ended.err
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert {event["event"] for event in events[:-1]} == {"progress"}
    told = events[-1]
    assert told["event"] == "outcome"
    assert load_bundle(Path(told["bundles"]["age_sex"])).model_id == "bone-status-age-sex"
    assert read_predictions(Path(told["predictions"])).models == ("age_sex",)
    assert told["warnings"] == json.loads(Path(told["report"]).read_text(encoding="utf-8"))["warnings"]

    cohort.write_text(cohort.read_text().replace("c3,", "c2,", 1).replace("c7,", "c6,", 1))
    ended = osteoscreen(*call, *quick)
    (failed,) = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.code, failed["event"]) == (2, "failed")
    assert "line 5" in failed["message"]
    assert "line 9" in failed["message"]


@pytest.mark.parametrize("module", ["sklearn", "skl2onnx"])
def test_a_missing_package_is_named_with_the_way_to_get_it(osteoscreen, monkeypatch, tmp_path, module):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else sys.__spec__)
    ended = osteoscreen("train", "status", tmp_path / "cohort.csv", "--out", tmp_path / "out")
    assert ended.code == 2
    assert "pip install 'osteoscreen[train]'" in ended.err


def scans_with_masks(folder: Path, count: int = 30) -> Path:
    """A cohort of rods, the denser the higher the T-score; the last one has a mask without the named side."""
    rng = np.random.default_rng(0)
    with (folder / "cohort.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        head = ["case_id", "patient_id", "image", "mask", "side", "t_score", "t_score_source", "t_score_site", "split"]
        writer.writerow(head)
        for i in range(count):
            score = (-0.4, -1.8, -3.0)[i % 3] + rng.uniform(-0.3, 0.3)
            image, mask = write_rods(folder, f"scan{i}", 330 + 40 * score + rng.normal(0, 15), seed=i)
            split = "test" if i >= count - 3 else "train"
            row = [f"c{i}", f"p{i}", image.name, mask.name, "left", score, "QCT", "femoral_neck", split]
            writer.writerow(row)
    write_labels(np.where(read_labels(mask)[0] == 2, 2, 0).astype(np.uint8), GEOMETRY, mask)
    return folder / "cohort.csv"


@needs_learning
def test_images_and_masks_become_models_and_a_second_run_measures_nothing_anew(osteoscreen, tmp_path):
    (tmp_path / "few.yaml").write_text("featureClass:\n  firstorder: [Mean, Variance, Skewness]\n", encoding="utf-8")
    table, run = scans_with_masks(tmp_path), tmp_path / "run"
    call = ("train", "status", table, "--out", run, "--params", tmp_path / "few.yaml", "--classifier", "logistic")
    rungs = ("--model", "mean_hu", "--model", "radiomics", "--permutations", "2")
    ended = osteoscreen(*call, *rungs)
    assert ended.code == 1, ended.err
    assert "No features of c29: There is no left femur in the mask" in ended.out
    kept = {file: file.stat().st_mtime_ns for file in (run / "features").glob("*.json")}
    assert len(kept) == 29
    rows = read_predictions(run / "predictions.csv").of_model("mean_hu")
    assert "There is no left femur in the mask" in next(row for row in rows if row.case_id == "c29").withheld
    answered = [row for row in rows if row.probabilities]
    assert np.mean([row.predicted == row.truth for row in answered]) > 0.7

    assert osteoscreen(*call, *rungs).code == 1
    assert {file: file.stat().st_mtime_ns for file in (run / "features").glob("*.json")} == kept
