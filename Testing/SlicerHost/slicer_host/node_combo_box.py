"""A stand-in for qMRMLNodeComboBox: lists the real scene's nodes, makes new ones, follows what comes and goes."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtWidgets

CREATE = "create:"


class qMRMLNodeComboBox(QtWidgets.QComboBox):
    """Entries: none (where enabled), the nodes of the classes, and 'Create new ...' (where enabled)."""

    currentNodeChanged = QtCore.Signal(object)
    nodeAddedByUser = QtCore.Signal(object)
    SIGNATURES = ("currentNodeChanged(vtkMRMLNode*)", "nodeAddedByUser(vtkMRMLNode*)")

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._observed: list[tuple[Any, int]] = []
        self._node_id = ""
        self._values: dict[str, Any] = {"nodeTypes": [], "showChildNodeTypes": True, "addEnabled": True}
        self.activated.connect(self._on_activated)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(12)

    def _stored(name: str, kind: Any) -> Any:
        def store(self: Any, value: Any) -> None:
            self._values[name] = value
            self._fill()

        return QtCore.Property(kind, lambda self: self._values.get(name), store)

    nodeTypes = _stored("nodeTypes", "QStringList")
    showChildNodeTypes = _stored("showChildNodeTypes", bool)
    addEnabled = _stored("addEnabled", bool)
    removeEnabled = _stored("removeEnabled", bool)
    renameEnabled = _stored("renameEnabled", bool)
    noneEnabled = _stored("noneEnabled", bool)
    noneDisplay = _stored("noneDisplay", str)
    baseName = _stored("baseName", str)

    def setMRMLScene(self, scene: Any) -> None:
        for observed, tag in self._observed:
            observed.RemoveObserver(tag)
        self._scene = scene
        events = () if scene is None else (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent)
        self._observed = [(scene, scene.AddObserver(event, lambda *_: self._fill())) for event in events]
        self._fill()

    def currentNode(self) -> Any:
        return self._scene.GetNodeByID(self._node_id) if self._scene is not None and self._node_id else None

    def setCurrentNode(self, node: Any) -> None:
        node_id = node.GetID() if node is not None else ""
        changed = node_id != self._node_id
        self._node_id = node_id
        self._fill()
        if changed:
            self.currentNodeChanged.emit(node)

    def _nodes(self) -> list[Any]:
        if self._scene is None:
            return []
        nodes = [self._scene.GetNthNode(n) for n in range(self._scene.GetNumberOfNodes())]
        kinds = self._values["nodeTypes"] or []
        if self._values["showChildNodeTypes"]:
            fits = [node for node in nodes if any(node.IsA(kind) for kind in kinds)]
        else:
            fits = [node for node in nodes if node.GetClassName() in kinds]
        return [node for node in fits if not node.GetHideFromEditors()]

    def _fill(self) -> None:
        nodes = self._nodes()
        gone = bool(self._node_id) and self._node_id not in {node.GetID() for node in nodes}
        if gone:
            self._node_id = ""
        self.blockSignals(True)
        self.clear()
        if self._values.get("noneEnabled") or not self._node_id:
            self.addItem(self._values.get("noneDisplay") or "None", "")
        for node in nodes:
            self.addItem(node.GetName(), node.GetID())
        if self._values["addEnabled"] and self._scene is not None:
            for kind in self._values["nodeTypes"] or []:
                word = kind.removeprefix("vtkMRML").removesuffix("Node")
                self.addItem(f"Create new {word}", CREATE + kind)
        self.setCurrentIndex(max(0, self.findData(self._node_id)))
        self.blockSignals(False)
        if gone:
            self.currentNodeChanged.emit(None)

    def _on_activated(self, index: int) -> None:
        chosen = self.itemData(index) or ""
        if chosen.startswith(CREATE):
            kind = chosen.removeprefix(CREATE)
            name = self._values.get("baseName") or kind.removeprefix("vtkMRML").removesuffix("Node")
            node = self._scene.AddNewNodeByClass(kind, self._scene.GenerateUniqueName(name))
            self.setCurrentNode(node)
            self.nodeAddedByUser.emit(node)
        else:
            self.setCurrentNode(self._scene.GetNodeByID(chosen) if chosen else None)
