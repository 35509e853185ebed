"""The table of measures says what is known of each side, keeps the whole result, and speaks for one volume only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.mrml.measures_table import (
    RESULT_ATTRIBUTE,
    clear_measures,
    measures_of,
    result_for_volume,
    write_measures,
)
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.segmentation.femur_masks import FemurFinding

GEOMETRY = Geometry((5, 6, 7), (0.7, 0.8, 2.5), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
LEFT = FemurFinding("present", volume_ml=153.26, head_radius_mm=23.44, estimated_dsc=0.957)
RIGHT = FemurFinding("cut", "The image ends too early.", 80.0, implant=True)
FLAG = QualityFlag("noise", Severity.INFO, 'Noise: 12 HU; it\'s "fine" – ±1 <&>.', {"hu": 12.0})
RESULT = CaseResult("hip", {"name": "hip"}, GEOMETRY, Acquisition(), (FLAG,), {"left": LEFT, "right": RIGHT})


def test_each_side_has_its_column():
    assert measures_of(RESULT) == [
        ("Proximal femur", "in view", "cut off", ""),
        ("Volume (mL)", "153.3", "80.0", ""),
        ("Head radius (mm)", "23.4", "–", ""),
        ("Metal in or at the bone", "no", "yes", ""),
        ("Expected DSC", "0.96", "–", ""),
    ]


def test_an_absent_side_has_no_numbers():
    rows = measures_of(replace(RESULT, femurs={"left": LEFT, "right": FemurFinding("absent", "No bone.")}))
    assert rows[0] == ("Proximal femur", "in view", "not found", "")
    assert {right for _, _, right, _ in rows[1:]} == {"–"}


def test_without_masks_there_is_no_row():
    assert measures_of(replace(RESULT, femurs={})) == []


@pytest.mark.needs_module("slicer")
def test_the_table_keeps_the_result_for_its_volume_and_for_no_other(new_node, volume_node):
    table = new_node("vtkMRMLTableNode")
    write_measures(RESULT, table, volume_node)
    assert [table.GetCellText(1, column) for column in range(3)] == ["Volume (mL)", "153.3", "80.0"]
    assert result_for_volume(table, volume_node) == RESULT
    assert result_for_volume(table, new_node("vtkMRMLScalarVolumeNode")) is None
    assert result_for_volume(table, None) is None
    assert result_for_volume(None, volume_node) is None


@pytest.mark.needs_module("slicer")
def test_a_cleared_table_is_empty(new_node, volume_node):
    table = new_node("vtkMRMLTableNode")
    write_measures(RESULT, table, volume_node)
    clear_measures(table)
    assert table.GetNumberOfRows() == 0
    assert result_for_volume(table, volume_node) is None
    assert table.GetAttribute(RESULT_ATTRIBUTE) is None


@pytest.mark.needs_module("slicer")
def test_a_result_of_another_version_counts_as_none(new_node, volume_node):
    table = new_node("vtkMRMLTableNode")
    write_measures(RESULT, table, volume_node)
    table.SetAttribute(RESULT_ATTRIBUTE, '{"schema_version": 99}')
    assert result_for_volume(table, volume_node) is None


@pytest.mark.needs_module("slicer")
def test_the_result_survives_saving_the_scene(new_node, volume_node, scene):
    import slicer

    write_measures(RESULT, new_node("vtkMRMLTableNode"), volume_node)
    scene.SetSaveToXMLString(1)
    scene.Commit()
    other = slicer.vtkMRMLScene()
    other.SetSceneXMLString(scene.GetSceneXMLString())
    other.SetLoadFromXMLString(1)
    other.Import()
    table, volume = (other.GetFirstNodeByClass(f"vtkMRML{kind}Node") for kind in ("Table", "ScalarVolume"))
    assert result_for_volume(table, volume) == RESULT
