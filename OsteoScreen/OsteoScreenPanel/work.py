"""Work: the one long calculation that may run beside the window, with its bar, its Cancel button and its last words."""

from collections.abc import Callable
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.mrml.panel_words import percent

POLL_MS = 20


class Work:
    """Runs jobs, one at a time; a timer asks the job how far it is.

    A job has ``start()``, ``poll()`` (True once its end is told) and ``cancel()``, and is made with three callbacks:
    progress, done, failed. :class:`ChildScreening` and :class:`BackgroundJob` are such jobs.

    Args:
        ui: with ``progressBar``, ``cancelButton`` and ``statusLabel``.
        onChanged: told when a job begins and after it ended.
    """

    def __init__(self, ui: Any, onChanged: Callable[[], None]) -> None:
        self.ui = ui
        self._onChanged = onChanged
        self._job = None
        self._timer = qt.QTimer()
        self._timer.interval = POLL_MS
        self._timer.connect("timeout()", self.onTimer)
        ui.cancelButton.connect("clicked(bool)", self.onCancelButton)
        self._showBar()
        self.say("")

    @property
    def idle(self) -> bool:
        """Whether nothing is running."""
        return self._job is None

    def start(
        self,
        makeJob: Callable[..., Any],
        onDone: Callable[[Any], None],
        onFailed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Begin a job.

        Args:
            makeJob: called as ``makeJob(progress, done, failed)``.
            onDone: told the job's result. onFailed: told why it ended early; None: only say so.

        What the job raises as it is made or started goes to the caller; no work is running then.
        """
        job = makeJob(self.showProgress, onDone, onFailed or self.showFailure)
        self.say("")
        self.ui.progressBar.value = 0
        job.start()
        self._job = job
        self.ui.cancelButton.enabled = True
        self._timer.start()
        self._changed()

    def onTimer(self) -> None:
        """Hear what the job has to tell; at its end, show it."""
        job = self._job
        if job is None:
            return
        try:
            finished = job.poll()
        except Exception as error:
            finished = True
            self.showFailure(error)
        if finished and job is self._job:
            self._job = None
            self._timer.stop()
            self._changed()

    def onCancelButton(self) -> None:
        """Ask the job to stop."""
        if self._job is None:
            return
        self._job.cancel()
        self.ui.cancelButton.enabled = False
        self.say(_("Stopping ..."))

    def stop(self) -> None:
        """Forget the job, whatever it will find."""
        if self._job:
            self._job.cancel()
        self._job = None
        self._timer.stop()
        self._showBar()

    def close(self) -> None:
        """Stop for good. A connection keeps both of its ends alive; without these, all this can be forgotten."""
        self.stop()
        self._timer.disconnect("timeout()", self.onTimer)
        self.ui.cancelButton.disconnect("clicked(bool)", self.onCancelButton)

    def say(self, text: str) -> None:
        """A line under the bar; an empty one takes it away."""
        self.ui.statusLabel.text = text
        self.ui.statusLabel.visible = bool(text)

    def showProgress(self, fraction: float, message: str) -> None:
        """One step of the job."""
        self.ui.progressBar.value = percent(fraction)
        self.say(message)

    def showFailure(self, error: BaseException) -> None:
        """Say that the job ended early, and why."""
        if isinstance(error, CancelledError):
            self.say(_("Stopped. The scene is as it was."))
        else:
            self.say("")
            slicer.util.errorDisplay(str(error))

    def _changed(self) -> None:
        self._showBar()
        self._onChanged()

    def _showBar(self) -> None:
        self.ui.progressBar.visible = not self.idle
        self.ui.cancelButton.visible = not self.idle
