"""The Segment Editor effect "Femur (VB-Net)", played by clicks on real MRML in the test host (which is not Slicer)."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.editor_case import (
    BOXES,
    DENSE_FROM_Z,
    N_VOXELS,
    BoxesSegmenter,
    EditorCase,
    centre_ras,
    labels_of,
    search_with,
    two_femora,
)
from factory.femur_segmenters import DOUBT, FailingSegmenter
from factory.host_marks import IN_THE_HOST
from factory.played_screening import PlayedScreening

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.mrml import femur_finder

pytestmark = IN_THE_HOST

NEW_SEGMENTS = "a new segment for each femur"


@pytest.fixture
def case(host: Any, repository: Path) -> Any:
    case = EditorCase(host, repository)
    yield case
    case.close()


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a source of masks where the effect would start the osteoscreen program."""

    def put(segmenter: Any) -> Any:
        monkeypatch.setattr(femur_finder, "search_in_child", search_with(segmenter))
        return segmenter

    return put


def whole_volume(case: EditorCase, target: str | None = None) -> Any:
    """Click on the effect and on its button; the effect once it is done."""
    effect = case.editor.activeEffect().self() if case.editor.activeEffect() else case.choose("FemurVBNet")
    if target:
        case.host.choose(effect.ui.targetSelector, target)
    case.host.click(effect.ui.applyButton)
    case.wait(effect)
    return effect


def test_the_whole_volume_makes_a_named_and_coded_segment_of_each_femur(case, source):
    source(BoxesSegmenter("left", "right"))
    effect = whole_volume(case, NEW_SEGMENTS)
    assert case.ids() == ["femur_left", "femur_right"]
    for side, segment_id in (("left", "femur_left"), ("right", "femur_right")):
        assert np.array_equal(case.mask(segment_id), labels_of(side) > 0)
        assert case.name(segment_id) == f"{side.capitalize()} femur"
    assert "Left femur: 288.0 mL found." in effect.ui.statusLabel.text
    assert case.host.dialogs == []


def test_where_nothing_is_selected_a_segment_is_made(case, source):
    source(BoxesSegmenter("right"))
    whole_volume(case)
    assert case.ids() == ["femur_right"]
    assert case.editor.currentSegmentID() == "femur_right"


def test_a_selected_new_segment_is_filled_and_gets_name_code_and_colour(case, source):
    import slicer
    import vtk

    from OsteoScreenLib.mrml.femur_terms import FEMUR_TERMS

    source(BoxesSegmenter("left"))
    segment_id = case.add_segment()
    whole_volume(case)
    segment = case.segmentation.GetSegmentation().GetSegment(segment_id)
    assert case.ids() == [segment_id]
    assert np.array_equal(case.mask(segment_id), labels_of("left") > 0)
    tag = vtk.reference("")
    assert segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), tag)
    assert str(tag) == FEMUR_TERMS["left"].terminology_entry
    assert segment.GetName() == "Left femur"
    assert segment.GetColor() == pytest.approx(FEMUR_TERMS["left"].color)


def test_a_segment_with_a_name_of_the_users_own_keeps_it(case, source):
    source(BoxesSegmenter("left"))
    segment_id = case.add_segment("Reader 2")
    whole_volume(case)
    assert case.name(segment_id) == "Reader 2"
    assert case.mask(segment_id).sum() == N_VOXELS


def test_a_segment_that_names_its_side_gets_that_femur(case, source):
    source(BoxesSegmenter("left", "right"))
    segment_id = case.add_segment("Femur right, reader 2")
    whole_volume(case)
    assert np.array_equal(case.mask(segment_id), labels_of("right") > 0)


def test_two_femora_for_one_segment_that_names_no_side_are_refused(case, source):
    source(BoxesSegmenter("left", "right"))
    segment_id = case.add_segment("Bone")
    whole_volume(case)
    assert "does not say which of them" in case.host.dialogs[0][1]
    assert not case.mask(segment_id).any()


def test_the_femur_of_the_other_side_is_refused(case, source):
    source(BoxesSegmenter("left"))
    segment_id = case.add_segment("Right femur")
    whole_volume(case)
    assert "that of the right" in case.host.dialogs[0][1]
    assert not case.mask(segment_id).any()


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("view", ["Red", "Green", "Yellow"])
def test_a_click_in_a_slice_view_picks_the_femur_there(case, source, side, view):
    source(BoxesSegmenter("left", "right"))
    segment_id = case.add_segment("Bone")
    effect = case.choose("FemurVBNet")
    case.click_at(centre_ras(side), view)
    case.wait(effect)
    assert np.array_equal(case.mask(segment_id), labels_of(side) > 0)


def test_a_click_beside_a_femur_picks_the_nearest_and_one_far_away_none(case, source):
    source(BoxesSegmenter("left", "right"))
    case.host.choose(case.choose("FemurVBNet").ui.targetSelector, NEW_SEGMENTS)
    effect = case.editor.activeEffect().self()
    right, anterior, superior = centre_ras("left")
    case.click_at((right, anterior + 29.0 + 45.0, superior))
    case.wait(effect)
    assert case.ids() == ["femur_left"]
    case.click_at((right, anterior + 29.0 + 55.0, superior))
    case.wait(effect)
    assert "mm from the seed" in case.host.dialogs[0][1]
    assert case.ids() == ["femur_left"]


def test_a_click_with_a_key_held_down_belongs_to_the_view(case, source):
    from PySide6 import QtCore

    segmenter = source(BoxesSegmenter("left"))
    effect = case.choose("FemurVBNet")
    case.click_at(centre_ras("left"), modifier=QtCore.Qt.KeyboardModifier.ShiftModifier)
    assert effect.work.idle
    assert segmenter.calls == 0


def test_a_volume_is_searched_once_and_again_when_it_was_changed(case, source):
    segmenter = source(BoxesSegmenter("left", "right"))
    effect = whole_volume(case, NEW_SEGMENTS)
    case.click_at(centre_ras("left"))
    case.wait(effect)
    assert segmenter.calls == 1
    case.volume.GetImageData().Modified()
    whole_volume(case)
    assert segmenter.calls == 2


def test_the_intensity_mask_is_respected(case, source):
    source(BoxesSegmenter("left"))
    case.node.SetSourceVolumeIntensityMask(True)
    case.node.SetSourceVolumeIntensityMaskRange(300.0, 3000.0)
    whole_volume(case)
    expected = labels_of("left") > 0
    expected[:DENSE_FROM_Z] = False
    assert np.array_equal(case.mask("femur_left"), expected)


def test_other_segments_are_overwritten_or_not_as_the_editor_says(case, source):
    source(BoxesSegmenter("left"))
    other = case.add_segment("Everything")
    threshold = case.choose("Threshold")
    threshold.low.setValue(-1000)
    case.host.click(threshold.applyButton)
    everything = case.mask(other).sum()
    case.choose("FemurVBNet")
    case.node.SetOverwriteMode(case.node.OverwriteNone)
    whole_volume(case, NEW_SEGMENTS)
    assert case.mask(other).sum() == everything
    case.node.SetOverwriteMode(case.node.OverwriteAllSegments)
    whole_volume(case)
    assert case.mask(other).sum() == everything - N_VOXELS


def test_editing_outside_of_segments_only_leaves_them_alone(case, source):
    source(BoxesSegmenter("left"))
    dense = case.add_segment("Dense")
    threshold = case.choose("Threshold")
    threshold.low.setValue(300)
    case.host.click(threshold.applyButton)
    case.choose("FemurVBNet")
    case.node.SetMaskMode(case.segmentation.EditAllowedOutsideAllSegments)
    whole_volume(case, NEW_SEGMENTS)
    assert case.mask(dense).sum() == N_VOXELS  # half of each box
    assert case.mask("femur_left").sum() == N_VOXELS // 2


def test_one_undo_takes_both_femora_back_and_redo_brings_them_again(case, source):
    source(BoxesSegmenter("left", "right"))
    whole_volume(case, NEW_SEGMENTS)
    case.host.click(case.button("UndoButton"))
    assert case.ids() == []
    assert not case.button("UndoButton").isEnabled()
    case.host.click(case.button("RedoButton"))
    assert case.ids() == ["femur_left", "femur_right"]
    assert np.array_equal(case.mask("femur_right"), labels_of("right") > 0)


def test_undo_of_a_filled_segment_gives_back_what_it_held(case, source):
    source(BoxesSegmenter("left"))
    segment_id = case.add_segment("Left")
    threshold = case.choose("Threshold")
    threshold.low.setValue(300)
    case.host.click(threshold.applyButton)
    before = case.mask(segment_id)
    case.choose("FemurVBNet")
    whole_volume(case)
    assert np.array_equal(case.mask(segment_id), labels_of("left") > 0)
    case.host.click(case.button("UndoButton"))
    assert np.array_equal(case.mask(segment_id), before)


def test_a_missing_model_and_a_scan_without_femora_are_told_in_words(case, source):
    source(FailingSegmenter(ModelError("The model femur-vbnet is not installed", next_step="Install it.")))
    whole_volume(case)
    source(BoxesSegmenter())
    whole_volume(case)
    assert case.host.dialogs[0] == ("errorDisplay", "The model femur-vbnet is not installed. Install it.")
    assert "No femur was found. No bone on the left. No bone on the right." in case.host.dialogs[1][1]
    assert case.ids() == []
    assert not case.button("UndoButton").isEnabled()


def test_doubts_about_the_outline_are_shown(case, source):
    source(BoxesSegmenter("left", flags=(DOUBT,)))
    assert "mask is doubtful" in whole_volume(case).ui.statusLabel.text


def test_a_volume_that_is_no_ct_is_refused_in_words(case, source):
    import vtk

    source(BoxesSegmenter("left"))
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 0, 2.0)
    transform = case.host.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix)
    case.volume.SetAndObserveTransformNodeID(transform.GetID())
    whole_volume(case)
    assert "transform that scales" in case.host.dialogs[0][1]


def test_a_volume_and_segments_under_different_transforms_meet_in_the_world(case, source):
    import vtk

    source(BoxesSegmenter("left"))
    moved = case.host.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, -25.0)  # five voxels to the patient's left
    moved.SetMatrixTransformToParent(matrix)
    case.volume.SetAndObserveTransformNodeID(moved.GetID())
    whole_volume(case)
    expected = np.zeros_like(labels_of("left"), bool)
    z, y, x = BOXES["left"]
    expected[z, y, x.start + 5 : x.stop + 5] = True
    assert np.array_equal(case.mask("femur_left"), expected)


class Waiting(BoxesSegmenter):
    """Waits until it is stopped or may end."""

    def __init__(self, *sides: str) -> None:
        super().__init__(*sides)
        self.may_end = threading.Event()

    def segment(self, ct: Any, progress: Any = None, cancelled: Any = None) -> Any:
        progress(0.3, "Waiting")
        for _ in range(2000):
            if cancelled() or self.may_end.wait(0.005):
                break
        return super().segment(ct, progress, cancelled)


def begin(case: EditorCase) -> Any:
    effect = case.choose("FemurVBNet")
    case.host.click(effect.ui.applyButton)
    case.host.wait_until(lambda: "Waiting" in effect.ui.statusLabel.text)
    return effect


def test_cancel_leaves_the_segments_as_they_were(case, source):
    source(Waiting("left"))
    effect = begin(case)
    assert not effect.ui.applyButton.enabled
    case.host.click(effect.ui.cancelButton)
    case.wait(effect)
    assert case.ids() == []
    assert "as they were" in effect.ui.statusLabel.text
    assert effect.ui.applyButton.enabled


def test_choosing_another_effect_ends_the_search(case, source):
    segmenter = source(Waiting("left"))
    segment_id = case.add_segment()
    effect = begin(case)
    case.choose("Threshold")
    segmenter.may_end.set()
    case.host.pump()
    assert effect.work.idle
    assert not case.mask(segment_id).any()


def test_an_editor_turned_to_another_segmentation_is_not_filled(case, source):
    segmenter = source(Waiting("left"))
    effect = begin(case)
    other = case.host.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Other")
    case.node.SetAndObserveSegmentationNode(other)
    segmenter.may_end.set()
    case.wait(effect)
    assert other.GetSegmentation().GetNumberOfSegments() == 0
    assert case.ids() == []
    assert "nothing was filled" in effect.ui.statusLabel.text


def test_the_femora_come_from_the_program_that_the_panel_starts_too(case, tmp_path, monkeypatch):
    played = PlayedScreening(tmp_path, two_femora(), monkeypatch)
    played.source(BoxesSegmenter("left", "right"))
    whole_volume(case, NEW_SEGMENTS)
    assert case.ids() == ["femur_left", "femur_right"]
    assert np.array_equal(case.mask("femur_right"), labels_of("right") > 0)
    assert len(played.calls) == 1


def test_a_program_that_finds_no_model_is_told_in_words(case, tmp_path, monkeypatch):
    played = PlayedScreening(tmp_path, two_femora(), monkeypatch)
    played.source(FailingSegmenter(ModelError("The model femur-vbnet is not installed", next_step="Install it.")))
    whole_volume(case)
    assert "The model femur-vbnet is not installed" in case.host.dialogs[0][1]
    assert case.ids() == []
