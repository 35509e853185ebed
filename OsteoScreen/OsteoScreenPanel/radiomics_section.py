"""Radiomics: the features of the femora as a table."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from OsteoScreenLib.errors import OsteoScreenError
from OsteoScreenLib.mrml.features_table import (
    features_of_volume,
    newest_features,
    taken_from_other_masks,
    write_features_csv,
)
from OsteoScreenLib.mrml.radiomics_job import RadiomicsJob
from OsteoScreenLib.mrml.radiomics_logic import RadiomicsLogic
from OsteoScreenLib.mrml.radiomics_order import shipped_parameters
from OsteoScreenLib.mrml.requirements import ensure_requirements
from OsteoScreenLib.mrml.segmentation_node import has_femora
from OsteoScreenLib.radiomics.settings_file import load_settings
from OsteoScreenPanel.radiomics_words import settingsText, tableText
from OsteoScreenPanel.section import PanelState, Section
from OsteoScreenPanel.work import Work

SIDES = (("left", "right"), ("left",), ("right",))
"""Of the entries of the form's box, in its order."""

COMPARE_AFTER_MS = 500
"""Own choice: how long after the last change the segments are compared with those that a table was taken from."""


class RadiomicsSection(Section, VTKObservationMixin):
    """Chooses parameters and femora, computes in a process of its own, shows the table and saves it."""

    FORM = "RadiomicsSection.ui"

    def setup(self) -> None:
        VTKObservationMixin.__init__(self)
        ui = self.ui
        self.logic = RadiomicsLogic()
        self._parameters = list(shipped_parameters())
        self._readable = False
        self._segmentation = None
        self._table = None
        self._stale = False
        ui.radiomicsStaleLabel.styleSheet = "font-weight: bold"
        for name in self._parameters:
            ui.radiomicsParametersComboBox.addItem(name)
        self._compareTimer = qt.QTimer()
        self._compareTimer.setSingleShot(True)
        self._compareTimer.interval = COMPARE_AFTER_MS
        self._compareTimer.connect("timeout()", self.onCompareTimer)
        of_work = {
            "progressBar": ui.radiomicsProgressBar,
            "cancelButton": ui.radiomicsCancelButton,
            "statusLabel": ui.radiomicsStatusLabel,
        }
        self.work = Work(SimpleNamespace(**of_work), self.panel.updatePanel)
        ui.radiomicsCollapsibleButton.connect("contentsCollapsed(bool)", self.onCollapsed)
        ui.radiomicsParametersComboBox.connect("currentIndexChanged(int)", self.onParameters)
        ui.radiomicsFileButton.connect("clicked(bool)", self.onFileButton)
        ui.radiomicsExtractButton.connect("clicked(bool)", self.onExtractButton)
        ui.radiomicsCsvButton.connect("clicked(bool)", self.onCsvButton)

    def sceneClosing(self) -> None:
        """The nodes are about to go, and with them what an extraction would write into."""
        self.work.stop()
        self.work.say("")
        self.followSegmentation(None)
        self._compareTimer.stop()
        self._table = None
        self.ui.radiomicsTableView.setMRMLTableNode(None)

    def cleanup(self) -> None:
        """The panel is destroyed: a program that computes must not outlive it."""
        self.sceneClosing()
        self.removeObservers()

    def followVolume(self) -> None:
        """Another volume: its own table, where it has one."""
        chosen = self.panel.logic.getParameterNode()
        chosen.featuresTable = newest_features(chosen.inputVolume)
        if self.work.idle:
            self.work.say("")

    def onCollapsed(self, collapsed: bool) -> None:
        """The section was opened or closed. Parameters are read when they are first seen."""
        if not collapsed:
            self.onParameters()

    def onParameters(self) -> None:
        """Other parameters were chosen: say what they ask for, or what is wrong with them."""
        try:
            text = settingsText(load_settings(self.parameters()))
            self._readable = True
        except ImportError:
            text = _("What these parameters ask for can be shown once the packages of OsteoScreen are installed.")
            self._readable = True
        except OsteoScreenError as error:
            text = str(error)
            self._readable = False
        self.ui.radiomicsSettingsLabel.text = text
        self.update(self.panel.state())

    def onFileButton(self) -> None:
        """Choose a parameter file of one's own."""
        kinds = _("PyRadiomics parameters (*.yaml *.yml *.json)")
        path = qt.QFileDialog.getOpenFileName(self.widget, _("Parameter file"), "", kinds)
        if not path:
            return
        box = self.ui.radiomicsParametersComboBox
        if path not in self._parameters:
            self._parameters.append(path)
            box.addItem(Path(path).name)
        box.currentIndex = self._parameters.index(path)
        self.onParameters()  # also where it was chosen before: its content may have changed

    def parameters(self) -> str:
        """The chosen parameter file: the name of a shipped one, or a path."""
        return self._parameters[max(0, self.ui.radiomicsParametersComboBox.currentIndex)]

    def onExtractButton(self) -> None:
        """Compute the features of the femora as they are now."""
        state = self.panel.state()
        sides = SIDES[max(0, self.ui.radiomicsSidesComboBox.currentIndex)]
        with slicer.util.tryWithErrorDisplay(_("The features could not be computed.")):
            ensure_requirements(self.panel.resourcePath("requirements.txt"))
            order = self.logic.read(state.volumeNode, state.nodes.segmentation, self.parameters(), sides)
            self.work.start(
                lambda *callbacks: RadiomicsJob(order, *callbacks, directory=slicer.app.temporaryPath),
                lambda table: self.showFeatures(table, order, state.volumeNode),
            )

    def showFeatures(self, table: Any, order: Any, volumeNode: Any) -> None:
        """The features are there: put them into the scene, unless the volume is gone."""
        if volumeNode.GetScene() is None:
            self.work.say(_("The volume was removed from the scene while its features were computed."))
            return
        chosen = self.panel.logic.getParameterNode()
        present = chosen.inputVolume is volumeNode
        node = self.logic.show(
            table, order, volumeNode, chosen.featuresTable if present else newest_features(volumeNode)
        )
        if present:
            chosen.featuresTable = node
        self.work.say(
            "" if present else _("The features of {name} are in the scene.").format(name=volumeNode.GetName())
        )
        self._stale = False
        self._compareTimer.start()

    def onCsvButton(self) -> None:
        """Save the table that is shown."""
        state = self.panel.state()
        proposed = _("{name} features.csv").format(name=state.volumeNode.GetName())
        title, kinds = _("Save the features"), _("Tables (*.csv)")
        path = qt.QFileDialog.getSaveFileName(self.widget, title, proposed, kinds)
        if not path:
            return
        with slicer.util.tryWithErrorDisplay(_("The features could not be saved.")):
            write_features_csv(self._table, Path(path))
            self.work.say(_("Written to {path}").format(path=path))

    def onSegmentsChanged(self, caller: Any = None, event: Any = None) -> None:
        """A stroke, an undo, a segment more or less: look at them when there is a moment."""
        self._compareTimer.start()

    def onCompareTimer(self) -> None:
        """Compare the segments with those that the table was taken from; it takes a look at every voxel."""
        state = self.panel.state()
        try:
            self._stale = self._table is not None and taken_from_other_masks(
                self._table, state.volumeNode, state.nodes.segmentation
            )
        except Exception as error:  # a note beside a table must not stop an edit
            logging.warning("The segments cannot be compared with those that the features were taken from: %s", error)
            self._stale = False
        self.showTable()

    def update(self, state: PanelState) -> None:
        ui, idle = self.ui, self.work.idle
        self.followSegmentation(state.nodes.segmentation)
        table = features_of_volume(self.panel.logic.getParameterNode().featuresTable, state.volumeNode)
        if table is not self._table:
            self._table, self._stale = table, False
            self._compareTimer.start()
            ui.radiomicsTableView.setMRMLTableNode(table)
        femora = state.volumeNode is not None and has_femora(state.nodes.segmentation)
        ui.radiomicsExtractButton.enabled = idle and state.idle and femora and self._readable
        ui.radiomicsParametersComboBox.enabled = idle
        ui.radiomicsSidesComboBox.enabled = idle
        ui.radiomicsFileButton.enabled = idle
        self.showTable()

    def showTable(self) -> None:
        """The table of the chosen volume, where it comes from, and whether the segments are still the same."""
        ui, table = self.ui, self._table
        ui.radiomicsTableView.visible = table is not None
        ui.radiomicsTableLabel.text = "" if table is None else tableText(table)
        ui.radiomicsTableLabel.visible = table is not None
        ui.radiomicsStaleLabel.visible = self._stale and table is not None
        ui.radiomicsCsvButton.enabled = table is not None
        self.fitTable()

    def fitTable(self) -> None:
        """The numbers as wide as they are, as a number that is cut is another one; the names have the rest."""
        header = self.ui.radiomicsTableView.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        if header.count():
            header.setSectionResizeMode(0, qt.QHeaderView.Stretch)

    def followSegmentation(self, segmentationNode: Any) -> None:
        """Hear of every change of the present segmentation, and of no other."""
        if segmentationNode is self._segmentation:
            return
        self.removeObservers(self.onSegmentsChanged)
        self._segmentation = segmentationNode
        self._compareTimer.start()
        if segmentationNode is None:
            return
        kind = slicer.vtkSegmentation
        # An edit tells the first of these, undo and redo the second only.
        events = (kind.SourceRepresentationModified, kind.SegmentModified, kind.SegmentAdded, kind.SegmentRemoved)
        for event in events:
            self.addObserver(segmentationNode, event, self.onSegmentsChanged)
