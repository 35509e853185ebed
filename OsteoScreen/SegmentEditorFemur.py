"""A hidden module: makes OsteoScreen's effects known to every Segment Editor when Slicer has started."""

from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule

EFFECTS = ("SegmentEditorFemurLib/FemurEffect.py", "SegmentEditorSplitFemurLib/SplitFemurEffect.py")
"""Each in a folder of its own: Slicer loads an effect as a module that is called like its folder."""


class SegmentEditorFemur(ScriptedLoadableModule):
    """What Slicer's module list would show, were it not hidden."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Segment Editor: proximal femur")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = ["Segmentations", "OsteoScreen"]  # OsteoScreen puts the library on the path
        self.parent.contributors = ["The OsteoScreen developers"]
        self.parent.hidden = True
        self.parent.helpText = _(
            "This hidden module registers the effects 'Femur (VB-Net)' and 'Split proximal femur'."
        )
        slicer.app.connect("startupCompleted()", self.registerEffects)

    def registerEffects(self):
        """Called once Slicer has loaded all modules."""
        from qSlicerSegmentationsEditorEffectsPythonQt import qSlicerSegmentEditorScriptedEffect

        for name in EFFECTS:
            effect = qSlicerSegmentEditorScriptedEffect(None)
            effect.setPythonSource((Path(__file__).parent / name).as_posix())
            effect.self().register()
