"""A cohort in a child process: its table of cases, its end, its cancellation, and a finished case back in the scene."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.femur_segmenters import BoxSegmenter
from factory.geometric_body import make_geometric_body

from OsteoScreenLib.ct.write import write_image
from OsteoScreenLib.errors import CancelledError, InputError, OsteoScreenError, UsageError
from OsteoScreenLib.mrml.cohort_job import CohortJob, cohort_command
from OsteoScreenLib.mrml.cohort_progress import CohortProgress, Stage
from OsteoScreenLib.mrml.cohort_words import cohort_text, left_words, row_texts
from OsteoScreenLib.report.files import write_case_files, write_run_files
from OsteoScreenLib.screening.cohort import CohortWriters, run_cohort
from OsteoScreenLib.screening.femur_source import VBNET, FemurSource
from OsteoScreenLib.screening.inputs import case_inputs

NAMES = ("a", "b", "c")


def case_event(case_id: str, state: str = "done", **values: Any) -> dict[str, Any]:
    return {"event": "case", "case_id": case_id, "state": state, "seconds": 10.0, "kept": False, **values}


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def progress(clock: list[float]) -> CohortProgress:
    return CohortProgress(case_inputs([Path(f"/{name}.nii.gz") for name in NAMES]), lambda: clock[0])


def stages(progress: CohortProgress) -> list[str]:
    return [row.stage.value for row in progress.rows]


def test_the_table_follows_what_the_run_says(progress):
    assert stages(progress) == ["waiting"] * 3
    progress.hear({"event": "progress", "fraction": 0.1, "message": "a: Reading: slices"})
    assert row_texts(progress.rows[0]) == ("a", "running 30 %", "Reading: slices")
    progress.hear(case_event("a", "withheld", reasons=["Too short.", "Too noisy."]))
    progress.hear(case_event("b", "failed", message="No file.\x1b[2J", error_code="not_found"))
    progress.hear(case_event("c", kept=True))
    assert row_texts(progress.rows[0]) == ("a", "withheld", "Too short. Too noisy.")
    assert row_texts(progress.rows[1]) == ("b", "failed", "No file.\\x1b[2J")
    assert row_texts(progress.rows[2]) == ("c", "done (kept)", "")
    assert progress.fraction == 1.0
    assert cohort_text(progress) == "3 of 3 cases: 1 done, 1 withheld, 1 failed."


def test_progress_is_that_of_the_case_and_never_runs_back(progress):
    progress.hear(case_event("a"))
    for fraction, expected in ((0.5, 0.5), (0.4, 0.5), (9.0, 1.0)):
        progress.hear({"event": "progress", "fraction": fraction, "message": "b: Checking"})
        assert progress.rows[1].fraction == pytest.approx(expected)
    progress.hear(case_event("b"))
    progress.hear({"event": "progress", "fraction": 0.5, "message": "b: late"})
    assert stages(progress) == ["done", "done", "waiting"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"event": 3},
        {"event": "progress", "fraction": "x", "message": "a: b"},
        {"event": "progress", "fraction": float("nan"), "message": "a: b"},
        {"event": "progress", "fraction": 0.5, "message": None},
        {"event": "case", "case_id": "z", "state": "done"},
        {"event": "case", "case_id": ["a"], "state": "done"},
        {"event": "case", "case_id": "a", "state": "gone"},
        {"event": "other"},
    ],
)
def test_what_is_no_event_tells_nothing(progress, event):
    progress.hear(event)
    assert stages(progress) == ["waiting"] * 3


def test_the_rest_of_the_time_is_told_by_the_cases_that_were_computed(progress, clock):
    assert progress.seconds_left() is None
    progress.hear({"event": "progress", "fraction": 0.001, "message": "a: Reading"})
    assert progress.seconds_left() is None
    clock[0] = 5.0
    progress.hear({"event": "progress", "fraction": 0.5 / 3, "message": "a: Reading"})
    assert progress.seconds_left() == pytest.approx(25.0)
    progress.hear(case_event("a", kept=True, seconds=0.1))
    assert progress.seconds_left() is None
    progress.hear(case_event("b", seconds=40.0))
    assert progress.seconds_left() == pytest.approx(40.0)
    progress.hear(case_event("c"))
    assert progress.seconds_left() == 0.0
    assert (left_words(7300.0), left_words(None)) == ("about 2 h left", "")


def test_a_stopped_run_says_which_cases_were_not_run(progress):
    progress.hear(case_event("a"))
    progress.hear({"event": "progress", "fraction": 0.5, "message": "b: Checking"})
    progress.stop("Stopped.")
    assert stages(progress) == ["done", "not_run", "not_run"]
    assert cohort_text(progress) == "1 of 3 cases: 1 done, 2 not run."


class Heard:
    """What a job told."""

    def __init__(self) -> None:
        self.changes, self.done, self.errors = 0, 0, []

    def changed(self) -> None:
        self.changes += 1

    def ended(self) -> None:
        self.done += 1


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A cohort of files that nobody reads."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in NAMES:
        (folder / f"{name}.nii.gz").write_bytes(b"x")
    return folder


def job_of(scans: Path, program: str, *arguments: str) -> tuple[CohortJob, Heard]:
    heard = Heard()
    command = [sys.executable, "-c", program, *arguments]
    out = scans.parent / "out"
    return CohortJob(scans, out, heard.changed, heard.ended, heard.errors.append, command), heard


def run(job: CohortJob, until: Any = lambda: False, limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not job.poll() and not until():
        assert time.monotonic() < end, "the child does not end"
        time.sleep(0.01)


SPEAKS = "import sys; [print(line, flush=True) for line in sys.argv[1:]]"


def test_a_run_that_comes_to_its_end_is_done_whatever_its_cases_came_to(scans):
    events = [case_event("a"), case_event("b", "failed", message="x"), case_event("c", "withheld")]
    lines = [json.dumps(event) for event in (*events, {"event": "end", "exit_code": 1, "message": ""})]
    job, heard = job_of(scans, SPEAKS, "no json", *lines)
    job.start()
    run(job)
    assert stages(job.progress) == ["done", "failed", "withheld"]
    assert (heard.done, heard.errors) == (1, [])
    assert heard.changes >= 1
    assert job.poll() is True
    assert heard.done == 1


def test_a_run_that_dies_is_an_error_with_its_last_words_and_keeps_what_was_finished(scans):
    program = SPEAKS + "; sys.stderr.write('Error: the disk is full\\n'); sys.exit(3)"
    job, heard = job_of(scans, program, json.dumps(case_event("a")))
    job.start()
    run(job)
    (error,) = heard.errors
    assert isinstance(error, OsteoScreenError)
    assert not isinstance(error, CancelledError)
    assert "exit code 3" in str(error)
    assert "the disk is full" in str(error)
    assert stages(job.progress) == ["done", "not_run", "not_run"]


@pytest.mark.skipif(os.name != "posix", reason="asks POSIX whether a process lives")
def test_cancel_ends_the_child_and_what_it_started(scans):
    program = (
        "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)']);"
        'print(\'{"event": "progress", "fraction": 0.1, "message": "a: \' + str(child.pid) + \'"}\', flush=True);'
        "time.sleep(99)"
    )
    job, heard = job_of(scans, program)
    job.start()
    run(job, lambda: job.progress.rows[0].stage is Stage.RUNNING)
    grandchild = int(job.progress.rows[0].message)
    job.cancel()
    assert job.poll() is True
    assert isinstance(heard.errors[0], CancelledError)
    assert stages(job.progress) == ["not_run"] * 3
    for pid in (job.pid, grandchild):
        assert not lives(pid)


def lives(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be noticed does not."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except FileNotFoundError:
            if sys.platform.startswith("linux"):
                return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.02)
    return True


def test_a_forgotten_run_tells_nobody(scans):
    job, heard = job_of(scans, "import time; time.sleep(99)")
    job.start()
    job.forget()
    assert job.poll() is True
    assert (heard.changes, heard.done, heard.errors) == (0, 0, [])


def test_a_cohort_that_cannot_be_read_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(UsageError):
        job_of(tmp_path / "absent", SPEAKS)


def test_the_command_is_that_of_the_command_line(scans, tmp_path):
    command = cohort_command(scans, tmp_path / "out")
    assert command[1:4] == ["-m", "OsteoScreenLib.cli", "screen"]
    assert {"--cohort", "--resume", "--progress"} <= set(command)


@pytest.fixture
def finished(tmp_path: Path) -> tuple[Path, Path]:
    """A scan and the folder of its results."""
    write_image(make_geometric_body(0, (40, 64, 64), (6.0, 6.0, 6.0)), tmp_path / "body.nii.gz")
    writers = CohortWriters(write_case_files, write_run_files)
    run_cohort(
        case_inputs([tmp_path / "body.nii.gz"]), tmp_path / "out", writers, segmenter=FemurSource(BoxSegmenter, VBNET)
    )
    return tmp_path / "body.nii.gz", tmp_path / "out" / "body"


@pytest.mark.needs_module("slicer")
def test_a_finished_case_comes_into_the_scene_as_it_was_written(scene, finished):
    from OsteoScreenLib.ct.label_file import read_labels
    from OsteoScreenLib.mrml.finished_case import read_finished_case, show_finished_case
    from OsteoScreenLib.mrml.osteoscreen_logic import OsteoScreenLogic
    from OsteoScreenLib.mrml.segmentation_node import read_masks

    case = read_finished_case(*finished)
    volume, nodes = show_finished_case(case, scene, OsteoScreenLogic())
    assert volume.GetName() == "body"
    labels, _ = read_labels(finished[1] / "segmentation.nii.gz")
    assert np.array_equal(read_masks(nodes.segmentation, volume), labels)
    assert labels.any()
    assert nodes.flags.GetNumberOfRows() == len(case.case.result.quality)
    assert nodes.measures.GetNumberOfRows() > 0


def test_a_scan_that_changed_since_is_not_shown_with_the_old_masks(finished):
    from OsteoScreenLib.mrml.finished_case import read_finished_case

    scan, folder = finished
    write_image(make_geometric_body(1, (40, 64, 64), (6.0, 6.0, 6.0)), scan)
    with pytest.raises(InputError) as refused:
        read_finished_case(scan, folder)
    assert refused.value.code == "input_changed"


def test_a_result_that_is_gone_is_an_error_in_words(finished):
    from OsteoScreenLib.mrml.finished_case import read_finished_case

    (finished[1] / "result.json").unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        read_finished_case(*finished)
