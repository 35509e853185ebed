"""Reads a .ui file: Qt's own loader makes Qt's widgets, stand-ins are made for Slicer's, signals are wired here."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PySide6 import QtCore, QtUiTools, QtWidgets

from slicer_host.node_combo_box import qMRMLNodeComboBox
from slicer_host.pythonqt import Wrapped, connect, wrap
from slicer_host.segment_editor import qMRMLSegmentEditorWidget
from slicer_host.widgets import ctkCollapsibleButton, ctkDirectoryButton, qMRMLTableView, qMRMLWidget

STAND_INS = {
    kind.__name__: kind
    for kind in (
        ctkCollapsibleButton,
        ctkDirectoryButton,
        qMRMLNodeComboBox,
        qMRMLSegmentEditorWidget,
        qMRMLTableView,
        qMRMLWidget,
    )
}


class Loader(QtUiTools.QUiLoader):
    """Makes stand-ins where the form names a class of CTK or Slicer."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[QtWidgets.QWidget] = []

    def createWidget(self, className: str, parent: Any = None, name: str = "") -> QtWidgets.QWidget:
        """Called by Qt for each widget of the form."""
        if className not in STAND_INS:
            return super().createWidget(className, parent, name)
        widget = STAND_INS[className](parent)
        widget.setObjectName(name)
        self.made.append(widget)
        return widget


def load_form(path: str) -> Wrapped:
    """The widget of a form, as ``slicer.util.loadUI`` gives it.

    Raises:
        NotImplementedError: the form uses a widget that the host does not know.
        RuntimeError: Qt cannot read the form, or a connection names what is not there.
    """
    root = ElementTree.fromstring(Path(path).read_bytes())
    unknown = {
        widget.attrib["class"]
        for widget in root.iter("widget")
        if widget.attrib["class"] not in STAND_INS and not hasattr(QtWidgets, widget.attrib["class"])
    }
    if unknown:
        raise NotImplementedError(f"the test host has no stand-in for {', '.join(sorted(unknown))}")
    connections = root.find("connections")
    if connections is not None:
        root.remove(connections)  # Qt's loader knows no signal with a vtkMRMLScene
    buffer = QtCore.QBuffer()
    buffer.setData(ElementTree.tostring(root))
    buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
    loader = Loader()
    widget = loader.load(buffer)
    if widget is None:
        raise RuntimeError(f"{Path(path).name}: {loader.errorString()}")
    widget.kept = loader.made
    for connection in connections if connections is not None else ():
        _wire(widget, connection)
    return wrap(widget)


def _wire(widget: QtWidgets.QWidget, connection: ElementTree.Element) -> None:
    def named(tag: str) -> Any:
        name = connection.findtext(tag)
        found = widget if widget.objectName() == name else widget.findChild(QtCore.QObject, name)
        if found is None:
            raise RuntimeError(f"a connection of the form names {name}, which is not there")
        return found

    slot = getattr(named("receiver"), (connection.findtext("slot") or "").split("(")[0])
    connect(named("sender"), connection.findtext("signal") or "", slot)
