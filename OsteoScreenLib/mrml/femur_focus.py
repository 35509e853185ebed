"""Where to look at a femur: the middle of its neck, which is what fracture risk is about."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.femur_terms import FEMUR_TERMS
from OsteoScreenLib.result.case_result import CaseResult

COARSE_MM = 1.5
"""A mask is thinned to about this voxel size before its neck is looked for: enough to point a view at, and quick."""

PADDING = 2
"""Empty voxels around a thinned mask: a femur does not end where its box does."""

Point = tuple[float, float, float]


def sides_found(result: CaseResult | None) -> tuple[str, ...]:
    """The sides of which a femur, or a part of one, was found."""
    if result is None:
        return ()
    return tuple(side for side, finding in result.femurs.items() if finding.presence != "absent")


def femur_point_ras(volume_node: Any, segmentation_node: Any | None, result: CaseResult, side: str) -> Point | None:
    """The point of a femur that the views turn to.

    The middle of the neck, found in the segment as it is now; else the centre of the head as it was measured; else the
    middle of the segment. All are places in the volume: where a transform moved it since then, the point moves along.

    Args:
        volume_node: the CT. segmentation_node: its femora, or None.
        result: of the CT. side: ``left`` or ``right``.

    Returns:
        RAS millimetres in the world; None where the side was not found.
    """
    if side not in sides_found(result):
        return None
    neck = _neck_centre_ras(segmentation_node, side)
    if neck is not None:
        return neck
    head = result.femurs[side].head_centre_lps_mm
    if head is not None:
        return _world_of_index(volume_node, result.geometry.to_index(head))
    segment_id = FEMUR_TERMS[side].segment_id
    if segmentation_node is None or segmentation_node.GetSegmentation().GetSegment(segment_id) is None:
        return None
    middle = segmentation_node.GetSegmentCenterRAS(segment_id)
    return None if middle is None else (float(middle[0]), float(middle[1]), float(middle[2]))


def _neck_centre_ras(segmentation_node: Any | None, side: str) -> Point | None:
    """Middle of the neck in the world, found in the segment on its own grid; None where none can be made out."""
    from OsteoScreenLib.densitometry.find_landmarks import find_landmarks

    thinned = _thinned_segment(segmentation_node, FEMUR_TERMS[side].segment_id)
    if thinned is None:
        return None
    try:
        found = find_landmarks(*thinned, side).neck_centre_lps_mm
    except (InputError, ValueError):  # a scrap of a femur, such as the rest of an edited one, or an odd grid
        return None
    if found is None or segmentation_node is None:
        return None
    return _world_of(segmentation_node, (-found[0], -found[1], found[2]))


def _thinned_segment(segmentation_node: Any | None, segment_id: str) -> tuple[np.ndarray, Geometry] | None:
    """A segment's voxels, thinned, with some empty ones around, and their grid in LPS; None where there are none."""
    import slicer
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    image = slicer.vtkOrientedImageData()
    segmentation = None if segmentation_node is None else segmentation_node.GetSegmentation()
    if segmentation_node is None or segmentation is None or segmentation.GetSegment(segment_id) is None:
        return None
    if not segmentation_node.GetBinaryLabelmapRepresentation(segment_id, image) or image.IsEmpty():
        return None
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1]) != 0
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ [[matrix.GetElement(r, c) for c in range(4)] for r in range(4)]
    spacing = np.linalg.norm(to_lps[:3, :3], axis=0)
    steps = np.maximum(1, np.round(COARSE_MM / spacing)).astype(int)
    thin = np.pad(voxels[:: steps[2], :: steps[1], :: steps[0]], PADDING)
    if not thin.any():
        return None
    first = np.array(image.GetExtent()[::2]) - PADDING * steps
    direction = to_lps[:3, :3] / spacing
    return (
        thin,
        Geometry(
            (thin.shape[0], thin.shape[1], thin.shape[2]),
            tuple((spacing * steps).tolist()),
            tuple((to_lps @ [*first, 1.0])[:3].tolist()),
            tuple(direction.ravel().tolist()),
        ),
    )


def _world_of_index(volume_node: Any, index_xyz: Point) -> Point:
    """RAS millimetres in the world of a (fractional) voxel index of a volume node."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    return _world_of(volume_node, matrix.MultiplyPoint((*index_xyz, 1.0))[:3])


def _world_of(node: Any, point_ras: Point) -> Point:
    """A point of a node, with the transforms above the node."""
    import slicer
    import vtk

    to_world = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(node.GetParentTransformNode(), None, to_world)
    right, anterior, superior = to_world.TransformPoint(point_ras)
    return right, anterior, superior
