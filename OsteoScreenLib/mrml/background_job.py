"""BackgroundJob: one long calculation beside the window, asked by a timer how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.progress import CancelToken, ProgressCallback

WAIT_S = 0.03
"""How long :meth:`BackgroundJob.poll` waits for the calculation. A program that embeds Python, as Slicer does, may keep
Python's lock while Qt waits for events; a calculation in another thread then comes to its turn only while Python waits
here. Short enough that a click is answered at once."""


class BackgroundJob:
    """Runs a calculation in a thread of its own; all it tells arrives in the thread that calls :meth:`poll`.

    The calculation must touch no node and no widget: it gets arrays and gives arrays back.

    Args:
        work: called as ``work(progress, cancelled)``; what it returns is the result.
        on_progress: told ``(fraction, message)`` by :meth:`poll`, the latest word only.
        on_done: told the result.
        on_failed: told the exception; a :class:`CancelledError` where the user asked to stop.
    """

    def __init__(
        self,
        work: Callable[[ProgressCallback, CancelToken], Any],
        on_progress: ProgressCallback,
        on_done: Callable[[Any], None],
        on_failed: Callable[[BaseException], None],
    ) -> None:
        self._work, self._on_progress = work, on_progress
        self._on_done, self._on_failed = on_done, on_failed
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._word: tuple[float, str] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        # A daemon: closing Slicer in the middle of a calculation must not leave a program that never ends.
        self._thread = threading.Thread(target=self._run, name="OsteoScreen", daemon=True)
        self._told = False

    def start(self) -> None:
        """Begin the calculation."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the calculation to stop; the answer is a CancelledError for ``on_failed``, whatever it had ready."""
        self._stop.set()

    @property
    def finished(self) -> bool:
        """Whether the end has been told."""
        return self._told

    def poll(self, wait_s: float = WAIT_S) -> bool:
        """Tell what is new; call it again and again until it returns True, which it does once the end is told."""
        if self._told:
            return True
        self._thread.join(wait_s)
        alive = self._thread.is_alive()
        with self._lock:
            word, self._word = self._word, None
        if word is not None and not self._stop.is_set():
            self._on_progress(*word)
        if alive:
            return False
        self._told = True
        if self._stop.is_set():
            self._on_failed(CancelledError("Stopped on request"))
        elif self._error is not None:
            self._on_failed(self._error)
        else:
            self._on_done(self._result)
        return True

    def _run(self) -> None:
        try:
            self._result = self._work(self._hear, self._stop.is_set)
        except BaseException as error:  # told by poll, in the thread that can show it
            self._error = error

    def _hear(self, fraction: float, message: str) -> None:
        with self._lock:
            self._word = (fraction, message)
