"""Bone density in the panel, by clicks: regions and landmarks come into the scene, follow an edit, and are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from densitometry.bodies import body
from factory.host_marks import IN_THE_HOST
from factory.played_screening import PlayedScreening

from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.mrml.segmentation_node import read_masks, write_masks
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter

pytestmark = IN_THE_HOST


@pytest.fixture
def played(tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch) -> PlayedScreening:
    played = PlayedScreening(tmp_path_factory.mktemp("stage"), body().ct, monkeypatch)
    played.densitometry = DensitometryOptions()
    return played


def press(host: Any, panel: Any, button: str) -> None:
    host.click(getattr(panel.ui, button))
    host.wait_until(lambda: panel.ui.progressBar.visible is False)


LANDMARKS = {f"left {name}" for name in ("head centre", "head sphere", "neck axis", "shaft axis", "neck-shaft angle")}


def landmarks(volume: Any) -> dict[str, Any]:
    from OsteoScreenLib.mrml.density_markups import LANDMARK_ATTRIBUTE, landmarks_of

    return {node.GetAttribute(LANDMARK_ATTRIBUTE): node for node in landmarks_of(volume)}


def test_a_screening_shows_densities_regions_and_landmarks_and_scoring_again_replaces_them(host, panel, volume, played):
    from OsteoScreenLib.mrml.region_node import regions_of

    played.source(GivenMaskSegmenter(body().labels))
    host.choose(panel.ui.inputSelector, "Body")
    press(host, panel, "screenButton")
    assert host.dialogs == []
    assert "They are not DXA T-scores" in panel.ui.scanDensityLabel.text
    assert panel.ui.leftRulerLabel.visible
    assert not panel.ui.leftRulerLabel.pixmap.isNull()
    assert not panel.ui.rightRulerLabel.visible
    assert "Residual HU" in panel.ui.calibrationTextLabel.text
    regions = regions_of(volume)
    assert panel.ui.segmentationSelector.currentNode() is not regions
    ids = list(regions.GetSegmentation().GetSegmentIDs())
    assert {"left_neck_cortical", "left_neck_trabecular", "left_head_trabecular"} <= set(ids)
    assert not any(name.startswith("right") for name in ids)
    found = landmarks(volume)
    assert set(found) == LANDMARKS

    edited = read_masks(panel.ui.segmentationSelector.currentNode(), volume)
    rows = np.flatnonzero((edited == 1).any(axis=(1, 2)))
    edited[rows[-1] - 3 :] = 0
    write_masks(edited, volume, panel.ui.segmentationSelector.currentNode())
    played.given(edited)
    press(host, panel, "rescoreButton")
    assert host.dialogs == []
    assert regions_of(volume) is regions
    assert set(landmarks(volume)) <= LANDMARKS
    assert landmarks(volume).get("left neck axis") is not found["left neck axis"]


def test_a_click_shows_regions_and_landmarks_and_another_hides_them(host, panel, volume, played):
    from OsteoScreenLib.mrml.region_node import regions_of

    played.source(GivenMaskSegmenter(body().labels))
    host.choose(panel.ui.inputSelector, "Body")
    assert not panel.ui.showDensityCheckBox.enabled
    press(host, panel, "screenButton")
    nodes = [regions_of(volume), *landmarks(volume).values()]
    assert not any(node.GetDisplayVisibility() for node in nodes)
    host.click(panel.ui.showDensityCheckBox)
    assert all(node.GetDisplayVisibility() for node in nodes)
    panel.exit()
    panel.enter()
    assert panel.ui.showDensityCheckBox.checked
    host.click(panel.ui.showDensityCheckBox)
    assert not any(node.GetDisplayVisibility() for node in nodes)


def test_a_saved_scene_brings_everything_back(host, panel, volume, played, tmp_path):
    from OsteoScreenLib.mrml.region_node import read_regions_of

    played.source(GivenMaskSegmenter(body().labels))
    volume.CreateDefaultDisplayNodes()
    host.choose(panel.ui.inputSelector, "Body")
    press(host, panel, "screenButton")
    host.click(panel.ui.showDensityCheckBox)
    labels = ("leftStatusLabel", "leftDetailsLabel", "rightStatusLabel", "scanDensityLabel", "calibrationTextLabel")
    said = [getattr(panel.ui, name).text for name in labels]
    regions, result = read_regions_of(volume), panel.state().result
    places = points_of(volume)
    bundle = str(tmp_path / "case.mrb")
    assert host.scene.WriteToMRB(bundle, None, None)
    host.scene.Clear()
    host.pump()
    assert not panel.ui.leftRulerLabel.visible
    assert host.scene.ReadFromMRB(bundle, False)
    panel.enter()
    loaded = panel.state().volumeNode
    assert [getattr(panel.ui, name).text for name in labels] == said
    assert panel.state().result == result
    assert panel.ui.leftRulerLabel.visible
    assert panel.ui.showDensityCheckBox.checked
    assert set(landmarks(loaded)) == LANDMARKS
    np.testing.assert_array_equal(read_regions_of(loaded), regions)
    for name, points in points_of(loaded).items():
        np.testing.assert_allclose(points, places[name], atol=1e-3)


def points_of(volume: Any) -> dict[str, Any]:
    """World coordinates of every point of each markup, and the bounds of the sphere."""
    found = {}
    for name, node in landmarks(volume).items():
        if node.IsA("vtkMRMLModelNode"):
            bounds = [0.0] * 6
            node.GetRASBounds(bounds)
            found[name] = bounds
            continue
        found[name] = []
        for number in range(node.GetNumberOfControlPoints()):
            point = [0.0, 0.0, 0.0]
            node.GetNthControlPointPositionWorld(number, point)
            found[name].append(point)
    return found


def test_an_export_holds_the_regions_that_were_measured(host, panel, volume, played, tmp_path):
    from OsteoScreenLib.ct.label_file import read_labels
    from OsteoScreenLib.mrml.region_node import read_regions_of

    played.source(GivenMaskSegmenter(body().labels))
    host.choose(panel.ui.inputSelector, "Body")
    press(host, panel, "screenButton")
    panel.ui.exportDirectoryButton.directory = str(tmp_path)
    press(host, panel, "exportButton")
    assert host.dialogs == []
    assert "regions.nii.gz" in panel.ui.exportLabel.text
    written, _ = read_labels(tmp_path / "Body" / "regions.nii.gz")
    np.testing.assert_array_equal(written, read_regions_of(volume))
    assert "T-score" in (tmp_path / "Body" / "report.html").read_text(encoding="utf-8")


def test_the_table_in_the_panel_hides_the_reasons_that_stand_above_it(host, panel, volume, played):
    from slicer_host.pythonqt import unwrap

    played.source(GivenMaskSegmenter(body().labels))
    host.choose(panel.ui.inputSelector, "Body")
    press(host, panel, "screenButton")
    table = unwrap(panel.ui.measuresTableView)
    titles = [table.model().horizontalHeaderItem(n).text() for n in range(4)]
    assert titles == ["Measure", "Left", "Right", "Withheld because"]
    assert [table.isColumnHidden(n) for n in range(4)] == [False, False, False, True]


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


def type_age(host: Any, panel: Any, text: str) -> None:
    from PySide6 import QtCore, QtTest
    from slicer_host.pythonqt import unwrap

    edit = unwrap(panel.ui.ageEdit)
    edit.setFocus()
    edit.selectAll()
    QtTest.QTest.keyClicks(edit, text)
    QtTest.QTest.keyClick(edit, QtCore.Qt.Key.Key_Return)
    host.pump()


def asked(played: PlayedScreening) -> str:
    return " ".join(played.calls[-1]["arguments"])


def test_what_nobody_says_is_not_known_and_nothing_is_said_to_the_program(host, panel, volume, played):
    played.source(GivenMaskSegmenter(body().labels))
    write_without_facts(volume)
    host.choose(panel.ui.inputSelector, "Body")
    boxes = (panel.ui.sexComboBox, panel.ui.contrastComboBox)
    assert [box.currentText for box in boxes] == ["Not known", "Not known"]
    assert (panel.ui.ageEdit.text, panel.ui.ageEdit.placeholderText) == ("", "Not known")
    press(host, panel, "screenButton")
    assert not {"--sex", "--age", "--contrast", "--calibration"} & set(played.calls[-1]["arguments"])


def write_without_facts(volume: Any) -> None:
    from OsteoScreenLib.ct.acquisition import Acquisition
    from OsteoScreenLib.mrml.acquisition_attribute import keep_acquisition

    keep_acquisition(Acquisition(), volume)


def test_what_the_scan_says_is_shown_and_the_users_word_goes_before_it(host, panel, volume, played):
    from OsteoScreenLib.ct.acquisition import Acquisition
    from OsteoScreenLib.mrml.acquisition_attribute import keep_acquisition
    from OsteoScreenLib.mrml.volume import write_volume_node

    played.source(GivenMaskSegmenter(body().labels))
    facts = Acquisition(kvp=120.0, sex="F", age_years=71.0, contrast_agent="Iomeprol", facts_from="dicom")
    keep_acquisition(facts, volume)
    other = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Other")
    write_volume_node(body().ct, other)
    write_without_facts(other)
    host.choose(panel.ui.inputSelector, "Body")
    assert panel.ui.sexComboBox.currentText == "Female (from the scan)"
    assert panel.ui.contrastComboBox.currentText == "Given (from the scan)"
    assert panel.ui.ageEdit.placeholderText == "71 (from the scan)"
    press(host, panel, "screenButton")
    assert "--sex" not in asked(played)  # the program reads it in the scan
    host.choose(panel.ui.sexComboBox, "Male")
    host.choose(panel.ui.contrastComboBox, "Not given")
    host.choose(panel.ui.calibrationComboBox, "The patient's own tissues")
    type_age(host, panel, "71,5")
    press(host, panel, "screenButton")
    assert "--calibration internal --sex M --age 71.5 --contrast no" in asked(played)

    host.choose(panel.ui.inputSelector, "Other")
    assert panel.ui.sexComboBox.currentText == "Not known"
    assert (panel.ui.ageEdit.text, panel.ui.ageEdit.placeholderText) == ("", "Not known")
    assert panel.ui.calibrationComboBox.currentText == "The patient's own tissues"  # of the scanner, not of a patient
    host.choose(panel.ui.inputSelector, "Body")
    assert panel.ui.sexComboBox.currentText == "Male"
    host.choose(panel.ui.sexComboBox, "Female (from the scan)")
    press(host, panel, "screenButton")
    assert "--sex" not in asked(played)


def test_facts_that_were_not_yet_measured_with_are_pointed_out_until_they_are(host, panel, volume, played):
    played.source(GivenMaskSegmenter(body().labels))
    host.choose(panel.ui.inputSelector, "Body")
    type_age(host, panel, "77")
    assert not panel.ui.otherFactsLabel.visible  # nothing was measured yet
    type_age(host, panel, " ")
    press(host, panel, "screenButton")
    assert panel.state().result.densitometry.facts.age_years is not None
    assert not panel.ui.otherFactsLabel.visible
    type_age(host, panel, "77")
    assert panel.ui.otherFactsLabel.visible
    played.densitometry = DensitometryOptions(facts=PatientFacts(age_years=77.0))
    played.given(body().labels)
    press(host, panel, "rescoreButton")
    assert not panel.ui.otherFactsLabel.visible
    assert panel.state().result.densitometry.facts.age_years == 77.0


def test_an_age_that_is_none_is_refused_and_the_one_before_stands(host, panel, volume):
    from slicer_host import pythonqt

    host.choose(panel.ui.inputSelector, "Body")
    type_age(host, panel, "70")
    type_age(host, panel, "700")
    assert panel.ui.ageEdit.text == "70"
    assert "no number of years" in host.dialogs[0][1]
    pythonqt.errors.clear()


def test_the_files_of_a_site_are_checked_and_go_to_the_program(host, panel, volume, played, tmp_path):
    played.source(GivenMaskSegmenter(body().labels))
    host.choose(panel.ui.inputSelector, "Body")
    good, values, bad = tmp_path / "lines.json", tmp_path / "settings.json", tmp_path / "bad.json"
    good.write_text(LINES, encoding="utf-8")
    values.write_text(VALUES, encoding="utf-8")
    bad.write_text("[]", encoding="utf-8")
    assert not panel.ui.densityProblemLabel.visible
    host.choose(panel.ui.calibrationComboBox, "The site's own lines")
    assert "lines is missing" in panel.ui.densityProblemLabel.text
    press_and_refuse(host, panel, "lines is missing")
    host.desktop.paths = [str(bad), "", str(good), str(values)]
    host.click(panel.ui.siteLinesButton)
    assert panel.ui.siteLinesButton.text == "bad.json"
    assert panel.ui.densityProblemLabel.visible
    press_and_refuse(host, panel, "bad.json")
    host.click(panel.ui.siteLinesButton)  # and cancelled
    assert panel.ui.siteLinesButton.text == "bad.json"
    host.click(panel.ui.siteLinesButton)
    host.click(panel.ui.siteSettingsButton)
    assert not panel.ui.densityProblemLabel.visible
    press(host, panel, "screenButton")
    assert f"--calibration site --site-calibration {good} --site-settings {values}" in asked(played)
    host.choose(panel.ui.calibrationComboBox, "By tube voltage only (weak)")
    assert not panel.ui.siteLinesButton.enabled
    press(host, panel, "screenButton")
    assert f"--calibration fixed --site-settings {values}" in asked(played)
    assert "--site-calibration" not in asked(played)
    host.click(panel.ui.siteSettingsClearButton)
    host.click(panel.ui.siteLinesClearButton)
    assert panel.ui.siteLinesButton.text == panel.ui.siteSettingsButton.text == "Choose a file..."
    host.choose(panel.ui.calibrationComboBox, "Automatic")
    press(host, panel, "screenButton")
    assert "site" not in asked(played)


def press_and_refuse(host: Any, panel: Any, why: str) -> None:
    from slicer_host import pythonqt

    host.click(panel.ui.screenButton)
    assert why in host.dialogs.pop()[1]
    assert len(pythonqt.errors) == 1
    pythonqt.errors.clear()
    assert not panel.ui.progressBar.visible


LINES = """{"schema_version": 1, "site": "Clinic A", "calibrations": [
  {"manufacturer": "Maker", "model": "Scanner", "kvp": 120, "kernel": null, "slope": 0.741, "intercept": -1.2,
   "residual_mg_cm3": 1.4, "equivalent": "k2hpo4", "phantom": "name", "measured_on": "2026-03-01"}]}"""
VALUES = """{"schema_version": 1, "site": "Clinic A", "settings": {
  "areal.to_dxa_slope": {"value": 1.04, "source": "own regression against DXA, invented"}}}"""


def test_choices_and_facts_come_back_with_a_saved_scene(host, panel, volume, tmp_path):
    volume.CreateDefaultDisplayNodes()
    host.choose(panel.ui.inputSelector, "Body")
    host.choose(panel.ui.sexComboBox, "Male")
    host.choose(panel.ui.calibrationComboBox, "By tube voltage only (weak)")
    type_age(host, panel, "66")
    bundle = str(tmp_path / "case.mrb")
    assert host.scene.WriteToMRB(bundle, None, None)
    host.scene.Clear()
    host.pump()
    assert panel.ui.ageEdit.text == ""
    assert host.scene.ReadFromMRB(bundle, False)
    panel.enter()
    assert (panel.ui.sexComboBox.currentText, panel.ui.ageEdit.text) == ("Male", "66")
    assert panel.ui.calibrationComboBox.currentText == "By tube voltage only (weak)"
