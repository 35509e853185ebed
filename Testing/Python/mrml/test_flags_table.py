"""The flags of a result become rows of a table node, with a traffic-light word each."""

from __future__ import annotations

import pytest

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.mrml.flags_table import clear_flags, light_for_volume, light_of, write_flags
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.case_result import CaseResult

pytestmark = pytest.mark.needs_module("slicer")

WITHHOLD = QualityFlag("metal", Severity.WITHHOLD, "There is metal in the scan.")
WARNING = QualityFlag("sharp_kernel", Severity.WARNING, 'A sharp kernel, "B70f", was used.')
INFO = QualityFlag("noise", Severity.INFO, "The noise is 12 HU (± 1).")


def result_with(*flags: QualityFlag) -> CaseResult:
    geometry = Geometry((1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    return CaseResult(case_id="hip", input={}, geometry=geometry, acquisition=Acquisition(), quality=flags)


def rows_of(table_node) -> list[tuple[str, ...]]:
    columns = range(table_node.GetNumberOfColumns())
    return [tuple(table_node.GetCellText(row, c) for c in columns) for row in range(table_node.GetNumberOfRows())]


@pytest.fixture
def table_node(new_node):
    return new_node("vtkMRMLTableNode", "flags")


def test_every_flag_is_a_row_in_the_order_of_the_result(table_node):
    write_flags(result_with(WITHHOLD, WARNING, INFO), table_node)
    assert [table_node.GetColumnName(c) for c in range(4)] == ["light", "severity", "code", "message"]
    assert rows_of(table_node) == [
        ("red", "withhold", "metal", "There is metal in the scan."),
        ("amber", "warning", "sharp_kernel", 'A sharp kernel, "B70f", was used.'),
        ("green", "info", "noise", "The noise is 12 HU (± 1)."),
    ]


def test_a_second_result_replaces_the_first(table_node):
    write_flags(result_with(WITHHOLD, WARNING), table_node)
    write_flags(result_with(INFO), table_node)
    assert [row[2] for row in rows_of(table_node)] == ["noise"]


def test_a_result_without_flags_is_an_empty_green_table(table_node, volume_node):
    write_flags(result_with(), table_node, volume_node)
    assert rows_of(table_node) == []
    assert table_node.GetNumberOfColumns() == 4
    assert light_for_volume(table_node, volume_node) == "green"


@pytest.mark.parametrize(
    ("flags", "light"),
    [((), "green"), ((INFO,), "green"), ((INFO, WARNING), "amber"), ((WARNING, WITHHOLD, INFO), "red")],
)
def test_the_light_of_a_result_is_that_of_its_gravest_flag(flags, light):
    assert light_of(result_with(*flags)) == light


def test_a_table_speaks_for_the_checked_volume_and_for_no_other(table_node, volume_node, new_node):
    write_flags(result_with(WARNING), table_node, volume_node)
    assert light_for_volume(table_node, volume_node) == "amber"
    assert light_for_volume(table_node, new_node("vtkMRMLScalarVolumeNode", "another")) == ""
    assert light_for_volume(table_node, None) == ""
    assert light_for_volume(None, volume_node) == ""


def test_a_table_written_without_a_volume_speaks_for_none(table_node, volume_node):
    write_flags(result_with(WARNING), table_node, volume_node)
    write_flags(result_with(WARNING), table_node)
    assert light_for_volume(table_node, volume_node) == ""


def test_a_cleared_table_is_empty_and_speaks_for_no_volume(table_node, volume_node):
    write_flags(result_with(WITHHOLD), table_node, volume_node)
    clear_flags(table_node)
    assert rows_of(table_node) == []
    assert light_for_volume(table_node, volume_node) == ""


def test_the_table_cannot_be_edited_in_the_panel(table_node):
    write_flags(result_with(WARNING), table_node)
    assert table_node.GetLocked()


def test_the_light_and_the_checked_volume_survive_saving_the_scene(table_node, volume_node, scene):
    import slicer

    write_flags(result_with(WARNING), table_node, volume_node)
    text = saved(scene)
    other = slicer.vtkMRMLScene()
    other.SetSceneXMLString(text)
    other.SetLoadFromXMLString(1)
    other.Import()
    table = other.GetFirstNodeByClass("vtkMRMLTableNode")
    volume = other.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    assert light_for_volume(table, volume) == "amber"


def saved(scene) -> str:
    """The scene's own XML, without the voxels and cells that lie in files of their own."""
    scene.SetSaveToXMLString(1)
    scene.Commit()
    return scene.GetSceneXMLString()
