"""ChildScreening: one case screened by the ``osteoscreen`` program beside Slicer."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.mrml.background_job import WAIT_S, BackgroundJob
from OsteoScreenLib.mrml.child_process import ChildProcess, child_environment, osteoscreen_program
from OsteoScreenLib.mrml.screening_files import ScreeningFolder, ScreeningOrder
from OsteoScreenLib.mrml.screening_follower import ScreeningFollower
from OsteoScreenLib.progress import CancelToken, ProgressCallback, no_progress, part_of
from OsteoScreenLib.result.screened_case import ScreenedCase

_WRITTEN, _SCREENED = 0.03, 0.97
"""Shares of the bar: the scan is written before the first, the answer read after the second."""
_REMOVE_TRIES = 4
_BETWEEN_TRIES_S = 0.03


class ChildScreening:
    """Screens a volume in a process of its own: a job, as :class:`OsteoScreenPanel.work.Work` runs them.

    Three steps: the volume is written to a temporary folder and, at the end, the answer is read from it, both in a
    thread; between them the program runs. The folder is removed however it ends. What is told arrives in the thread
    that calls :meth:`poll`; nothing here touches a node.

    Args:
        ct: the volume; its voxels and its grid reach the program unchanged.
        order: what is asked.
        on_progress, on_done, on_failed: told ``(fraction, message)``; the :class:`ScreenedCase`; the exception, a
            :class:`CancelledError` where the user asked to stop.
        directory: where the temporary folder is made; None: where the system keeps such folders.
    """

    def __init__(
        self,
        ct: CTVolume,
        order: ScreeningOrder,
        on_progress: ProgressCallback,
        on_done: Callable[[ScreenedCase], None],
        on_failed: Callable[[BaseException], None],
        directory: str | None = None,
    ) -> None:
        self._ct, self._order, self._directory = ct, order, directory
        self._on_progress, self._on_done, self._on_failed = on_progress, on_done, on_failed
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._step: BackgroundJob | None = None
        self._child: ChildProcess | None = None
        self._follower = ScreeningFollower(part_of(on_progress, _WRITTEN, _SCREENED))
        self._stopped = self._told = False

    def start(self) -> None:
        """Begin; returns at once.

        Raises:
            OSError: no temporary folder can be made.
        """
        self._temporary = tempfile.TemporaryDirectory(
            prefix="osteoscreen-", dir=self._directory, ignore_cleanup_errors=True
        )
        self._on_progress(0.0, "Writing the scan")
        self._begin(self._write, self._launch)

    def cancel(self) -> None:
        """Stop: the program and all it started are ended before this returns, and their files are gone."""
        self._stopped = True
        self._clean_up()

    def poll(self, wait_s: float = WAIT_S) -> bool:
        """Tell what is new; call it again and again until it returns True, which it does once the end is told."""
        if self._told:
            return True
        if self._stopped:
            self._fail(CancelledError("Stopped on request"))
        elif self._step is not None:
            step = self._step
            try:
                step.poll(wait_s)
            except Exception as error:  # what a callback of the step raises; the job must come to its end
                self._fail(error)
        elif self._child is not None:
            self._follow(self._child, wait_s)
        return self._told

    def _begin(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        def worked(_progress: ProgressCallback, cancelled: CancelToken) -> Any:
            try:
                return work()
            finally:
                if cancelled():  # the folder may have got files after it was removed
                    self._remove_folder()

        self._step = BackgroundJob(worked, no_progress, then, self._fail)
        self._step.start()

    @property
    def _folder(self) -> ScreeningFolder:
        assert self._temporary is not None
        return ScreeningFolder(Path(self._temporary.name))

    def _write(self) -> None:
        self._folder.write(self._ct, self._order)

    def _launch(self, _written: None) -> None:
        self._step = None
        folder = self._folder
        command = [*osteoscreen_program(), *folder.arguments(self._order)]
        child = ChildProcess(command, folder.path, child_environment(folder.temporary))
        child.start()
        self._child = child
        self._follower.begin()

    def _follow(self, child: ChildProcess, wait_s: float) -> None:
        code = child.poll()  # before the events: once it is known, they are complete
        self._follower.hear(child.events(0.0 if code is not None else wait_s))
        if code is None:
            return
        self._child = None
        error = self._follower.why_it_failed(code, child.last_words(), self._folder)
        if error is not None:
            self._fail(error)
        else:
            self._on_progress(_SCREENED, "Reading the answer")
            self._begin(lambda: self._folder.read(self._ct), self._done)

    def _done(self, case: ScreenedCase) -> None:
        self._end()
        self._on_done(case)

    def _fail(self, error: BaseException) -> None:
        self._end()
        self._on_failed(error)

    def _end(self) -> None:
        self._told = True
        self._clean_up()

    def _clean_up(self) -> None:
        if self._step is not None:
            self._step.cancel()
        if self._child is not None:
            self._child.end()
        self._remove_folder()

    def _remove_folder(self) -> None:
        temporary = self._temporary
        if temporary is None:
            return
        for attempt in range(_REMOVE_TRIES):
            if attempt:  # a process that was just ended may still hold a file
                time.sleep(_BETWEEN_TRIES_S)
            with contextlib.suppress(OSError):
                temporary.cleanup()
            if not Path(temporary.name).exists():
                return
