"""Export: the case as files."""

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.mrml import export_case as export
from OsteoScreenLib.mrml.background_job import BackgroundJob
from OsteoScreenLib.mrml.case_nodes import case_in_scene
from OsteoScreenPanel.section import PanelState, Section


class ExportSection(Section):
    """Writes what is ticked into a folder of the case, and says where."""

    FORM = "ExportSection.ui"

    def setup(self) -> None:
        self.choices = {
            export.CASE: self.ui.exportCaseCheckBox,
            export.SEGMENTATION: self.ui.exportSegmentationCheckBox,
            export.TABLES: self.ui.exportTablesCheckBox,
            export.SCENE: self.ui.exportSceneCheckBox,
        }
        self._suggesting = False
        self._chosen = False
        self.suggestDirectory(None)
        self.ui.exportButton.connect("clicked(bool)", self.onExportButton)
        self.ui.exportDirectoryButton.connect("directoryChanged(QString)", self.onDirectoryChanged)
        for choice in self.choices.values():
            choice.connect("toggled(bool)", self.onChoice)

    def onDirectoryChanged(self, directory: str) -> None:
        """A folder that the user chose stays, whatever volume is looked at next."""
        self._chosen = self._chosen or not self._suggesting

    def onChoice(self, ticked: bool) -> None:
        """Another choice: the button may be of use now, or no longer."""
        self.update(self.panel.state())

    def onExportButton(self) -> None:
        """Write what is ticked into a folder of this case."""
        state = self.panel.state()
        kinds = self.kinds()
        with slicer.util.tryWithErrorDisplay(_("The case could not be exported.")):
            case = case_in_scene(state.volumeNode, state.nodes)
            ct = self.panel.logic.read(state.volumeNode)
            folder = export.case_folder(self.ui.exportDirectoryButton.directory, case)
            if not self.mayReplace(folder, kinds):
                return
            self.ui.exportLabel.text = ""
            self.writeNodes(state, kinds, folder)
            if export.CASE not in kinds:
                self.showExport(folder)
                self.panel.updatePanel()
                return
            self.panel.work.start(
                lambda *callbacks: BackgroundJob(
                    lambda progress, stop: export.export_case(case, ct, folder), *callbacks
                ),
                self.showExport,
            )

    def kinds(self) -> list[str]:
        """What is ticked and can be written."""
        return [kind for kind, choice in self.choices.items() if choice.checked and choice.enabled]

    def mayReplace(self, folder: Path, kinds: list[str]) -> bool:
        """Whether nothing would be overwritten, or the user agrees."""
        names = export.files_in_the_way(folder, kinds)
        question = _("The folder {folder} already holds {names}. Replace them?")
        return not names or slicer.util.confirmOkCancelDisplay(question.format(folder=folder, names=", ".join(names)))

    def writeNodes(self, state: PanelState, kinds: list[str], folder: Path) -> None:
        """What is written from nodes, and therefore here and now."""
        with slicer.util.WaitCursor():
            if export.SEGMENTATION in kinds:
                export.export_segmentation(state.nodes.segmentation, folder)
            if export.TABLES in kinds:
                export.export_tables(state.nodes, folder)
            if export.SCENE in kinds:
                export.export_scene(slicer.mrmlScene, folder)

    def showExport(self, folder: Path) -> None:
        """Say where the files are, and which."""
        names = ", ".join(export.files_in_the_way(folder, self.kinds()))
        self.ui.exportLabel.text = _("Written to {folder}: {names}").format(folder=folder, names=names)

    def followVolume(self) -> None:
        self.ui.exportLabel.text = ""
        if not self._chosen:
            self.suggestDirectory(self.panel.state().volumeNode)

    def suggestDirectory(self, volumeNode) -> None:
        """The folder that the volume came from; else the user's documents."""
        passing = (slicer.app.temporaryPath, slicer.app.cachePath)
        documents = qt.QStandardPaths.writableLocation(qt.QStandardPaths.DocumentsLocation)
        self._suggesting = True
        self.ui.exportDirectoryButton.directory = str(export.directory_of(volumeNode, passing) or documents)
        self._suggesting = False

    def update(self, state: PanelState) -> None:
        femora = state.result is not None and bool(state.result.femurs)
        self.ui.exportSegmentationCheckBox.enabled = femora
        self.ui.exportButton.enabled = state.idle and state.result is not None and bool(self.kinds())
        self.ui.exportLabel.visible = bool(self.ui.exportLabel.text)
