"""Between femur masks on a volume's grid and a segmentation node with one segment for each side."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.femur_terms import FEMUR_TERMS
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS

FILL_OPACITY = 0.35
"""Of a segment in the slice views: the bone stays visible through it."""


def write_masks(labels: np.ndarray, volume_node: Any, segmentation_node: Any) -> None:
    """Replace the femur segments of a segmentation node by masks; other segments of the node stay.

    Both sides get a segment, an absent one an empty segment, so that a reader can draw it. The node gets the volume's
    geometry and lies under the volume's own transform; no voxel is resampled.

    Args:
        labels: (z, y, x) array on the grid of the volume: 0 background, 1 left, 2 right.
        volume_node: ``vtkMRMLScalarVolumeNode`` that the masks were made from; left as it is.
        segmentation_node: ``vtkMRMLSegmentationNode`` in a scene.

    Raises:
        InputError: ``geometry_mismatch``, the array is not of the volume's shape.
    """
    import slicer

    shape = _shape_of(volume_node)
    if labels.shape != shape:
        raise InputError(
            f"The masks have {labels.shape} voxels (z, y, x), and the volume {shape}",
            next_step="Screen the volume again.",
            code="geometry_mismatch",
        )
    segmentation_node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
    segmentation_node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    if segmentation_node.GetDisplayNode() is None:
        segmentation_node.CreateDefaultDisplayNodes()
    segmentation = segmentation_node.GetSegmentation()
    segmentation.SetSourceRepresentationName(slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName())
    was_modifying = segmentation_node.StartModify()
    try:
        for term in FEMUR_TERMS.values():
            if segmentation.GetSegment(term.segment_id) is not None:
                segmentation.RemoveSegment(term.segment_id)
        image = oriented_image(labels, volume_node)
        for side in FEMUR_TERMS:
            _add_segment(segmentation, side, image)
    finally:
        segmentation_node.EndModify(was_modifying)
    segmentation_node.GetDisplayNode().SetOpacity2DFill(FILL_OPACITY)


def read_masks(segmentation_node: Any, volume_node: Any) -> np.ndarray:
    """The femur segments of a segmentation node, for instance after editing, on the grid of a volume.

    Where the segments lie on another grid, each voxel of the volume takes the nearest one. A voxel in both segments
    counts as right.

    Args:
        segmentation_node: ``vtkMRMLSegmentationNode`` with the segments of :data:`FEMUR_TERMS`.
        volume_node: ``vtkMRMLScalarVolumeNode``.

    Returns:
        (z, y, x) uint8: 0 background, 1 left, 2 right.

    Raises:
        InputError: ``no_femur_segment``, the node is missing or holds neither segment.
    """
    if not has_femora(segmentation_node):
        raise InputError(
            "The segmentation holds no femur segment",
            next_step="Segment the femora first.",
            code="no_femur_segment",
        )
    labels = np.zeros(_shape_of(volume_node), np.uint8)
    for side, term in FEMUR_TERMS.items():
        if segmentation_node.GetSegmentation().GetSegment(term.segment_id) is not None:
            fill_from_segment(labels, SIDE_LABELS[side], segmentation_node, term.segment_id, volume_node)
    return labels


def fill_from_segment(
    labels: np.ndarray, number: int, segmentation_node: Any, segment_id: str, volume_node: Any
) -> None:
    """Give a number to each voxel of a volume that lies in a segment.

    Args:
        labels: (z, y, x) uint8 on the grid of the volume; changed. number: that is given.
        segmentation_node, segment_id: of the segment. volume_node: the volume.
    """
    import slicer

    image = slicer.vtkOrientedImageData()
    if not segmentation_node.GetBinaryLabelmapRepresentation(segment_id, image) or image.IsEmpty():
        return
    reference = slicer.vtkSlicerSegmentationsModuleLogic.CreateOrientedImageDataFromVolumeNode(
        volume_node, segmentation_node.GetParentTransformNode()
    )
    reference.UnRegister(None)
    place, inside = _on_grid(image, reference)
    labels[place][inside] = number


def digest_of(labels: np.ndarray) -> str:
    """Digest of masks or regions, (z, y, x) uint8, by which an edit is noticed."""
    return hashlib.sha256(np.ascontiguousarray(labels, np.uint8).data).hexdigest()


def _on_grid(image: Any, reference: Any) -> tuple[tuple[slice, slice, slice], np.ndarray]:
    """Where a segment lies on a grid: the part of the (z, y, x) array that it touches, and its voxels there, bool.

    A segment on the grid itself is taken as it is, which saves looking at every voxel of a large scan.
    """
    import slicer
    from vtk.util.numpy_support import vtk_to_numpy

    resample = slicer.vtkOrientedImageDataResample
    if not resample.DoGeometriesMatch(image, reference):
        on_grid = slicer.vtkOrientedImageData()
        resample.ResampleOrientedImageToReferenceOrientedImage(image, reference, on_grid)
        image = on_grid
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    own, whole = np.reshape(image.GetExtent(), (3, 2))[::-1], np.reshape(reference.GetExtent(), (3, 2))[::-1]
    low, high = np.maximum(own[:, 0], whole[:, 0]), np.minimum(own[:, 1], whole[:, 1]) + 1
    z, y, x = (slice(a, max(a, b)) for a, b in zip(low - whole[:, 0], high - whole[:, 0], strict=True))
    part = tuple(slice(a, max(a, b)) for a, b in zip(low - own[:, 0], high - own[:, 0], strict=True))
    return (z, y, x), voxels[part] != 0


def has_femora(segmentation_node: Any | None) -> bool:
    """Whether a segmentation node holds the segment of a femur, be it empty."""
    segmentation = None if segmentation_node is None else segmentation_node.GetSegmentation()
    return segmentation is not None and any(segmentation.GetSegment(t.segment_id) for t in FEMUR_TERMS.values())


def place_beside(segmentation_node: Any, volume_node: Any) -> None:
    """Put a segmentation into the folder (patient, study) of its volume in the subject hierarchy."""
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(segmentation_node.GetScene())
    if hierarchy is None:
        return
    volume_item = hierarchy.GetItemByDataNode(volume_node)
    parent = hierarchy.GetItemParent(volume_item) if volume_item else hierarchy.GetSceneItemID()
    item = hierarchy.GetItemByDataNode(segmentation_node)
    if item:
        hierarchy.SetItemParent(item, parent)
    else:
        hierarchy.CreateItem(parent, segmentation_node)


def remove_with_display(node: Any) -> None:
    """Take a node out of its scene together with how it is shown and stored, which nobody else would take away."""
    scene = node.GetScene()
    belong = [node.GetNthDisplayNode(number) for number in range(node.GetNumberOfDisplayNodes())]
    belong += [node.GetNthStorageNode(number) for number in range(node.GetNumberOfStorageNodes())]
    scene.RemoveNode(node)
    for other in belong:
        if other is not None and other.GetScene() is scene:
            scene.RemoveNode(other)


def _shape_of(volume_node: Any) -> tuple[int, int, int]:
    x, y, z = volume_node.GetImageData().GetDimensions()
    return z, y, x


def _add_segment(segmentation: Any, side: str, image: Any) -> None:
    import slicer

    term = FEMUR_TERMS[side]
    segment = slicer.vtkSegment()
    segment.SetName(term.name)
    segment.SetNameAutoGenerated(False)
    segment.SetColor(*term.color)
    segment.SetColorAutoGenerated(False)
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), term.terminology_entry)
    # Both sides share one image, told apart by their number: half the memory, and no voxel can be both.
    segment.AddRepresentation(slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName(), image)
    segment.SetLabelValue(SIDE_LABELS[side])
    segmentation.AddSegment(segment, term.segment_id)


def oriented_image(labels: np.ndarray, volume_node: Any) -> Any:
    """The masks as Slicer keeps them: geometry of the whole volume, voxels of the box around the femora only."""
    import slicer
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    image = slicer.vtkOrientedImageData()
    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    image.SetImageToWorldMatrix(matrix)
    low, high = _box(labels)
    image.SetExtent(low[2], high[2] - 1, low[1], high[1] - 1, low[0], high[0] - 1)
    part = labels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    scalars = numpy_to_vtk(np.ascontiguousarray(part, np.uint8).ravel(), deep=True)
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    return image


def _box(labels: np.ndarray) -> tuple[list[int], list[int]]:
    """First and one past the last index of the femora along z, y and x; one voxel where there are none."""
    low, high = [], []
    for axis in range(3):
        inside = np.flatnonzero(labels.any(axis=tuple(other for other in range(3) if other != axis)))
        low.append(int(inside[0]) if inside.size else 0)
        high.append(int(inside[-1]) + 1 if inside.size else 1)
    return low, high
