"""Bone density in the panel, by clicks: regions and landmarks come into the scene, follow an edit, and are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from densitometry.bodies import body
from factory.host_marks import IN_THE_HOST
from factory.played_screening import PlayedScreening

from OsteoScreenLib.mrml.segmentation_node import read_masks, write_masks
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter

pytestmark = IN_THE_HOST


@pytest.fixture
def volume(host: Any) -> Any:
    from OsteoScreenLib.mrml.volume import write_volume_node

    node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Body")
    write_volume_node(body().ct, node)
    host.pump()
    return node


@pytest.fixture
def played(tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch) -> PlayedScreening:
    played = PlayedScreening(tmp_path_factory.mktemp("stage"), body().ct, monkeypatch)
    played.densitometry = DensitometryOptions()
    return played


def press(host: Any, panel: Any, button: str) -> None:
    host.click(getattr(panel.ui, button))
    host.wait_until(lambda: panel.ui.progressBar.visible is False)


def landmarks(volume: Any) -> dict[str, Any]:
    from OsteoScreenLib.mrml.density_markups import LANDMARK_ATTRIBUTE, landmarks_of

    return {node.GetAttribute(LANDMARK_ATTRIBUTE): node for node in landmarks_of(volume)}


def test_a_screening_shows_densities_regions_and_landmarks_and_scoring_again_replaces_them(host, panel, volume, played):
    from OsteoScreenLib.mrml.region_node import regions_of

    played.source(GivenMaskSegmenter(body().labels))
    host.choose(panel.ui.inputSelector, "Body")
    press(host, panel, "screenButton")
    assert host.dialogs == []
    assert "It is not a DXA T-score" in panel.ui.leftDetailsLabel.text
    assert panel.ui.leftRulerLabel.visible
    assert not panel.ui.leftRulerLabel.pixmap.isNull()
    assert not panel.ui.rightRulerLabel.visible
    assert "Residual HU" in panel.ui.calibrationTextLabel.text
    regions = regions_of(volume)
    assert panel.ui.segmentationSelector.currentNode() is not regions
    ids = list(regions.GetSegmentation().GetSegmentIDs())
    assert {"left_neck_cortical", "left_neck_trabecular", "left_head_trabecular"} <= set(ids)
    assert not any(name.startswith("right") for name in ids)
    assert not regions.GetDisplayNode().GetVisibility2DFill()
    found = landmarks(volume)
    assert set(found) == {"left head sphere", "left neck axis", "left shaft axis"}
    marks = panel.state().result.densitometry.femora["left"].landmarks
    points = [found["left head sphere"].GetNthControlPointPosition(n) for n in range(24)]
    centre_ras = np.array(marks.head_centre_lps_mm) * (-1, -1, 1)
    reach = np.linalg.norm(np.array(points) - centre_ras, axis=1)
    np.testing.assert_allclose(reach, marks.head_radius_mm, atol=1e-3)

    edited = read_masks(panel.ui.segmentationSelector.currentNode(), volume)
    rows = np.flatnonzero((edited == 1).any(axis=(1, 2)))
    edited[rows[-1] - 3 :] = 0
    write_masks(edited, volume, panel.ui.segmentationSelector.currentNode())
    played.given(edited)
    press(host, panel, "rescoreButton")
    assert host.dialogs == []
    assert regions_of(volume) is regions
    assert host.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsNode") == len(landmarks(volume))
    assert landmarks(volume).get("left head sphere") is not found["left head sphere"]


def test_a_screening_that_fails_leaves_no_region_and_no_landmark(host, panel, volume, played):
    from OsteoScreenLib.mrml.region_node import regions_of

    played.source(GivenMaskSegmenter(body().labels))
    host.choose(panel.ui.inputSelector, "Body")
    press(host, panel, "screenButton")
    assert regions_of(volume) is not None
    played.does(fails_with="Something is wrong.")
    press(host, panel, "screenButton")
    assert regions_of(volume) is None
    assert landmarks(volume) == {}
    texts = ("leftStatusLabel", "leftDetailsLabel", "rightStatusLabel", "scanDensityLabel", "calibrationTextLabel")
    assert [getattr(panel.ui, name).text for name in texts] == [""] * len(texts)
    assert not panel.ui.leftRulerLabel.visible
    assert not panel.ui.calibrationCollapsibleButton.visible


def test_what_the_user_knows_goes_to_the_program_and_stays_with_its_volume(host, panel, volume, played):
    from OsteoScreenLib.mrml.volume import write_volume_node

    played.source(GivenMaskSegmenter(body().labels))
    host.choose(panel.ui.inputSelector, "Body")
    press(host, panel, "screenButton")
    assert not {"--sex", "--age", "--contrast"} & set(played.calls[-1]["arguments"])
    section = next(entry for entry in panel.sections if entry.FORM == "DensitySection.ui")
    section.ui.ageEdit.text = "71,5"
    section.onAgeTyped()
    section.note(sex="F", contrast=False)
    section.onCalibrationChosen(1)
    press(host, panel, "screenButton")
    call = " ".join(played.calls[-1]["arguments"])
    assert "--calibration internal --sex F --age 71.5 --contrast no" in call
    other = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Other")
    write_volume_node(body().ct, other)
    host.choose(panel.ui.inputSelector, "Other")
    assert (section.ui.sexComboBox.currentIndex, section.ui.ageEdit.text) == (0, "")


def test_an_age_that_is_none_is_refused_and_the_one_before_stands(host, panel, volume):
    host.choose(panel.ui.inputSelector, "Body")
    section = next(entry for entry in panel.sections if entry.FORM == "DensitySection.ui")
    section.ui.ageEdit.text = "70"
    section.onAgeTyped()
    section.ui.ageEdit.text = "700"
    section.onAgeTyped()
    assert section.ui.ageEdit.text == "70"
    assert len(host.dialogs) == 1
