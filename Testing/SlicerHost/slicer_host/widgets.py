"""Small stand-ins for widgets of CTK and Slicer, with the parts of their interface that the panel uses."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets


class ctkCollapsibleButton(QtWidgets.QWidget):
    """A titled section that folds. What the program hid stays hidden when the section is opened."""

    HEADER = 26
    HIDDEN = "hiddenByTheProgram"
    contentsCollapsed = QtCore.Signal(bool)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._text, self._collapsed, self._folding = "", False, False
        self.setContentsMargins(0, self.HEADER, 0, 0)

    def _set_text(self, text: str) -> None:
        self._text = text
        self.update()

    def _set_collapsed(self, collapsed: bool) -> None:
        self._collapsed = collapsed
        for child in self.findChildren(QtWidgets.QWidget, options=QtCore.Qt.FindChildOption.FindDirectChildrenOnly):
            self._fold(child)
        self.setMaximumHeight(self.HEADER if collapsed else 16777215)
        self.contentsCollapsed.emit(collapsed)

    def _fold(self, child: QtWidgets.QWidget) -> None:
        """Show or hide a widget of the section; Qt is not to take this for the program's own wish."""
        self._folding = True
        child.setVisible(not self._collapsed and not child.property(self.HIDDEN))
        child.setAttribute(QtCore.Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
        self._folding = False

    def childEvent(self, event: QtCore.QChildEvent) -> None:
        if event.added() and event.child().isWidgetType():
            event.child().installEventFilter(self)
        super().childEvent(event)

    def eventFilter(self, child: QtCore.QObject, event: QtCore.QEvent) -> bool:
        shown, hidden = QtCore.QEvent.Type.ShowToParent, QtCore.QEvent.Type.HideToParent
        if not self._folding and event.type() in (shown, hidden):
            child.setProperty(self.HIDDEN, event.type() == hidden)
            if self._collapsed and event.type() == shown:
                self._fold(child)
        return False

    text = QtCore.Property(str, lambda self: self._text, _set_text)
    collapsed = QtCore.Property(bool, lambda self: self._collapsed, _set_collapsed)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        if event.position().y() < self.HEADER:
            self._set_collapsed(not self._collapsed)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        header = QtCore.QRect(0, 0, self.width(), self.HEADER - 2)
        painter.fillRect(header, self.palette().color(QtGui.QPalette.ColorRole.Button).darker(106))
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        middle = QtCore.Qt.AlignmentFlag.AlignVCenter
        painter.drawText(header.adjusted(24, 0, 0, 0), middle, self._text)
        arrow = "\u25b8" if self._collapsed else "\u25be"
        painter.drawText(QtCore.QRect(4, 0, 18, self.HEADER - 2), middle, arrow)


class ctkDirectoryButton(QtWidgets.QPushButton):
    """A button that shows a folder; the dialog is not played."""

    directoryChanged = QtCore.Signal(str)
    SIGNATURES = ("directoryChanged(QString)",)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._directory, self._elide = "", QtCore.Qt.TextElideMode.ElideNone
        self._set_directory(QtCore.QDir.homePath())

    def _set_directory(self, directory: str) -> None:
        changed = directory != self._directory
        self._directory = directory
        self._show()
        if changed:
            self.directoryChanged.emit(directory)

    def _set_elide(self, mode: QtCore.Qt.TextElideMode) -> None:
        self._elide = mode
        if mode != QtCore.Qt.TextElideMode.ElideNone:
            self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        self._show()

    def _show(self) -> None:
        room = self.width() - 24
        self.setText(self.fontMetrics().elidedText(self._directory, self._elide, room))

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    elideMode = QtCore.Property(QtCore.Qt.TextElideMode, lambda self: self._elide, _set_elide)
    directory = QtCore.Property(str, lambda self: self._directory, _set_directory)


class qMRMLWidget(QtWidgets.QWidget):
    """The root of a form; tells its children the scene."""

    mrmlSceneChanged = QtCore.Signal(object)
    SIGNATURES = ("mrmlSceneChanged(vtkMRMLScene*)",)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)


class qMRMLTableView(QtWidgets.QTableView):
    """Shows a real table node, and follows it."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._node: Any = None
        self._observed: tuple[Any, int] | None = None
        self.setModel(QtGui.QStandardItemModel(self))

    def setMRMLScene(self, scene: Any) -> None:
        """Nothing follows from the scene alone."""

    def mrmlTableNode(self) -> Any:
        return self._node

    def setMRMLTableNode(self, node: Any) -> None:
        if self._observed is not None:
            self._observed[0].RemoveObserver(self._observed[1])
        self._node = node
        self._observed = None
        if node is not None:
            self._observed = (node, node.AddObserver("ModifiedEvent", lambda *_: self._fill()))
        self._fill()

    def _fill(self) -> None:
        model = self.model()
        model.clear()
        if self._node is None:
            return
        columns = range(self._node.GetNumberOfColumns())
        model.setHorizontalHeaderLabels([self._node.GetColumnName(column) for column in columns])
        for row in range(self._node.GetNumberOfRows()):
            model.appendRow([QtGui.QStandardItem(self._node.GetCellText(row, column)) for column in columns])
