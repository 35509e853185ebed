"""``osteoscreen evaluate PREDICTIONS.csv``: a table in; tables, figures and a page out; what it says where it fails."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from factory.prediction_tables import three_models

from OsteoScreenLib.evaluation.predictions_file import write_predictions

BARE = "case_id,truth,p_osteoporosis\n" + "".join(f"{i},{i % 2},{0.2 + 0.1 * (i % 7)}\n" for i in range(40))


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return write_predictions(three_models(), tmp_path / "predictions.csv")


def bare(folder: Path, text: str = BARE) -> Path:
    path = folder / "bare.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.needs_module("matplotlib")
def test_a_table_becomes_tables_figures_and_a_page(osteoscreen, predictions: Path, tmp_path: Path):
    out = tmp_path / "out"
    ended = osteoscreen("evaluate", predictions, "--out", out, "--prevalence", "0.1", "--seed", "3")
    assert ended.code == 0, ended.err
    names = {path.name for path in out.iterdir()}
    for table in ("flow", "discrimination", "comparisons", "accuracy", "predictive_values", "classification"):
        assert {f"{table}.csv", f"{table}.tex"} <= names
    assert {"decision_curve.csv", "roc.svg", "roc.png", "flow_2_ct_abmd.svg", "checklist_metrics.csv"} <= names
    assert "decision_curve.tex" not in names  # 600 lines are for programs
    assert not [name for name in names if name.endswith(".partial")]
    assert "forest" in ended.out
    assert "Note: Few cases of a class" in ended.err
    with (out / "discrimination.csv").open(newline="", encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    assert f"{float(first['auc']):.3f} ({float(first['auc_low']):.3f} to {float(first['auc_high']):.3f})" in ended.out
    account = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert account["settings"] == {
        "split": "test",
        "prevalence": {"osteoporosis": 0.1},
        "reference": None,
        "seed": 3,
        "resamples": 2000,
    }
    assert account["tables"]["discrimination"][0]["auc"] == pytest.approx(float(first["auc"]))
    page = (out / "evaluation.html").read_text(encoding="utf-8")
    assert page.count("<img") == 11
    assert "METRICS score so far" in page
    assert not re.search(r"(src|href)=\"(?!data:|[a-z_]+\.(csv|tex)\")", page)  # nothing is fetched from elsewhere


def test_no_figures_are_drawn_where_none_are_wanted(osteoscreen, tmp_path: Path):
    ended = osteoscreen("evaluate", bare(tmp_path), "--out", tmp_path / "out", "--no-figures", "--resamples", "100")
    assert ended.code == 0, ended.err
    assert not list((tmp_path / "out").glob("*.png"))
    assert "<img" not in (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")


def test_a_hostile_name_is_text_in_the_page_and_no_formula_in_the_tables(osteoscreen, tmp_path: Path):
    text = BARE.replace("case_id,", "case_id,model,").replace("\n", "\n", 1)
    rows = text.splitlines()
    hostile = "=HYPERLINK('x')<script>alert(1)</script>"
    rows = [rows[0], *(row.replace(",", f",{hostile},", 1) for row in rows[1:])]
    ended = osteoscreen("evaluate", bare(tmp_path, "\n".join(rows)), "--out", tmp_path / "out", "--no-figures")
    assert ended.code == 0, ended.err
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\n'=HYPERLINK" in (tmp_path / "out" / "accuracy.csv").read_text(encoding="utf-8")


def test_a_table_where_all_is_withheld_is_an_answer_too(osteoscreen, tmp_path: Path):
    text = "case_id,truth,p_osteoporosis,withheld\n" + "".join(f"{i},{i % 2},,no sex\n" for i in range(6))
    ended = osteoscreen("evaluate", bare(tmp_path, text), "--out", tmp_path / "out", "--no-figures")
    assert ended.code == 0, ended.err
    assert "6 of 6 cases withheld" in ended.err
    with (tmp_path / "out" / "discrimination.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["view"], row["auc"]) for row in rows] == [("intention to diagnose", "0")]
    metrics = (tmp_path / "out" / "checklist_metrics.csv").read_text(encoding="utf-8")
    assert ",files," not in metrics


def test_answers_are_taken_from_the_file_that_was_filled_in(osteoscreen, tmp_path: Path):
    first = osteoscreen("evaluate", bare(tmp_path), "--out", tmp_path / "one", "--no-figures")
    assert first.code == 0, first.err
    asked = tmp_path / "one" / "to_answer.csv"
    asked.write_text(
        re.sub(r"^(metrics,3,.*),,(.*)$", r"\1,yes,DXA", asked.read_text(encoding="utf-8"), flags=re.MULTILINE),
        encoding="utf-8",
    )
    second = osteoscreen("evaluate", bare(tmp_path), "--out", tmp_path / "two", "--no-figures", "--answers", asked)
    assert second.code == 0, second.err
    assert re.search(r"^3,.*,yes,you,DXA$", (tmp_path / "two" / "checklist_metrics.csv").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "It is not said what to evaluate"),
        (("bare.csv",), "There is no folder"),
        (("bare.csv", "--segmentation", "a", "b", "--out", "out"), "said twice"),
        (("bare.csv", "--out", "out", "--prevalence", "12"), "prevalence '12' cannot be used"),
        (("bare.csv", "--out", "out", "--prevalence", "0.1", "--prevalence", "osteoporosis=0.2"), "cannot be used"),
        (("bare.csv", "--out", "out", "--prevalence", "normal=0.2"), "no class 'normal'"),
        (("bare.csv", "--out", "out", "--split", "test"), "no column split"),
        (("bare.csv", "--out", "out", "--reference", "tree"), "no model 'tree'"),
        (("absent.csv", "--out", "out"), "cannot be read"),
    ],
)
def test_a_wrong_call_says_what_to_do(osteoscreen, tmp_path: Path, monkeypatch, arguments, words):
    bare(tmp_path)
    monkeypatch.chdir(tmp_path)
    ended = osteoscreen("evaluate", *arguments)
    assert ended.code in (1, 2)
    assert words in ended.err
    assert not (tmp_path / "out").exists()


def test_a_table_with_problems_is_refused_with_all_of_them(osteoscreen, tmp_path: Path):
    path = bare(tmp_path, "case_id,truth,p_osteoporosis\na,2,0.5\nb,1,1.5\n")
    ended = osteoscreen("evaluate", path, "--out", tmp_path / "out")
    assert ended.code != 0
    assert "line 2: truth is '2'" in ended.err
    assert "line 3: a probability is not between 0 and 1" in ended.err
