from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.report.cohort_index import cohort_index
from OsteoScreenLib.report.files import write_case_files, write_run_files
from OsteoScreenLib.report.table import COLUMNS, results_csv
from OsteoScreenLib.result.case_outcome import CaseOutcome, CaseState
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.result.screened_case import ScreenedCase

WARNING = QualityFlag("sharp_kernel", Severity.WARNING, "The kernel is sharp.")
WITHHOLD = QualityFlag("not_ct", Severity.WITHHOLD, "This is not a CT.")
FAILED = CaseOutcome("two", "two.zip", CaseState.FAILED, None, "truncated", "The file ends too early.", 0.5)
NOT_RUN = CaseOutcome("three", "three", CaseState.NOT_RUN, None, "not_run", "Not run. Stopped by the user.")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_case_with_a_result_fills_its_line(ct, make_result) -> None:
    facts = Acquisition(kvp=120.0, kernel="B30f", sex="F", slice_thickness_mm=1.25)
    outcome = CaseOutcome.of(make_result(ct, WITHHOLD, WARNING, facts=facts), "one.nii.gz", seconds=1.23456)
    (row,) = rows(results_csv([outcome]))
    assert tuple(row) == COLUMNS
    expected = {
        "case_id": "one",
        "input": "one.nii.gz",
        "state": "withheld",
        "withhold_flags": "not_ct",
        "warning_flags": "sharp_kernel",
        "info_flags": "",
        "kvp": "120",
        "kernel": "B30f",
        "slice_thickness_mm": "1.25",
        "size_x": "60",
        "size_z": "40",
        "sex": "F",
        "age_years": "",
        "withheld_because": "This is not a CT.",
        "seconds": "1.235",
    }
    assert {name: row[name] for name in expected} == expected


def test_a_failed_case_and_one_not_run_say_why() -> None:
    failed, not_run = rows(results_csv([FAILED, NOT_RUN]))
    assert (failed["state"], failed["error_code"]) == ("failed", "truncated")
    assert failed["error_message"] == "The file ends too early."
    assert (not_run["state"], not_run["error_message"]) == ("not_run", "Not run. Stopped by the user.")


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", " =1", "＝1"])
def test_a_text_that_a_spreadsheet_would_run_is_disarmed(ct, make_result, text) -> None:
    outcome = CaseOutcome.of(make_result(ct, facts=Acquisition(kernel=text, manufacturer=text)), text)
    (row,) = rows(results_csv([outcome]))
    for column in ("input", "kernel", "manufacturer"):
        assert row[column] == f"'{text}"


def test_an_ordinary_text_and_a_negative_number_are_left_as_they_are(ct, make_result) -> None:
    outcome = CaseOutcome.of(make_result(ct, facts=Acquisition(kernel="B30f-x", age_years=-1.0)), "a=b")
    (row,) = rows(results_csv([outcome]))
    assert (row["kernel"], row["input"], row["age_years"]) == ("B30f-x", "a=b", "-1")


def test_a_line_break_quote_or_undecodable_byte_does_not_break_the_table(ct, make_result) -> None:
    name = 'a\nb","c\udcff\x00'
    text = results_csv([CaseOutcome.of(make_result(ct), name), FAILED])
    assert len(text.splitlines()) == 3
    assert rows(text)[0]["input"] == 'a\\nb","c\\udcff\\x00'


def test_the_index_links_cases_with_a_report_only(ct, make_result) -> None:
    page = cohort_index([CaseOutcome.of(make_result(ct, WARNING), "one"), FAILED, NOT_RUN])
    assert 'href="one/report.html"' in page
    assert "two/report.html" not in page
    for text in ("3 cases", "1 with a result, 1 failed, 1 not run", "sharp_kernel", "The file ends too early."):
        assert text in page


def test_a_hostile_name_in_the_index_stays_text() -> None:
    hostile = "<script>alert(1)</script>"
    page = cohort_index([CaseOutcome(hostile, hostile, CaseState.FAILED, None, hostile, hostile)])
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_case_leaves_a_report_and_a_result_that_can_be_read_back(ct, make_result, tmp_path: Path) -> None:
    result = make_result(ct, WARNING, name="Größe \udcff")
    write_case_files(ScreenedCase(result), ct, tmp_path)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert CaseResult.from_json((tmp_path / "result.json").read_text(encoding="utf-8")) == result


def test_the_tables_of_a_run_replace_the_earlier_ones_and_leave_nothing_else(tmp_path: Path) -> None:
    write_run_files([FAILED], tmp_path)
    write_run_files([FAILED, NOT_RUN], tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == {"results.csv", "index.html"}
    assert len(rows((tmp_path / "results.csv").read_text(encoding="utf-8"))) == 2


def test_a_table_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run_files([FAILED], tmp_path)
    before = (tmp_path / "results.csv").read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_run_files([FAILED, NOT_RUN], tmp_path)
    assert (tmp_path / "results.csv").read_bytes() == before
    assert {entry.name for entry in tmp_path.iterdir()} == {"results.csv", "index.html"}


def test_an_outcome_tells_a_program_what_the_table_tells_a_person(ct, make_result) -> None:
    told = CaseOutcome.of(make_result(ct, WITHHOLD), "one.nii", seconds=2.0, kept=True).to_dict()
    assert told["state"] == "withheld"
    assert told["flags"] == {"info": [], "warning": [], "withhold": ["not_ct"]}
    assert told["kept"] is True
    assert FAILED.to_dict()["error_code"] == "truncated"
