"""The digital study's tool: the external site recalibrated, and the tables, on features that a formula drew."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from OsteoScreenLib.evaluation.predictions import THREE_CLASSES
from OsteoScreenLib.evaluation.predictions_file import read_predictions
from OsteoScreenLib.training.cohort_file import read_cohort
from OsteoScreenLib.training.feature_file import read_features
from OsteoScreenLib.training.status_recipe import Recipe

pytestmark = [pytest.mark.needs_module("sklearn"), pytest.mark.needs_module("skl2onnx")]
SCORES = (-0.3, -1.7, -3.1)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Cohort table and run folder: at site E the disease is more frequent, and the features lie lower."""
    from OsteoScreenLib.training.train_status import TrainingOptions, train_status

    folder, rng = tmp_path_factory.mktemp("study"), np.random.default_rng(0)
    rows, values = [], []
    for split, site, counts in (
        ("train", "A", (110, 60, 40)),
        ("test", "B", (30, 20, 15)),
        ("external", "E", (20, 30, 40)),
    ):
        for k in np.repeat([0, 1, 2], counts):
            name = f"case-{len(rows):04d}"
            facts = {"t_score": SCORES[k], "t_score_source": "DXA", "t_score_site": "femoral_neck", "site": site}
            rows.append({"case_id": name, "patient_id": name, "split": split, **facts})
            values.append(rng.normal(size=5) + 0.9 * k * np.array([1, 1, 0.5, 0, 0]) - 0.6 * (site == "E"))
    table, features = folder / "cohort.csv", folder / "drawn.csv"
    for path, header, lines in (
        (table, list(rows[0]), [list(row.values()) for row in rows]),
        (features, ["case_id", *"abcde"], [[row["case_id"], *v] for row, v in zip(rows, values, strict=True)]),
    ):
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([header, *lines])
    cohort = read_cohort(table)
    recipe = Recipe("radiomics", "logistic", mrmr_features=(5,))
    options = TrainingOptions(recipe, ("radiomics",), permutations=0)
    train_status(cohort, read_features(features, cohort), folder / "run", options)
    return table, folder / "run", folder


def test_each_external_case_is_asked_of_a_model_that_was_not_fitted_to_it(study):
    from status_study import recalibrated

    table, run, folder = study
    predictions = read_predictions(recalibrated(table, run, folder / "again"))
    assert predictions.models == ("as trained", "recalibrated")
    before, after = ({row.case_id: row for row in predictions.of_model(name)} for name in predictions.models)
    assert set(before) == set(after) == {f"case-{i:04d}" for i in range(275, 365)}
    halves = [{row["case_id"] for row in csv.DictReader((folder / f"external-{part}.csv").open())} for part in (0, 1)]
    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == set(before)

    def loss(rows) -> float:
        return float(-np.mean([np.log(row.probabilities[THREE_CLASSES.index(row.truth)]) for row in rows.values()]))

    answered = {name for name, row in before.items() if not row.withheld}
    assert answered == {name for name, row in after.items() if not row.withheld}
    assert loss({n: after[n] for n in answered}) < loss({n: before[n] for n in answered}) - 0.02


def test_the_tables_say_what_evaluation_found_beside_the_paper(study):
    from status_study import evaluate
    from status_study_tables import ladder_table, paper_table, recalibration_table

    _, run, folder = study
    found = evaluate(run / "predictions.csv", "test", "--no-figures")
    lines = paper_table({"features of a formula": found}).splitlines()
    assert len(lines) == 2 + 2 * 3
    assert "| published, patients | 101 | 0.924 (0.854 to 0.967) |" in lines[2]
    with (found / "discrimination.csv").open() as stream:
        auc = next(row for row in csv.DictReader(stream) if row["class"] == "osteoporosis")
    assert f"| osteoporosis | simulated, features of a formula | {auc['n']} | {float(auc['auc']):.3f} (" in lines[-1]
    assert ladder_table(found).count("\n") == 2
    again = evaluate(folder / "again" / "predictions.csv", "external", "--no-figures")
    assert [line.split(" | ")[0] for line in recalibration_table(again).splitlines()[2:]] == [
        "| as trained",
        "| recalibrated",
    ]
