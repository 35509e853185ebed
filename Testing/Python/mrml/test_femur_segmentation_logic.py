"""Masks of a volume node arrive in the scene voxel by voxel where they belong, whatever the volume's orientation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from factory.femur_segmenters import BoxSegmenter, FailingSegmenter

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError, InputError, ModelError
from OsteoScreenLib.mrml.femur_segmentation_logic import FemurSegmentationLogic
from OsteoScreenLib.mrml.femur_terms import FEMUR_TERMS
from OsteoScreenLib.mrml.segmentation_node import read_masks, write_masks
from OsteoScreenLib.mrml.volume import write_volume_node

pytestmark = pytest.mark.needs_module("slicer")

SHAPE = (9, 10, 12)


def _turned(x_deg: float, z_deg: float) -> np.ndarray:
    cx, sx = math.cos(math.radians(x_deg)), math.sin(math.radians(x_deg))
    cz, sz = math.cos(math.radians(z_deg)), math.sin(math.radians(z_deg))
    return np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]]) @ np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])


ORIENTATIONS = {
    "axial": np.eye(3),
    "sagittal": np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]]),
    "left-handed": np.diag([-1.0, 1, 1]),
    "oblique": _turned(17, 11),
    "oblique and left-handed": _turned(-23, 8) @ np.diag([1.0, 1, -1]),
}


@pytest.fixture(params=ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def oriented_node(request: pytest.FixtureRequest, new_node: Any) -> Any:
    """A volume node of an orientation, with another size of voxel along each axis."""
    geometry = Geometry(SHAPE, (0.7, 0.9, 2.5), (-31.3, 12.7, -333.3), tuple(request.param.ravel()))
    node = new_node("vtkMRMLScalarVolumeNode", "CT")
    write_volume_node(CTVolume(np.zeros(SHAPE, np.int16), geometry), node)
    return node


@pytest.fixture
def labels() -> np.ndarray:
    """Ragged masks of both sides, away from the borders of the array on some sides only."""
    rng = np.random.default_rng(3)
    labels = np.zeros(SHAPE, np.uint8)
    labels[2:8, 3:9, 6:12] = rng.integers(0, 2, (6, 6, 6))
    labels[1:7, 2:8, 1:5] = 2 * rng.integers(0, 2, (6, 6, 4))
    return labels


def world_points_of_segment(segmentation_node: Any, segment_id: str) -> np.ndarray:
    """(n, 3) RAS centres of a segment's voxels by Slicer's own geometry, transforms above the node applied, sorted."""
    import slicer
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    image = slicer.vtkOrientedImageData()
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.GetSegmentBinaryLabelmapRepresentation(segmentation_node, segment_id, image, True)
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    x0, x1, y0, y1, z0, z1 = image.GetExtent()
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(z1 - z0 + 1, y1 - y0 + 1, x1 - x0 + 1)
    number = segmentation_node.GetSegmentation().GetSegment(segment_id).GetLabelValue()  # both sides share one image
    return _in_world(np.argwhere(voxels == number)[:, ::-1] + (x0, y0, z0), matrix)


def world_points_of_array(labels: np.ndarray, number: int, volume_node: Any) -> np.ndarray:
    """(n, 3) RAS centres of the voxels of a number in an array on a volume's grid, sorted."""
    import vtk

    matrix, to_world = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    if volume_node.GetParentTransformNode():
        volume_node.GetParentTransformNode().GetMatrixTransformToWorld(to_world)
        vtk.vtkMatrix4x4.Multiply4x4(to_world, matrix, matrix)
    return _in_world(np.argwhere(labels == number)[:, ::-1], matrix)


def _in_world(indices_xyz: np.ndarray, matrix: Any) -> np.ndarray:
    to_ras = np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
    points = indices_xyz @ to_ras[:3, :3].T + to_ras[:3, 3]
    return points[np.lexsort(points.round(4).T)]


def test_every_voxel_lies_in_the_patient_where_the_array_has_it(oriented_node, labels, new_node):
    node = new_node("vtkMRMLSegmentationNode")
    write_masks(labels, oriented_node, node)
    for number, term in enumerate(FEMUR_TERMS.values(), start=1):
        expected = world_points_of_array(labels, number, oriented_node)
        np.testing.assert_allclose(world_points_of_segment(node, term.segment_id), expected, rtol=0, atol=1e-9)


def test_what_is_read_back_equals_what_was_written(oriented_node, labels, new_node):
    node = new_node("vtkMRMLSegmentationNode")
    write_masks(labels, oriented_node, node)
    assert np.array_equal(read_masks(node, oriented_node), labels)


def test_under_a_transform_the_segments_move_with_the_volume(oriented_node, labels, new_node):
    import vtk

    transform = new_node("vtkMRMLLinearTransformNode")
    turn = vtk.vtkTransform()
    turn.RotateZ(30)
    turn.Translate(5, -7, 11)
    transform.SetMatrixTransformToParent(turn.GetMatrix())
    oriented_node.SetAndObserveTransformNodeID(transform.GetID())
    node = new_node("vtkMRMLSegmentationNode")
    write_masks(labels, oriented_node, node)
    expected = world_points_of_array(labels, 1, oriented_node)
    moved = world_points_of_segment(node, "femur_left")
    assert len(expected) > 20
    np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-9)
    assert np.array_equal(read_masks(node, oriented_node), labels)
    oriented_node.SetAndObserveTransformNodeID(None)
    assert not np.array_equal(read_masks(node, oriented_node), labels)


def test_slicers_own_export_gives_the_same_voxels(oriented_node, labels, scene, new_node):
    import slicer
    import slicer.util

    node, exported = new_node("vtkMRMLSegmentationNode"), new_node("vtkMRMLLabelMapVolumeNode")
    write_masks(labels, oriented_node, node)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.ExportAllSegmentsToLabelmapNode(node, exported, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY)
    assert np.array_equal(slicer.util.arrayFromVolume(exported), labels)


def test_the_segments_have_names_codes_and_colours_that_slicer_understands(volume_node):
    import slicer
    import vtk

    segmentation = FemurSegmentationLogic(BoxSegmenter()).segment(volume_node).GetSegmentation()
    assert [segmentation.GetNthSegment(n).GetName() for n in range(2)] == ["Left femur", "Right femur"]
    terminologies = slicer.vtkSlicerTerminologiesModuleLogic()
    for side, code in (("left", "7771000"), ("right", "24028007")):
        segment, tag = segmentation.GetSegment(f"femur_{side}"), vtk.reference("")
        assert segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), tag)
        entry = slicer.vtkSlicerTerminologyEntry()
        assert terminologies.DeserializeTerminologyEntry(str(tag), entry)
        assert (entry.GetTypeObject().GetCodeValue(), entry.GetTypeObject().GetCodeMeaning()) == ("71341001", "Femur")
        assert entry.GetTypeModifierObject().GetCodeValue() == code
        assert entry.GetTypeModifierObject().GetCodeMeaning().lower() == side
        assert segment.GetColor() == pytest.approx(FEMUR_TERMS[side].color)


def test_the_segmentation_names_its_volume_and_lies_beside_it(volume_node, scene):
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = hierarchy.CreateStudyItem(hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Patient"), "Study")
    hierarchy.CreateItem(study, volume_node)
    node = FemurSegmentationLogic(BoxSegmenter()).segment(volume_node)
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    assert node.GetName() == "hip femora"
    assert node.GetNodeReference(role) is volume_node
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) == study
    assert node.GetDisplayNode() is not None


def test_a_second_run_replaces_the_femora_and_keeps_what_the_user_added(volume_node):
    node = FemurSegmentationLogic(BoxSegmenter()).segment(volume_node)
    node.GetSegmentation().AddEmptySegment("mine", "My own")
    again = FemurSegmentationLogic(BoxSegmenter()).segment(volume_node, node)
    assert again is node
    assert set(node.GetSegmentation().GetSegmentIDs()) == {"mine", "femur_left", "femur_right"}


def test_a_side_without_voxels_is_an_empty_segment(volume_node):
    logic = FemurSegmentationLogic(BoxSegmenter())
    node = logic.segment(volume_node)
    assert set(np.unique(logic.labels(node, volume_node))) == {0, 1}
    write_masks(np.zeros((5, 6, 7), np.uint8), volume_node, node)
    assert not logic.labels(node, volume_node).any()


def test_an_edited_segment_is_read_as_it_is_now(volume_node):
    import slicer
    import slicer.util

    node = FemurSegmentationLogic(BoxSegmenter()).segment(volume_node)
    edited = np.zeros((5, 6, 7), np.uint8)
    edited[1:3, 2:4, 3:5] = 1
    image = slicer.vtkOrientedImageData()
    node.GetBinaryLabelmapRepresentation("femur_left", image)
    slicer.vtkOrientedImageDataResample.FillImage(image, 0)
    image.SetExtent(3, 4, 2, 3, 1, 2)
    image.AllocateScalars(3, 1)
    slicer.vtkOrientedImageDataResample.FillImage(image, 1)
    assert slicer.vtkSlicerSegmentationsModuleLogic.SetBinaryLabelmapToSegment(image, node, "femur_left", 0)
    assert np.array_equal(read_masks(node, volume_node), edited)


def test_masks_of_another_shape_and_a_node_without_femora_are_refused(volume_node, new_node):
    node = new_node("vtkMRMLSegmentationNode")
    with pytest.raises(InputError) as refused:
        write_masks(np.zeros((1, 2, 3), np.uint8), volume_node, node)
    assert refused.value.code == "geometry_mismatch"
    for nothing in (node, None):
        with pytest.raises(InputError) as refused:
            read_masks(nothing, volume_node)
        assert refused.value.code == "no_femur_segment"


@pytest.mark.parametrize("error", [CancelledError("Stopped on request"), ModelError("No model is installed")])
def test_a_source_that_fails_leaves_the_scene_as_it_was(error, volume_node, scene):
    before = scene.GetNumberOfNodes()
    with pytest.raises(type(error)):
        FemurSegmentationLogic(FailingSegmenter(error)).segment(volume_node)
    assert scene.GetNumberOfNodes() == before


def test_without_a_choice_the_source_is_the_librarys_own_networks():
    assert FemurSegmentationLogic().segmenter.kind == "vbnet"
