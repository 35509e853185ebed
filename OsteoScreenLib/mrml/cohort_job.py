"""CohortJob: a run of ``osteoscreen screen`` over many cases in a process of its own, followed case by case."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from OsteoScreenLib.errors import CancelledError, OsteoScreenError
from OsteoScreenLib.mrml.child_process import ChildProcess, osteoscreen_program, started_in_new_folder
from OsteoScreenLib.mrml.cohort_progress import CohortProgress
from OsteoScreenLib.screening.cohort_paths import cohort_paths
from OsteoScreenLib.screening.inputs import case_inputs

WAIT_S = 0.01
"""How long :meth:`CohortJob.poll` lets the thread run that reads what the child says."""

STOPPED = "Stopped on request."


def cohort_command(source: Path, out: Path) -> list[str]:
    """What the child runs; finished cases of an earlier run are kept.

    Raises:
        OsteoScreenError: there is no Python to run it (``no_python``).
    """
    command = [*osteoscreen_program(), "screen", "--cohort", str(source), "--out", str(out)]
    return [*command, "--progress", "json", "--resume"]


class CohortJob:
    """A cohort in a child process; the scene is not touched, and the window is never waited for.

    Args:
        source: a folder or a table of scans, see :func:`OsteoScreenLib.screening.cohort_paths.cohort_paths`.
        out: the folder of the results.
        on_change: told after each poll that brought news.
        on_done: told once the run has come to its end, whatever its cases came to.
        on_failed: told why it did not; a :class:`CancelledError` where the user stopped it.
        command: what the child runs; None: :func:`cohort_command`.

    Attributes:
        progress: the table of cases, filled with what waits from the beginning.

    Raises:
        UsageError: the cohort cannot be read, or holds no scan.
        OsteoScreenError: there is no Python to run it.
    """

    def __init__(
        self,
        source: str | Path,
        out: str | Path,
        on_change: Callable[[], None],
        on_done: Callable[[], None],
        on_failed: Callable[[BaseException], None],
        command: Sequence[str] | None = None,
    ) -> None:
        self.source, self.out = Path(source).absolute(), Path(out).absolute()
        self.progress = CohortProgress(case_inputs(cohort_paths(self.source, self.out)))
        self._on_change, self._on_done, self._on_failed = on_change, on_done, on_failed
        self._command = cohort_command(self.source, self.out) if command is None else list(command)
        self._folder: Path | None = None
        self._child: ChildProcess | None = None
        self._cancelled = False
        self._told = False

    def start(self) -> None:
        """Start the child.

        Raises:
            OsteoScreenError: it cannot be started.
        """
        self._child, self._folder = started_in_new_folder(self._command)

    @property
    def pid(self) -> int | None:
        """Number of the child's process."""
        return None if self._child is None else self._child.pid

    def poll(self) -> bool:
        """Hear what is new and tell it; True once the end is told."""
        if self._told or self._child is None:
            return self._told
        code = self._child.poll()  # before the events: what came before the end is then among them
        events = self._child.events(WAIT_S if code is None else 0.0)
        for event in events:
            self.progress.hear(event)
        if events:
            self._on_change()
        if code is None and not self._cancelled:
            return False
        self._told = True
        failure = self._failure(code)
        self._tidy()
        if failure is not None:
            self._on_failed(failure)
        else:
            self._on_done()
        return True

    def cancel(self) -> None:
        """End the child and everything it started; the results of finished cases stay."""
        self._cancelled = True
        if self._child is not None:
            self._child.end()

    def forget(self) -> None:
        """End the child and tell nobody any more."""
        self.cancel()
        self._told = True
        self._tidy()

    def _failure(self, code: int | None) -> OsteoScreenError | None:
        """Why the run ended before its end; None where it came to it."""
        if self._cancelled:
            self.progress.stop(STOPPED)
            return CancelledError(STOPPED)
        if self.progress.exit_code is not None:
            return None
        words = "" if self._child is None else self._child.last_words()
        why = f"The run ended by itself (exit code {code})" + (f": {words}" if words else "")
        self.progress.stop("The run ended before this case.")
        return OsteoScreenError(why, next_step="Press Start again: finished cases are kept.", code="cohort_ended")

    def _tidy(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
