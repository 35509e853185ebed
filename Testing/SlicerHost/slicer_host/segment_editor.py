"""A stand-in for qMRMLSegmentEditorWidget over the real vtkSlicerSegmentEditorLogic: segments, effects, undo, views."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtWidgets

from slicer_host.pythonqt import unwrap
from slicer_host.segment_editor_effect import qSlicerSegmentEditorEffectFactory
from slicer_host.widgets import qMRMLWidget

_BUTTON_COLUMNS = 3


class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Buttons that a mouse can click, and the part of the interface that the panel uses.

    Masking settings have no widget here: tests set them in the real ``vtkMRMLSegmentEditorNode``, where Slicer's own
    widget writes them too. What Slicer would refuse with a line in its log raises.
    """

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        import slicer

        super().__init__(parent)
        self.logic = slicer.vtkSlicerSegmentEditorLogic()
        self._node: Any = None
        self._active: Any = None
        self._effects: dict[str, Any] = {}
        self._buttons: dict[str, QtWidgets.QPushButton] = {}
        self._order: list[str] = []
        self._followed: list[Any] = []
        self._observed: list[tuple[Any, int]] = []
        self._values: dict[str, Any] = {"undoEnabled": True, "readOnly": False, "unorderedEffectsVisible": True}
        self._showing = False
        self.keys = False  # not of Slicer: whether its keys are installed
        self._build()
        self._add_effects()
        self.logic.AddObserver(self.logic.SegmentationHistoryChangedEvent, lambda *_: self.updateWidgetFromMRML())

    def _stored(name: str, kind: Any, default: Any) -> Any:
        def store(self: Any, value: Any) -> None:
            self._values[name] = value
            self.updateWidgetFromMRML()

        return QtCore.Property(kind, lambda self: self._values.get(name, default), store)

    unorderedEffectsVisible = _stored("unorderedEffectsVisible", bool, True)
    segmentationNodeSelectorVisible = _stored("segmentationNodeSelectorVisible", bool, True)
    sourceVolumeNodeSelectorVisible = _stored("sourceVolumeNodeSelectorVisible", bool, True)
    switchToSegmentationsButtonVisible = _stored("switchToSegmentationsButtonVisible", bool, True)
    autoShowSourceVolumeNode = _stored("autoShowSourceVolumeNode", bool, True)
    effectColumnCount = _stored("effectColumnCount", int, _BUTTON_COLUMNS)
    maximumNumberOfUndoStates = QtCore.Property(
        int,
        lambda self: self.logic.GetMaximumNumberOfUndoStates(),
        lambda self, number: self.logic.SetMaximumNumberOfUndoStates(number),
    )

    def _set_undo_enabled(self, enabled: bool) -> None:
        self._values["undoEnabled"] = enabled
        if enabled:
            self.logic.ClearUndoState()
        for button in (self._undo, self._redo):
            button.setVisible(enabled)

    def _set_read_only(self, read_only: bool) -> None:
        self._values["readOnly"] = read_only
        if read_only:
            self.setActiveEffect(None)
        self.updateWidgetFromMRML()

    undoEnabled = QtCore.Property(bool, lambda self: self._values["undoEnabled"], _set_undo_enabled)
    readOnly = QtCore.Property(bool, lambda self: self._values["readOnly"], _set_read_only)

    def setMRMLScene(self, scene: Any) -> None:
        self.logic.SetMRMLScene(scene)
        super().setMRMLScene(scene)
        self.updateWidgetFromMRML()

    def mrmlSegmentEditorNode(self) -> Any:
        return self._node

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        if node is not self._node:
            self.setActiveEffect(None)
        self._node = node
        self.logic.SetSegmentEditorNode(node)
        for effect in self._effects.values():
            if node is not None:
                effect.call("setMRMLDefaults")
        self._follow()

    def segmentationNode(self) -> Any:
        return None if self._node is None else self._node.GetSegmentationNode()

    def sourceVolumeNode(self) -> Any:
        return None if self._node is None else self._node.GetSourceVolumeNode()

    def setSegmentationNode(self, node: Any) -> None:
        self._need_node()
        if node is self.segmentationNode():
            return
        self.setActiveEffect(None)
        self.logic.SetSegmentationNode(node)
        if node is not None and not self.currentSegmentID() and node.GetSegmentation().GetNumberOfSegments():
            self.logic.SetCurrentSegmentID(node.GetSegmentation().GetNthSegmentID(0))
        self._follow()

    def setSourceVolumeNode(self, node: Any) -> None:
        self._need_node()
        if node is self.sourceVolumeNode():
            return
        self.logic.SetSourceVolumeNode(node)
        for effect in self._effects.values():  # also those that are not active
            effect.call("sourceVolumeNodeChanged")
        self.updateWidgetFromMRML()

    def currentSegmentID(self) -> str:
        return "" if self._node is None else self._node.GetSelectedSegmentID() or ""

    def setCurrentSegmentID(self, segment_id: str) -> None:
        self._need_node()
        if segment_id and self.segmentationNode().GetSegmentation().GetSegment(segment_id) is None:
            raise ValueError(f"the segmentation has no segment {segment_id}")
        self.logic.SetCurrentSegmentID(segment_id)
        self.updateWidgetFromMRML()

    def availableEffectNames(self) -> list[str]:
        return list(self._effects)

    def effectNameOrder(self) -> list[str]:
        return list(self._order)

    def setEffectNameOrder(self, names: Any) -> None:
        self._order = [str(name) for name in names]
        self._lay_out_effects()

    def effectByName(self, name: str) -> Any:
        return self._effects.get(name)

    def activeEffect(self) -> Any:
        return self._active

    def setActiveEffectByName(self, name: str) -> None:
        if name and name not in self._effects:
            raise ValueError(f"the editor has no effect {name}; it has {list(self._effects)}")
        self.setActiveEffect(self._effects.get(name))

    def setActiveEffect(self, effect: Any) -> None:
        if effect is self._active:
            return
        before, self._active = self._active, None
        if before is not None:
            before.set_active(False)
            before.call("deactivate")
        if effect is not None:
            self._need_node()
            self._active = effect
            effect.set_active(True)
            effect.call("activate")
        if self._node is not None:
            self._node.SetActiveEffectName("" if effect is None else effect.name)
        self.updateWidgetFromMRML()

    def saveStateForUndo(self) -> None:
        self.logic.SaveStateForUndo()

    def undo(self) -> None:
        self.logic.Undo()
        self.updateWidgetFromMRML()

    def redo(self) -> None:
        self.logic.Redo()
        self.updateWidgetFromMRML()

    def setupViewObservations(self) -> None:
        import slicer

        if not self._followed:
            manager = slicer.app.layoutManager()
            self._followed = [unwrap(manager.sliceWidget(name)) for name in manager.sliceViewNames()]
            for view in self._followed:
                view.add_observer(self._on_view_event)

    def removeViewObservations(self) -> None:
        for view in self._followed:
            view.remove_observer(self._on_view_event)
        self._followed = []

    def installKeyboardShortcuts(self) -> None:
        """Slicer takes keys of the whole main window; here it is only noted."""
        self.keys = True

    def uninstallKeyboardShortcuts(self) -> None:
        self.keys = False

    def updateEffectList(self) -> None:
        """Take what was registered since the editor was made."""
        self._add_effects()
        self.updateWidgetFromMRML()

    def parameters_changed(self) -> None:
        """Not of Slicer: a parameter of an effect was set.

        By this and by becoming active, and by nothing else, an effect is told to show itself anew.
        """
        if self._active is not None:
            self._active.call("updateGUIFromMRML")

    def updateWidgetFromMRML(self) -> None:
        if self._showing:
            return
        self._showing = True
        segmentation = self.segmentationNode()
        ready = segmentation is not None and not self.readOnly
        n_segments = 0 if segmentation is None else segmentation.GetSegmentation().GetNumberOfSegments()
        self._show_segments(segmentation)
        self._add.setEnabled(ready)
        self._remove.setEnabled(ready and bool(self.currentSegmentID()))
        self._undo.setEnabled(ready and self.logic.CanUndo())
        self._redo.setEnabled(ready and self.logic.CanRedo())
        for name, button in self._buttons.items():
            effect = self._effects[name]
            can = ready and self.sourceVolumeNode() is not None and (n_segments > 0 or not effect.requireSegments)
            button.setEnabled(can)
            button.setChecked(effect is self._active)
        self._showing = False

    def _need_node(self) -> None:
        if self._node is None or self._node.GetScene() is None:
            raise RuntimeError("the editor has no segment editor node in a scene")

    def _build(self) -> None:
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        row = QtWidgets.QHBoxLayout()
        layout.addLayout(row)
        for name, text, slot in (
            ("add", "Add", self._on_add),
            ("remove", "Remove", self._on_remove),
            ("undo", "Undo", self.undo),
            ("redo", "Redo", self.redo),
        ):
            button = QtWidgets.QPushButton(text)
            button.setObjectName(f"{text}Button")
            button.clicked.connect(lambda checked=False, slot=slot: slot())
            row.addWidget(button)
            setattr(self, f"_{name}", button)
        self._list = QtWidgets.QListWidget()
        self._list.setObjectName("SegmentsList")
        self._list.setMaximumHeight(110)
        self._list.itemClicked.connect(lambda item: self.setCurrentSegmentID(item.data(0x0100)))
        layout.addWidget(self._list)
        self._grid = QtWidgets.QGridLayout()
        layout.addLayout(self._grid)
        self._options = QtWidgets.QVBoxLayout()
        layout.addLayout(self._options)

    def _add_effects(self) -> None:
        for known in qSlicerSegmentEditorEffectFactory.instance().registeredEffects():
            if known.name in self._effects:
                continue
            effect = known.self().clone()
            effect.attach(self)
            if self._node is not None:
                effect.call("setMRMLDefaults")
            self._effects[effect.name] = effect
            button = QtWidgets.QPushButton(effect.title)
            button.setObjectName(effect.name)
            button.setCheckable(True)
            button.setIcon(unwrap(effect.call("icon")) if hasattr(effect.self(), "icon") else button.icon())
            button.setToolTip(effect.call("helpText"))
            button.clicked.connect(lambda on, name=effect.name: self.setActiveEffectByName(name if on else ""))
            self._buttons[effect.name] = button
            effect.call("setupOptionsFrame")
            self._options.addWidget(unwrap(effect.optionsFrame()))
            unwrap(effect.optionsFrame()).hide()
        self._lay_out_effects()

    def _lay_out_effects(self) -> None:
        others = [name for name in self._effects if name not in self._order]
        shown = [name for name in self._order if name in self._effects]
        shown += others if self.unorderedEffectsVisible else []
        for button in self._buttons.values():
            self._grid.removeWidget(button)
            button.setParent(None)
        for number, name in enumerate(shown):
            self._grid.addWidget(self._buttons[name], number // _BUTTON_COLUMNS, number % _BUTTON_COLUMNS)

    def _follow(self) -> None:
        """Follow the present segmentation and editor node."""
        import slicer

        for observed, tag in self._observed:
            observed.RemoveObserver(tag)
        self._observed = []
        kind = slicer.vtkSegmentation
        events = (kind.SegmentAdded, kind.SegmentRemoved, kind.SegmentModified)
        for observed, kinds in ((self.segmentationNode(), events), (self._node, ("ModifiedEvent",))):
            for event in kinds if observed is not None else ():
                self._observed.append((observed, observed.AddObserver(event, lambda *_: self.updateWidgetFromMRML())))
        self.updateWidgetFromMRML()

    def _show_segments(self, segmentation: Any) -> None:
        self._list.clear()
        if segmentation is None:
            return
        for number in range(segmentation.GetSegmentation().GetNumberOfSegments()):
            segment_id = segmentation.GetSegmentation().GetNthSegmentID(number)
            item = QtWidgets.QListWidgetItem(segmentation.GetSegmentation().GetNthSegment(number).GetName())
            item.setData(0x0100, segment_id)
            self._list.addItem(item)
            if segment_id == self.currentSegmentID():
                self._list.setCurrentItem(item)

    def _on_add(self) -> None:
        self.setCurrentSegmentID(self.logic.AddEmptySegment())

    def _on_remove(self) -> None:
        self.logic.RemoveSelectedSegment()
        self.updateWidgetFromMRML()

    def _on_view_event(self, interactor: Any, event: int, view: Any) -> bool:
        if self._active is None:
            return False
        answer = self._active.call("processInteractionEvents", interactor, event, view)
        if answer is not None and type(answer) is not bool:
            raise TypeError("processInteractionEvents must return a bool")
        return bool(answer)
