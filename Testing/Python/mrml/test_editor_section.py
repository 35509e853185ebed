"""Editing in the panel and scoring again, played by clicks on real MRML in the test host (which is not Slicer)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from factory.editor_case import N_VOXELS, BoxesSegmenter, centre_ras, labels_of, two_femora
from factory.host_marks import IN_THE_HOST
from factory.played_screening import PlayedScreening

pytestmark = IN_THE_HOST


class Desk:
    """A user who screens two boxes, edits them in the panel, and scores them again."""

    def __init__(self, host: Any, panel: Any, played: PlayedScreening) -> None:
        self.host, self.panel, self.played = host, panel, played
        played.source(BoxesSegmenter("left", "right"))
        self.volume = self.add_volume("Hips")
        host.choose(panel.ui.inputSelector, "Hips")

    def add_volume(self, name: str) -> Any:
        from OsteoScreenLib.mrml.volume import write_volume_node

        node = self.host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        write_volume_node(two_femora(), node)
        self.host.pump()
        return node

    def press(self, button: str) -> None:
        """Click on a button of the panel, and wait until the work that it starts is done."""
        self.host.click(getattr(self.panel.ui, button))
        self.host.wait_until(lambda: self.panel.ui.progressBar.visible is False)

    def screen(self) -> None:
        self.press("screenButton")
        if self.panel.ui.editorCollapsibleButton.collapsed:
            self.panel.ui.editorCollapsibleButton.collapsed = False
        self.host.pump()

    def rescore(self) -> None:
        self.played.given(self.labels())
        self.press("rescoreButton")

    def button(self, name: str) -> Any:
        from PySide6 import QtWidgets
        from slicer_host.pythonqt import unwrap

        return unwrap(self.panel.ui.segmentEditorWidget).findChild(QtWidgets.QPushButton, name)

    def click_in_view(self, side: str) -> None:
        import slicer
        from slicer_host.pythonqt import unwrap
        from slicer_host.slice_widget import click_at

        click_at(unwrap(slicer.app.layoutManager().sliceWidget("Red")), centre_ras(side))
        self.host.pump()

    def erase(self, side: str) -> None:
        """Choose Erase and click at a femur."""
        self.panel.ui.segmentEditorWidget.setCurrentSegmentID(f"femur_{side}")
        if not self.button("Erase").isChecked():
            self.host.click(self.button("Erase"))
        self.click_in_view(side)

    def look(self) -> None:
        """Wait until the panel has compared the segments with those measured."""
        timer = next(section for section in self.panel.sections if hasattr(section, "_lookTimer"))._lookTimer
        self.host.wait_until(lambda: not timer.active)

    def labels(self) -> np.ndarray:
        from OsteoScreenLib.mrml.segmentation_node import read_masks

        state = self.panel.state()
        return read_masks(state.nodes.segmentation, state.volumeNode).copy()

    def count(self, side: int) -> int:
        return int((self.labels() == side).sum())

    def measured_ml(self, side: str) -> float:
        return float(self.panel.state().result.femurs[side].volume_ml)


@pytest.fixture
def desk(host: Any, panel: Any, tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(host, panel, PlayedScreening(tmp_path_factory.mktemp("stage"), two_femora(), monkeypatch))


def test_the_editor_shows_the_nodes_of_the_case_and_its_effects_in_order(desk):
    editor = desk.panel.ui.segmentEditorWidget
    assert editor.segmentationNode() is None
    assert not editor.enabled
    desk.screen()
    assert editor.segmentationNode() is desk.panel.ui.segmentationSelector.currentNode()
    assert editor.sourceVolumeNode() is desk.volume
    assert editor.undoEnabled
    shown = [name for name in editor.effectNameOrder() if name in editor.availableEffectNames()]
    assert shown == ["FemurVBNet", "Erase", "Threshold", "SplitProximalFemur"]
    assert all(desk.button(name).isVisible() for name in shown)


def test_an_edit_makes_the_button_stand_out_and_scoring_again_changes_the_numbers(desk):
    desk.screen()
    desk.look()
    assert not desk.panel.ui.editedLabel.visible
    before = desk.measured_ml("left")
    desk.erase("left")
    desk.look()
    assert desk.panel.ui.editedLabel.visible
    assert "bold" in desk.panel.ui.rescoreButton.styleSheet
    assert desk.count(1) < N_VOXELS
    assert desk.count(2) == N_VOXELS
    desk.rescore()
    desk.look()
    assert desk.measured_ml("left") == pytest.approx(desk.count(1) * 0.125)
    assert desk.measured_ml("left") < before
    assert (
        f"Left femur: {before:.1f} mL before, {desk.measured_ml('left'):.1f} mL now" in desk.panel.ui.changesLabel.text
    )
    assert not desk.panel.ui.editedLabel.visible
    assert desk.panel.ui.rescoreButton.styleSheet == ""


def test_undo_after_an_edit_makes_the_segments_those_that_were_measured(desk):
    desk.screen()
    desk.erase("right")
    desk.look()
    assert desk.panel.ui.editedLabel.visible
    desk.host.click(desk.button("UndoButton"))
    desk.look()
    assert not desk.panel.ui.editedLabel.visible
    assert desk.count(2) == N_VOXELS
    desk.host.click(desk.button("RedoButton"))
    desk.look()
    assert desk.panel.ui.editedLabel.visible


def test_an_edit_can_still_be_undone_after_scoring_again(desk):
    desk.screen()
    desk.erase("left")
    desk.rescore()
    desk.host.click(desk.button("UndoButton"))
    desk.look()
    assert desk.count(1) == N_VOXELS
    assert desk.panel.ui.editedLabel.visible


def test_the_networks_outline_an_erased_femur_again_in_the_panels_editor(desk):
    desk.screen()
    desk.erase("left")
    assert desk.count(1) < N_VOXELS
    desk.host.click(desk.button("FemurVBNet"))
    effect = desk.panel.ui.segmentEditorWidget.activeEffect().self()
    desk.click_in_view("left")
    desk.host.wait_until(lambda: effect.work.idle)
    assert np.array_equal(desk.labels(), labels_of("left", "right"))


def test_nothing_can_be_edited_while_a_case_is_calculated(desk):
    desk.screen()
    desk.played.does(holds=True)
    desk.host.click(desk.panel.ui.screenButton)
    assert desk.panel.ui.segmentEditorWidget.readOnly
    assert not desk.button("Erase").isEnabled()
    desk.played.go()
    desk.host.wait_until(lambda: desk.panel.ui.progressBar.visible is False)
    assert not desk.panel.ui.segmentEditorWidget.readOnly
    assert desk.button("Erase").isEnabled()


@pytest.mark.parametrize("how", ["folded", "left"])
def test_an_effect_that_is_out_of_sight_takes_no_clicks(desk, how):
    desk.screen()
    desk.erase("left")
    erased = desk.count(1)
    assert erased < N_VOXELS
    if how == "folded":
        desk.panel.ui.editorCollapsibleButton.collapsed = True
    else:
        desk.panel.exit()
    assert desk.panel.ui.segmentEditorWidget.activeEffect() is None
    desk.click_in_view("right")
    assert desk.count(2) == N_VOXELS
    if how == "left":
        desk.panel.enter()
    desk.panel.ui.editorCollapsibleButton.collapsed = False
    desk.host.pump()
    desk.erase("right")
    assert desk.count(2) < N_VOXELS
    assert desk.count(1) == erased


def test_another_volume_brings_its_own_segments_into_the_editor(desk):
    desk.screen()
    first = desk.panel.ui.segmentEditorWidget.segmentationNode()
    desk.erase("left")
    desk.rescore()
    desk.add_volume("Other")
    desk.host.choose(desk.panel.ui.inputSelector, "Other")
    editor = desk.panel.ui.segmentEditorWidget
    assert editor.segmentationNode() is None
    assert not editor.enabled
    assert desk.panel.ui.changesLabel.text == ""
    assert not desk.panel.ui.rescoreButton.enabled
    desk.host.choose(desk.panel.ui.inputSelector, "Hips")
    assert editor.segmentationNode() is first
    assert editor.sourceVolumeNode() is desk.volume
    assert editor.enabled


def test_the_editor_works_in_the_next_scene_after_the_present_one_was_closed_in_the_middle_of_an_edit(desk):
    desk.screen()
    desk.erase("left")
    desk.host.scene.Clear()
    desk.host.pump()
    editor = desk.panel.ui.segmentEditorWidget
    assert editor.activeEffect() is None
    assert editor.segmentationNode() is None
    assert not desk.panel.ui.rescoreButton.enabled
    desk.volume = desk.add_volume("Next")
    desk.host.choose(desk.panel.ui.inputSelector, "Next")
    desk.screen()
    desk.erase("right")
    desk.look()
    assert desk.count(2) < N_VOXELS
    assert desk.panel.ui.editedLabel.visible


def test_an_edit_that_was_saved_is_seen_when_the_scene_is_loaded_again(desk, tmp_path):
    desk.screen()
    desk.erase("left")
    left = desk.count(1)
    desk.volume.CreateDefaultDisplayNodes()
    bundle = str(tmp_path / "case.mrb")
    assert desk.host.scene.WriteToMRB(bundle, None, None)
    desk.host.scene.Clear()
    desk.host.pump()
    assert desk.host.scene.ReadFromMRB(bundle, False)
    desk.panel.enter()
    desk.look()
    assert desk.count(1) == left
    assert desk.panel.ui.editedLabel.visible
    desk.volume = desk.panel.ui.inputSelector.currentNode()
    desk.erase("right")
    assert desk.count(2) < N_VOXELS
    desk.rescore()
    assert "Right femur" in desk.panel.ui.changesLabel.text


def test_a_score_that_was_stopped_says_nothing_of_changes(desk):
    desk.screen()
    desk.erase("left")
    desk.played.given(desk.labels())
    desk.played.does(holds=True)
    desk.host.click(desk.panel.ui.rescoreButton)
    desk.host.click(desk.panel.ui.cancelButton)
    desk.host.wait_until(lambda: desk.panel.ui.progressBar.visible is False)
    desk.look()
    assert desk.panel.ui.changesLabel.text == ""
    assert desk.panel.ui.editedLabel.visible


def test_a_screening_ends_a_search_of_the_effect_in_the_panels_editor(desk):
    desk.screen()
    desk.erase("left")
    erased = desk.count(1)
    desk.played.does(holds=True)
    desk.host.click(desk.button("FemurVBNet"))
    effect = desk.panel.ui.segmentEditorWidget.activeEffect().self()
    desk.click_in_view("left")
    assert not effect.work.idle
    desk.played.given(desk.labels())
    desk.host.click(desk.panel.ui.rescoreButton)
    assert effect.work.idle
    desk.played.go()
    desk.host.wait_until(lambda: desk.panel.ui.progressBar.visible is False)
    assert desk.count(1) == erased
