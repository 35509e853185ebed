"""What a training is asked, and what it tells, without any window."""

from __future__ import annotations

from pathlib import Path

import pytest

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.mrml.training_order import CLASSIFIERS, SPLITS, TrainingOrder
from OsteoScreenLib.mrml.training_outcome import SHOWN, TrainedModels, outcome_text


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "cohort.csv"
    path.write_text("case_id\n", encoding="utf-8")
    return path


def test_everything_that_is_chosen_is_said_to_the_program(table, tmp_path):
    order = TrainingOrder(table, tmp_path / "run", table, "site", " North; South-East ;", "svm", "mine", True)
    order.check()
    assert order.arguments() == [
        *("train", "status", str(table), "--out", str(tmp_path / "run"), "--features", str(table)),
        *("--split", "site", "--classifier", "svm", "--id", "mine"),
        *("--test-site", "North", "--test-site", "South-East", "--demonstration", "--progress", "json"),
    ]
    plain = TrainingOrder(table, tmp_path / "run", detail="left from another split").arguments()
    assert not {"--features", "--test-site", "--test-from", "--demonstration"} & set(plain)
    by_date = TrainingOrder(table, tmp_path / "run", split="date", detail="2024-01-31").arguments()
    assert by_date[by_date.index("--test-from") + 1] == "2024-01-31"


def test_the_choices_are_those_of_the_library(table, tmp_path):
    pytest.importorskip("sklearn")
    from OsteoScreenLib.training.status_recipe import Recipe

    assert [Recipe("radiomics", classifier).classifier for classifier in CLASSIFIERS] == list(CLASSIFIERS)
    assert SPLITS == ("given", "random", "site", "date")


@pytest.mark.parametrize("split", ["site", "date"])
def test_a_split_that_wants_more_is_refused_before_anything_starts(table, tmp_path, split):
    with pytest.raises(UsageError, match="missing") as refused:
        TrainingOrder(table, tmp_path, split=split, detail=" ").check()
    assert refused.value.code == "no_split_detail"


def test_a_file_that_is_not_there_is_named(table, tmp_path):
    for order in (TrainingOrder(tmp_path / "none.csv", tmp_path), TrainingOrder(table, tmp_path, tmp_path / "no.csv")):
        with pytest.raises(UsageError) as refused:
            order.check()
        assert refused.value.code == "no_file"


def test_the_outcome_tells_all_kinds_of_lines_as_plain_text_and_no_more_than_can_be_read(tmp_path):
    event = {
        "bundles": {"radiomics": str(tmp_path / "bone-status-radiomics-0.1.0")},
        "predictions": str(tmp_path / "predictions.csv"),
        "report": str(tmp_path / "report.json"),
        "left_out": {"fusion": "there is no density"},
        "failed": {f"c{number}": "<i>no mask</i>" for number in range(SHOWN + 3)},
        "warnings": ["14 of 53 are few"],
    }
    text = outcome_text(TrainedModels.of_event(event))
    assert "Models made: bone-status-radiomics-0.1.0." in text
    assert "fusion: there is no density." in text
    assert text.count("&lt;i&gt;no mask") == SHOWN
    assert "3 more; the report has them." in text
    assert "14 of 53 are few." in text
    assert str(tmp_path / "predictions.csv") in text
    with pytest.raises(KeyError):
        TrainedModels.of_event({"bundles": {}})
