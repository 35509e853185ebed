"""Screening a volume node leaves femora, measures and flags in the scene, those that the library gives outside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from factory.femur_segmenters import DOUBT, BoxSegmenter, FailingSegmenter
from factory.geometric_body import make_geometric_body

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError, ModelError
from OsteoScreenLib.mrml.flags_table import light_for_volume
from OsteoScreenLib.mrml.measures_table import result_for_volume
from OsteoScreenLib.mrml.osteoscreen_logic import OsteoScreenLogic
from OsteoScreenLib.mrml.segmentation_node import read_masks
from OsteoScreenLib.mrml.volume import volume_from_node, write_volume_node
from OsteoScreenLib.screening.pipeline import screen

pytestmark = pytest.mark.needs_module("slicer")


@pytest.fixture(scope="module")
def body() -> CTVolume:
    return make_geometric_body()


@pytest.fixture
def body_node(body: CTVolume, new_node: Any) -> Any:
    node = new_node("vtkMRMLScalarVolumeNode", "Body")
    write_volume_node(body, node)
    return node


@pytest.fixture
def tables(new_node: Any) -> tuple[Any, Any]:
    return new_node("vtkMRMLTableNode", "Measures"), new_node("vtkMRMLTableNode", "Flags")


def test_the_scene_holds_what_the_library_finds_in_the_same_volume(body_node, tables, scene):
    outside = screen(volume_from_node(body_node), "Body", BoxSegmenter(DOUBT))
    result = OsteoScreenLogic().screen(body_node, None, *tables, BoxSegmenter(DOUBT))
    segmentation = scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    assert np.array_equal(read_masks(segmentation, body_node), outside.masks.labels)
    assert result.femurs == outside.result.femurs
    assert result.quality == outside.result.quality
    assert result_for_volume(tables[0], body_node).femurs == result.femurs
    assert tables[1].GetNumberOfRows() == len(result.quality)
    assert light_for_volume(tables[1], body_node)


def test_without_tables_and_with_a_chosen_node_nothing_else_is_made(body_node, new_node, scene):
    chosen = new_node("vtkMRMLSegmentationNode")
    OsteoScreenLogic().screen(body_node, chosen, segmenter=BoxSegmenter())
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1
    assert scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 0
    assert read_masks(chosen, body_node).any()


def test_a_missing_model_costs_the_mask_and_not_the_checks(body_node, tables, scene):
    segmenter = FailingSegmenter(ModelError("The model femur-vbnet is not installed", next_step="Install it."))
    result = OsteoScreenLogic().screen(body_node, None, *tables, segmenter)
    assert result.withheld
    assert "no_femur_mask" in {flag.code for flag in result.quality}
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0
    assert tables[0].GetNumberOfRows() == 0
    assert light_for_volume(tables[1], body_node) == "red"


def test_a_request_to_stop_leaves_the_scene_as_it_was(body_node, tables, scene):
    before = scene.GetNumberOfNodes()
    with pytest.raises(CancelledError):
        OsteoScreenLogic().screen(body_node, None, *tables, BoxSegmenter(), cancelled=lambda: True)
    assert scene.GetNumberOfNodes() == before
    assert [table.GetNumberOfColumns() for table in tables] == [0, 0]
