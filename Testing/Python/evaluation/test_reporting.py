"""METRICS, CLEAR and TRIPOD+AI: what the files answer, what is left to the user, and the score."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from factory.prediction_tables import rows_of_model, three_models

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.evaluation.predictions import THREE_CLASSES, PredictionTable
from OsteoScreenLib.evaluation.reporting import (
    MUST_ANSWER,
    answers_file,
    checklists,
    metrics_grade,
    metrics_range,
    read_answers,
)
from OsteoScreenLib.evaluation.status_study import StudySettings, evaluate_status

FEW = StudySettings(resamples=100)


def answers_of(study, name: str) -> dict[str, tuple[str, str]]:
    return {row["item"]: (row["answer"], row["source"]) for row in study.table(f"checklist_{name}").rows}


def test_the_checklists_have_all_their_items_and_the_weights_of_metrics_sum_to_one():
    assert {name: len(one["items"]) for name, one in checklists().items()} == {
        "metrics": 30,
        "clear": 58,
        "tripod_ai": 52,
    }
    weights = {item["item"]: item["weight"] for item in checklists()["metrics"]["items"]}
    assert sum(weights.values()) == pytest.approx(1)
    assert (weights["3"], weights["27"], weights["18"]) == (0.0919, 0.0749, 0.0599)


def test_only_what_the_files_show_is_answered():
    study = evaluate_status(three_models(), FEW)
    metrics = answers_of(study, "metrics")
    assert {item for item, (answer, _) in metrics.items() if answer != MUST_ANSWER} == {"4", "20", "21", "22", "26"}
    assert {item for item, (answer, _) in answers_of(study, "clear").items() if answer != MUST_ANSWER} == {
        *("38", "40", "41", "47")
    }
    tripod = {item for item, (answer, _) in answers_of(study, "tripod_ai").items() if answer != MUST_ANSWER}
    assert tripod == {"12e", "20a", "23a", "23b"}


def test_what_the_files_do_not_show_is_left_open():
    bare = [
        replace(row, sex=None, age=None, site=None, kvp=None, slice_thickness_mm=None, split=None)
        for row in rows_of_model("one", 1)
    ]
    study = evaluate_status(PredictionTable(THREE_CLASSES, tuple(bare)), FEW)
    metrics, clear, tripod = (answers_of(study, name) for name in ("metrics", "clear", "tripod_ai"))
    for item in ("4", "18", "26", "27"):
        assert metrics[item] == (MUST_ANSWER, "")
    assert clear["38"] == clear["41"] == (MUST_ANSWER, "")
    assert tripod["23a"] == tripod["23b"] == (MUST_ANSWER, "")


def test_an_external_split_answers_external_testing_and_not_internal():
    moved = tuple(replace(row, split="external") for row in three_models().rows)
    metrics = answers_of(evaluate_status(PredictionTable(THREE_CLASSES, moved), FEW), "metrics")
    assert metrics["27"] == ("yes", "files")
    assert metrics["26"] == (MUST_ANSWER, "")


def test_the_score_leaves_out_what_does_not_apply_and_has_the_range_of_what_is_open():
    rows = [
        {"weight": 0.2, "answer": "yes"},
        {"weight": 0.3, "answer": "no"},
        {"weight": 0.1, "answer": MUST_ANSWER},
        {"weight": 0.4, "answer": "not applicable"},
    ]
    assert metrics_range(rows) == pytest.approx((100 * 0.2 / 0.6, 100 * 0.3 / 0.6))
    with pytest.raises(ValueError, match="no item"):
        metrics_range(rows[3:])
    assert [metrics_grade(score) for score in (0, 19.9, 20, 40, 60, 79.9, 80, 100)] == [
        *("very low", "very low", "low", "moderate", "good", "good", "excellent", "excellent")
    ]


def test_answers_given_back_are_taken_and_complete_the_score(tmp_path: Path):
    study = evaluate_status(three_models(), FEW)
    path = tmp_path / "to_answer.csv"
    text = answers_file(study.checklists)
    filled = list(csv.DictReader(io.StringIO(text)))
    assert {"20", "21"}.isdisjoint(row["item"] for row in filled if row["checklist"] == "metrics")
    for row in filled:
        if row["checklist"] == "metrics":
            row["answer"] = "Not applicable" if row["item"] == "17" else "Yes"
            row["note"] = "Methods, page 3"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, filled[0].keys())
        writer.writeheader()
        writer.writerows(filled)
    again = evaluate_status(three_models(), replace(FEW, answers=read_answers(path)))
    assert "METRICS score: 100.0 % (excellent)." in again.table("checklist_metrics").notes[0]
    assert answers_of(again, "metrics")["3"] == ("yes", "you")
    assert answers_of(again, "clear")["1"] == (MUST_ANSWER, "")
    assert "METRICS score so far: " in study.table("checklist_metrics").notes[0]
    kept = list(csv.DictReader(io.StringIO(answers_file(again.checklists))))
    assert {row["answer"] for row in kept if row["checklist"] == "metrics"} == {"yes", "not applicable"}


def test_answers_that_make_no_sense_are_all_named_by_line(tmp_path: Path):
    path = tmp_path / "answers.csv"
    path.write_text("checklist,item,answer\nmetrics,31,yes\nclear,1,perhaps\ntripod_ai,3a,\nother,1,no\n")
    with pytest.raises(InputError) as raised:
        read_answers(path)
    text = str(raised.value)
    assert "line 2: there is no item '31' of 'metrics'" in text
    assert "line 3: the answer 'perhaps' is none of yes, no, not applicable" in text
    assert "line 5: there is no item '1' of 'other'" in text
    assert "line 4" not in text
    with pytest.raises(InputError, match="cannot be read"):
        read_answers(tmp_path / "absent.csv")
