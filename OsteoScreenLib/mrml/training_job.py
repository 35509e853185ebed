"""TrainingJob: ``osteoscreen train status`` beside Slicer, followed to its end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import CancelledError, OsteoScreenError
from OsteoScreenLib.mrml.child_process import ChildProcess, osteoscreen_program, started_in_new_folder
from OsteoScreenLib.mrml.time_left import TimeLeft
from OsteoScreenLib.mrml.training_order import TrainingOrder
from OsteoScreenLib.mrml.training_outcome import TrainedModels
from OsteoScreenLib.progress import ProgressCallback

WAIT_S = 0.01
"""How long :meth:`TrainingJob.poll` lets the thread run that reads what the program says."""


class TrainingJob:
    """Trains in a process of its own: a job, as :class:`OsteoScreenPanel.work.Work` runs them. No node is touched.

    Args:
        order: what is asked.
        on_progress, on_done, on_failed: told ``(fraction, message)``, the message with the time that is left where it
            can be said; the :class:`TrainedModels`; the exception, a :class:`CancelledError` where the user stopped it.
        directory: where a temporary folder is made; None: where the system keeps such folders.
    """

    def __init__(
        self,
        order: TrainingOrder,
        on_progress: ProgressCallback,
        on_done: Callable[[TrainedModels], None],
        on_failed: Callable[[BaseException], None],
        directory: str | None = None,
    ) -> None:
        self._order, self._directory = order, directory
        self._on_progress, self._on_done, self._on_failed = on_progress, on_done, on_failed
        self._folder: Path | None = None
        self._child: ChildProcess | None = None
        self._time_left = TimeLeft(time.monotonic())
        self._word: tuple[float, str] = (0.0, "Starting")
        self._outcome: TrainedModels | None = None
        self._message = ""
        self._cancelled = self._told = False

    def start(self) -> None:
        """Start the program.

        Raises:
            UsageError: something is missing. OsteoScreenError: the program cannot be started. OSError: no temporary
                folder can be made.
        """
        self._order.check()
        command = [*osteoscreen_program(), *self._order.arguments()]
        self._child, self._folder = started_in_new_folder(command, self._directory)
        self._time_left = TimeLeft(time.monotonic())

    @property
    def pid(self) -> int | None:
        """Number of the program's process; None before it runs."""
        return None if self._child is None else self._child.pid

    def cancel(self) -> None:
        """Stop: the program and all it started are ended before this returns. Features that were measured are kept."""
        self._cancelled = True
        self._tidy()

    def poll(self) -> bool:
        """Tell what is new; call it again and again until it returns True, which it does once the end is told."""
        child = self._child
        if self._told or child is None:
            return self._told
        code = child.poll()  # before the events: once it is known, they are complete
        for event in child.events(WAIT_S if code is None else 0.0):
            self._hear(event)
        if code is None and not self._cancelled:
            self._say()
            return False
        self._told = True
        error = self._why_it_failed(code, child.last_words())
        self._tidy()
        if error is not None:
            self._on_failed(error)
        elif self._outcome is not None:
            self._on_done(self._outcome)
        return True

    def _hear(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "progress" and isinstance(event.get("fraction"), (int, float)):
            self._word = (min(1.0, max(0.0, event["fraction"])), str(event.get("message", "")))
            self._time_left.note(time.monotonic(), self._word[0])
        elif kind == "failed":
            self._message = str(event.get("message", ""))
        elif kind == "outcome":
            try:
                self._outcome = TrainedModels.of_event(event)
            except (KeyError, TypeError, AttributeError) as error:
                self._message = f"The answer of the training program cannot be used ({type(error).__name__})."

    def _say(self) -> None:
        fraction, message = self._word
        left = self._time_left.words(time.monotonic())
        self._on_progress(fraction, f"{message} ({left})" if left else message)

    def _why_it_failed(self, code: int | None, log: str) -> OsteoScreenError | None:
        if self._cancelled:
            return CancelledError("Stopped on request")
        if self._message:
            return OsteoScreenError(self._message, code="training_failed")
        if code in (0, 1) and self._outcome is not None:
            return None
        words = f": {log}" if log else ""
        return OsteoScreenError(
            f"The training ended by itself (exit code {code}){words}",
            next_step="Close other programs and try again: features that were measured are kept.",
            code="training_ended",
        )

    def _tidy(self) -> None:
        if self._child is not None:
            self._child.end()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
