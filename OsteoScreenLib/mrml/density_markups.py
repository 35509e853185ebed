"""Landmarks of the femora in the scene: axes and angle as markups, the femoral head as a point and a sphere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from OsteoScreenLib.densitometry.landmarks import FemurLandmarks
from OsteoScreenLib.mrml.segmentation_node import remove_with_display
from OsteoScreenLib.result.case_result import CaseResult

LANDMARK_ATTRIBUTE = "OsteoScreen.landmark"
"""On a node: which landmark it is, such as ``left neck axis``."""
LANDMARK_VOLUME_ROLE = "OsteoScreen.landmarkVolume"
CENTRE, SPHERE, NECK, SHAFT, ANGLE = LANDMARKS = (
    *("head centre", "head sphere", "neck axis", "shaft axis", "neck-shaft angle"),
)
_CLASSES = {
    CENTRE: "vtkMRMLMarkupsFiducialNode",
    NECK: "vtkMRMLMarkupsLineNode",
    SHAFT: "vtkMRMLMarkupsLineNode",
    ANGLE: "vtkMRMLMarkupsAngleNode",
}
_BEYOND_MM = 10.0
"""Own choice: how far an axis is drawn beyond what it was found in, to be seen as a line."""
_ARM_MM = 25.0
"""Own choice: length of the angle's arm along the shaft."""
_COLOR = (0.31, 0.88, 0.77)
"""Neither that of a femur nor that of a region, and as light as both on a dark CT."""
_SPHERE_OPACITY, _OCCLUDED_OPACITY = 0.3, 0.9

Point = tuple[float, float, float]


def show_landmarks(result: CaseResult, volume_node: Any) -> list[Any]:
    """Replace the landmarks of a volume by those of its result. What was not found has no node.

    They lie where they were found in the volume and under its own transform, so that they move along with it. They are
    locked, because they follow from the masks.

    Args:
        result: of the volume. volume_node: ``vtkMRMLScalarVolumeNode`` in a scene.

    Returns:
        The nodes; see :data:`LANDMARK_ATTRIBUTE`.
    """
    remove_landmarks(volume_node)
    femora = {} if result.densitometry is None else result.densitometry.femora
    made = []
    for side, femur in femora.items():
        marks = femur.landmarks
        for name, points in _points(marks) if marks is not None else ():
            places = [_in_node(point, result, volume_node) for point in points]
            made.append(_markup(name, side, places, volume_node))
        if marks is not None and marks.head_centre_lps_mm is not None and marks.head_radius_mm is not None:
            centre = _in_node(np.array(marks.head_centre_lps_mm), result, volume_node)
            made.append(_sphere(side, centre, marks.head_radius_mm, volume_node))
    if made:
        _put_into_folder(made, volume_node)
    return made


def landmarks_of(volume_node: Any) -> list[Any]:
    """The landmarks in the volume's scene that speak of it."""
    scene = volume_node.GetScene()
    found = []
    for kind in ("vtkMRMLMarkupsNode", "vtkMRMLModelNode"):
        nodes = [scene.GetNthNodeByClass(n, kind) for n in range(scene.GetNumberOfNodesByClass(kind))]
        found += [node for node in nodes if node.GetNodeReferenceID(LANDMARK_VOLUME_ROLE) == volume_node.GetID()]
    return found


def remove_landmarks(volume_node: Any) -> None:
    """Take the landmarks of a volume out of its scene, with their folder."""
    for node in landmarks_of(volume_node):
        remove_with_display(node)
    hierarchy, parent = _hierarchy(volume_node)
    if hierarchy is None:
        return
    folder = hierarchy.GetItemChildWithName(parent, _folder_name(volume_node))
    if folder and not hierarchy.GetNumberOfItemChildren(folder):
        hierarchy.RemoveItem(folder)


def _points(marks: FemurLandmarks) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Name and points in LPS millimetres of each markup that can be drawn."""
    head, neck, shaft, crossing = (
        None if value is None else np.array(value)
        for value in (marks.head_centre_lps_mm, marks.neck_axis, marks.shaft_axis, marks.shaft_point_lps_mm)
    )
    if head is not None:
        yield CENTRE, [head]
    length = marks.neck_length_mm or marks.neck_distance_mm
    if head is not None and neck is not None and length is not None:
        yield NECK, [head, head + (length + _BEYOND_MM) * neck]
    if crossing is not None and shaft is not None and marks.shaft_length_mm is not None:
        tip = marks.lesser_trochanter_lps_mm  # the axis was fitted to what lies below it
        down = _ARM_MM if tip is None else float((crossing - np.array(tip)) @ shaft)
        yield SHAFT, [crossing + _BEYOND_MM * shaft, crossing - (down + marks.shaft_length_mm + _BEYOND_MM) * shaft]
    if marks.neck_shaft_angle_deg is not None and head is not None and neck is not None and shaft is not None:
        # Neck and shaft pass each other in space. The angle is drawn where the neck's axis passes the shaft's.
        corner = head + (length or 0.0) * neck
        yield ANGLE, [head, corner, corner - _ARM_MM * shaft]


def _in_node(point_lps: np.ndarray, result: CaseResult, volume_node: Any) -> Point:
    """A point of the scan as it was measured, in the coordinates of its volume node, RAS millimetres."""
    import vtk

    to_ras = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(to_ras)
    index = result.geometry.to_index(tuple(point_lps.tolist()))
    right, anterior, superior, _ = to_ras.MultiplyPoint((*index, 1.0))
    return right, anterior, superior


def _markup(name: str, side: str, points: list[Point], volume_node: Any) -> Any:
    node = _node(_CLASSES[name], name, side, volume_node)
    for point in points:
        node.AddControlPoint(*point)
    node.SetLocked(True)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSelectedColor(*_COLOR)
    display.SetPointLabelsVisibility(False)
    display.SetPropertiesLabelVisibility(name == ANGLE)
    display.SetUseGlyphScale(False)
    display.SetGlyphSize(2.5)
    display.SetTextScale(2.0)
    display.SetOccludedVisibility(True)  # in 3D they lie inside of the bone
    display.SetOccludedOpacity(_OCCLUDED_OPACITY)
    return node


def _sphere(side: str, centre: Point, radius: float, volume_node: Any) -> Any:
    """The sphere through the head's outer surface, as a model: Slicer's markups have none."""
    import vtk

    source = vtk.vtkSphereSource()
    source.SetCenter(*centre)
    source.SetRadius(radius)
    source.SetPhiResolution(48)
    source.SetThetaResolution(48)
    source.Update()
    node = _node("vtkMRMLModelNode", SPHERE, side, volume_node)
    node.SetAndObservePolyData(source.GetOutput())
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetColor(*_COLOR)
    display.SetOpacity(_SPHERE_OPACITY)
    display.SetVisibility2D(True)
    display.SetSliceIntersectionThickness(2)
    return node


def _node(class_name: str, name: str, side: str, volume_node: Any) -> Any:
    scene = volume_node.GetScene()
    node = scene.AddNewNodeByClass(class_name, scene.GenerateUniqueName(f"{side.capitalize()} {name}"))
    node.SetAttribute(LANDMARK_ATTRIBUTE, f"{side} {name}")
    node.SetNodeReferenceID(LANDMARK_VOLUME_ROLE, volume_node.GetID())
    node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
    return node


def _put_into_folder(nodes: list[Any], volume_node: Any) -> None:
    """Into one folder of the subject hierarchy, beside the volume: they are many."""
    hierarchy, parent = _hierarchy(volume_node)
    if hierarchy is None:
        return
    name = _folder_name(volume_node)
    folder = hierarchy.GetItemChildWithName(parent, name) or hierarchy.CreateFolderItem(parent, name)
    for node in nodes:
        item = hierarchy.GetItemByDataNode(node)
        if item:
            hierarchy.SetItemParent(item, folder)
        else:
            hierarchy.CreateItem(folder, node)


def _hierarchy(volume_node: Any) -> tuple[Any | None, int]:
    """The subject hierarchy, and the item that holds the volume."""
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(volume_node.GetScene())
    if hierarchy is None:
        return None, 0
    item = hierarchy.GetItemByDataNode(volume_node)
    return hierarchy, hierarchy.GetItemParent(item) if item else hierarchy.GetSceneItemID()


def _folder_name(volume_node: Any) -> str:
    return f"{volume_node.GetName()} landmarks"
