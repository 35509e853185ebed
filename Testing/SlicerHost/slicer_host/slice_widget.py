"""A stand-in for qMRMLSliceWidget: a real slice logic behind a widget that a mouse can click; it draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PySide6 import QtCore, QtGui, QtTest, QtWidgets

from slicer_host.pythonqt import errors, wrap

SIZE = (300, 300)
_BUTTONS = {
    QtCore.Qt.MouseButton.LeftButton: "LeftButtonPressEvent",
    QtCore.Qt.MouseButton.RightButton: "RightButtonPressEvent",
}

Observer = Callable[[Any, int, Any], bool]


class qMRMLSliceWidget(QtWidgets.QWidget):
    """Turns mouse buttons into events of a VTK interactor, and tells those who follow the view.

    Args:
        logic: ``vtkMRMLSliceLogic`` of the view.
    """

    def __init__(self, logic: Any) -> None:
        import vtk

        super().__init__()
        self._logic = logic
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._observers: list[Observer] = []
        self.setFixedSize(*SIZE)

    def sliceLogic(self) -> Any:
        return self._logic

    def mrmlSliceNode(self) -> Any:
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        return self._logic.GetSliceCompositeNode()

    def add_observer(self, observer: Observer) -> None:
        """Not of Slicer: who is told of events."""
        self._observers.append(observer)

    def remove_observer(self, observer: Observer) -> None:
        """Not of Slicer: inverse of :meth:`add_observer`."""
        self._observers.remove(observer)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        import vtk

        held = event.modifiers()
        self._interactor.SetEventInformation(
            round(event.position().x()),
            self.height() - 1 - round(event.position().y()),  # VTK counts from below
            int(bool(held & QtCore.Qt.KeyboardModifier.ControlModifier)),
            int(bool(held & QtCore.Qt.KeyboardModifier.ShiftModifier)),
        )
        self._interactor.SetAltKey(int(bool(held & QtCore.Qt.KeyboardModifier.AltModifier)))
        number = getattr(vtk.vtkCommand, _BUTTONS[event.button()])
        for observer in list(self._observers):
            try:
                if observer(self._interactor, number, wrap(self)):
                    return
            except Exception as error:
                errors.append(error)


def click_at(
    widget: qMRMLSliceWidget,
    point_ras: Sequence[float],
    modifier: QtCore.Qt.KeyboardModifier = QtCore.Qt.KeyboardModifier.NoModifier,
) -> None:
    """Turn a slice view to a point, RAS millimetres, and click there.

    Raises:
        AssertionError: no user could click there.
    """
    import vtk

    node = widget.mrmlSliceNode()
    if tuple(node.GetDimensions()[:2]) != SIZE:  # a picture of another size was drawn
        widget.sliceLogic().ResizeSliceNode(*SIZE)
    node.JumpSliceByCentering(*point_ras)
    inverse = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(node.GetXYToRAS(), inverse)
    x, y = np.round(inverse.MultiplyPoint((*point_ras, 1.0))[:2]).astype(int)
    assert 0 <= x < widget.width(), "the place is outside of the view"
    assert 0 <= y < widget.height(), "the place is outside of the view"
    widget.show()
    place = QtCore.QPoint(int(x), widget.height() - 1 - int(y))
    QtTest.QTest.mouseClick(widget, QtCore.Qt.MouseButton.LeftButton, modifier, place)
