"""The panel, played by a user's clicks on real MRML in the test host (which is not Slicer)."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from factory.femur_segmenters import DOUBT, BoxSegmenter, FailingSegmenter
from factory.geometric_body import make_geometric_body
from factory.host_marks import IN_THE_HOST
from factory.played_screening import PlayedScreening

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import ModelError

pytestmark = IN_THE_HOST


@pytest.fixture(scope="module")
def body() -> CTVolume:
    return make_geometric_body()


@pytest.fixture
def volume(host: Any, body: CTVolume) -> Any:
    return add_volume(host, body, "Body")


@pytest.fixture
def played(tmp_path_factory: Any, body: CTVolume, monkeypatch: pytest.MonkeyPatch) -> PlayedScreening:
    """A stand-in where the panel would start the osteoscreen program."""
    return PlayedScreening(tmp_path_factory.mktemp("stage"), body, monkeypatch)


def add_volume(host: Any, ct: CTVolume, name: str) -> Any:
    from OsteoScreenLib.mrml.volume import write_volume_node

    node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    write_volume_node(ct, node)
    host.pump()
    return node


def screen(host: Any, panel: Any, button: str = "screenButton") -> None:
    host.click(getattr(panel.ui, button))
    host.wait_until(lambda: panel.ui.progressBar.visible is False)


def count(host: Any, kind: str) -> int:
    return host.scene.GetNumberOfNodesByClass(f"vtkMRML{kind}Node")


def test_without_a_volume_nothing_can_be_started(panel):
    for button in (panel.ui.screenButton, panel.ui.checkButton, panel.ui.rescoreButton, panel.ui.exportButton):
        assert not button.enabled
    assert not panel.ui.progressBar.visible


def test_a_click_on_screen_shows_femora_measures_and_flags(host, panel, volume, played):
    from OsteoScreenLib.mrml.segmentation_node import read_masks

    played.source(BoxSegmenter(DOUBT))
    host.choose(panel.ui.inputSelector, "Body")
    screen(host, panel)
    segmentation = panel.ui.segmentationSelector.currentNode()
    assert segmentation.GetName() == "Body femora"
    assert set(np.unique(read_masks(segmentation, volume))) == {0, 1}
    assert "Left femur" in panel.ui.sidesLabel.text
    assert "The left femur&#x27;s mask is doubtful." in panel.ui.flagsLabel.text
    assert panel.ui.measuresTableView.visible
    assert panel.ui.measuresTableSelector.currentNode().GetNumberOfRows() == 5
    assert "withheld" in panel.ui.resultLabel.text or "no bone density" in panel.ui.resultLabel.text
    assert host.dialogs == []


def test_a_check_alone_shows_flags_and_makes_no_segmentation(host, panel, volume, played):
    played.checks()
    host.choose(panel.ui.inputSelector, "Body")
    screen(host, panel, "checkButton")
    assert panel.ui.flagsTableSelector.currentNode().GetNumberOfRows() > 0
    assert panel.ui.flagsLabel.visible
    assert count(host, "Segmentation") == 0
    assert not panel.ui.exportButton.enabled


def test_a_missing_model_is_explained_in_the_panel(host, panel, volume, played):
    played.source(FailingSegmenter(ModelError("The model femur-vbnet is not installed", next_step="Install it.")))
    host.choose(panel.ui.inputSelector, "Body")
    screen(host, panel)
    assert "femur-vbnet is not installed" in panel.ui.sidesLabel.text
    assert "withheld" in panel.ui.resultLabel.text
    assert not panel.ui.measuresTableView.visible


def test_cancel_in_the_middle_leaves_the_scene_as_it_was(host, panel, volume, played):
    played.does(holds=True)
    host.choose(panel.ui.inputSelector, "Body")
    before = [host.scene.GetNthNode(n).GetID() for n in range(host.scene.GetNumberOfNodes())]
    host.click(panel.ui.screenButton)
    host.wait_until(lambda: "Outlining" in panel.ui.statusLabel.text)
    assert not panel.ui.screenButton.enabled
    assert 0 < panel.ui.progressBar.value < 100
    host.click(panel.ui.cancelButton)
    host.wait_until(lambda: panel.ui.progressBar.visible is False)
    assert "The scene is as it was" in panel.ui.statusLabel.text
    assert [host.scene.GetNthNode(n).GetID() for n in range(host.scene.GetNumberOfNodes())] == before
    assert panel.ui.screenButton.enabled


def test_scoring_again_after_editing_takes_the_edited_segments(host, panel, volume, played):
    from OsteoScreenLib.mrml.segmentation_node import read_masks, write_masks

    played.source(BoxSegmenter())
    host.choose(panel.ui.inputSelector, "Body")
    screen(host, panel)
    segmentation = panel.ui.segmentationSelector.currentNode()
    edited = read_masks(segmentation, volume).copy()
    edited[edited.shape[0] // 2 :] = 0
    write_masks(edited, volume, segmentation)
    played.given(edited)
    screen(host, panel, "rescoreButton")
    assert "mL before" in panel.ui.changesLabel.text
    assert "\u2212" in panel.ui.changesLabel.text
    assert np.array_equal(read_masks(segmentation, volume), edited)
    assert count(host, "Segmentation") == 1


def test_an_edited_segmentation_is_not_exported_with_the_old_result(host, panel, volume, played, tmp_path):
    from slicer_host import pythonqt

    from OsteoScreenLib.errors import InputError
    from OsteoScreenLib.mrml.segmentation_node import read_masks, write_masks

    played.source(BoxSegmenter())
    host.choose(panel.ui.inputSelector, "Body")
    screen(host, panel)
    segmentation = panel.ui.segmentationSelector.currentNode()
    write_masks(np.zeros_like(read_masks(segmentation, volume)), volume, segmentation)
    panel.ui.exportDirectoryButton.directory = str(tmp_path)
    host.click(panel.ui.exportButton)
    assert [kind for kind, _ in host.dialogs] == ["errorDisplay"]
    assert "edited after the result" in host.dialogs[0][1]
    assert list(tmp_path.iterdir()) == []
    assert isinstance(pythonqt.errors.pop(), InputError)  # Slicer's tryWithErrorDisplay shows it and raises it again


def test_the_exported_mask_is_the_one_in_the_scene(host, panel, volume, body, played, tmp_path):
    from OsteoScreenLib.ct.label_file import read_labels
    from OsteoScreenLib.mrml.segmentation_node import read_masks

    played.source(BoxSegmenter())
    host.choose(panel.ui.inputSelector, "Body")
    screen(host, panel)
    panel.ui.exportDirectoryButton.directory = str(tmp_path)
    screen(host, panel, "exportButton")
    folder = tmp_path / "Body"
    assert {path.name for path in folder.iterdir()} == {"report.html", "result.json", "segmentation.nii.gz"}
    labels, geometry = read_labels(folder / "segmentation.nii.gz")
    assert np.array_equal(labels, read_masks(panel.ui.segmentationSelector.currentNode(), volume))
    assert geometry.shape_zyx == body.geometry.shape_zyx
    assert str(folder) in panel.ui.exportLabel.text


def test_a_second_volume_keeps_the_answers_of_the_first(host, panel, volume, body, played):
    played.source(BoxSegmenter())
    host.choose(panel.ui.inputSelector, "Body")
    screen(host, panel)
    first = panel.ui.measuresTableSelector.currentNode()
    add_volume(host, body, "Other")
    host.choose(panel.ui.inputSelector, "Other")
    assert panel.ui.measuresTableSelector.currentNode() is None
    assert "not been screened" in panel.ui.resultLabel.text
    screen(host, panel)
    assert panel.ui.measuresTableSelector.currentNode() is not first
    assert count(host, "Segmentation") == 2
    host.choose(panel.ui.inputSelector, "Body")
    assert panel.ui.measuresTableSelector.currentNode() is first


def test_closing_the_scene_in_the_middle_ends_the_work_and_shows_nothing_of_it(host, panel, volume, played):
    played.source(BoxSegmenter())
    played.does(holds=True)
    host.choose(panel.ui.inputSelector, "Body")
    host.click(panel.ui.screenButton)
    host.wait_until(lambda: "Outlining" in panel.ui.statusLabel.text)
    host.scene.Clear()
    played.go()
    host.pump()
    assert not panel.ui.progressBar.visible
    assert count(host, "Segmentation") == 0
    assert not panel.ui.screenButton.enabled


def test_a_volume_under_a_transform_that_scales_is_refused_and_its_old_flags_are_gone(host, panel, volume, played):
    import vtk
    from slicer_host import pythonqt

    played.source(BoxSegmenter())
    host.choose(panel.ui.inputSelector, "Body")
    screen(host, panel)
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 0, 2.0)
    transform = host.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    host.click(panel.ui.screenButton)
    assert "transform" in host.dialogs[0][1]
    assert not panel.ui.flagsLabel.visible
    assert "not been screened" in panel.ui.resultLabel.text
    pythonqt.errors.clear()


def test_the_modules_own_self_test_passes_in_the_host(host, panel, repository):
    test = sys.modules["OsteoScreen"].OsteoScreenTest()
    test.runTest()


def test_a_scene_that_is_saved_closed_and_loaded_shows_the_case_again(host, panel, volume, played, tmp_path):
    from OsteoScreenLib.mrml.segmentation_node import read_masks

    played.source(BoxSegmenter())
    host.choose(panel.ui.inputSelector, "Body")
    screen(host, panel)
    labels = read_masks(panel.ui.segmentationSelector.currentNode(), volume).copy()
    sides = panel.ui.sidesLabel.text
    volume.CreateDefaultDisplayNodes()
    bundle = str(tmp_path / "case.mrb")
    assert host.scene.WriteToMRB(bundle, None, None)
    host.scene.Clear()
    host.pump()
    assert panel.ui.sidesLabel.text == ""
    assert host.scene.ReadFromMRB(bundle, False)
    panel.enter()
    loaded = panel.ui.inputSelector.currentNode()
    assert loaded.GetName() == "Body"
    assert panel.ui.sidesLabel.text == sides
    assert panel.ui.flagsLabel.visible
    assert np.array_equal(read_masks(panel.ui.segmentationSelector.currentNode(), loaded), labels)
