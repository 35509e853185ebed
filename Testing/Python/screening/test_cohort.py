from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from OsteoScreenLib.ct import reader
from OsteoScreenLib.errors import InputError, MissingPackageError, OutputError
from OsteoScreenLib.quality import checks
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.case_result import SCHEMA_VERSION
from OsteoScreenLib.screening.cohort import CohortWriters, run_cohort
from OsteoScreenLib.screening.inputs import case_inputs
from OsteoScreenLib.screening.settings import ScreenSettings

pytestmark = pytest.mark.usefixtures("give_flags")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def states(run) -> list[str]:
    return [outcome.state.value for outcome in run.outcomes]


def fail_on(monkeypatch: pytest.MonkeyPatch, name: str, problem: BaseException) -> None:
    """Let the reader raise for the input whose name begins so."""
    good = reader.read_ct

    def read(path, **options):
        if Path(path).name.startswith(name):
            raise problem
        return good(path, **options)

    monkeypatch.setattr(reader, "read_ct", read)


def test_every_case_leaves_a_folder_and_a_line(scans, out, writers, reads) -> None:
    run = run_cohort(case_inputs(scans), out, writers)
    assert run.complete
    assert states(run) == ["done", "done", "done"]
    assert {entry.name for entry in out.iterdir()} == {"one", "two", "three", "results.csv"}
    result = json.loads((out / "one" / "result.json").read_text())
    assert set(result["timings_s"]) == {"reading", "checks"}


def test_a_withheld_case_is_complete(scans, out, writers, reads, give_flags) -> None:
    give_flags(QualityFlag("not_ct", Severity.WITHHOLD, "This is not a CT."))
    run = run_cohort(case_inputs(scans), out, writers)
    assert states(run) == ["withheld"] * 3
    assert run.complete


@pytest.mark.parametrize(
    ("problem", "code", "says"),
    [
        (InputError("Broken", code="truncated", next_step="Copy it again."), "truncated", "Copy it again."),
        (OutputError("No", code="no_permission"), "no_permission", "No"),
        (MissingPackageError("Needs X"), "missing_package", "Needs X"),
        (MemoryError(), "out_of_memory", "memory"),
        (RecursionError("deep"), "unexpected_error", "-v"),
        (ZeroDivisionError("by zero\x1b[31m"), "unexpected_error", "ZeroDivisionError: by zero\\x1b[31m"),
    ],
)
def test_a_case_that_fails_is_named_with_its_reason_and_the_others_go_on(
    scans, out, writers, reads, monkeypatch, problem, code, says
) -> None:
    fail_on(monkeypatch, "two", problem)
    run = run_cohort(case_inputs(scans), out, writers)
    assert states(run) == ["done", "failed", "done"]
    assert not run.complete
    assert not run.stopped
    assert run.outcomes[1].error_code == code
    assert says in run.outcomes[1].message
    assert not (out / "two").exists()
    assert "two failed" in (out / "results.csv").read_text()


def test_an_error_in_the_checks_or_the_report_costs_only_its_case(scans, out, writers, reads, monkeypatch) -> None:
    def broken(case, ct, folder):
        if case.result.case_id == "one":
            raise ValueError("no picture")
        writers.case_files(case, ct, folder)

    run = run_cohort(case_inputs(scans), out, CohortWriters(broken, writers.tables))
    assert states(run) == ["failed", "done", "done"]
    monkeypatch.setattr(checks, "check_volume", lambda *_, **__: 1 / 0)
    assert states(run_cohort(case_inputs(scans), out, writers)) == ["failed"] * 3


@pytest.mark.parametrize("how", ["interrupt", "cancel"])
def test_a_stopped_run_keeps_finished_cases_and_says_what_was_not_run(
    scans, out, writers, reads, monkeypatch, how
) -> None:
    stop = {"now": False}
    if how == "interrupt":
        fail_on(monkeypatch, "two", KeyboardInterrupt())
    run = run_cohort(
        case_inputs(scans),
        out,
        writers,
        on_case=lambda _: stop.update(now=how == "cancel"),
        cancelled=lambda: stop["now"],
    )
    assert run.by_user
    assert states(run) == ["done", "not_run", "not_run"]
    assert {entry.name for entry in out.iterdir()} == {"one", "results.csv"}
    table = (out / "results.csv").read_text()
    assert "two not_run Not run. Stopped by the user." in table
    assert "one done" in table


def test_an_interrupt_while_a_case_is_written_leaves_nothing_of_it(scans, out, writers, reads) -> None:
    def interrupted(case, ct, folder):
        writers.case_files(case, ct, folder)
        raise KeyboardInterrupt

    run = run_cohort(case_inputs(scans), out, CohortWriters(interrupted, writers.tables))
    assert states(run) == ["not_run"] * 3
    assert {entry.name for entry in out.iterdir()} == {"results.csv"}


def test_a_full_disk_fails_the_case_and_stops_the_run(scans, out, writers, reads) -> None:
    def full(case, ct, folder):
        if case.result.case_id == "two":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        writers.case_files(case, ct, folder)

    run = run_cohort(case_inputs(scans), out, CohortWriters(full, writers.tables))
    assert states(run) == ["done", "failed", "not_run"]
    assert run.outcomes[1].error_code == "disk_full"
    assert "full" in run.stopped
    assert not run.by_user
    assert reads == ["one.nii.gz", "two.nii.gz"]
    assert {entry.name for entry in out.iterdir()} == {"one", "results.csv"}


def test_a_table_that_cannot_be_written_stops_the_run_and_says_so(scans, out, writers, reads) -> None:
    calls = []

    def tables(outcomes, folder):
        calls.append(1)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        writers.tables(outcomes, folder)

    run = run_cohort(case_inputs(scans), out, CohortWriters(writers.case_files, tables))
    assert states(run) == ["done", "not_run", "not_run"]
    assert "tables could not be written" in run.stopped
    assert not run.complete


def test_an_output_that_cannot_be_written_is_refused_before_anything_is_read(scans, tmp_path, writers, reads) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        run_cohort(case_inputs(scans), tmp_path / "file", writers)
    assert reads == []


def test_an_output_folder_that_is_the_inputs_own_does_not_harm_the_input(tmp_path, writers, reads) -> None:
    scan = tmp_path / "STS_036"
    scan.mkdir()
    (scan / "slice.dcm").write_text("data")
    run = run_cohort(case_inputs([scan]), tmp_path, writers)
    assert run.outcomes[0].error_code == "foreign_folder"
    assert (scan / "slice.dcm").read_text() == "data"
    assert reads == []


def test_progress_runs_from_zero_to_one_and_names_the_case(scans, out, writers, reads) -> None:
    told: list[tuple[float, str]] = []
    run_cohort(case_inputs(scans), out, writers, progress=lambda fraction, message: told.append((fraction, message)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert told[0][1].startswith("one: ")


def test_no_case_at_all_gives_an_empty_table(out, writers) -> None:
    assert run_cohort([], out, writers).complete


def test_resume_keeps_a_result_that_still_stands(scans, out, writers, reads) -> None:
    run_cohort(case_inputs(scans), out, writers)
    before = (out / "one" / "result.json").read_bytes()
    reads.clear()
    run = run_cohort(case_inputs(scans), out, writers, resume=True)
    assert reads == []
    assert [outcome.kept for outcome in run.outcomes] == [True] * 3
    assert run.complete
    assert (out / "one" / "result.json").read_bytes() == before


def test_without_resume_every_case_is_made_anew(scans, out, writers, reads) -> None:
    run_cohort(case_inputs(scans), out, writers)
    run_cohort(case_inputs(scans), out, writers)
    assert len(reads) == 6


@pytest.mark.parametrize("change", ["another slice", "other content", "a slice less"])
def test_resume_makes_a_folder_anew_in_which_something_changed(tmp_path, out, writers, reads, change) -> None:
    inner = tmp_path / "study" / "deep"
    inner.mkdir(parents=True)
    (inner / "1.dcm").write_bytes(b"first")
    cases = case_inputs([tmp_path / "study"])
    run_cohort(cases, out, writers)
    written = out / "study" / "result.json"
    before = written.stat().st_mtime - 3600  # no clock is finer than this
    os.utime(written, (before, before))
    if change == "a slice less":
        (inner / "1.dcm").unlink()
    else:
        (inner / ("2.dcm" if change == "another slice" else "1.dcm")).write_bytes(b"second")
    assert not run_cohort(cases, out, writers, resume=True).outcomes[0].kept


def test_resume_keeps_a_folder_that_holds_the_output_folder(tmp_path, writers, reads) -> None:
    study = tmp_path / "study"
    out = study / "results"
    out.mkdir(parents=True)
    cases = case_inputs([study])
    run_cohort(cases, out, writers)
    (out / "study" / "report.html").write_text("looked at later")
    assert run_cohort(cases, out, writers, resume=True).outcomes[0].kept


def test_resume_keeps_a_folder_by_its_name(tmp_path, out, writers, reads) -> None:
    (tmp_path / "study").mkdir()
    cases = case_inputs([tmp_path / "study"])
    run_cohort(cases, out, writers)
    assert run_cohort(cases, out, writers, resume=True).outcomes[0].kept
    (tmp_path / "study").rmdir()
    assert not run_cohort(cases, out, writers, resume=True).outcomes[0].kept


@pytest.mark.parametrize("change", ["file", "broken", "version", "series", "thickness", "another schema", "gone"])
def test_resume_makes_a_result_anew_that_no_longer_stands(scans, out, writers, reads, monkeypatch, change) -> None:
    cases = case_inputs(scans[:1])
    run_cohort(cases, out, writers)
    reads.clear()
    settings = ScreenSettings()
    written = out / "one" / "result.json"
    if change == "file":
        scans[0].write_bytes(b"another scan")
    elif change == "broken":
        written.write_bytes(b"\xff{")
    elif change == "version":
        monkeypatch.setattr("OsteoScreenLib.__version__", "99")
    elif change == "another schema":
        written.write_text(written.read_text().replace(f'"schema_version": {SCHEMA_VERSION}', '"schema_version": 99'))
    elif change == "gone":
        written.unlink()
    else:
        settings = replace(settings, **({"series": "2"} if change == "series" else {"wanted_thickness_mm": 5.0}))
    run = run_cohort(cases, out, writers, settings=settings, resume=True)
    assert reads == ["one.nii.gz"]
    assert not run.outcomes[0].kept
    assert run.complete


def test_a_series_uid_never_enters_a_result(scans, out, writers, reads) -> None:
    run_cohort(case_inputs(scans[:1]), out, writers, settings=ScreenSettings(series="1.2.840.113619.2.5"))
    assert "1.2.840" not in (out / "one" / "result.json").read_text()
