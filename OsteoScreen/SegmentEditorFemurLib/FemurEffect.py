"""The Segment Editor effect "Femur (VB-Net)": outlines the femora of the source volume, or the one that is clicked."""

from pathlib import Path
from types import SimpleNamespace

import qt
import slicer
import vtk
from SegmentEditorEffects import AbstractScriptedSegmentEditorEffect
from slicer.i18n import tr as _

from OsteoScreenLib.errors import CancelledError, OsteoScreenError
from OsteoScreenLib.mrml.effect_words import found_text
from OsteoScreenLib.mrml.femur_fill import NEW, SELECTED
from OsteoScreenLib.mrml.femur_finder import FemurFinder, seed_in_slice
from OsteoScreenLib.mrml.requirements import ensure_requirements
from OsteoScreenPanel.work import Work


class FemurEffect(AbstractScriptedSegmentEditorEffect):
    """Options, clicks and words; what happens is in OsteoScreenLib."""

    def __init__(self, scriptedEffect):
        scriptedEffect.name = "FemurVBNet"
        scriptedEffect.title = _("Femur (VB-Net)")
        scriptedEffect.perSegment = True
        scriptedEffect.requireSegments = False
        AbstractScriptedSegmentEditorEffect.__init__(self, scriptedEffect)
        self.finder = FemurFinder()
        self.work = None
        self.ui = None

    def clone(self):
        """Slicer makes one for each Segment Editor."""
        from qSlicerSegmentationsEditorEffectsPythonQt import qSlicerSegmentEditorScriptedEffect

        effect = qSlicerSegmentEditorScriptedEffect(None)
        effect.setPythonSource(Path(__file__).as_posix())
        return effect

    def icon(self):
        """For the effect's button."""
        return qt.QIcon(str(Path(__file__).parents[1] / "Resources" / "Icons" / "FemurEffect.png"))

    def helpText(self):
        """Shown above the options."""
        return _(
            "Outlines the proximal femora of the source volume by OsteoScreen's networks. Click at a hip in a slice"
            " view, or use the whole volume. Masking settings hold, and undo takes the outlines back. For research use"
            " only."
        )

    def setupOptionsFrame(self):
        """Build the options; once for each Segment Editor."""
        self.ui = SimpleNamespace(
            targetSelector=qt.QComboBox(),
            hintLabel=qt.QLabel(_("Click at a hip in a slice view, or take every femur of the scan:")),
            applyButton=qt.QPushButton(_("Whole volume")),
            progressBar=qt.QProgressBar(),
            cancelButton=qt.QPushButton(_("Cancel")),
            statusLabel=qt.QLabel(),
        )
        self.ui.targetSelector.addItem(_("the selected segment"), SELECTED)
        self.ui.targetSelector.addItem(_("a new segment for each femur"), NEW)
        self.ui.targetSelector.toolTip = _("Where no segment is selected, new ones are made.")
        self.ui.applyButton.toolTip = _("Outline every proximal femur of the source volume.")
        self.ui.statusLabel.wordWrap = True
        self.scriptedEffect.addLabeledOptionsWidget(_("Fill:"), self.ui.targetSelector)
        self.ui.hintLabel.wordWrap = True
        ui = self.ui
        for widget in (ui.hintLabel, ui.applyButton, ui.progressBar, ui.cancelButton, ui.statusLabel):
            self.scriptedEffect.addOptionsWidget(widget)
        self.work = Work(self.ui, self.updateGUIFromMRML)
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        self.ui.targetSelector.connect("currentIndexChanged(int)", self.updateMRMLFromGUI)

    def setMRMLDefaults(self):
        """Parameters of a new scene."""
        self.scriptedEffect.setParameterDefault("Target", SELECTED)

    def updateGUIFromMRML(self):
        """Show the parameters."""
        if self.work is None:
            return
        selector = self.ui.targetSelector
        was_blocked = selector.blockSignals(True)
        selector.setCurrentIndex(max(0, selector.findData(self.scriptedEffect.parameter("Target"))))
        selector.blockSignals(was_blocked)
        node = self.scriptedEffect.parameterSetNode()
        ready = node is not None and node.GetSourceVolumeNode() is not None and node.GetSegmentationNode() is not None
        self.ui.applyButton.enabled = self.work.idle and ready
        selector.enabled = self.work.idle

    def updateMRMLFromGUI(self):
        """Keep the parameters."""
        selector = self.ui.targetSelector
        self.scriptedEffect.setParameter("Target", selector.itemData(selector.currentIndex))

    def deactivate(self):
        """Another effect was chosen, or the editor was left."""
        if self.work:
            self.work.stop()
            self.updateGUIFromMRML()

    def sourceVolumeNodeChanged(self):
        """What was found belongs to the volume of before."""
        self.deactivate()

    def cleanup(self):
        """The editor is destroyed; what Qt still knows of this effect would keep it alive."""
        if self.work:
            self.work.close()
            self.ui.applyButton.disconnect("clicked(bool)", self.onApplyButton)
            self.ui.targetSelector.disconnect("currentIndexChanged(int)", self.updateMRMLFromGUI)

    def onApplyButton(self):
        """Outline every femur of the volume."""
        self.findFemora(None)

    def processInteractionEvents(self, callerInteractor, eventId, viewWidget):
        """A click in a slice view is a seed. With a key held down it belongs to the view."""
        if eventId != vtk.vtkCommand.LeftButtonPressEvent or viewWidget.className() != "qMRMLSliceWidget":
            return False
        if callerInteractor.GetShiftKey() or callerInteractor.GetControlKey() or callerInteractor.GetAltKey():
            return False
        if self.ui.applyButton.enabled:
            self.findFemora(seed_in_slice(viewWidget.sliceLogic().GetSliceNode(), callerInteractor.GetEventPosition()))
        return True

    def findFemora(self, seed):
        """Begin the search. A volume that was searched is not searched again."""
        node = self.scriptedEffect.parameterSetNode()
        volumeNode, segmentationNode = node.GetSourceVolumeNode(), node.GetSegmentationNode()
        try:
            ensure_requirements(str(Path(__file__).parents[1] / "Resources" / "requirements.txt"))
            self.finder.read(volumeNode)
        except (OsteoScreenError, RuntimeError) as error:
            slicer.util.errorDisplay(str(error))
            return
        self.work.start(
            self.finder.job,
            lambda masks: self.onFound(masks, volumeNode, segmentationNode, seed),
            self.onFailed,
        )

    def onFound(self, masks, volumeNode, segmentationNode, seed):
        """Fill the segments, if the editor still shows the nodes of before."""
        node = self.scriptedEffect.parameterSetNode()
        now = (None, None) if node is None else (node.GetSourceVolumeNode(), node.GetSegmentationNode())
        if now != (volumeNode, segmentationNode):
            self.work.say(_("The volume or the segmentation was changed in the meantime; nothing was filled."))
            return
        try:
            sides = self.finder.fill(self.scriptedEffect, masks, seed, self.scriptedEffect.parameter("Target"))
        except OsteoScreenError as error:
            self.work.say("")
            slicer.util.errorDisplay(str(error))
            return
        self.work.say(found_text(masks, sides))

    def onFailed(self, error):
        """Say why there is no outline."""
        if isinstance(error, CancelledError):
            self.work.say(_("Stopped. The segments are as they were."))
        else:
            self.work.showFailure(error)
