"""Export: the case as files."""

import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.mrml.background_job import BackgroundJob
from OsteoScreenLib.mrml.case_nodes import case_in_scene
from OsteoScreenLib.mrml.export_case import case_folder, export_case
from OsteoScreenPanel.section import PanelState, Section


class ExportSection(Section):
    """Writes report, masks and result."""

    FORM = "ExportSection.ui"

    def setup(self) -> None:
        self.ui.exportButton.connect("clicked(bool)", self.onExportButton)

    def onExportButton(self) -> None:
        """Write report, masks and result into a folder of this case."""
        state = self.panel.state()
        with slicer.util.tryWithErrorDisplay(_("The case could not be exported.")):
            case = case_in_scene(state.volumeNode, state.nodes)
            ct = self.panel.logic.read(state.volumeNode)
            folder = case_folder(self.ui.exportDirectoryButton.directory, case)
            question = _("The folder {folder} holds a case already. Replace its files?").format(folder=folder)
            if folder.exists() and not slicer.util.confirmOkCancelDisplay(question):
                return
            self.ui.exportLabel.text = ""
            self.panel.work.start(
                lambda *callbacks: BackgroundJob(lambda progress, stop: export_case(case, ct, folder), *callbacks),
                self.showExport,
            )

    def showExport(self, folder) -> None:
        """Say where the files are."""
        self.ui.exportLabel.text = _("Written to {folder}").format(folder=folder)

    def followVolume(self) -> None:
        self.ui.exportLabel.text = ""

    def update(self, state: PanelState) -> None:
        self.ui.exportButton.enabled = state.idle and state.result is not None
        self.ui.exportLabel.visible = bool(self.ui.exportLabel.text)
