"""Editor: Slicer's Segment Editor over the femora of the case, and scoring again what was edited."""

import logging
from typing import Any

import qt
import slicer
from slicer.util import VTKObservationMixin

from OsteoScreenLib.mrml.case_nodes import edited_since
from OsteoScreenLib.mrml.panel_words import changes_text
from OsteoScreenLib.mrml.segmentation_node import has_femora
from OsteoScreenPanel.section import PanelState, Section

EFFECTS = (
    "FemurVBNet",
    "Paint",
    "Draw",
    "Erase",
    "Threshold",
    "Islands",
    "Smoothing",
    "Margin",
    "Scissors",
    "Logical operators",
    "SplitProximalFemur",
)
"""What helps with a femur, in this order; Slicer's Segment Editor module has the others."""

NODE_TAG = "OsteoScreen"
"""Of the segment editor node, so that this editor and that of Slicer's own module do not share one."""

LOOK_AFTER_MS = 500
"""Own choice: how long after the last stroke the segments are compared with those measured."""


class EditorSection(Section, VTKObservationMixin):
    """Editing and scoring again.

    Whether the segments are still those that were measured is looked up a moment after they changed, because it takes
    a look at every voxel.
    """

    FORM = "EditorSection.ui"

    def setup(self) -> None:
        VTKObservationMixin.__init__(self)
        self.editor = self.ui.segmentEditorWidget
        self.editor.setEffectNameOrder(list(EFFECTS))
        self._editorNode = None
        self._segmentation = None
        self._edited = False
        self._before = None
        self._lookTimer = qt.QTimer()
        self._lookTimer.setSingleShot(True)
        self._lookTimer.interval = LOOK_AFTER_MS
        self._lookTimer.connect("timeout()", self.onLookTimer)
        self.ui.rescoreButton.connect("clicked(bool)", self.onRescoreButton)
        self.ui.editorCollapsibleButton.connect("contentsCollapsed(bool)", self.onCollapsed)
        # Where this module is the first that Slicer opens, the effects of extensions are registered later.
        self._effects = slicer.qSlicerSegmentEditorEffectFactory.instance()
        self._effects.connect("effectRegistered(QString)", self.onEffectRegistered)

    def enter(self) -> None:
        """The panel is opened: take the scene's editor node, and hear the views."""
        self._editorNode = segmentEditorNode()
        self.editor.setMRMLSegmentEditorNode(self._editorNode)
        self.editor.setupViewObservations()
        self.onCollapsed(self.ui.editorCollapsibleButton.collapsed)

    def exit(self) -> None:
        """The panel is left: clicks in the views and keys belong to others."""
        self.editor.setActiveEffect(None)
        self.editor.uninstallKeyboardShortcuts()
        self.editor.removeViewObservations()

    def sceneClosing(self) -> None:
        """The nodes are about to go."""
        self._lookTimer.stop()
        self.followSegmentation(None)
        if self._editorNode:
            self.editor.setActiveEffect(None)
            self.editor.setSegmentationNode(None)
            self.editor.removeViewObservations()
        self._editorNode = None

    def cleanup(self) -> None:
        """The panel is destroyed."""
        self.sceneClosing()
        self.editor.uninstallKeyboardShortcuts()
        self.editor.setMRMLSegmentEditorNode(None)
        self._effects.disconnect("effectRegistered(QString)", self.onEffectRegistered)
        self.removeObservers()

    def followVolume(self) -> None:
        self._before = None
        self._edited = False
        self.ui.changesLabel.text = ""

    def onEffectRegistered(self, name: str) -> None:
        """Another effect is there."""
        self.editor.updateEffectList()

    def onCollapsed(self, collapsed: bool) -> None:
        """An editor that is not seen must take neither clicks in the views nor keys, by which an effect is chosen."""
        if not self._editorNode:
            return
        if collapsed:
            self.editor.setActiveEffect(None)
            self.editor.uninstallKeyboardShortcuts()
        else:
            self.editor.installKeyboardShortcuts()

    def onSegmentsChanged(self, caller: Any = None, event: Any = None) -> None:
        """A stroke, an undo, a segment more or less: look at them when there is a moment."""
        self._lookTimer.start()

    def onLookTimer(self) -> None:
        """Compare the segments with those that were measured."""
        state = self.panel.state()
        if not state.idle:
            return  # what is being measured is shown when that is done
        try:
            self._edited = state.result is not None and edited_since(state.volumeNode, state.nodes)
        except Exception as error:  # a note beside a button must not stop an edit
            logging.warning("The segments cannot be compared with those that were measured: %s", error)
            self._edited = False
        self.showButton(state)

    def onRescoreButton(self) -> None:
        """Measure the segments as they are now."""
        self.editor.setActiveEffect(None)
        self._before = self.panel.state().result
        self.ui.changesLabel.text = ""
        self.panel.cases.rescore()

    def update(self, state: PanelState) -> None:
        self.followSegmentation(state.nodes.segmentation)
        self.bindEditor(state)
        if state.idle and self._before is not None:
            before, self._before = self._before, None
            scored = state.result is not None and state.result != before
            self.ui.changesLabel.text = changes_text(before, state.result) if scored else ""
            self._lookTimer.start()
        self.showButton(state)

    def bindEditor(self, state: PanelState) -> None:
        """Show the case's nodes in the editor; nothing can be edited while a case is calculated."""
        ready = state.volumeNode is not None and state.nodes.segmentation is not None
        self.editor.enabled = ready
        if self._editorNode:
            self.editor.setSegmentationNode(state.nodes.segmentation)
            if ready:
                self.editor.setSourceVolumeNode(state.volumeNode)
        if self.editor.readOnly == state.idle:
            self.editor.readOnly = not state.idle  # and no effect stays active

    def followSegmentation(self, segmentationNode: Any) -> None:
        """Hear of every change of the present segmentation, and of no other."""
        if segmentationNode is self._segmentation:
            return
        self.removeObservers(self.onSegmentsChanged)
        self._segmentation = segmentationNode
        if segmentationNode is None:
            return
        kind = slicer.vtkSegmentation
        # An edit tells the first of these, undo and redo the second only.
        events = (kind.SourceRepresentationModified, kind.SegmentModified, kind.SegmentAdded, kind.SegmentRemoved)
        for event in events:
            self.addObserver(segmentationNode, event, self.onSegmentsChanged)
        self._lookTimer.start()

    def showButton(self, state: PanelState) -> None:
        """The button, which stands out where scoring again would tell something new."""
        edited = self._edited and state.idle and state.result is not None
        self.ui.rescoreButton.enabled = state.idle and state.volumeNode is not None and has_femora(self._segmentation)
        self.ui.rescoreButton.styleSheet = "font-weight: bold" if edited else ""
        self.ui.editedLabel.visible = edited
        self.ui.changesLabel.visible = bool(self.ui.changesLabel.text)


def segmentEditorNode() -> Any:
    """The scene's segment editor node of this panel; made where there is none."""
    node = slicer.mrmlScene.GetSingletonNode(NODE_TAG, "vtkMRMLSegmentEditorNode")
    if node is None:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
        node.UnRegister(None)
        node.SetSingletonTag(NODE_TAG)
        node = slicer.mrmlScene.AddNode(node)
    # Its active effect would come back with a saved scene, and with it the clicks in the views, wherever the user is.
    node.SetSaveWithScene(False)
    return node
