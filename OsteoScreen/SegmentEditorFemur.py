"""A hidden module: makes OsteoScreen's effects known to every Segment Editor when Slicer has started."""

from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule

EFFECTS = ("FemurEffect.py", "SplitFemurEffect.py")
"""In OsteoScreenEffects, in this order."""


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

        folder = Path(__file__).parent / "OsteoScreenEffects"
        for name in EFFECTS:
            effect = qSlicerSegmentEditorScriptedEffect(None)
            effect.setPythonSource((folder / name).as_posix())
            effect.self().register()
