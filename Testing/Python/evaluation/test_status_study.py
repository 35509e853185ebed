"""A bone-status study from its table: what is in every table of results, and what is refused or said first."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from factory.prediction_tables import PAPER_COUNTS, binary, like_the_paper, rows_of_model, three_models

from OsteoScreenLib.errors import CancelledError, UsageError
from OsteoScreenLib.evaluation.predictions import THREE_CLASSES, Prediction, PredictionTable, problems_of
from OsteoScreenLib.evaluation.status_study import StatusStudy, StudySettings, evaluate_status
from OsteoScreenLib.evaluation.status_tables import COMPLETE, INTENTION, MACRO, PREDICTED, THRESHOLDS
from OsteoScreenLib.evaluation.subgroups import NOT_STATED

FEW = StudySettings(resamples=100)


@pytest.fixture(autouse=True)
def _no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def rows(study: StatusStudy, name: str, **wanted: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in study.table(name).rows if all(row[key] == value for key, value in wanted.items())]


def only(study: StatusStudy, name: str, **wanted: Any) -> dict[str, Any]:
    (row,) = rows(study, name, **wanted)
    return row


def test_the_calls_of_the_femur_paper_give_its_sensitivities_and_specificities():
    study = evaluate_status(like_the_paper(), FEW)
    printed = {
        "normal": ((0.846, 0.719, 0.931), (0.837, 0.703, 0.927)),
        "osteopenia": ((0.767, 0.577, 0.901), (0.746, 0.629, 0.842)),
        "osteoporosis": ((0.947, 0.740, 0.999), (0.963, 0.897, 0.992)),
    }
    called = 0
    for name, (sensitivity, specificity) in printed.items():
        row = only(study, "accuracy", operating_point=THRESHOLDS, **{"class": name})
        hits, of, rejected, others = PAPER_COUNTS[name]
        assert [row[count] for count in ("tp", "fn", "tn", "fp")] == [hits, of - hits, rejected, others - rejected]
        for found, wanted in ((row["sensitivity"], sensitivity), (row["specificity"], specificity)):
            assert tuple(round(bound, 3) for bound in (found.value, found.low, found.high)) == wanted
        called += row["tp"] + row["fp"]
    assert called == 114  # of 101 cases: one-against-rest thresholds, not one predicted class
    matrix = rows(study, "confusion_matrix")
    assert sum(sum(row[f"predicted_{index}"] for index in range(3)) for row in matrix) == 101


def test_withheld_cases_are_in_the_flow_in_the_matrix_and_in_the_intention_to_diagnose():
    study = evaluate_status(three_models(), FEW)
    assert only(study, "flow", model="forest", step="with reference standard")["n"] == 101
    assert only(study, "flow", model="forest", step="withheld")["n"] == 3
    assert only(study, "flow", model="forest", step="withheld: implant in the femur")["n"] == 2
    assert only(study, "flow", model="forest", step="with a status")["n"] == 98
    assert sum(row["withheld"] for row in rows(study, "confusion_matrix", model="forest")) == 3
    point = {"model": "forest", "class": "osteoporosis", "operating_point": PREDICTED}
    complete, all_cases = (
        only(study, "accuracy", view=COMPLETE, **point),
        only(study, "accuracy", view=INTENTION, **point),
    )
    assert all_cases["fn"] == complete["fn"] + 1  # case 95 has osteoporosis
    assert all_cases["fp"] == complete["fp"] + 2
    assert (all_cases["tp"], all_cases["tn"]) == (complete["tp"], complete["tn"])
    area = {"model": "forest", "class": MACRO}
    assert (
        only(study, "discrimination", view=INTENTION, **area)["auc"].value
        < only(study, "discrimination", view=COMPLETE, **area)["auc"].value
    )
    assert any("forest: 3 of 101 cases withheld" in warning for warning in study.warnings)


def test_a_model_that_withholds_nothing_has_one_view():
    study = evaluate_status(three_models(), FEW)
    assert {row["view"] for row in rows(study, "accuracy", model="mean HU")} == {COMPLETE}
    assert not any("mean HU" in warning for warning in study.warnings)


def test_pairs_of_models_are_compared_on_the_cases_of_both_and_adjusted_within_a_class():
    study = evaluate_status(three_models(), FEW)
    assert len(rows(study, "comparisons")) == 3 * 4
    assert only(study, "comparisons", model_a="forest", model_b="CT-aBMD", **{"class": MACRO})["n"] == 97
    family = rows(study, "comparisons", **{"class": "normal"})
    smallest = min(family, key=lambda row: row["p_value"])
    assert smallest["p_value_holm"] == pytest.approx(min(1, 3 * smallest["p_value"]))
    with_one = evaluate_status(three_models(), replace(FEW, reference="CT-aBMD"))
    assert {(row["model_a"], row["model_b"]) for row in rows(with_one, "comparisons")} == {
        ("forest", "CT-aBMD"),
        ("CT-aBMD", "mean HU"),
    }
    alone = evaluate_status(PredictionTable(THREE_CLASSES, tuple(rows_of_model("one", 1))), FEW)
    assert "comparisons" not in {table.name for table in alone.tables}


def test_figures_have_the_same_intervals_with_the_same_seed_and_others_with_another():
    def bootstrap_of(seed: int) -> list[float]:
        study = evaluate_status(three_models(), replace(FEW, seed=seed))
        return [row["bootstrap_low"] for row in rows(study, "discrimination", view=COMPLETE)]

    assert bootstrap_of(1) == bootstrap_of(1)
    assert bootstrap_of(1) != bootstrap_of(2)


def test_bootstrap_intervals_lie_near_those_of_delong():
    study = evaluate_status(three_models(), StudySettings())
    for row in rows(study, "discrimination", view=COMPLETE):
        assert row["bootstrap_low"] == pytest.approx(row["auc"].low, abs=0.04)
        assert row["bootstrap_high"] == pytest.approx(row["auc"].high, abs=0.04)


def test_a_table_of_several_splits_must_be_told_which():
    table = three_models()
    trained = tuple(
        replace(row, case_id=f"t{row.case_id}", patient_id=f"T{row.patient_id}", split="train") for row in table.rows
    )
    both = PredictionTable(THREE_CLASSES, table.rows + trained)
    assert problems_of(both) == []
    with pytest.raises(UsageError, match="several splits: train, test"):
        evaluate_status(both, FEW)
    with pytest.raises(UsageError, match="no rows of the split 'external'"):
        evaluate_status(both, replace(FEW, split="external"))
    study = evaluate_status(both, replace(FEW, split="test"))
    assert len(study.models[0]) == 101
    assert not any("training or tuning" in warning for warning in study.warnings)
    on_train = evaluate_status(both, replace(FEW, split="train"))
    assert any("not those of unseen patients" in warning for warning in on_train.warnings)


def test_a_patient_in_training_and_test_is_said_and_answers_metrics_with_no():
    table = three_models()
    leaked = tuple(replace(row, case_id=f"t{row.case_id}", split="train") for row in table.rows[:101:50])
    rest = tuple(replace(row, model=name) for row in leaked for name in ("CT-aBMD", "mean HU"))
    both = PredictionTable(THREE_CLASSES, table.rows + leaked + rest)
    assert problems_of(both) == []
    study = evaluate_status(both, replace(FEW, split="test"))
    assert "3 patients of the evaluated split are in training or tuning too (P000, P050, P100)" in study.warnings[0]
    item = only(study, "checklist_metrics", item="18")
    assert (item["answer"], item["source"]) == ("no", "files")


def test_predictive_values_are_given_for_the_classes_whose_prevalence_is_said():
    study = evaluate_status(three_models(), replace(FEW, prevalence={"osteoporosis": 0.1}))
    assert {row["class"] for row in rows(study, "predictive_values")} == {"osteoporosis"}
    lower = only(study, "predictive_values", model="mean HU")["ppv"].value
    assert lower < only(study, "accuracy", model="mean HU", **{"class": "osteoporosis"})["ppv"].value
    assert "predictive_values" not in {table.name for table in evaluate_status(three_models(), FEW).tables}
    with pytest.raises(UsageError, match="no class 'porosis'"):
        evaluate_status(three_models(), replace(FEW, prevalence={"porosis": 0.1}))
    with pytest.raises(UsageError, match="no model 'tree'"):
        evaluate_status(three_models(), replace(FEW, reference="tree"))


def test_subgroups_are_by_what_the_table_states_and_cover_every_case():
    study = evaluate_status(three_models(), FEW)
    of_model = rows(study, "subgroups", model="forest")
    assert {row["factor"] for row in of_model} == {"sex", "age", "site", "tube voltage", "slice thickness"}
    for factor in ("sex", "age", "slice thickness"):
        assert sum(row["n"] for row in of_model if row["factor"] == factor) == 101
    thickness = [row["subgroup"] for row in of_model if row["factor"] == "slice thickness"]
    assert thickness == ["up to 1.5 mm", "over 1.5 to 3 mm", "over 3 to 5 mm", "over 5 mm"]
    assert next(row["subgroup"] for row in of_model if row["factor"] == "age") == "50 to 59 years"
    bare = [replace(row, sex=None, site=None, kvp=None, slice_thickness_mm=None) for row in rows_of_model("m", 1)]
    bare[3] = replace(bare[3], age=None)
    without = evaluate_status(PredictionTable(THREE_CLASSES, tuple(bare)), FEW)
    assert {row["factor"] for row in rows(without, "subgroups")} == {"age"}
    assert rows(without, "subgroups")[-1]["subgroup"] == NOT_STATED


def test_a_binary_table_has_one_class_to_report_and_no_macro_average():
    study = evaluate_status(binary(), FEW)
    assert [row["class"] for row in rows(study, "discrimination")] == ["osteoporosis"]
    assert {row["target"] for row in rows(study, "decision_curve")} == {"osteoporosis"}
    assert only(study, "classification")["f1_1"].low is not None


def test_cases_without_a_reference_standard_are_counted_and_nothing_else():
    table = three_models()
    untrue = tuple(replace(row, truth=None) if row.case_id == "case_000" else row for row in table.rows)
    study = evaluate_status(PredictionTable(THREE_CLASSES, untrue), FEW)
    assert only(study, "flow", model="mean HU", step="without reference standard")["n"] == 1
    assert only(study, "flow", model="mean HU", step="with reference standard")["n"] == 100
    with pytest.raises(UsageError, match="No case has a truth"):
        evaluate_status(PredictionTable(THREE_CLASSES, tuple(replace(row, truth=None) for row in table.rows)), FEW)


@pytest.mark.parametrize(
    "rows_left",
    [
        [Prediction("a", "m", "normal", (0.8, 0.1, 0.1))],
        [Prediction("a", "m", "normal", None, withheld="no calibration")],
        [Prediction(f"{i}", "m", "osteopenia", (0.0, 1.0, 0.0)) for i in range(5)],
        [Prediction(f"{i}", "m", THREE_CLASSES[i % 3], tuple(float(i % 3 == k) for k in range(3))) for i in range(60)],
        [Prediction(f"{i}", "m", THREE_CLASSES[i % 2], None, withheld="no sex") for i in range(6)],
    ],
    ids=["one case", "one withheld", "one class, certain", "perfect", "all withheld"],
)
def test_tables_with_hardly_anything_in_them_are_evaluated_without_a_made_up_figure(rows_left):
    study = evaluate_status(PredictionTable(THREE_CLASSES, tuple(rows_left)), FEW)
    for table in (*study.tables, *study.checklists):
        assert len(table.plain_rows()) == len(table.shown_rows()) == len(table.rows)
        assert not any(cell in ("nan", "inf") for row in table.shown_rows() for cell in row)
        for row in table.rows:
            assert row.get("slope") is None
    answered = {row["item"] for row in rows(study, "checklist_metrics") if row["source"] == "files"}
    assert answered == ({"20", "21"} if len(rows_left) == 60 else set())


def test_several_cases_of_a_patient_make_wider_intervals_and_a_note():
    once = rows_of_model("m", 1)
    twice = [replace(row, case_id=f"{row.case_id}_{side}") for row in once for side in ("left", "right")]
    study = evaluate_status(PredictionTable(THREE_CLASSES, tuple(twice)), FEW)
    alone = evaluate_status(PredictionTable(THREE_CLASSES, tuple(replace(row, patient_id=None) for row in twice)), FEW)
    width = [(area := only(one, "discrimination", **{"class": MACRO})["auc"]).high - area.low for one in (study, alone)]
    assert width[0] == pytest.approx(2**0.5 * width[1], rel=0.05)
    assert any("too narrow" in note for note in study.table("accuracy").notes)
    assert not any("too narrow" in note for note in alone.table("accuracy").notes)


def test_an_evaluation_stops_on_request_and_tells_how_far_it_is():
    with pytest.raises(CancelledError):
        evaluate_status(three_models(), FEW, cancelled=lambda: True)
    told = []
    evaluate_status(three_models(), FEW, progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0
