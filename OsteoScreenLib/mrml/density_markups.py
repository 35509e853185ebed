"""Landmarks of the femora as markups: a point for the head's centre with its sphere's radius, lines for the axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from OsteoScreenLib.densitometry.landmarks import FemurLandmarks
from OsteoScreenLib.mrml.femur_terms import FEMUR_TERMS
from OsteoScreenLib.mrml.volume import RAS_TO_LPS
from OsteoScreenLib.result.case_result import CaseResult

LANDMARK_ATTRIBUTE = "OsteoScreen.landmark"
"""On a markup: which landmark it is, such as ``left neck axis``."""
LANDMARK_VOLUME_ROLE = "OsteoScreen.landmarkVolume"
RADIUS_ATTRIBUTE = "OsteoScreen.radiusMm"
_BEYOND_MM = 15.0
"""How far the neck's axis is drawn beyond the head's centre and beyond the shaft's axis."""
_LINE, _SPHERE = "vtkMRMLMarkupsLineNode", "vtkMRMLMarkupsClosedCurveNode"
_ON_CIRCLE = 24
"""Points of the circle that stands for the head's sphere."""


def show_landmarks(result: CaseResult, volume_node: Any) -> list[Any]:
    """Replace the markups of a volume by the landmarks of its result; they are locked, since they follow the masks.

    The head's sphere is drawn as its circle in the plane of neck and shaft. What was not found has no markup.

    Args:
        result: of the volume. volume_node: ``vtkMRMLScalarVolumeNode`` in a scene.

    Returns:
        The markups, under the volume's own transform.
    """
    scene = volume_node.GetScene()
    for node in landmarks_of(volume_node):
        scene.RemoveNode(node)
    femora = {} if result.densitometry is None else result.densitometry.femora
    made = []
    for side, femur in femora.items():
        marks = femur.landmarks or FemurLandmarks(side)
        for name, class_name, points in _drawn(marks):
            node = scene.AddNewNodeByClass(class_name, f"{volume_node.GetName()} {side} {name}")
            node.SetAttribute(LANDMARK_ATTRIBUTE, f"{side} {name}")
            if name == "head sphere":
                node.SetAttribute(RADIUS_ATTRIBUTE, f"{marks.head_radius_mm:.3f}")
            node.SetNodeReferenceID(LANDMARK_VOLUME_ROLE, volume_node.GetID())
            node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
            for point in points:
                node.AddControlPoint(*(RAS_TO_LPS @ point).tolist())
            node.SetLocked(True)
            _styled(node, side)
            made.append(node)
    return made


def landmarks_of(volume_node: Any) -> list[Any]:
    """The markups in the volume's scene that speak of it."""
    scene, name = volume_node.GetScene(), "vtkMRMLMarkupsNode"
    nodes = [scene.GetNthNodeByClass(n, name) for n in range(scene.GetNumberOfNodesByClass(name))]
    return [node for node in nodes if node.GetNodeReferenceID(LANDMARK_VOLUME_ROLE) == volume_node.GetID()]


def _drawn(marks: FemurLandmarks) -> Iterator[tuple[str, str, list[np.ndarray]]]:
    """Name, class and points in LPS millimetres of each markup."""
    head, neck, shaft = (
        None if value is None else np.array(value)
        for value in (marks.head_centre_lps_mm, marks.neck_axis, marks.shaft_axis)
    )
    if head is not None and marks.head_radius_mm is not None:
        yield "head sphere", _SPHERE, _circle(head, marks.head_radius_mm, neck, shaft)
    if head is not None and neck is not None:
        length = marks.neck_length_mm or marks.neck_distance_mm or 0.0
        yield "neck axis", _LINE, [head - _BEYOND_MM * neck, head + (length + _BEYOND_MM) * neck]
    if shaft is not None and marks.shaft_point_lps_mm is not None and marks.shaft_length_mm is not None:
        top = np.array(marks.shaft_point_lps_mm)
        yield "shaft axis", _LINE, [top, top - 2.0 * marks.shaft_length_mm * shaft]


def _circle(centre: np.ndarray, radius: float, neck: np.ndarray | None, shaft: np.ndarray | None) -> list[np.ndarray]:
    """Points on the sphere in the plane of neck and shaft; in the frontal plane where they are not known."""
    first = np.array([1.0, 0.0, 0.0]) if neck is None else neck
    second = np.array([0.0, 0.0, 1.0]) if shaft is None else shaft
    second = second - (second @ first) * first
    second = second / np.linalg.norm(second)
    angles = np.linspace(0.0, 2.0 * np.pi, _ON_CIRCLE, endpoint=False)
    return [centre + radius * (np.cos(angle) * first + np.sin(angle) * second) for angle in angles]


def _styled(node: Any, side: str) -> None:
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    if display is None:
        return
    display.SetSelectedColor(*FEMUR_TERMS[side].color)
    display.SetPointLabelsVisibility(False)
    display.SetPropertiesLabelVisibility(False)
    display.SetGlyphScale(0.5)
