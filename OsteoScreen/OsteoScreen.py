"""The OsteoScreen module: the panel. What it does is in OsteoScreenLib; here nodes, buttons and words meet."""

# ruff: noqa: PT009, PT027  (the self-test runs in Slicer, under unittest; pytest is not there)

import sys
from pathlib import Path

import slicer
import vtk
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode, vtkMRMLTableNode
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

from OsteoScreenLib.mrml.case_nodes import CaseNodes, nodes_of  # noqa: E402  (needs the path above)
from OsteoScreenLib.mrml.flags_table import light_for_volume  # noqa: E402
from OsteoScreenLib.mrml.measures_table import result_for_volume  # noqa: E402
from OsteoScreenLib.mrml.osteoscreen_logic import OsteoScreenLogic as LibraryLogic  # noqa: E402
from OsteoScreenPanel.case_runner import CaseRunner  # noqa: E402
from OsteoScreenPanel.case_viewer import CaseViewer  # noqa: E402
from OsteoScreenPanel.sample_data import registerSampleData  # noqa: E402
from OsteoScreenPanel.section import PanelState  # noqa: E402
from OsteoScreenPanel.sections import SECTIONS  # noqa: E402
from OsteoScreenPanel.work import Work  # noqa: E402


class OsteoScreen(ScriptedLoadableModule):
    """What Slicer's module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("OsteoScreen")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        self.parent.dependencies = ["Segmentations"]
        self.parent.contributors = ["The OsteoScreen developers"]
        self.parent.helpText = _(
            "Checks whether a CT is fit for opportunistic osteoporosis screening, outlines and measures both proximal"
            " femora, and says in plain words what speaks against a result. For research use only; not a medical"
            " device."
        )
        self.parent.acknowledgementText = _(
            "The thresholds and their sources are listed in the extension's documentation."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


@parameterNodeWrapper
class OsteoScreenParameterNode:
    """What the panel remembers, also in a saved scene.

    inputVolume: the CT to screen.
    segmentation: the outlines of its femora; made by the first screening where none is chosen.
    measuresTable: the table that receives the measures and keeps the result.
    flagsTable: the table that receives the flags.
    featuresTable: the table that receives the features of radiomics.
    femurSource: what outlines the femora; a key of OsteoScreenLib.mrml.femur_choices.
    engine: what computes the networks; a key of the same.
    calibration: how HU become density; of OsteoScreenLib.mrml.density_order.
    siteLines, siteSettings: files of the site, by their paths; empty: none.
    statusModels: the bone-status models to ask; of OsteoScreenLib.mrml.bone_status_order.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    measuresTable: vtkMRMLTableNode
    flagsTable: vtkMRMLTableNode
    featuresTable: vtkMRMLTableNode
    femurSource: str = "vbnet"
    engine: str = "auto"
    calibration: str = "auto"
    siteLines: str = ""
    siteSettings: str = ""
    statusModels: str = ""


class OsteoScreenWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: holds its sections together; what each shows and does is in OsteoScreenPanel."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.ui = None
        self.sections = []
        self.work = None
        self.cases = None
        self.views = CaseViewer(self)
        self._parameterNode = None
        self._parameterNodeGuiTag = None
        self._shownVolume = None

    def setup(self):
        """Build the panel when it is first opened."""
        ScriptedLoadableModuleWidget.setup(self)
        self.logic = OsteoScreenLogic()
        frame = slicer.util.loadUI(self.resourcePath("UI/OsteoScreen.ui"))
        self.layout.addWidget(frame)
        self.ui = slicer.util.childWidgetVariables(frame)
        for kind in SECTIONS:
            section = kind(self)
            self.layout.addWidget(section.widget)
            vars(self.ui).update(vars(section.ui))
            self.sections.append(section)
        self.layout.addStretch(1)
        self.work = Work(self.ui, self.updatePanel)
        self.cases = CaseRunner(self)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartImportEvent, self.onSceneStartImport)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndBatchProcessEvent, self.onSceneEndBatchProcess)
        self.initializeParameterNode()
        if self.parent.isEntered:  # reloaded by a developer: Slicer does not enter it again
            self.enter()

    def cleanup(self):
        """The panel is destroyed."""
        if self.work:
            self.work.close()
        for section in self.sections:
            section.cleanup()
        self.sections = []
        self.setParameterNode(None)
        self.removeObservers()

    def onReload(self):
        """The developer's button. Sections and library are read anew too; the effects after a restart only."""
        for name in [name for name in sys.modules if name.partition(".")[0] in ("OsteoScreenLib", "OsteoScreenPanel")]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def enter(self):
        """The panel is opened, again."""
        for section in self.sections:
            section.enter()
        self.initializeParameterNode()

    def exit(self):
        """The panel is left: stop following the parameter node; a screening goes on."""
        for section in self.sections:
            section.exit()
        self.setParameterNode(None)

    def onSceneStartClose(self, caller, event):
        """The scene's nodes are about to go, and with them what a screening would write into."""
        self.work.stop()
        for section in self.sections:
            section.sceneClosing()
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        """The scene is empty; if the panel is open it needs a new parameter node."""
        if self.parent.isEntered:
            self.enter()

    def onSceneStartImport(self, caller, event):
        """A scene is read. Its parameter node names nodes before they are there: a selector must not take them away."""
        self.setParameterNode(None)

    def onSceneEndBatchProcess(self, caller, event):
        """A scene was read, or other nodes came together; Slicer's selectors have taken them in before."""
        if not self.parent.isEntered:
            return
        shown = self._shownVolume
        self.initializeParameterNode()
        if self._shownVolume is not shown:
            for section in self.sections:
                section.followVolume()
            self.updatePanel()

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
            self._shownVolume = self._parameterNode.inputVolume
            self._parameterNodeGuiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.updatePanel)
            self.updatePanel()

    def updatePanel(self, caller=None, event=None):
        """Show what is known of the chosen volume, and nothing of any other."""
        if not self._parameterNode:
            return
        volumeNode = self._parameterNode.inputVolume
        if volumeNode is not self._shownVolume:
            self.followVolume(volumeNode)
        state = self.state()
        for section in self.sections:
            section.update(state)

    def followVolume(self, volumeNode):
        """Another volume was chosen: take the nodes that speak of it, and leave those of the last one alone."""
        self._shownVolume = volumeNode
        self.work.say("")
        for section in self.sections:
            section.followVolume()
        self.setNodes(nodes_of(volumeNode) if volumeNode else CaseNodes())

    def modelsChanged(self):
        """A model was installed or removed in one of the sections."""
        for section in self.sections:
            section.modelsChanged()
        self.updatePanel()

    def state(self):
        """What the panel knows now."""
        chosen = self.logic.getParameterNode()
        nodes = CaseNodes(chosen.segmentation, chosen.measuresTable, chosen.flagsTable)
        return PanelState(
            volumeNode=chosen.inputVolume,
            nodes=nodes,
            light=light_for_volume(nodes.flags, chosen.inputVolume),
            result=result_for_volume(nodes.measures, chosen.inputVolume),
            idle=self.work.idle,
        )

    def setNodes(self, nodes):
        """Choose the nodes of the case."""
        chosen = self.logic.getParameterNode()
        chosen.segmentation = nodes.segmentation
        chosen.measuresTable = nodes.measures
        chosen.flagsTable = nodes.flags


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
