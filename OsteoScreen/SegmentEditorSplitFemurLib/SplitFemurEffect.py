"""The Segment Editor effect "Split proximal femur": makes a segment of each region of the selected femur."""

from pathlib import Path
from types import SimpleNamespace

import qt
import slicer
from SegmentEditorEffects import AbstractScriptedSegmentEditorEffect
from slicer.i18n import tr as _

from OsteoScreenLib.errors import OsteoScreenError
from OsteoScreenLib.mrml.effect_words import regions_text
from OsteoScreenLib.mrml.femur_split import show_regions, split_segment

AUTOMATIC = "automatic"


class SplitFemurEffect(AbstractScriptedSegmentEditorEffect):
    """Options and words; what happens is in OsteoScreenLib."""

    def __init__(self, scriptedEffect):
        scriptedEffect.name = "SplitProximalFemur"
        scriptedEffect.title = _("Split proximal femur")
        scriptedEffect.perSegment = True
        AbstractScriptedSegmentEditorEffect.__init__(self, scriptedEffect)
        self.ui = None

    def clone(self):
        """Slicer makes one for each Segment Editor."""
        from qSlicerSegmentationsEditorEffectsPythonQt import qSlicerSegmentEditorScriptedEffect

        effect = qSlicerSegmentEditorScriptedEffect(None)
        effect.setPythonSource(Path(__file__).as_posix())
        return effect

    def icon(self):
        """For the effect's button."""
        return qt.QIcon(str(Path(__file__).parents[1] / "Resources" / "Icons" / "SplitFemurEffect.png"))

    def helpText(self):
        """Shown above the options."""
        return _(
            "Makes a segment of each region of the selected femur: head, neck, trochanteric and intertrochanteric"
            " region, shaft. The femur's own segment stays; regions of an earlier split are replaced. Undo takes the"
            " regions back. Masking settings do not apply: the regions lie inside of the femur's segment."
        )

    def setupOptionsFrame(self):
        """Build the options; once for each Segment Editor."""
        self.ui = SimpleNamespace(
            sideSelector=qt.QComboBox(), applyButton=qt.QPushButton(_("Split")), statusLabel=qt.QLabel()
        )
        for text, side in ((_("as the segment says"), AUTOMATIC), (_("left"), "left"), (_("right"), "right")):
            self.ui.sideSelector.addItem(text, side)
        self.ui.sideSelector.toolTip = _("Left is the patient's left.")
        self.ui.statusLabel.wordWrap = True
        self.scriptedEffect.addLabeledOptionsWidget(_("Side:"), self.ui.sideSelector)
        self.scriptedEffect.addOptionsWidget(self.ui.applyButton)
        self.scriptedEffect.addOptionsWidget(self.ui.statusLabel)
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        self.ui.sideSelector.connect("currentIndexChanged(int)", self.updateMRMLFromGUI)

    def setMRMLDefaults(self):
        """Parameters of a new scene."""
        self.scriptedEffect.setParameterDefault("Side", AUTOMATIC)

    def updateGUIFromMRML(self):
        """Show the parameters."""
        if self.ui is None:
            return
        selector = self.ui.sideSelector
        was_blocked = selector.blockSignals(True)
        selector.setCurrentIndex(max(0, selector.findData(self.scriptedEffect.parameter("Side"))))
        selector.blockSignals(was_blocked)
        node = self.scriptedEffect.parameterSetNode()
        self.ui.applyButton.enabled = node is not None and bool(node.GetSelectedSegmentID())

    def updateMRMLFromGUI(self):
        """Keep the parameters."""
        selector = self.ui.sideSelector
        self.scriptedEffect.setParameter("Side", selector.itemData(selector.currentIndex))

    def activate(self):
        """The words of the last split speak of another moment."""
        self.ui.statusLabel.text = ""

    def cleanup(self):
        """The editor is destroyed; what Qt still knows of this effect would keep it alive."""
        if self.ui:
            self.ui.applyButton.disconnect("clicked(bool)", self.onApplyButton)
            self.ui.sideSelector.disconnect("currentIndexChanged(int)", self.updateMRMLFromGUI)

    def onApplyButton(self):
        """Split the selected segment."""
        node = self.scriptedEffect.parameterSetNode()
        segmentationNode, segmentId = node.GetSegmentationNode(), node.GetSelectedSegmentID()
        side = self.scriptedEffect.parameter("Side")
        side = None if side == AUTOMATIC else side
        self.ui.statusLabel.text = ""
        slicer.app.setOverrideCursor(qt.Qt.WaitCursor)
        try:
            regions = split_segment(segmentationNode, segmentId, side)
        except OsteoScreenError as error:
            slicer.util.errorDisplay(str(error))
            return
        finally:
            slicer.app.restoreOverrideCursor()
        self.scriptedEffect.saveStateForUndo()
        made = show_regions(regions, segmentationNode, segmentId, side)
        self.ui.statusLabel.text = regions_text(len(made), regions.incomplete)
