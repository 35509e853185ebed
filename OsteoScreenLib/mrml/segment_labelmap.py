"""Between arrays and the labelmaps of the Segment Editor: a mask into a segment, a segment out as a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.volume import RAS_TO_LPS


def write_modifier(mask: np.ndarray, volume_node: Any, segmentation_node: Any, modifier: Any) -> None:
    """Write a mask of a volume into the labelmap by which the Segment Editor modifies a segment.

    Where the segments lie on another grid than the volume, each of their voxels takes the nearest one of the mask.

    Args:
        mask: (z, y, x) bool on the volume's own grid.
        volume_node: ``vtkMRMLScalarVolumeNode``.
        segmentation_node: ``vtkMRMLSegmentationNode``, be it under another transform than the volume.
        modifier: ``vtkOrientedImageData`` as ``defaultModifierLabelmap()`` gives it; its grid stays.

    Raises:
        InputError: ``nonlinear_transform``, a non-linear transform lies between volume and segmentation.
    """
    import slicer
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    to_ras = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(to_ras)
    between = _matrix_between(volume_node.GetParentTransformNode(), segmentation_node.GetParentTransformNode())
    to_segments = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Multiply4x4(between, to_ras, to_segments)
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*mask.shape[::-1])
    image.SetImageToWorldMatrix(to_segments)
    scalars = numpy_to_vtk(np.ascontiguousarray(mask, np.uint8).ravel(), deep=True)
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    on_grid = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(image, modifier, on_grid)
    modifier.DeepCopy(on_grid)


def read_segment(segmentation_node: Any, segment_id: str) -> tuple[np.ndarray, Geometry]:
    """One segment as a mask on the whole grid of its segmentation, so that what lies at the scan's border shows.

    Args:
        segmentation_node: ``vtkMRMLSegmentationNode``.
        segment_id: of the segment.

    Returns:
        (z, y, x) bool, and where it lies in the world; LPS millimetres.

    Raises:
        InputError: ``empty_segment``; ``no_grid``, the segmentation has no grid; ``nonlinear_transform`` or
            ``nonrigid_transform``, what lies above it would change the bone's form.
    """
    import slicer
    from vtk.util.numpy_support import vtk_to_numpy

    image = slicer.vtkOrientedImageData()
    if not segmentation_node.GetBinaryLabelmapRepresentation(segment_id, image) or image.IsEmpty():
        raise _empty()
    grid = reference_grid(segmentation_node)
    on_grid = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(image, grid, on_grid)
    mask = vtk_to_numpy(on_grid.GetPointData().GetScalars()).reshape(on_grid.GetDimensions()[::-1]) != 0
    if not mask.any():
        raise _empty()
    return mask, _geometry_in_world(grid, mask.shape, segmentation_node)


def reference_grid(segmentation_node: Any) -> Any:
    """The grid on which a segmentation is edited, as an empty ``vtkOrientedImageData``.

    Raises:
        InputError: ``no_grid``, it has none yet.
    """
    import slicer

    kind = slicer.vtkSegmentationConverter
    name = kind.GetReferenceImageGeometryParameterName()
    grid = slicer.vtkOrientedImageData()
    text = segmentation_node.GetSegmentation().GetConversionParameter(name)
    if not text or not kind.DeserializeImageGeometry(text, grid, False):
        raise InputError(
            "The segmentation does not say on which grid it is edited",
            next_step="Choose a source volume in the Segment Editor.",
            code="no_grid",
        )
    return grid


def _geometry_in_world(grid: Any, shape: tuple[int, int, int], segmentation_node: Any) -> Geometry:
    """Geometry of a segmentation's grid with the transforms above the segmentation applied."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    grid.GetImageToWorldMatrix(matrix)
    vtk.vtkMatrix4x4.Multiply4x4(_matrix_between(segmentation_node.GetParentTransformNode(), None), matrix, matrix)
    to_ras = np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
    low = grid.GetExtent()[::2]
    origin = to_ras @ (*low, 1.0)
    spacing = np.linalg.norm(to_ras[:3, :3], axis=0)
    geometry = Geometry(
        shape_zyx=shape,
        spacing_xyz_mm=tuple(spacing.tolist()),
        origin_lps_mm=tuple((RAS_TO_LPS @ origin[:3]).tolist()),
        direction=tuple((RAS_TO_LPS @ (to_ras[:3, :3] / spacing)).ravel().tolist()),
    )
    valid, why = geometry.is_valid()
    if not valid:
        raise InputError(
            f"The segmentation lies under a transform that changes its form: {why}",
            next_step="Take it out of the transform in the Transforms module.",
            code="nonrigid_transform",
        )
    return geometry


def _matrix_between(source: Any | None, target: Any | None) -> Any:
    """``vtkMatrix4x4`` from the coordinates under one transform node to those under another; None is the world."""
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    if not slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(source, target, matrix):
        raise InputError(
            "A non-linear transform lies above the segmentation or its volume",
            next_step="Harden the transform first.",
            code="nonlinear_transform",
        )
    return matrix


def _empty() -> InputError:
    return InputError("The segment is empty", next_step="Choose the segment of a femur.", code="empty_segment")
