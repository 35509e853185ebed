"""A case screened by a process of its own: the answer is ours, the end is told once, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.femur_segmenters import BoxSegmenter
from factory.geometric_body import make_geometric_body
from factory.played_screening import PlayedScreening
from factory.processes import is_alive, soon_gone

from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.errors import CancelledError, OsteoScreenError
from OsteoScreenLib.mrml import child_screening
from OsteoScreenLib.mrml.child_screening import ChildScreening
from OsteoScreenLib.mrml.screening_files import CHECKS_ONLY, ScreeningOrder
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.screening.status_models import status_models
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter


class Listener:
    """Starts a job in a folder of its own and writes down what it tells."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        self.progress: list[tuple[float, str]] = []
        self.cases: list[Any] = []
        self.errors: list[BaseException] = []

    def start(self, ct: CTVolume, order: ScreeningOrder) -> ChildScreening:
        def hear(fraction: float, message: str) -> None:
            self.progress.append((fraction, message))

        job = ChildScreening(ct, order, hear, self.cases.append, self.errors.append, str(self.directory))
        job.start()
        return job

    def wait(self, job: ChildScreening, until: Any = None, limit_s: float = 60.0) -> None:
        end = time.monotonic() + limit_s
        while not job.poll() and not (until and until()):
            assert time.monotonic() < end, "the job does not come that far"

    def wait_for_word(self, job: ChildScreening, word: str) -> None:
        self.wait(job, lambda: any(word in message for _, message in self.progress))

    @property
    def left_behind(self) -> list[Path]:
        return list(self.directory.iterdir())


@pytest.fixture(scope="module")
def body() -> CTVolume:
    ct = make_geometric_body(0, (40, 64, 64), (6.0, 6.0, 6.0))
    return replace(ct, source=Source("Body", "scene"))


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    return Listener(tmp_path / "directory")


@pytest.fixture
def played(tmp_path_factory: Any, body: CTVolume, monkeypatch: pytest.MonkeyPatch) -> PlayedScreening:
    return PlayedScreening(tmp_path_factory.mktemp("stage"), body, monkeypatch)


def boxes(ct: CTVolume) -> np.ndarray:
    labels = np.zeros(ct.hu.shape, np.uint8)
    labels[10:30, 28:36, 10:18], labels[10:30, 28:36, 40:50] = 2, 1
    return labels


def test_the_answer_and_the_way_to_it_are_told_and_nothing_is_left_behind(listener, body, played):
    played.source(BoxSegmenter())
    job = listener.start(body, ScreeningOrder())
    listener.wait(job)
    assert listener.errors == []
    (case,) = listener.cases
    here = screen(body, "Body", BoxSegmenter())
    assert replace(case.result, timings_s={}) == replace(here.result, timings_s={})
    np.testing.assert_array_equal(case.masks.labels, here.masks.labels)
    fractions = [fraction for fraction, _ in listener.progress]
    assert fractions == sorted(fractions)
    assert not any(message.startswith("scan:") for _, message in listener.progress)
    assert job.poll()
    assert len(listener.cases) == 1
    assert listener.left_behind == []


def test_a_failed_case_gives_its_own_reason_without_the_name_of_our_file(listener, body, played):
    played.does(fails_with="The mask does not overlap with the scan ({image}). Give another one.")
    listener.wait(listener.start(body, ScreeningOrder()))
    (error,) = listener.errors
    assert str(error) == "The mask does not overlap with the scan. Give another one."
    assert (error.code, listener.cases, listener.left_behind) == ("odd", [], [])


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"code": 2, "says": "Error: no such option"}, "ended with code 2. Its last words: Error: no such option"),
        pytest.param(
            *(
                {"dies_by": int(getattr(signal, "SIGSEGV", 11)), "says": "a fault"},
                "(SIGSEGV). Its last words: a fault",
            ),
            marks=pytest.mark.skipif(os.name == "nt", reason="a signal ends no process on Windows"),
        ),
        pytest.param(
            *({"dies_by": int(getattr(signal, "SIGKILL", 9))}, "SIGKILL, most often because the memory was full"),
            marks=pytest.mark.skipif(os.name == "nt", reason="a signal ends no process on Windows"),
        ),
    ],
)
def test_a_crash_is_told_with_the_last_words(listener, body, played, how, words):
    played.does(**how)
    listener.wait(listener.start(body, ScreeningOrder()))
    (error,) = listener.errors
    assert words in str(error)
    assert (error.code, listener.cases, listener.left_behind) == ("screening_crashed", [], [])


def test_a_program_that_says_done_and_leaves_no_answer_is_an_error(listener, body, played):
    played.source(BoxSegmenter())
    for file in (played.stage / "answers" / "vbnet").iterdir():
        file.unlink()
    listener.wait(listener.start(body, ScreeningOrder()))
    assert "cannot be read" in str(listener.errors[0])
    assert listener.left_behind == []


@pytest.mark.skipif(os.name == "nt", reason="looks at processes as POSIX does")
def test_cancel_ends_the_program_and_what_it_started_before_it_returns(listener, body, played):
    played.does(holds=True)
    job = listener.start(body, ScreeningOrder())
    listener.wait_for_word(job, "Outlining")
    (call,) = played.calls
    pids = [call["pid"], *played.others]
    assert len(pids) == 2
    assert all(is_alive(pid) for pid in pids)
    started = time.perf_counter()
    job.cancel()
    assert time.perf_counter() - started < 2.0
    assert [soon_gone(pid) for pid in pids] == [True, True]
    assert listener.errors == []
    assert job.poll()
    assert [type(error) for error in listener.errors] == [CancelledError]
    assert (listener.cases, listener.left_behind) == ([], [])


def test_cancel_while_the_scan_is_being_written_starts_no_program(listener, body, played):
    job = listener.start(body, ScreeningOrder())
    job.cancel()
    assert job.poll()
    assert isinstance(listener.errors[0], CancelledError)
    assert played.calls == []
    until = time.monotonic() + 10.0
    while listener.left_behind and time.monotonic() < until:  # the thread that wrote removes what it wrote
        time.sleep(0.02)
    assert listener.left_behind == []


def test_a_job_that_is_forgotten_leaves_nothing_behind_either(listener, body, played):
    played.does(holds=True)
    job = listener.start(body, ScreeningOrder())
    listener.wait_for_word(job, "Outlining")
    job.cancel()
    assert listener.left_behind == []
    assert soon_gone(played.calls[0]["pid"])


def test_without_a_python_to_run_it_the_job_ends_with_an_error(listener, body, monkeypatch):
    def no_python() -> list[str]:
        raise OsteoScreenError("There is no Python", code="no_python")

    monkeypatch.setattr(child_screening, "osteoscreen_program", no_python)
    listener.wait(listener.start(body, ScreeningOrder()))
    assert listener.errors[0].code == "no_python"
    assert listener.left_behind == []


def test_what_fails_while_the_answer_is_shown_is_told_and_the_job_has_ended(body, played, tmp_path):
    def show(case: Any) -> None:
        raise ValueError("the scene is gone")

    played.source(BoxSegmenter())
    errors: list[BaseException] = []
    job = ChildScreening(body, ScreeningOrder(), lambda *_: None, show, errors.append, str(tmp_path))
    job.start()
    until = time.monotonic() + 60.0
    while not job.poll():
        assert time.monotonic() < until
    assert [str(error) for error in errors] == ["the scene is gone"]


def test_a_folder_that_cannot_be_made_is_an_error_of_the_start(body, tmp_path):
    job = ChildScreening(body, ScreeningOrder(), lambda *_: None, print, print, str(tmp_path / "missing"))
    with pytest.raises(OSError, match="missing"):
        job.start()


@pytest.mark.shipped_model  # the program sees them in any case, and says which it did not ask
@pytest.mark.parametrize("checks_only", [True, False], ids=["checks only", "given masks"])
def test_the_true_program_finds_what_the_library_finds_here(listener, body, checks_only):
    turn = np.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, -1.0]])  # oblique and left-handed
    geometry = replace(body.geometry, direction=tuple((turn @ body.geometry.matrix).ravel().tolist()))
    voxels = body.hu.astype(np.float32) + np.float32(0.25)
    if checks_only:
        voxels[3, 4, 5] = np.nan
    ct = replace(body, hu=voxels, geometry=geometry)
    order = ScreeningOrder(CHECKS_ONLY) if checks_only else ScreeningOrder("given", boxes(ct))
    segmenter = None if checks_only else GivenMaskSegmenter(boxes(ct))
    asked = None if checks_only else status_models()
    here = screen(ct, "Body", segmenter, densitometry=None if checks_only else DensitometryOptions(), status=asked)
    listener.wait(listener.start(ct, order), limit_s=120.0)
    assert listener.errors == []
    (case,) = listener.cases
    assert without_timings(case.result) == without_timings(here.result)
    assert ("non_finite_voxels" in {flag.code for flag in case.result.quality}) == checks_only
    if not checks_only:
        np.testing.assert_array_equal(case.masks.labels, here.masks.labels)
    assert listener.left_behind == []


def without_timings(result: Any) -> Any:
    facts = None if result.segmentation is None else replace(result.segmentation, timings_s={})
    return replace(result, timings_s={}, segmentation=facts)


def test_the_true_program_is_this_pythons_own_command():
    assert child_screening.osteoscreen_program() == [sys.executable, "-m", "OsteoScreenLib.cli"]
