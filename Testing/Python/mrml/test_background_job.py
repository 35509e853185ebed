"""A calculation beside the window tells its progress and its end to whoever polls, and stops when asked."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.mrml.background_job import BackgroundJob
from OsteoScreenLib.progress import stop_if


class Listener:
    """Writes down what a job tells, and in which thread."""

    def __init__(self) -> None:
        self.progress: list[tuple[float, str]] = []
        self.results: list[Any] = []
        self.errors: list[BaseException] = []
        self.threads: set[int] = set()

    def job(self, work: Any) -> BackgroundJob:
        return BackgroundJob(work, self._progress, self._done, self._failed)

    def _progress(self, fraction: float, message: str) -> None:
        self.threads.add(threading.get_ident())
        self.progress.append((fraction, message))

    def _done(self, result: Any) -> None:
        self.threads.add(threading.get_ident())
        self.results.append(result)

    def _failed(self, error: BaseException) -> None:
        self.threads.add(threading.get_ident())
        self.errors.append(error)


def poll_to_the_end(job: BackgroundJob, limit_s: float = 10.0) -> None:
    until = time.monotonic() + limit_s
    while not job.poll():
        assert time.monotonic() < until, "the job does not end"


def test_result_and_progress_arrive_in_the_thread_that_polls():
    listener, worked_in = Listener(), []

    def work(progress, cancelled):
        worked_in.append(threading.get_ident())
        progress(0.25, "Looking")
        progress(1.0, "Found")
        return 42

    job = listener.job(work)
    job.start()
    poll_to_the_end(job)
    assert (listener.results, listener.errors) == ([42], [])
    assert listener.progress[-1] == (1.0, "Found")
    assert listener.threads == {threading.get_ident()}
    assert worked_in != [threading.get_ident()]


def test_the_end_is_told_once():
    listener = Listener()
    job = listener.job(lambda progress, cancelled: 1)
    job.start()
    poll_to_the_end(job)
    assert job.finished
    assert job.poll()
    assert listener.results == [1]


def test_an_error_is_told_and_not_lost():
    listener, error = Listener(), ValueError("the scan is odd")

    def work(progress, cancelled):
        raise error

    job = listener.job(work)
    job.start()
    poll_to_the_end(job)
    assert (listener.results, listener.errors) == ([], [error])


def test_a_request_to_stop_ends_the_work_early():
    listener, begun = Listener(), threading.Event()

    def work(progress, cancelled):
        begun.set()
        for _ in range(1000):
            stop_if(cancelled)
            time.sleep(0.01)

    job = listener.job(work)
    job.start()
    assert begun.wait(5)
    job.cancel()
    poll_to_the_end(job, limit_s=3)
    assert [type(error) for error in listener.errors] == [CancelledError]


def test_a_result_that_was_ready_when_the_user_asked_to_stop_is_not_shown():
    listener = Listener()
    job = listener.job(lambda progress, cancelled: progress(1.0, "Done") or 1)
    job.start()
    time.sleep(0.05)
    job.cancel()
    poll_to_the_end(job)
    assert (listener.results, listener.progress) == ([], [])
    assert isinstance(listener.errors[0], CancelledError)


@pytest.mark.parametrize("wait_s", [0.0, 0.03])
def test_polling_returns_soon_while_the_work_goes_on(wait_s):
    listener, may_end = Listener(), threading.Event()
    job = listener.job(lambda progress, cancelled: may_end.wait(10))
    job.start()
    started = time.perf_counter()
    assert not job.poll(wait_s)
    assert time.perf_counter() - started < wait_s + 1.0
    assert not job.finished
    may_end.set()
    poll_to_the_end(job)
