"""The regions that were measured as a segmentation node of their own, apart from the femora that a reader edits."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.densitometry.region_labels import REGION_LABELS
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.femur_split import REGION_TERMS, region_segment
from OsteoScreenLib.mrml.segmentation_node import (
    digest_of,
    fill_from_segment,
    oriented_image,
    place_beside,
    remove_with_display,
)

REGIONS_ATTRIBUTE = "OsteoScreen.regions"
"""On a segmentation node: its segments are regions that were measured; their digest, so that an edit is noticed."""
NUMBER_TAG = "OsteoScreen.region"
"""On a segment: its number in ``densitometry/region_labels.py``."""
_SHADE = {"cortical": 1.0, "trabecular": 0.6, "": 0.8}


def write_regions(numbers: np.ndarray, volume_node: Any, segmentation_node: Any) -> None:
    """Replace what a node holds by the regions, a segment for each side, region and compartment that there is.

    A new node is hidden; shown, it is outlined in the slices and not in 3D. A reader's own change of that stays.

    Args:
        numbers: (z, y, x) uint8 of ``densitometry/region_labels.py`` on the grid of the volume.
        volume_node: ``vtkMRMLScalarVolumeNode`` that was measured.
        segmentation_node: ``vtkMRMLSegmentationNode`` in a scene.

    Raises:
        InputError: ``geometry_mismatch``, the array is not of the volume's shape.
    """
    import slicer

    if numbers.shape != tuple(volume_node.GetImageData().GetDimensions()[::-1]):
        raise InputError(
            "The regions lie on another grid than the volume",
            next_step="Screen the volume again.",
            code="geometry_mismatch",
        )
    segmentation_node.SetAttribute(REGIONS_ATTRIBUTE, digest_of(numbers))
    segmentation_node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
    segmentation_node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    if segmentation_node.GetDisplayNode() is None:
        _outlined(segmentation_node)
    kind = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()
    segmentation = segmentation_node.GetSegmentation()
    segmentation.SetSourceRepresentationName(kind)
    was_modifying = segmentation_node.StartModify()
    try:
        segmentation.RemoveAllSegments()
        image = oriented_image(numbers, volume_node)
        for number in np.unique(numbers).tolist():
            if number in REGION_LABELS:
                _add(segmentation, number, image, kind)
    finally:
        segmentation_node.EndModify(was_modifying)
    place_beside(segmentation_node, volume_node)


def regions_of(volume_node: Any) -> Any | None:
    """The newest node in the volume's scene with regions measured in it; None where there is none."""
    import slicer

    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    scene, name = volume_node.GetScene(), "vtkMRMLSegmentationNode"
    nodes = [scene.GetNthNodeByClass(n, name) for n in range(scene.GetNumberOfNodesByClass(name))]
    ours = [n for n in nodes if n.GetAttribute(REGIONS_ATTRIBUTE) and n.GetNodeReferenceID(role) == volume_node.GetID()]
    return ours[-1] if ours else None


def read_regions_of(volume_node: Any) -> np.ndarray | None:
    """The regions of a volume as they were measured, (z, y, x) uint8; None where there are none.

    Regions that somebody edited are no longer those that were measured, and count as none.
    """
    import vtk

    node = regions_of(volume_node)
    if node is None:
        return None
    numbers = np.zeros(volume_node.GetImageData().GetDimensions()[::-1], np.uint8)
    segmentation = node.GetSegmentation()
    for segment_id in segmentation.GetSegmentIDs():
        tag = vtk.mutable("")
        segmentation.GetSegment(segment_id).GetTag(NUMBER_TAG, tag)
        if str(tag).isdigit() and int(str(tag)) in REGION_LABELS:
            fill_from_segment(numbers, int(str(tag)), node, segment_id, volume_node)
    return numbers if node.GetAttribute(REGIONS_ATTRIBUTE) == digest_of(numbers) else None


def show_regions_of(numbers: np.ndarray | None, volume_node: Any) -> Any | None:
    """Show the regions of a volume in its own node, a new one where there is none; None removes an earlier one.

    Returns:
        The node; None where there are no regions.
    """
    node = regions_of(volume_node)
    scene = volume_node.GetScene()
    if numbers is None:
        if node is not None:
            remove_with_display(node)
        return None
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{volume_node.GetName()} regions")
    write_regions(numbers, volume_node, node)
    return node


def _outlined(segmentation_node: Any) -> None:
    segmentation_node.CreateDefaultDisplayNodes()
    display = segmentation_node.GetDisplayNode()
    display.SetVisibility(False)
    display.SetVisibility2DFill(False)
    display.SetVisibility2DOutline(True)
    display.SetVisibility3D(False)


def _add(segmentation: Any, number: int, image: Any, kind: str) -> None:
    label = REGION_LABELS[number]
    term = REGION_TERMS[label.region]
    name = f"{label.side.capitalize()} {label.region}, {label.compartment or 'other'}"
    segment = region_segment(name, term, label.side)
    segment.SetColor(*(_SHADE[label.compartment] * channel for channel in term.color))
    segment.AddRepresentation(kind, image)
    segment.SetLabelValue(number)
    segment.SetTag(NUMBER_TAG, str(number))
    segmentation.AddSegment(segment, "_".join(filter(None, (label.side, label.region, label.compartment))))
