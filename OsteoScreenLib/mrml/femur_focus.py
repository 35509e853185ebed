"""Where to look at a femur: the middle of its neck, which is what fracture risk is about."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.mrml.femur_terms import FEMUR_TERMS
from OsteoScreenLib.mrml.segmentation_node import has_femora, read_masks
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS

COARSE_MM = 1.5
"""A mask is thinned to about this voxel size before its neck is looked for: enough to point a view at, and quick."""

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
    point = _neck_centre(volume_node, segmentation_node, result.geometry, side)
    point = point or result.femurs[side].head_centre_lps_mm
    if point is not None:
        return _world_of_index(volume_node, result.geometry.to_index(point))
    segment_id = FEMUR_TERMS[side].segment_id
    if segmentation_node is None or segmentation_node.GetSegmentation().GetSegment(segment_id) is None:
        return None
    middle = segmentation_node.GetSegmentCenterRAS(segment_id)
    return None if middle is None else (float(middle[0]), float(middle[1]), float(middle[2]))


def _neck_centre(volume_node: Any, segmentation_node: Any | None, geometry: Geometry, side: str) -> Point | None:
    """LPS millimetres, as the volume lay when it was screened; None where no neck can be made out."""
    from OsteoScreenLib.densitometry.find_landmarks import find_landmarks

    if not has_femora(segmentation_node):
        return None
    mask = read_masks(segmentation_node, volume_node) == SIDE_LABELS[side]
    if mask.shape != geometry.shape_zyx:
        return None
    steps = [max(1, round(COARSE_MM / spacing)) for spacing in geometry.spacing_xyz_mm]
    x, y, z = steps
    thin = np.ascontiguousarray(mask[::z, ::y, ::x])
    if not thin.any():
        return None
    spacing = tuple(size * step for size, step in zip(geometry.spacing_xyz_mm, steps, strict=True))
    shape = (thin.shape[0], thin.shape[1], thin.shape[2])
    grid = Geometry(shape, (spacing[0], spacing[1], spacing[2]), geometry.origin_lps_mm, geometry.direction)
    return find_landmarks(thin, grid, side).neck_centre_lps_mm


def _world_of_index(volume_node: Any, index_xyz: Point) -> Point:
    """RAS millimetres in the world of a (fractional) voxel index of a volume node."""
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    local = matrix.MultiplyPoint((*index_xyz, 1.0))[:3]
    to_world = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(volume_node.GetParentTransformNode(), None, to_world)
    right, anterior, superior = to_world.TransformPoint(local)
    return right, anterior, superior
