"""Masks into segments and segments into masks, on real nodes without any window."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from factory.editor_case import BOXES, SHAPE, SPACING_MM, centre_ras, labels_of, two_femora

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.femur_fill import NEW, SELECTED, Filling, plan, sides_meant
from OsteoScreenLib.mrml.femur_split import split_segment
from OsteoScreenLib.mrml.segment_labelmap import read_segment, write_modifier
from OsteoScreenLib.mrml.segment_side import side_of_segment
from OsteoScreenLib.segmentation.femur_masks import FemurFinding, FemurMasks

pytestmark = pytest.mark.needs_module("slicer")


@pytest.fixture
def hips(new_node: Any) -> Any:
    """The two boxes as a volume."""
    from OsteoScreenLib.mrml.volume import write_volume_node

    node = new_node("vtkMRMLScalarVolumeNode", "Hips")
    write_volume_node(two_femora(), node)
    return node


@pytest.fixture
def segmentation(new_node: Any, hips: Any) -> Any:
    node = new_node("vtkMRMLSegmentationNode", "Bones")
    node.SetReferenceImageGeometryParameterFromVolumeNode(hips)
    return node


def image_of(mask: np.ndarray, origin_ras: tuple[float, float, float], spacing: tuple[float, float, float]) -> Any:
    """An oriented image whose axes run as those of the volume: to the left, to the back, upwards."""
    import slicer
    from vtk.util.numpy_support import numpy_to_vtk

    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*mask.shape[::-1])
    image.SetOrigin(*origin_ras)
    image.SetSpacing(*spacing)
    image.SetDirections(((-1, 0, 0), (0, -1, 0), (0, 0, 1)))
    scalars = numpy_to_vtk(np.ascontiguousarray(mask, np.uint8).ravel(), deep=True)
    image.GetPointData().SetScalars(scalars)
    return image


def add(segmentation: Any, image: Any, segment_id: str, name: str = "") -> None:
    import slicer

    segment = slicer.vtkSegment()
    segment.SetName(name or segment_id)
    segment.AddRepresentation(slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName(), image)
    segmentation.GetSegmentation().AddSegment(segment, segment_id)


ORIGIN_RAS = (147.5, 100.0, -60.0)


def test_a_mask_goes_into_a_modifier_of_the_same_grid_voxel_by_voxel(hips, segmentation):
    modifier = image_of(np.zeros(SHAPE, bool), ORIGIN_RAS, SPACING_MM)
    write_modifier(labels_of("left") > 0, hips, segmentation, modifier)
    add(segmentation, modifier, "bone")
    mask, geometry = read_segment(segmentation, "bone")
    assert np.array_equal(mask, labels_of("left") > 0)
    assert geometry.origin_lps_mm == pytest.approx(two_femora().geometry.origin_lps_mm)
    assert geometry.direction == pytest.approx(two_femora().geometry.direction)


def test_a_modifier_of_a_finer_grid_takes_the_nearest_voxels(hips, segmentation):
    half = tuple(step / 2 for step in SPACING_MM)
    origin = (ORIGIN_RAS[0] + 1.25, ORIGIN_RAS[1] + 1.25, ORIGIN_RAS[2] - 1.25)
    modifier = image_of(np.zeros([2 * n for n in SHAPE], bool), origin, half)
    write_modifier(labels_of("right") > 0, hips, segmentation, modifier)
    from vtk.util.numpy_support import vtk_to_numpy

    fine = vtk_to_numpy(modifier.GetPointData().GetScalars()).reshape([2 * n for n in SHAPE])
    assert np.array_equal(fine, np.kron(labels_of("right") > 0, np.ones((2, 2, 2))))


def test_a_femur_segment_that_reaches_beyond_the_scan_is_read_where_the_scan_is(hips, segmentation):
    from OsteoScreenLib.mrml.segmentation_node import read_masks

    larger = np.zeros((SHAPE[0] + 4, *SHAPE[1:]), bool)
    larger[:, 10:20, 30:40] = True
    image = image_of(larger, (ORIGIN_RAS[0], ORIGIN_RAS[1], ORIGIN_RAS[2]), SPACING_MM)
    image.SetExtent(0, SHAPE[2] - 1, 0, SHAPE[1] - 1, -2, SHAPE[0] + 1)
    add(segmentation, image, "femur_left")
    labels = read_masks(segmentation, hips)
    expected = np.zeros(SHAPE, np.uint8)
    expected[:, 10:20, 30:40] = 1
    assert np.array_equal(labels, expected)


def test_a_femur_segment_of_another_grid_is_resampled(hips, segmentation):
    from OsteoScreenLib.mrml.segmentation_node import read_masks

    coarse = np.zeros([n // 2 for n in SHAPE], bool)
    coarse[3:6, 5:8, 10:14] = True
    origin = (ORIGIN_RAS[0] - 2.5, ORIGIN_RAS[1] - 2.5, ORIGIN_RAS[2] + 2.5)
    add(segmentation, image_of(coarse, origin, tuple(2 * step for step in SPACING_MM)), "femur_right")
    labels = read_masks(segmentation, hips)
    assert np.array_equal(labels > 0, np.kron(coarse, np.ones((2, 2, 2))) > 0)


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("Left femur", "left"),
        ("femur_right_2", "right"),
        ("RIGHT", "right"),
        ("Bone", None),
        ("cleft", None),
        ("left or right", None),
    ],
)
def test_a_segment_says_its_side_by_its_name(name, side):
    import slicer

    segment = slicer.vtkSegment()
    segment.SetName(name)
    assert side_of_segment("Segment_1", segment) == side


def test_id_and_code_of_a_segment_count_more_than_its_name(segmentation):
    import slicer

    from OsteoScreenLib.mrml.femur_terms import FEMUR_TERMS

    segment = slicer.vtkSegment()
    segment.SetName("left")
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), FEMUR_TERMS["right"].terminology_entry)
    assert side_of_segment("Segment_1", segment) == "right"
    assert side_of_segment("femur_left", segment) == "left"


def masks_of(*sides: str) -> FemurMasks:
    return FemurMasks(labels_of(*sides), {side: FemurFinding("present") for side in sides}, "given")


def lps(point_ras: tuple[float, float, float]) -> tuple[float, float, float]:
    return (-point_ras[0], -point_ras[1], point_ras[2])


def test_a_seed_means_the_nearest_femur_and_none_a_long_way_off():
    geometry, masks = two_femora().geometry, masks_of("left", "right")
    for side in BOXES:
        assert sides_meant(masks, geometry, lps(centre_ras(side))) == (side,)
    assert sides_meant(masks, geometry, None) == ("left", "right")
    assert sides_meant(masks_of("right"), geometry, None) == ("right",)
    with pytest.raises(InputError, match=r"left one, is 1[0-9][0-9] mm"):
        sides_meant(masks_of("left"), geometry, lps(centre_ras("right")))
    with pytest.raises(InputError, match="No femur was found"):
        sides_meant(masks_of(), geometry, None)


def test_a_femurs_own_segment_is_used_for_a_new_one_only_while_it_is_empty(segmentation, hips):
    segmentation.GetSegmentation().AddEmptySegment("femur_left", "Left femur")
    assert plan(("left",), NEW, segmentation, "") == (Filling("left", "femur_left"),)
    add(segmentation, image_of(labels_of("right") > 0, ORIGIN_RAS, SPACING_MM), "femur_right")
    assert plan(("right",), NEW, segmentation, "") == (Filling("right", ""),)
    assert plan(("right",), SELECTED, segmentation, "femur_right") == (Filling("right", "femur_right"),)


def test_a_mask_without_a_region_is_refused_with_the_reasons(segmentation):
    add(segmentation, image_of(labels_of("left") > 0, ORIGIN_RAS, SPACING_MM), "femur_left", "Left femur")
    nothing = SimpleNamespace(labels=np.zeros(SHAPE, np.uint8), incomplete={"head": "It is cut.", "neck": "It is cut."})
    with pytest.raises(InputError, match=r"No region of 'Left femur' could be told\. It is cut\.$") as refused:
        split_segment(segmentation, "femur_left", None, lambda mask, geometry, side: nothing)
    assert refused.value.code == "no_regions"


def test_a_segmentation_without_a_grid_is_refused(new_node):
    node = new_node("vtkMRMLSegmentationNode")
    add(node, image_of(labels_of("left") > 0, ORIGIN_RAS, SPACING_MM), "femur_left")
    with pytest.raises(InputError) as refused:
        read_segment(node, "femur_left")
    assert refused.value.code == "no_grid"
