"""The OsteoScreen module: the panel. What it does is in OsteoScreenLib; here nodes, buttons and words meet."""

# ruff: noqa: PT009, PT027  (the self-test runs in Slicer, under unittest; pytest is not there)

import sys
from pathlib import Path

import qt
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

from OsteoScreenLib.errors import CancelledError  # noqa: E402  (needs the path above)
from OsteoScreenLib.mrml.background_job import BackgroundJob  # noqa: E402
from OsteoScreenLib.mrml.case_nodes import CaseNodes, case_in_scene, nodes_of  # noqa: E402
from OsteoScreenLib.mrml.export_case import case_folder, export_case  # noqa: E402
from OsteoScreenLib.mrml.femur_segmentation_logic import FemurSegmentationLogic  # noqa: E402
from OsteoScreenLib.mrml.flags_table import flags_in, light_for_volume  # noqa: E402
from OsteoScreenLib.mrml.measures_table import result_for_volume  # noqa: E402
from OsteoScreenLib.mrml.osteoscreen_logic import OsteoScreenLogic as LibraryLogic  # noqa: E402
from OsteoScreenLib.mrml.panel_words import changes_text, flags_text, lit, percent, sides_text  # noqa: E402
from OsteoScreenLib.mrml.requirements import ensure_requirements  # noqa: E402
from OsteoScreenLib.mrml.segmentation_node import has_femora  # noqa: E402


class OsteoScreen(ScriptedLoadableModule):
    """What Slicer's module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("OsteoScreen")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        self.parent.dependencies = []
        self.parent.contributors = ["The OsteoScreen developers"]
        self.parent.helpText = _(
            "Checks whether a CT is fit for opportunistic osteoporosis screening, outlines and measures both proximal"
            " femora, and says in plain words what speaks against a result. For research use only; not a medical"
            " device."
        )
        self.parent.acknowledgementText = _(
            "The thresholds and their sources are listed in the extension's documentation."
        )


@parameterNodeWrapper
class OsteoScreenParameterNode:
    """What the panel remembers, also in a saved scene.

    inputVolume: the CT to screen.
    segmentation: the outlines of its femora; made by the first screening where none is chosen.
    measuresTable: the table that receives the measures and keeps the result.
    flagsTable: the table that receives the flags.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    measuresTable: vtkMRMLTableNode
    flagsTable: vtkMRMLTableNode


class OsteoScreenWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._parameterNodeGuiTag = None
        self._shownVolume = None
        self._job = None
        self._timer = None

    def setup(self):
        """Build the panel when it is first opened."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/OsteoScreen.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)

        self.logic = OsteoScreenLogic()
        self._timer = qt.QTimer()
        self._timer.interval = 20
        self._timer.connect("timeout()", self.onTimer)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.ui.screenButton.connect("clicked(bool)", self.onScreenButton)
        self.ui.checkButton.connect("clicked(bool)", self.onCheckButton)
        self.ui.rescoreButton.connect("clicked(bool)", self.onRescoreButton)
        self.ui.exportButton.connect("clicked(bool)", self.onExportButton)
        self.ui.cancelButton.connect("clicked(bool)", self.onCancelButton)
        self.initializeParameterNode()

    def cleanup(self):
        """The panel is destroyed."""
        self.stopJob()
        self.removeObservers()

    def enter(self):
        """The panel is opened, again."""
        self.initializeParameterNode()

    def exit(self):
        """The panel is left: stop following the parameter node; a screening goes on."""
        self.setParameterNode(None)

    def onSceneStartClose(self, caller, event):
        """The scene's nodes are about to go, and with them what a screening would write into."""
        self.stopJob()
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
            self._shownVolume = self._parameterNode.inputVolume
            self._parameterNodeGuiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.updatePanel)
            self.updatePanel()

    def updatePanel(self, caller=None, event=None):
        """Show what is known of the chosen volume, and nothing of any other."""
        parameterNode = self._parameterNode
        if not parameterNode:
            return
        volumeNode = parameterNode.inputVolume
        if volumeNode is not self._shownVolume:
            self.followVolume(volumeNode)
        nodes = self.nodesChosen()
        light = light_for_volume(nodes.flags, volumeNode)
        result = result_for_volume(nodes.measures, volumeNode)
        idle = self._job is None
        self.ui.screenButton.enabled = idle and volumeNode is not None
        self.ui.checkButton.enabled = idle and volumeNode is not None
        self.ui.rescoreButton.enabled = idle and volumeNode is not None and has_femora(nodes.segmentation)
        self.ui.exportButton.enabled = idle and result is not None
        self.ui.inputSelector.enabled = idle
        self.ui.progressBar.visible = not idle
        self.ui.cancelButton.visible = not idle
        self.ui.lightLabel.text = lit(light, lightText(light))
        self.ui.lightLabel.visible = volumeNode is not None
        self.ui.flagsLabel.text = flags_text(flags_in(nodes.flags)) if light else ""
        self.ui.flagsLabel.visible = bool(light)
        self.ui.sidesLabel.text = sides_text(result)
        self.ui.sidesLabel.visible = result is not None
        self.ui.measuresTableView.visible = bool(result and result.femurs)
        self.ui.measuresTableView.setMRMLTableNode(nodes.measures if result else None)
        self.ui.measuresTableView.resizeColumnsToContents()
        self.ui.measuresTableView.resizeRowsToContents()
        for label in (self.ui.statusLabel, self.ui.exportLabel):
            label.visible = bool(label.text)
        self.ui.resultLabel.text = resultText(result)

    def followVolume(self, volumeNode):
        """Another volume was chosen: take the nodes that speak of it, and leave those of the last one alone."""
        self._shownVolume = volumeNode
        nodes = nodes_of(volumeNode) if volumeNode else CaseNodes()
        self.ui.statusLabel.text = ""
        self.ui.exportLabel.text = ""
        self._parameterNode.segmentation = nodes.segmentation
        self._parameterNode.measuresTable = nodes.measures
        self._parameterNode.flagsTable = nodes.flags

    def nodesChosen(self):
        """The nodes of the case as chosen in the panel."""
        chosen = self.logic.getParameterNode()
        return CaseNodes(chosen.segmentation, chosen.measuresTable, chosen.flagsTable)

    def onScreenButton(self):
        """Check the scan, outline the femora and measure them."""
        self.startCase(lambda volumeNode: FemurSegmentationLogic().segmenter)

    def onCheckButton(self):
        """Check the scan only."""
        self.startCase(lambda volumeNode: None)

    def onRescoreButton(self):
        """Measure the segments as they are now."""
        self.startCase(lambda volumeNode: self.logic.segmenterOf(self.nodesChosen().segmentation, volumeNode))

    def startCase(self, segmenterFor):
        """Begin a screening in the background; what it finds is shown by showCase."""
        volumeNode = self._parameterNode.inputVolume
        with slicer.util.tryWithErrorDisplay(_("The scan could not be screened.")):
            ensure_requirements(self.resourcePath("requirements.txt"))
            try:
                segmenter = segmenterFor(volumeNode)
                ct = self.logic.read(volumeNode)
            except Exception:
                self.logic.forget(volumeNode, self.nodesChosen())
                self.updatePanel()
                raise
            self.startJob(
                lambda progress, cancelled: self.logic.compute(ct, segmenter, progress, cancelled),
                lambda case: self.showCase(case, volumeNode),
                lambda error: self.showCaseFailure(error, volumeNode),
            )

    def showCase(self, case, volumeNode):
        """Put what was found into the scene, unless the volume is gone."""
        if volumeNode.GetScene() is None:
            self.ui.statusLabel.text = _("The volume was removed from the scene while it was screened.")
            return
        parameterNode = self.logic.getParameterNode()
        before = result_for_volume(parameterNode.measuresTable, volumeNode)
        nodes = self.logic.showCase(case, volumeNode, self.nodesChosen())
        parameterNode.segmentation = nodes.segmentation
        parameterNode.measuresTable = nodes.measures
        parameterNode.flagsTable = nodes.flags
        self.ui.statusLabel.text = changes_text(before, case.result)

    def onExportButton(self):
        """Write report, masks and result into a folder of this case."""
        volumeNode = self._parameterNode.inputVolume
        with slicer.util.tryWithErrorDisplay(_("The case could not be exported.")):
            case = case_in_scene(volumeNode, self.nodesChosen())
            ct = self.logic.read(volumeNode)
            folder = case_folder(self.ui.exportDirectoryButton.directory, case)
            question = _("The folder {folder} holds a case already. Replace its files?").format(folder=folder)
            if folder.exists() and not slicer.util.confirmOkCancelDisplay(question):
                return
            self.startJob(lambda progress, cancelled: export_case(case, ct, folder), self.showExport, self.showFailure)

    def showExport(self, folder):
        """Say where the files are."""
        self.ui.exportLabel.text = _("Written to {folder}").format(folder=folder)

    def startJob(self, work, onDone, onFailed):
        """Run work beside the window; the timer asks it how far it is."""
        self._job = BackgroundJob(work, self.showProgress, onDone, onFailed)
        self.ui.statusLabel.text = ""
        self.ui.exportLabel.text = ""
        self.ui.progressBar.value = 0
        self.ui.cancelButton.enabled = True
        self._job.start()
        self._timer.start()
        self.updatePanel()

    def onTimer(self):
        """Hear what the work has to tell; at its end, show it."""
        job = self._job
        if job is None:
            return
        try:
            finished = job.poll()
        except Exception as error:
            finished = True
            self.showFailure(error)
        if finished and job is self._job:
            self._job = None
            self._timer.stop()
            self.updatePanel()

    def onCancelButton(self):
        """Ask the work to stop."""
        self._job.cancel()
        self.ui.cancelButton.enabled = False
        self.ui.statusLabel.text = _("Stopping ...")
        self.ui.statusLabel.visible = True

    def stopJob(self):
        """Forget the work, whatever it will find."""
        if self._job:
            self._job.cancel()
        self._job = None
        if self._timer:
            self._timer.stop()

    def showProgress(self, fraction, message):
        """One step of the work."""
        self.ui.progressBar.value = percent(fraction)
        self.ui.statusLabel.text = message
        self.ui.statusLabel.visible = True

    def showCaseFailure(self, error, volumeNode):
        """A screening ended early: on request, the scene is as it was; by an error, no old answer stands."""
        if not isinstance(error, CancelledError) and volumeNode.GetScene() is not None:
            self.logic.forget(volumeNode, self.nodesChosen())
        self.showFailure(error)

    def showFailure(self, error):
        """Say that the work ended early, and why."""
        self.ui.statusLabel.text = ""
        if isinstance(error, CancelledError):
            self.ui.statusLabel.text = _("Stopped. The scene is as it was.")
        else:
            slicer.util.errorDisplay(str(error))


def lightText(light):
    """What a traffic light of OsteoScreenLib.mrml.flags_table means, in the user's language."""
    texts = {
        "": _("This volume has not been checked."),
        "green": _("Green: no check speaks against this scan."),
        "amber": _("Amber: the scan can be used with the cautions below."),
        "red": _("Red: no bone status can be given from this scan."),
    }
    return texts[light]


def resultText(result):
    """What the result means for the user."""
    if result is None:
        return _("This volume has not been screened.")
    if result.withheld:
        return _("A bone status is withheld for this scan; the red flags say why.")
    return _("The femora were outlined and measured. This version measures no density and gives no bone status.")


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
