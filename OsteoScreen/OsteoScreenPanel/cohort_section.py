"""Cohort: many scans, one after another, in a process beside Slicer."""

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.errors import CancelledError
from OsteoScreenLib.mrml.background_job import BackgroundJob
from OsteoScreenLib.mrml.cohort_job import CohortJob
from OsteoScreenLib.mrml.cohort_words import STAGE_LIGHTS, cohort_text, row_texts
from OsteoScreenLib.mrml.finished_case import read_finished_case, show_finished_case
from OsteoScreenLib.mrml.panel_words import percent
from OsteoScreenLib.mrml.requirements import ensure_requirements
from OsteoScreenPanel.rows import chosenRow, showRows
from OsteoScreenPanel.section import PanelState, Section

POLL_MS = 200


class CohortSection(Section):
    """Starts a run over a folder or a table of scans and shows where each case is.

    The run is a process of its own: the panel answers meanwhile, and a case can be screened in it.
    """

    FORM = "CohortSection.ui"

    def setup(self) -> None:
        self._job = None
        self._running = False
        self._timer = qt.QTimer()
        self._timer.interval = POLL_MS
        self._timer.connect("timeout()", self.onTimer)
        ui = self.ui
        ui.cohortFolderButton.connect("clicked(bool)", self.onFolderButton)
        ui.cohortTableButton.connect("clicked(bool)", self.onTableButton)
        ui.cohortOutputButton.connect("clicked(bool)", self.onOutputButton)
        ui.cohortInputEdit.connect("textChanged(QString)", self.onPathEdit)
        ui.cohortOutputEdit.connect("textChanged(QString)", self.onPathEdit)
        ui.cohortStartButton.connect("clicked(bool)", self.onStartButton)
        ui.cohortCancelButton.connect("clicked(bool)", self.onCancelButton)
        ui.cohortTable.connect("itemSelectionChanged()", self.updateButtons)
        ui.cohortLoadButton.connect("clicked(bool)", self.onLoadButton)
        ui.cohortReportButton.connect("clicked(bool)", self.onReportButton)
        ui.cohortIndexButton.connect("clicked(bool)", self.onIndexButton)
        ui.cohortCsvButton.connect("clicked(bool)", self.onCsvButton)
        self.say("")
        self.updateButtons()

    def cleanup(self) -> None:
        """Slicer closes: the run must not outlive it. Finished cases are kept."""
        self._timer.stop()
        if self._job:
            self._job.forget()
        self._job = None
        self._running = False

    def update(self, state: PanelState) -> None:
        self.updateButtons()

    def onFolderButton(self) -> None:
        """Choose a folder of scans."""
        self.takeInput(
            qt.QFileDialog.getExistingDirectory(self.widget, _("Folder of scans"), self.ui.cohortInputEdit.text)
        )

    def onTableButton(self) -> None:
        """Choose a table of scans."""
        title, kinds = _("Table of scans"), _("Tables (*.csv *.tsv *.txt)")
        self.takeInput(qt.QFileDialog.getOpenFileName(self.widget, title, self.ui.cohortInputEdit.text, kinds))

    def onOutputButton(self) -> None:
        """Choose the folder of the results."""
        chosen = qt.QFileDialog.getExistingDirectory(
            self.widget, _("Folder of the results"), self.ui.cohortOutputEdit.text
        )
        if chosen:
            self.ui.cohortOutputEdit.text = chosen

    def takeInput(self, chosen: str) -> None:
        """Take what a dialog gave, and propose a folder beside it where none is named for the results."""
        if not chosen:
            return
        self.ui.cohortInputEdit.text = chosen
        path = Path(chosen)
        if path.name and not self.ui.cohortOutputEdit.text:
            self.ui.cohortOutputEdit.text = str(path.with_name(f"{path.stem if path.is_file() else path.name} results"))

    def onPathEdit(self) -> None:
        """A path was chosen or typed."""
        self.updateButtons()

    def onStartButton(self) -> None:
        """Begin the run, or go on with it."""
        ui = self.ui
        with slicer.util.tryWithErrorDisplay(_("The cohort could not be started.")):
            ensure_requirements(self.panel.resourcePath("requirements.txt"))
            job = CohortJob(
                ui.cohortInputEdit.text, ui.cohortOutputEdit.text, self.showRun, self.onRunDone, self.onRunFailed
            )
            job.start()
            self._job, self._running = job, True
            self._timer.start()
            self.showRun()

    def onCancelButton(self) -> None:
        """Stop the run."""
        if self._job and self._running:
            self._job.cancel()

    def onTimer(self) -> None:
        """Hear what the run has to tell."""
        if self._job and self._job.poll():
            self._timer.stop()

    def onRunDone(self) -> None:
        """The run came to its end."""
        self._running = False
        self.showRun()

    def onRunFailed(self, error: BaseException) -> None:
        """The run ended early, on request or by an error."""
        self._running = False
        self.showRun()
        if isinstance(error, CancelledError):
            text = _("{progress} Stopped; finished cases are kept, and Start goes on with the others.")
            self.say(text.format(progress=cohort_text(self._job.progress)))
        else:
            slicer.util.errorDisplay(str(error))

    def showRun(self) -> None:
        """Show where each case is."""
        progress = self._job.progress
        lights = [STAGE_LIGHTS.get(row.stage, "") for row in progress.rows]
        showRows(self.ui.cohortTable, [row_texts(row) for row in progress.rows], lights, lightColumn=1)
        self.ui.cohortProgressBar.value = percent(progress.fraction)
        self.say(cohort_text(progress))
        self.updateButtons()

    def updateButtons(self) -> None:
        """Enable what can be done now."""
        ui, row = self.ui, self.chosenCase()
        has_result = row is not None and row.has_result
        ui.cohortStartButton.enabled = not self._running and bool(ui.cohortInputEdit.text and ui.cohortOutputEdit.text)
        ui.cohortProgressBar.visible = self._running
        ui.cohortCancelButton.visible = self._running
        ui.cohortTable.visible = self._job is not None
        ui.cohortReportButton.enabled = has_result
        ui.cohortLoadButton.enabled = has_result and self.panel.work is not None and self.panel.work.idle
        ui.cohortIndexButton.enabled = self._job is not None and (self._job.out / "index.html").is_file()
        ui.cohortCsvButton.enabled = self._job is not None and (self._job.out / "results.csv").is_file()

    def chosenCase(self):
        """The row of the case that is chosen in the table, or None."""
        number = chosenRow(self.ui.cohortTable)
        return self._job.progress.rows[number] if self._job and number >= 0 else None

    def onLoadButton(self) -> None:
        """Put the chosen case into the scene."""
        row = self.chosenCase()
        folder = self._job.out / row.case_id
        self.panel.work.start(
            lambda *callbacks: BackgroundJob(
                lambda progress, cancelled: read_finished_case(row.path, folder, progress, cancelled), *callbacks
            ),
            self.showCase,
        )

    def showCase(self, finished) -> None:
        """The case was read: it becomes the panel's volume."""
        volumeNode, nodes = show_finished_case(finished, slicer.mrmlScene, self.panel.logic)
        self.panel.logic.getParameterNode().inputVolume = volumeNode
        self.panel.setNodes(nodes)

    def onReportButton(self) -> None:
        """Open the report of the chosen case."""
        self.openFile(self._job.out / self.chosenCase().case_id / "report.html")

    def onIndexButton(self) -> None:
        """Open the overview of all cases."""
        self.openFile(self._job.out / "index.html")

    def onCsvButton(self) -> None:
        """Open the table of all cases."""
        self.openFile(self._job.out / "results.csv")

    def openFile(self, path: Path) -> None:
        """Let the system open a file; say where it is if it will not."""
        if not path.is_file() or not qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path))):
            slicer.util.errorDisplay(_("This file could not be opened: {path}").format(path=path))

    def say(self, text: str) -> None:
        """A line under the bar; an empty one takes it away."""
        self.ui.cohortStatusLabel.text = text
        self.ui.cohortStatusLabel.visible = bool(text)
