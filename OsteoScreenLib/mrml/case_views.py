"""A case in the slice and 3D views: the CT in a bone window, the femora on it, the views at one of them.

All of it is nodes of the scene. Slicer's window follows them, and where there is no window nothing is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from OsteoScreenLib.mrml.femur_focus import femur_point_ras, sides_found
from OsteoScreenLib.mrml.femur_terms import FEMUR_TERMS
from OsteoScreenLib.mrml.segmentation_node import has_femora
from OsteoScreenLib.result.case_result import CaseResult

BONE_WINDOW_HU, BONE_LEVEL_HU = 1800.0, 400.0
"""The customary bone window: -500 to 1300 HU, from fat and marrow to the densest cortex of a femur."""

FIELD_MM = 180.0
"""Smaller side of a slice view that shows one hip: a proximal femur from the acetabulum to below the lesser trochanter
is about 150 mm high."""

WINDOWED_ATTRIBUTE = "OsteoScreen.windowed"
"""On a volume: its window was set here once, and whatever it is now is the user's own."""


def show_case(volume_node: Any, segmentation_node: Any | None, result: CaseResult, side: str | None = None) -> None:
    """Show a case in all views of its scene: layout, CT, femora, and one femur in the middle.

    Args:
        volume_node: the CT.
        segmentation_node: its femora; None where there are none.
        result: of the CT.
        side: ``left`` or ``right``; None: the first that was found. Where none was, the views stay where they are.
    """
    scene = volume_node.GetScene()
    show_slices_and_3d(scene)
    set_bone_window(volume_node)
    show_volume(volume_node)
    if has_femora(segmentation_node):
        show_femora(segmentation_node)
    found = sides_found(result)
    if side is None and found:
        side = found[0]
    point = None if side is None else femur_point_ras(volume_node, segmentation_node, result, side)
    if point is not None:
        centre_slices(scene, point)
        face_cameras(scene, point)


def set_bone_window(volume_node: Any) -> bool:
    """Show a CT in a bone window, once, and only where the user has not chosen another.

    Not chosen by the user are Slicer's automatic window and the one that the DICOM file proposed.

    Returns:
        Whether the window was set.
    """
    if volume_node.GetDisplayNode() is None:
        volume_node.CreateDefaultDisplayNodes()
    display = volume_node.GetDisplayNode()
    if volume_node.GetAttribute(WINDOWED_ATTRIBUTE):
        return False
    volume_node.SetAttribute(WINDOWED_ATTRIBUTE, "1")
    if not (display.GetAutoWindowLevel() or _has_window_of_file(display)):
        return False
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(BONE_WINDOW_HU, BONE_LEVEL_HU)
    return True


def show_slices_and_3d(scene: Any) -> None:
    """Choose the four-up layout, unless the present one shows three slices and a 3D view already."""
    import slicer

    kind = slicer.vtkMRMLLayoutNode
    fitting = {
        kind.SlicerLayoutConventionalView,
        kind.SlicerLayoutConventionalWidescreenView,
        kind.SlicerLayoutConventionalPlotView,
        kind.SlicerLayoutFourUpView,
        kind.SlicerLayoutFourUpTableView,
        kind.SlicerLayoutFourUpPlotView,
        kind.SlicerLayoutFourUpPlotTableView,
        kind.SlicerLayoutDualMonitorFourUpView,
    }
    for layout in _nodes(scene, "vtkMRMLLayoutNode"):
        present = layout.GetViewArrangement()
        if present == kind.SlicerLayoutInitialView:
            present = kind.SlicerLayoutConventionalView
        if present not in fitting:
            layout.SetViewArrangement(kind.SlicerLayoutFourUpView)


def show_volume(volume_node: Any) -> None:
    """Put a volume into the background of every slice view that follows the chosen volume; nothing else changes."""
    for composite in _nodes(volume_node.GetScene(), "vtkMRMLSliceCompositeNode"):
        if composite.GetDoPropagateVolumeSelection():
            composite.SetBackgroundVolumeID(volume_node.GetID())


def show_femora(segmentation_node: Any) -> None:
    """Show the femora as outline and fill in the slices, and as smooth surfaces in 3D, which are made where missing.

    While surfaces exist, Slicer makes them anew after each edit of a segment.
    """
    if segmentation_node.GetDisplayNode() is None:
        segmentation_node.CreateDefaultDisplayNodes()
    display = segmentation_node.GetDisplayNode()
    display.SetVisibility(True)
    display.SetVisibility2D(True)
    display.SetVisibility2DFill(True)
    display.SetVisibility2DOutline(True)
    display.SetVisibility3D(True)
    for term in FEMUR_TERMS.values():
        display.SetSegmentVisibility(term.segment_id, True)
    segmentation_node.CreateClosedSurfaceRepresentation()


def centre_slices(scene: Any, point_ras: tuple[float, float, float]) -> None:
    """Centre every slice view at a point and zoom to a hip; the slices' directions stay."""
    import slicer

    slicer.vtkMRMLSliceNode.JumpAllSlices(scene, *point_ras, slicer.vtkMRMLSliceNode.CenteredJumpSlice)
    for node in _nodes(scene, "vtkMRMLSliceNode"):
        width, height, depth = node.GetFieldOfView()
        smaller = min(width, height)
        if smaller > 0:
            node.SetFieldOfView(width * FIELD_MM / smaller, height * FIELD_MM / smaller, depth)


def face_cameras(scene: Any, point_ras: tuple[float, float, float]) -> None:
    """Let every 3D view look at a point from the front, the patient upright, near enough to see one hip."""
    right, anterior, superior = point_ras
    for node in _nodes(scene, "vtkMRMLCameraNode"):
        angle = math.radians(node.GetViewAngle())
        distance = FIELD_MM / (2.0 * math.tan(angle / 2.0))
        node.SetFocalPoint(right, anterior, superior)
        node.SetPosition(right, anterior + distance, superior)
        node.SetViewUp(0.0, 0.0, 1.0)
        node.SetParallelScale(FIELD_MM / 2.0)
        node.ResetClippingRange()


def _has_window_of_file(display: Any) -> bool:
    """Whether a display node shows the first window that came with the file."""
    if display.GetNumberOfWindowLevelPresets() == 0:
        return False
    proposed = (display.GetWindowPreset(0), display.GetLevelPreset(0))
    return bool((display.GetWindow(), display.GetLevel()) == proposed)


def _nodes(scene: Any, class_name: str) -> Iterator[Any]:
    for number in range(scene.GetNumberOfNodesByClass(class_name)):
        yield scene.GetNthNodeByClass(number, class_name)
