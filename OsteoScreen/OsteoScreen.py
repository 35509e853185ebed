"""The OsteoScreen module: the panel. What it does is in OsteoScreenLib; here nodes, buttons and words meet."""

# ruff: noqa: PT009, PT027  (the self-test runs in Slicer, under unittest; pytest is not there)

import sys
from pathlib import Path

import slicer
import vtk
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLTableNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

# Installed, OsteoScreenLib lies beside this file, in a folder that Slicer puts on the path itself. In a source checkout
# it lies one folder higher. Only then, and only here, the path is extended; at its start, so that the checkout's own
# library is taken and not one that pip installed (the checkout holds no other Python package that could shadow one).
_here = Path(__file__).resolve().parent
_in_checkout = not (_here / "OsteoScreenLib").is_dir() and (_here.parent / "OsteoScreenLib").is_dir()
if _in_checkout and str(_here.parent) not in sys.path:
    sys.path.insert(0, str(_here.parent))

from OsteoScreenLib.mrml.flags_table import light_for_volume  # noqa: E402  (needs the path above)
from OsteoScreenLib.mrml.osteoscreen_logic import OsteoScreenLogic as LibraryLogic  # noqa: E402
from OsteoScreenLib.mrml.requirements import ensure_requirements  # noqa: E402


class OsteoScreen(ScriptedLoadableModule):
    """What Slicer's module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("OsteoScreen")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        self.parent.dependencies = []
        self.parent.contributors = ["The OsteoScreen developers"]
        self.parent.helpText = _(
            "Checks whether a CT is fit for opportunistic osteoporosis screening, and says in plain words what speaks"
            " against it. For research use only; not a medical device."
        )
        self.parent.acknowledgementText = _(
            "The thresholds and their sources are listed in the extension's documentation."
        )


@parameterNodeWrapper
class OsteoScreenParameterNode:
    """What the panel remembers, also in a saved scene.

    inputVolume: the CT to check.
    flagsTable: the table that receives the flags; made by the first check where none is chosen.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    flagsTable: vtkMRMLTableNode


class OsteoScreenWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._parameterNodeGuiTag = None

    def setup(self):
        """Build the panel when it is first opened."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/OsteoScreen.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)

        self.logic = OsteoScreenLogic()
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.ui.checkButton.connect("clicked(bool)", self.onCheckButton)
        self.initializeParameterNode()

    def cleanup(self):
        """The panel is destroyed."""
        self.removeObservers()

    def enter(self):
        """The panel is opened, again."""
        self.initializeParameterNode()

    def exit(self):
        """The panel is left: stop following the parameter node."""
        self.setParameterNode(None)

    def onSceneStartClose(self, caller, event):
        """The scene's nodes are about to go."""
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        """The scene is empty; if the panel is open it needs a new parameter node."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        """Follow the scene's parameter node; suggest the first volume where none is chosen."""
        self.setParameterNode(self.logic.getParameterNode())
        if not self._parameterNode.inputVolume:
            firstVolume = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
            if firstVolume:
                self._parameterNode.inputVolume = firstVolume

    def setParameterNode(self, parameterNode):
        """Connect the panel to a parameter node, or to none."""
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.updatePanel)
        self._parameterNode = parameterNode
        if self._parameterNode:
            self._parameterNodeGuiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.updatePanel)
            self.updatePanel()

    def updatePanel(self, caller=None, event=None):
        """Show the flags of the chosen volume, and those of no other."""
        volumeNode = self._parameterNode.inputVolume if self._parameterNode else None
        tableNode = self._parameterNode.flagsTable if self._parameterNode else None
        light = light_for_volume(tableNode, volumeNode)
        self.ui.checkButton.enabled = volumeNode is not None
        self.ui.lightLabel.text = lightText(light)
        self.ui.flagsTableView.setMRMLTableNode(tableNode if light else None)
        self.ui.flagsTableView.resizeColumnsToContents()
        self.ui.flagsTableView.resizeRowsToContents()

    def onCheckButton(self):
        """Check the chosen volume and show its flags; where that fails, the flags of an earlier check are gone."""
        if self._parameterNode.flagsTable:
            self.logic.clearFlagsTable(self._parameterNode.flagsTable)
            self.updatePanel()
        with slicer.util.tryWithErrorDisplay(_("The scan could not be checked."), waitCursor=True):
            ensure_requirements(self.resourcePath("requirements.txt"))
            volumeNode = self._parameterNode.inputVolume
            result = self.logic.check(volumeNode)
            if not self._parameterNode.flagsTable:
                newTable = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", _("Scan flags"))
                self._parameterNode.flagsTable = newTable
            self.logic.writeFlagsTable(result, self._parameterNode.flagsTable, volumeNode)
            self.updatePanel()


def lightText(light):
    """What a traffic light of OsteoScreenLib.mrml.flags_table means, in the user's language."""
    texts = {
        "": _("This volume has not been checked."),
        "green": _("Green: no check speaks against this scan."),
        "amber": _("Amber: the scan can be used with the cautions below."),
        "red": _("Red: no bone status can be given from this scan."),
    }
    return texts[light]


class OsteoScreenLogic(ScriptedLoadableModuleLogic, LibraryLogic):
    """The library's logic with the module's parameter node; ``slicer.util.getModuleLogic("OsteoScreen")`` gives it."""

    def getParameterNode(self):
        """The scene's parameter node, typed."""
        return OsteoScreenParameterNode(super().getParameterNode())


class OsteoScreenTest(ScriptedLoadableModuleTest):
    """Self-test on a digital patient that the program makes itself; needs no download."""

    def setUp(self):
        """Start from an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run every test; Slicer calls this."""
        for test in (self.test_a_volume_node_is_checked, self.test_a_missing_volume_is_refused):
            self.setUp()
            test()

    def test_a_volume_node_is_checked(self):
        """The flags of a digital patient arrive in the table, one row each, for that volume."""
        from OsteoScreenLib.mrml.volume import write_volume_node
        from OsteoScreenLib.phantom.digital_patient import make_digital_patient
        from OsteoScreenLib.phantom.draw_traits import draw_patient

        self.delayDisplay(_("Checking a digital patient"))
        patient = make_digital_patient(draw_patient(1), shape_zyx=(40, 160, 160), with_truth=False).ct
        volumeNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Digital patient")
        write_volume_node(patient, volumeNode)
        tableNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Flags")
        logic = OsteoScreenLogic()
        result = logic.check(volumeNode)
        logic.writeFlagsTable(result, tableNode, volumeNode)
        self.assertEqual(result.geometry.shape_zyx, patient.geometry.shape_zyx)
        self.assertEqual(tableNode.GetNumberOfRows(), len(result.quality))
        self.assertIn(light_for_volume(tableNode, volumeNode), ("green", "amber", "red"))
        self.delayDisplay(_("Test passed"))

    def test_a_missing_volume_is_refused(self):
        """No volume is an error with a code, not a crash."""
        from OsteoScreenLib.errors import InputError

        with self.assertRaises(InputError) as refused:
            OsteoScreenLogic().check(None)
        self.assertEqual(refused.exception.code, "no_volume")
