"""Two small effects of the test host's own, so that a user's edit can be played: Threshold, and Erase by a click."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6 import QtWidgets

from slicer_host.pythonqt import connect
from slicer_host.segment_editor_effect import (
    AbstractScriptedSegmentEditorEffect,
    qSlicerSegmentEditorScriptedEffect,
)

ERASE_RADIUS_MM = 12.0


class _Own(AbstractScriptedSegmentEditorEffect):
    """An effect that is not read from a file."""

    NAME = ""

    def __init__(self, scriptedEffect: qSlicerSegmentEditorScriptedEffect) -> None:
        scriptedEffect.name = self.NAME
        super().__init__(scriptedEffect)

    def clone(self) -> qSlicerSegmentEditorScriptedEffect:
        return made(type(self))

    def helpText(self) -> str:
        return f"{self.NAME}, as far as the tests need it."

    def modify(self, chosen: np.ndarray, mode: int) -> None:
        """Modify the selected segment by (z, y, x) bool on the editor's grid, one step for undo."""
        labelmap = self.scriptedEffect.defaultModifierLabelmap()
        _voxels(labelmap)[:] = chosen
        labelmap.Modified()
        self.scriptedEffect.saveStateForUndo()
        self.scriptedEffect.modifySelectedSegmentByLabelmap(labelmap, mode)


class ThresholdEffect(_Own):
    """Fills the selected segment with all voxels of at least so many HU."""

    NAME = "Threshold"

    def setupOptionsFrame(self) -> None:
        self.low = QtWidgets.QSpinBox()
        self.low.setRange(-1024, 3071)
        self.low.setValue(200)
        self.applyButton = QtWidgets.QPushButton("Apply")
        self.scriptedEffect.addLabeledOptionsWidget("At least", self.low)
        self.scriptedEffect.addOptionsWidget(self.applyButton)
        connect(self.applyButton, "clicked(bool)", self.onApply)

    def onApply(self) -> None:
        self.modify(
            _voxels(self.scriptedEffect.sourceVolumeImageData()) >= self.low.value(),
            self.scriptedEffect.ModificationModeSet,
        )


class EraseEffect(_Own):
    """Takes a ball around a click out of the selected segment."""

    NAME = "Erase"

    def processInteractionEvents(self, interactor: Any, event: int, view: Any) -> bool:
        import vtk

        if event != vtk.vtkCommand.LeftButtonPressEvent:
            return False
        x, y = interactor.GetEventPosition()
        centre = view.sliceLogic().GetSliceNode().GetXYToRAS().MultiplyPoint((x, y, 0.0, 1.0))
        labelmap = self.scriptedEffect.defaultModifierLabelmap()
        to_ras = vtk.vtkMatrix4x4()
        labelmap.GetImageToWorldMatrix(to_ras)
        matrix = np.array([[to_ras.GetElement(row, column) for column in range(4)] for row in range(4)])
        z, y, x = np.indices(_voxels(labelmap).shape)
        low = labelmap.GetExtent()[::2]
        points = np.stack([x + low[0], y + low[1], z + low[2], np.ones_like(x)], axis=-1) @ matrix.T
        inside = np.linalg.norm(points[..., :3] - centre[:3], axis=-1) <= ERASE_RADIUS_MM
        self.modify(inside, self.scriptedEffect.ModificationModeRemove)
        return True


def made(kind: type[_Own]) -> qSlicerSegmentEditorScriptedEffect:
    """The object that Slicer would give to the effect."""
    effect = qSlicerSegmentEditorScriptedEffect(None)
    effect._python = kind(effect)
    return effect


def register() -> None:
    """Make both known to editors."""
    for kind in (ThresholdEffect, EraseEffect):
        made(kind).self().register()


def _voxels(image: Any) -> np.ndarray:
    """View of the voxels of a ``vtkOrientedImageData``, (z, y, x)."""
    from vtk.util.numpy_support import vtk_to_numpy

    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
