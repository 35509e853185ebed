"""What the panel exports, read back by Slicer's own readers."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from factory.femur_segmenters import BoxSegmenter
from factory.geometric_body import make_geometric_body
from factory.host_marks import IN_THE_HOST

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import OutputError
from OsteoScreenLib.mrml import export_case as export
from OsteoScreenLib.mrml.segmentation_node import read_masks
from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.pipeline import screen

pytestmark = IN_THE_HOST

EVERYTHING = ("exportSegmentationCheckBox", "exportTablesCheckBox", "exportSceneCheckBox")


@pytest.fixture(scope="module")
def body() -> CTVolume:
    return make_geometric_body()


@pytest.fixture
def volume(host: Any, body: CTVolume) -> Any:
    node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Body")
    write_volume_node(body, node)
    return node


@pytest.fixture(scope="module")
def case(body: CTVolume) -> ScreenedCase:
    return screen(body, "Body", BoxSegmenter())


@pytest.fixture
def screened(host: Any, panel: Any, volume: Any, case: ScreenedCase, tmp_path: Path) -> Any:
    """The panel with a screened volume, and a folder chosen for the export."""
    host.pump()
    host.choose(panel.ui.inputSelector, "Body")
    panel.setNodes(panel.logic.showCase(case, volume, panel.state().nodes))
    panel.ui.exportDirectoryButton.directory = str(tmp_path)
    host.pump()
    return panel


def click(host: Any, button: Any, panel: Any) -> None:
    host.click(button)
    host.wait_until(lambda: panel.ui.progressBar.visible is False)


def loaded_segmentation(path: Path, scene: Any) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "read back")
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    return node


def terminology(segment: Any) -> str:
    import slicer
    import vtk

    entry = vtk.reference("")
    assert segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), entry)
    return str(entry)


def turned(scene: Any, *nodes: Any) -> None:
    """Put nodes under a transform that turns and moves them."""
    import vtk

    turn = vtk.vtkTransform()
    turn.RotateZ(20.0)
    turn.Translate(10.0, -20.0, 30.0)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(turn.GetMatrix())
    for node in nodes:
        node.SetAndObserveTransformNodeID(transform.GetID())


def test_everything_that_is_ticked_is_written_and_named(host, screened, tmp_path):
    for name in EVERYTHING:
        host.click(getattr(screened.ui, name))
    click(host, screened.ui.exportButton, screened)
    folder = tmp_path / "Body"
    assert {path.name for path in folder.iterdir()} == {name for names in export.FILES.values() for name in names} - {
        "regions.nii.gz"
    }
    assert str(folder) in screened.ui.exportLabel.text
    assert all(path.name in screened.ui.exportLabel.text for path in folder.iterdir())
    assert host.dialogs == []


def test_only_what_is_ticked_is_written_and_nothing_ticked_is_no_export(host, screened, tmp_path):
    host.click(screened.ui.exportCaseCheckBox)
    assert not screened.ui.exportButton.enabled
    host.click(screened.ui.exportTablesCheckBox)
    assert screened.ui.exportButton.enabled
    click(host, screened.ui.exportButton, screened)
    assert {path.name for path in (tmp_path / "Body").iterdir()} == {"measures.csv", "flags.csv"}
    assert "measures.csv" in screened.ui.exportLabel.text
    assert "report.html" not in screened.ui.exportLabel.text


def test_the_segmentation_is_read_back_with_its_voxels_names_and_codes(host, screened, volume, tmp_path):
    written = screened.ui.segmentationSelector.currentNode()
    path = export.export_segmentation(written, tmp_path)
    back = loaded_segmentation(path, host.scene)
    assert np.array_equal(read_masks(back, volume), read_masks(written, volume))
    assert read_masks(back, volume).any()
    for segment_id in ("femur_left", "femur_right"):
        ours, theirs = (node.GetSegmentation().GetSegment(segment_id) for node in (written, back))
        assert theirs.GetName() == ours.GetName()
        assert theirs.GetColor() == pytest.approx(ours.GetColor(), abs=0.005)
        assert "SCT^71341001^Femur" in terminology(theirs)
        assert terminology(theirs).split("~")[1:4] == terminology(ours).split("~")[1:4]


def test_a_transform_above_the_segmentation_is_in_the_file_and_not_hardened_in_the_scene(
    host, screened, volume, tmp_path
):
    written = screened.ui.segmentationSelector.currentNode()
    before = read_masks(written, volume)
    turned(host.scene, volume, written)
    back = loaded_segmentation(export.export_segmentation(written, tmp_path), host.scene)
    assert back.GetParentTransformNode() is None
    assert written.GetParentTransformNode() is not None
    # The volume under the transform and the file without one: the same voxels of the patient.
    assert np.array_equal(read_masks(back, volume), before)
    volume.SetAndObserveTransformNodeID(None)
    assert not np.array_equal(read_masks(back, volume), before)


def test_a_surface_is_not_written_and_stays_in_the_scene(host, screened, volume, tmp_path):
    import slicer

    written = screened.ui.segmentationSelector.currentNode()
    written.CreateClosedSurfaceRepresentation()
    back = loaded_segmentation(export.export_segmentation(written, tmp_path), host.scene)
    surface = slicer.vtkSegmentationConverter.GetClosedSurfaceRepresentationName()
    assert written.GetSegmentation().ContainsRepresentation(surface)
    assert np.array_equal(read_masks(back, volume), read_masks(written, volume))


def test_the_tables_hold_what_the_panel_shows(screened, tmp_path):
    state = screened.state()
    measures, flags = export.export_tables(state.nodes, tmp_path)
    with measures.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    left = state.result.femurs["left"]
    assert rows[0] == ["Measure", "Left", "Right", "Withheld because"]
    assert ["Volume (mL)", f"{left.volume_ml:.1f}", "", ""] in rows
    with flags.open(encoding="utf-8", newline="") as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    assert codes == [flag.code for flag in state.result.quality]


def test_a_cell_that_a_spreadsheet_would_run_is_written_as_text(host):
    import vtk

    node = host.scene.AddNewNodeByClass("vtkMRMLTableNode")
    column = vtk.vtkStringArray()
    column.SetName("message")
    for text in ("=1+1", "plain", "–"):
        column.InsertNextValue(text)
    node.AddColumn(column)
    assert export.table_text(node) == 'message\n\'=1+1\nplain\n""\n'


def test_the_scene_is_read_back_with_the_case_and_keeps_its_own_file(host, screened, volume, tmp_path):
    host.scene.SetURL("/somewhere/my.mrml")
    storage = host.scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName("/somewhere/hip.nrrd")
    volume.SetAndObserveStorageNodeID(storage.GetID())
    labels = read_masks(screened.ui.segmentationSelector.currentNode(), volume).copy()
    path = export.export_scene(host.scene, tmp_path)
    assert host.scene.GetURL() == "/somewhere/my.mrml"
    assert storage.GetFileName() == "/somewhere/hip.nrrd"
    assert [entry.name for entry in tmp_path.iterdir()] == ["scene.mrb"]
    host.scene.Clear()
    assert host.scene.ReadFromMRB(str(path), False)
    screened.enter()
    node = screened.ui.inputSelector.currentNode()
    assert np.array_equal(read_masks(screened.ui.segmentationSelector.currentNode(), node), labels)
    assert screened.state().result is not None


def test_files_are_replaced_only_when_the_user_agrees(host, screened, tmp_path, monkeypatch):
    import slicer

    folder = tmp_path / "Body"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    click(host, screened.ui.exportButton, screened)
    assert host.dialogs == []  # a folder with other files is nothing to ask about
    first = (folder / "result.json").read_bytes()
    (folder / "result.json").write_text("edited", encoding="utf-8")
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text: asked.append(text) and False)
    asked: list[str] = []
    click(host, screened.ui.exportButton, screened)
    assert (folder / "result.json").read_text(encoding="utf-8") == "edited"
    assert "result.json" in asked[0]
    assert "notes.txt" not in asked[0]
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text: True)
    click(host, screened.ui.exportButton, screened)
    assert json.loads((folder / "result.json").read_bytes())["femurs"] == json.loads(first)["femurs"]
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_what_cannot_be_written_is_said_and_leaves_nothing_half_written(host, screened, tmp_path):
    with pytest.raises(OutputError, match="Slicer could not write the file"):
        export.export_scene(SimpleNamespace(WriteToMRB=lambda *_: False), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_the_volumes_own_file_is_offered_unless_it_does_not_last(host, panel, volume, tmp_path):
    assert export.directory_of(volume) is None
    storage = host.scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(str(tmp_path / "hip.nrrd"))
    volume.SetAndObserveStorageNodeID(storage.GetID())
    assert export.directory_of(volume) == tmp_path.resolve()
    assert export.directory_of(volume, (str(tmp_path.parent),)) is None
    volume.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert export.directory_of(volume) is None
    volume.RemoveAttribute("DICOM.instanceUIDs")
    host.pump()
    host.choose(panel.ui.inputSelector, "Body")
    assert panel.ui.exportDirectoryButton.directory == str(tmp_path.resolve())


def test_a_folder_that_the_user_chose_stays_when_another_volume_is_chosen(host, panel, volume, body, tmp_path):
    panel.ui.exportDirectoryButton.directory = str(tmp_path)
    storage = host.scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    (tmp_path / "scans").mkdir()
    storage.SetFileName(str(tmp_path / "scans" / "hip.nrrd"))
    volume.SetAndObserveStorageNodeID(storage.GetID())
    host.pump()
    host.choose(panel.ui.inputSelector, "Body")
    assert panel.ui.exportDirectoryButton.directory == str(tmp_path)
