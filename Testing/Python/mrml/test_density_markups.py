"""Regions and landmarks lie in the scene where they were measured, whatever the volume's grid and transforms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from densitometry.bodies import body
from scipy.spatial.transform import Rotation

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.landmarks import FemurLandmarks
from OsteoScreenLib.mrml.case_nodes import CaseNodes, case_in_scene
from OsteoScreenLib.mrml.density_markups import LANDMARK_ATTRIBUTE, landmarks_of, show_landmarks
from OsteoScreenLib.mrml.density_view import can_be_shown, is_shown, set_shown
from OsteoScreenLib.mrml.osteoscreen_logic import OsteoScreenLogic
from OsteoScreenLib.mrml.region_node import read_regions_of, regions_of
from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter

pytestmark = pytest.mark.needs_module("slicer")

TURN = Rotation.from_euler("xyz", (12.0, -8.0, 20.0), degrees=True).as_matrix()
FLIP = np.diag([-1.0, -1.0, 1.0])
"""LPS to RAS."""
NAMES = {"left head centre", "left head sphere", "left neck axis", "left shaft axis", "left neck-shaft angle"}


def scan(turned: bool = False, mirrored: bool = False) -> tuple[CTVolume, np.ndarray]:
    """The body with a left femur, on an oblique or a left-handed grid."""
    ct, labels = body().ct, body().labels
    grid = ct.geometry
    if mirrored:  # the same voxels at the same places, their slices counted from the other end
        direction = grid.matrix @ np.diag([1.0, 1.0, -1.0])
        origin = grid.to_physical((0, 0, grid.shape_zyx[0] - 1))
        grid = replace(grid, direction=tuple(direction.ravel().tolist()), origin_lps_mm=origin)
        ct, labels = replace(ct, hu=ct.hu[::-1].copy(), geometry=grid), labels[::-1].copy()
    if turned:
        grid = turned_grid(grid)
    return replace(ct, geometry=grid), labels


def turned_grid(grid: Geometry) -> Geometry:
    return replace(
        grid,
        direction=tuple((TURN @ grid.matrix).ravel().tolist()),
        origin_lps_mm=tuple((TURN @ grid.origin_lps_mm).tolist()),
    )


def show(scene: Any, ct: CTVolume, labels: np.ndarray, name: str = "Body") -> tuple[Any, ScreenedCase, CaseNodes]:
    """A volume of the scene, screened as the panel does."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    write_volume_node(ct, node)
    return node, *score(node, labels)


def score(node: Any, labels: np.ndarray) -> tuple[ScreenedCase, CaseNodes]:
    logic = OsteoScreenLogic()
    case = screen(logic.read(node), "Body", GivenMaskSegmenter(labels), densitometry=DensitometryOptions())
    return case, logic.showCase(case, node, CaseNodes())


def marks_of(case: ScreenedCase) -> FemurLandmarks:
    marks = case.result.densitometry.femora["left"].landmarks
    assert marks is not None
    return marks


def by_name(volume: Any) -> dict[str, Any]:
    return {node.GetAttribute(LANDMARK_ATTRIBUTE): node for node in landmarks_of(volume)}


def world_point(node: Any, number: int) -> np.ndarray:
    """In LPS."""
    point = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(number, point)
    return FLIP @ point


def put_under_turn(node: Any) -> None:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    for row in range(3):
        for column in range(3):
            matrix.SetElement(row, column, (FLIP @ TURN @ FLIP)[row, column])
    transform = node.GetScene().AddNewNodeByClass("vtkMRMLLinearTransformNode", "Table")
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())


@pytest.mark.parametrize("grid", [{}, {"turned": True}, {"mirrored": True}], ids=["plain", "oblique", "left-handed"])
def test_landmarks_lie_where_they_were_measured(scene, grid):
    volume, case, _ = show(scene, *scan(**grid))
    marks, nodes = marks_of(case), by_name(volume)
    assert set(nodes) == NAMES
    np.testing.assert_allclose(world_point(nodes["left head centre"], 0), marks.head_centre_lps_mm, atol=1e-6)
    start, end = (world_point(nodes["left neck axis"], n) for n in (0, 1))
    np.testing.assert_allclose((end - start) / np.linalg.norm(end - start), marks.neck_axis, atol=1e-6)
    above, below = (world_point(nodes["left shaft axis"], n) for n in (0, 1))
    np.testing.assert_allclose((above - below) / np.linalg.norm(above - below), marks.shaft_axis, atol=1e-6)
    assert np.linalg.norm(above - below) > marks.shaft_length_mm
    assert nodes["left neck-shaft angle"].GetAngleDegrees() == pytest.approx(marks.neck_shaft_angle_deg, abs=0.01)


def test_the_sphere_has_the_heads_centre_and_radius(scene):
    volume, case, _ = show(scene, *scan(turned=True))
    marks = marks_of(case)
    bounds = [0.0] * 6
    by_name(volume)["left head sphere"].GetRASBounds(bounds)
    low, high = np.reshape(bounds, (3, 2)).T
    np.testing.assert_allclose(FLIP @ ((low + high) / 2.0), marks.head_centre_lps_mm, atol=0.1)
    np.testing.assert_allclose((high - low) / 2.0, marks.head_radius_mm, rtol=0.01)


def test_under_a_transform_they_lie_on_the_bone_and_move_along(scene):
    ct, labels = scan()
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Body")
    write_volume_node(ct, volume)
    put_under_turn(volume)
    case, _ = score(volume, labels)
    head = by_name(volume)["left head centre"]
    np.testing.assert_allclose(world_point(head, 0), marks_of(case).head_centre_lps_mm, atol=1e-6)
    volume.SetAndObserveTransformNodeID(None)
    show_landmarks(case.result, volume)
    head = by_name(volume)["left head centre"]
    np.testing.assert_allclose(TURN @ world_point(head, 0), marks_of(case).head_centre_lps_mm, atol=1e-6)


def test_what_was_not_found_has_no_node(scene):
    volume, case, _ = show(scene, *scan())
    measured = case.result.densitometry
    head_only = FemurLandmarks("left", head_centre_lps_mm=(1.0, 2.0, 3.0), head_radius_mm=22.0)
    femora = {**measured.femora, "left": replace(measured.femora["left"], landmarks=head_only)}
    result = replace(case.result, densitometry=replace(measured, femora=femora))
    show_landmarks(result, volume)
    assert set(by_name(volume)) == {"left head centre", "left head sphere"}
    show_landmarks(replace(result, densitometry=None), volume)
    assert by_name(volume) == {}


@pytest.mark.parametrize("grid", [{}, {"turned": True}, {"mirrored": True}], ids=["plain", "oblique", "left-handed"])
def test_the_regions_of_the_scene_are_those_that_were_measured_voxel_by_voxel(scene, grid):
    volume, case, nodes = show(scene, *scan(**grid))
    assert case.regions is not None
    np.testing.assert_array_equal(read_regions_of(volume), case.regions)
    told = case_in_scene(volume, nodes)
    np.testing.assert_array_equal(told.regions, case.regions)
    assert told.result.densitometry == case.result.densitometry
    regions = regions_of(volume)
    assert regions is not nodes.segmentation
    names = {regions.GetSegmentation().GetSegment(id_).GetName() for id_ in regions.GetSegmentation().GetSegmentIDs()}
    assert {"Left neck, cortical", "Left head, trabecular"} <= names


def test_regions_that_somebody_edited_are_not_taken_for_measured_ones(scene):
    volume, _, nodes = show(scene, *scan())
    segmentation = regions_of(volume).GetSegmentation()
    segmentation.RemoveSegment(segmentation.GetNthSegmentID(0))
    assert read_regions_of(volume) is None
    assert case_in_scene(volume, nodes).regions is None


def test_regions_and_landmarks_are_hidden_until_they_are_asked_for_and_stay_so_when_scored_again(scene):
    ct, labels = scan()
    volume, _, nodes = show(scene, ct, labels)
    assert can_be_shown(volume)
    assert not is_shown(volume)
    set_shown(volume, True)
    assert is_shown(volume)
    assert all(node.GetDisplayVisibility() for node in (*landmarks_of(volume), regions_of(volume)))
    assert not regions_of(volume).GetDisplayNode().GetVisibility2DFill()
    labels = labels.copy()
    labels[:3] = 0
    before = landmarks_of(volume)
    score(volume, labels)
    assert is_shown(volume)
    assert len(landmarks_of(volume)) == len(before)
    set_shown(volume, False)
    assert not any(node.GetDisplayVisibility() for node in (*landmarks_of(volume), regions_of(volume)))
    kept = scene.GetNumberOfNodes() - sum(2 for _ in (*landmarks_of(volume), regions_of(volume)))
    OsteoScreenLogic().forget(volume, nodes)
    assert scene.GetNumberOfNodes() == kept  # none of their display nodes is left behind
    assert not can_be_shown(volume)
    assert not can_be_shown(None)


def test_two_volumes_keep_their_own(scene):
    first, *_ = show(scene, *scan(), name="First")
    second, case, _ = show(scene, *scan(turned=True), name="Second")
    OsteoScreenLogic().showDensity(ScreenedCase(replace(case.result, densitometry=None)), second)
    assert set(by_name(first)) == NAMES
    assert regions_of(first) is not None
    assert not can_be_shown(second)
