"""QuietJob: a short calculation beside the window, without a bar."""

from collections.abc import Callable
from typing import Any

import qt
import slicer

from OsteoScreenLib.mrml.background_job import BackgroundJob

POLL_MS = 50


class QuietJob:
    """Runs one calculation at a time that takes seconds, such as comparing checksums.

    Args:
        onChanged: told when one begins and after it ended.
    """

    def __init__(self, onChanged: Callable[[], None]) -> None:
        self._onChanged = onChanged
        self._job = None
        self._timer = qt.QTimer()
        self._timer.interval = POLL_MS
        self._timer.connect("timeout()", self.onTimer)

    @property
    def idle(self) -> bool:
        """Whether nothing is running."""
        return self._job is None

    def start(
        self,
        work: Callable[[], Any],
        onDone: Callable[[Any], None],
        onFailed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Begin; nothing happens while another one is running.

        Args:
            work: what is calculated; touches no widget and no node.
            onDone: told what it gave.
            onFailed: told why it gave nothing; None: show the error.
        """
        if self._job is not None:
            return
        self._job = BackgroundJob(
            lambda progress, cancelled: work(), lambda *told: None, onDone, onFailed or self.showError
        )
        self._job.start()
        self._timer.start()
        self._onChanged()

    def onTimer(self) -> None:
        """Hear whether it has ended."""
        job = self._job
        try:
            finished = job is None or job.poll()
        except Exception as error:
            finished = True
            self.showError(error)
        if finished and job is self._job:
            self.stop()
            self._onChanged()

    def stop(self) -> None:
        """Forget it, whatever it will find."""
        self._job = None
        self._timer.stop()

    def showError(self, error: BaseException) -> None:
        """Say why it ended early."""
        slicer.util.errorDisplay(str(error))
