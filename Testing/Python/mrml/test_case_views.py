"""A case in the slice and 3D views, on real nodes of a real scene."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.host_marks import IN_THE_HOST

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.mrml import case_views
from OsteoScreenLib.mrml.femur_focus import femur_point_ras
from OsteoScreenLib.mrml.segmentation_node import write_masks
from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.segmentation.femur_masks import FemurFinding

pytestmark = IN_THE_HOST

GRID = Geometry((70, 60, 90), (2.0, 2.0, 2.0), (-90.0, -60.0, -90.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
HEAD, SHAFT_TOP = np.array([25.0, 0.0, 20.0]), np.array([58.0, 0.0, -20.0])
HEAD_RADIUS_MM = 22.0
"""LPS millimetres of a left femur: a ball, a shaft, and a neck from the one to the other."""


@pytest.fixture
def around() -> Any:
    from slicer_host.scene import Scene

    return Scene()


@pytest.fixture
def views(around: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    import slicer
    from slicer_host.views import Views

    monkeypatch.setattr(slicer, "mrmlScene", around.scene, raising=False)
    return Views(around)


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    """Ball, neck and shaft of a left femur, and a right one that is its mirror image, shortened to a ball."""
    left = _femur()
    right = np.zeros_like(left)
    ball = _distance_to(HEAD * (-1, 1, 1)) <= HEAD_RADIUS_MM
    right[ball] = True
    return np.where(left, 1, np.where(right, 2, 0)).astype(np.uint8)


@pytest.fixture
def volume(around: Any) -> Any:
    node = around.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "hip")
    write_volume_node(CTVolume(np.full(GRID.shape_zyx, 40, np.int16), GRID), node)
    return node


@pytest.fixture
def femora(around: Any, volume: Any, labels: np.ndarray) -> Any:
    node = around.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "hip femora")
    write_masks(labels, volume, node)
    return node


def _points() -> np.ndarray:
    z, y, x = np.indices(GRID.shape_zyx)
    return np.stack([x, y, z], axis=-1) * GRID.spacing_xyz_mm + GRID.origin_lps_mm


def _distance_to(centre: np.ndarray) -> np.ndarray:
    return np.linalg.norm(_points() - centre, axis=-1)


def _femur() -> np.ndarray:
    points = _points()

    def rod(start: np.ndarray, end: np.ndarray, radius: float) -> np.ndarray:
        along = np.clip(((points - start) @ (end - start)) / ((end - start) @ (end - start)), 0.0, 1.0)
        return np.linalg.norm(points - start - along[..., None] * (end - start), axis=-1) <= radius

    shaft = rod(SHAFT_TOP, SHAFT_TOP * (1, 1, 0) + (0, 0, -95.0), 15.0)
    return (_distance_to(HEAD) <= HEAD_RADIUS_MM) | rod(HEAD, SHAFT_TOP, 15.0) | shaft


def result_with(**femurs: FemurFinding) -> CaseResult:
    return CaseResult("hip", {}, GRID, Acquisition(), femurs=femurs)


def left_only(**facts: Any) -> CaseResult:
    return result_with(left=FemurFinding("present", **facts), right=FemurFinding("absent"))


def nodes_of_class(around: Any, name: str) -> list[Any]:
    count = around.scene.GetNumberOfNodesByClass(name)
    return [around.scene.GetNthNodeByClass(number, name) for number in range(count)]


def centres(around: Any) -> list[np.ndarray]:
    """RAS millimetres of the middle of each slice view."""
    matrices = [node.GetSliceToRAS() for node in nodes_of_class(around, "vtkMRMLSliceNode")]
    return [np.array([matrix.GetElement(row, 3) for row in range(3)]) for matrix in matrices]


def ras(point_lps: Any) -> np.ndarray:
    return np.asarray(point_lps) * (-1, -1, 1)


def moved(around: Any, volume: Any, *by_mm: float) -> None:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    for row, distance in enumerate(by_mm):
        matrix.SetElement(row, 3, distance)
    transform = around.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix)
    volume.SetAndObserveTransformNodeID(transform.GetID())


def test_the_views_turn_to_the_neck_of_the_femur(around, views, volume, femora):
    case_views.show_case(volume, femora, left_only(head_centre_lps_mm=tuple(HEAD)), "left")
    neck = ras(SHAFT_TOP - HEAD) / np.linalg.norm(SHAFT_TOP - HEAD)
    for centre in centres(around):
        along = (centre - ras(HEAD)) @ neck
        assert HEAD_RADIUS_MM < along < 45.0  # beyond the ball, before the shaft
        assert np.linalg.norm(centre - ras(HEAD) - along * neck) < 2.0
        assert np.allclose(centre, centres(around)[0], atol=1e-6)


def test_the_neck_is_found_on_a_grid_that_runs_the_other_way(around, views, volume, femora, labels):
    result = left_only(head_centre_lps_mm=tuple(HEAD))
    before = femur_point_ras(volume, femora, result, "left")
    corner = GRID.to_physical((GRID.shape_zyx[2] - 1, GRID.shape_zyx[1] - 1, 0))
    turned = Geometry(GRID.shape_zyx, GRID.spacing_xyz_mm, corner, (-1, 0, 0, 0, -1, 0, 0, 0, 1))
    write_volume_node(CTVolume(np.full(GRID.shape_zyx, 40, np.int16), turned), volume)
    write_masks(np.ascontiguousarray(labels[:, ::-1, ::-1]), volume, femora)
    after = femur_point_ras(volume, femora, replace(result, geometry=turned), "left")
    assert np.allclose(before, after, atol=1.0)


def test_without_a_neck_the_views_turn_to_the_head_as_it_was_measured(around, views, volume, femora):
    head = tuple(HEAD * (-1, 1, 1))
    result = result_with(left=FemurFinding("absent"), right=FemurFinding("cut", head_centre_lps_mm=head))
    case_views.show_case(volume, femora, result)
    assert all(np.allclose(centre, ras(head), atol=1e-6) for centre in centres(around))


def test_without_a_head_the_views_turn_to_the_middle_of_the_segment(around, views, volume, femora):
    result = result_with(right=FemurFinding("cut"))
    case_views.show_case(volume, femora, result, "right")
    assert all(np.linalg.norm(centre - ras(HEAD * (-1, 1, 1))) < 3.0 for centre in centres(around))


def test_a_scrap_of_a_femur_is_shown_too(around, views, volume, femora, labels):
    scrap = np.zeros_like(labels)
    scrap[20:22, 30:32, 40:42] = 1
    write_masks(scrap, volume, femora)
    case_views.show_case(volume, femora, left_only(), "left")
    middle = np.array(GRID.to_physical((40.5, 30.5, 20.5)))
    assert all(np.linalg.norm(centre - ras(middle)) < 3.0 for centre in centres(around))


def test_a_side_that_was_not_found_moves_nothing(around, views, volume, femora):
    before = centres(around)
    case_views.show_case(volume, femora, left_only(), "right")
    case_views.show_case(volume, None, result_with())
    assert np.array_equal(before, centres(around))


def test_the_point_moves_with_a_volume_that_is_moved_after_the_screening(around, views, volume, femora):
    result = left_only(head_centre_lps_mm=tuple(HEAD))
    before = femur_point_ras(volume, femora, result, "left")
    moved(around, volume, 5.0, -7.0, 11.0)
    femora.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    after = femur_point_ras(volume, femora, result, "left")
    assert np.allclose(np.subtract(after, before), (5.0, -7.0, 11.0), atol=1e-6)
    only_segment = femur_point_ras(volume, femora, result_with(right=FemurFinding("cut")), "right")
    assert np.linalg.norm(np.array(only_segment) - ras(HEAD * (-1, 1, 1)) - (5.0, -7.0, 11.0)) < 3.0


def test_the_slices_keep_their_directions_and_zoom_to_a_hip(around, views, volume, femora):
    case_views.show_case(volume, femora, left_only(head_centre_lps_mm=tuple(HEAD)), "left")
    nodes = nodes_of_class(around, "vtkMRMLSliceNode")
    assert [node.GetOrientation() for node in nodes] == ["Axial", "Coronal", "Sagittal"]
    assert all(min(node.GetFieldOfView()[:2]) == pytest.approx(case_views.FIELD_MM) for node in nodes)


def test_the_camera_looks_at_the_femur_from_the_front(around, views, volume, femora):
    views.open_3d()
    case_views.show_case(volume, femora, left_only(head_centre_lps_mm=tuple(HEAD)), "left")
    camera = around.scene.GetFirstNodeByClass("vtkMRMLCameraNode")
    looks = np.subtract(camera.GetFocalPoint(), camera.GetPosition())
    assert np.allclose(camera.GetFocalPoint(), centres(around)[0])
    assert np.allclose(looks / np.linalg.norm(looks), (0.0, -1.0, 0.0))
    assert np.allclose(camera.GetViewUp(), (0.0, 0.0, 1.0))


def test_a_volume_is_put_into_a_bone_window_once(volume):
    assert case_views.set_bone_window(volume)
    display = volume.GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel()) == (case_views.BONE_WINDOW_HU, case_views.BONE_LEVEL_HU)
    display.SetWindowLevel(400.0, 40.0)
    assert not case_views.set_bone_window(volume)
    assert (display.GetWindow(), display.GetLevel()) == (400.0, 40.0)


def test_a_window_that_the_user_chose_stays_and_one_that_the_file_proposed_does_not(around):
    def shown(preset: bool) -> Any:
        node = around.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
        write_volume_node(
            CTVolume(np.zeros((3, 3, 3), np.int16), Geometry((3, 3, 3), (1, 1, 1), (0, 0, 0), GRID.direction)), node
        )
        node.CreateDefaultDisplayNodes()
        if preset:
            node.GetDisplayNode().AddWindowLevelPreset(350.0, 50.0)
        node.GetDisplayNode().SetAutoWindowLevel(False)
        node.GetDisplayNode().SetWindowLevel(350.0, 50.0)
        return node

    by_user, by_file = shown(False), shown(True)
    assert not case_views.set_bone_window(by_user)
    assert by_user.GetDisplayNode().GetWindow() == 350.0
    assert case_views.set_bone_window(by_file)
    assert by_file.GetDisplayNode().GetWindow() == case_views.BONE_WINDOW_HU


def test_a_layout_with_slices_and_3d_stays_and_another_becomes_four_up(around, views):
    import slicer

    kind = slicer.vtkMRMLLayoutNode
    for before, after in (
        (kind.SlicerLayoutConventionalView, kind.SlicerLayoutConventionalView),
        (kind.SlicerLayoutFourUpView, kind.SlicerLayoutFourUpView),
        (kind.SlicerLayoutOneUpRedSliceView, kind.SlicerLayoutFourUpView),
        (kind.SlicerLayoutOneUp3DView, kind.SlicerLayoutFourUpView),
    ):
        views.setLayout(int(before))
        case_views.show_slices_and_3d(around.scene)
        assert views.layout == after


def test_the_volume_is_behind_every_slice_that_follows_the_chosen_one(around, views, volume):
    first, *others = nodes_of_class(around, "vtkMRMLSliceCompositeNode")
    assert len(others) == 2
    first.SetDoPropagateVolumeSelection(False)
    case_views.show_volume(volume)
    assert first.GetBackgroundVolumeID() is None
    assert {other.GetBackgroundVolumeID() for other in others} == {volume.GetID()}


def test_surfaces_are_made_only_when_they_are_to_be_shown(femora):
    import slicer
    import vtk

    name = slicer.vtkSegmentationConverter.GetClosedSurfaceRepresentationName()
    assert not femora.GetSegmentation().ContainsRepresentation(name)
    case_views.show_femora(femora)
    surface = vtk.vtkPolyData()
    femora.GetClosedSurfaceRepresentation("femur_left", surface)
    low, high = np.array(surface.GetBounds()).reshape(3, 2).T
    assert np.allclose((high - low)[1], 44.0, atol=4.0)  # the ball is the thickest part from front to back
    assert low[0] < -58.0 < high[0]


def test_a_femur_drawn_anew_keeps_its_surface(femora, volume, labels):
    import vtk

    case_views.show_femora(femora)
    half = np.where(np.arange(labels.shape[0])[:, None, None] < 35, 0, labels).astype(np.uint8)
    write_masks(half, volume, femora)
    surface = vtk.vtkPolyData()
    case_views.show_femora(femora)
    femora.GetClosedSurfaceRepresentation("femur_left", surface)
    assert surface.GetNumberOfPoints() > 0
    assert surface.GetBounds()[4] > -25.0


def colourful(path: Path) -> float:
    """Share of the pixels in the middle third of a picture that are clearly more red than blue, as the left femur."""
    from PIL import Image

    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    height, width, _ = pixels.shape
    middle = pixels[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
    return float((middle[..., 0] - middle[..., 2] > 40).mean())


def test_the_femur_is_drawn_in_the_middle_of_slices_and_3d_and_not_where_it_is_hidden(views, volume, femora, tmp_path):
    views.open_3d()
    case_views.show_case(volume, femora, left_only(head_centre_lps_mm=tuple(HEAD)), "left")
    for visible in (True, False):
        femora.GetDisplayNode().SetVisibility(visible)
        views.draw_slice("Green", tmp_path / "slice.png", (160, 120))
        views.draw_3d(tmp_path / "3d.png", (160, 120))
        for name in ("slice.png", "3d.png"):
            assert (colourful(tmp_path / name) > 0.3) == visible, name
