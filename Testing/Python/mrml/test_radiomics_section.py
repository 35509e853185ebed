"""The section Radiomics, played by a user's clicks in the test host (which is not Slicer)."""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from factory.editor_case import labels_of, two_femora
from factory.host_marks import IN_THE_HOST
from factory.processes import is_alive, soon_gone

from OsteoScreenLib.mrml import features_table as tables
from OsteoScreenLib.mrml import radiomics_job
from OsteoScreenLib.mrml.radiomics_logic import RadiomicsLogic
from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.settings_file import load_settings

pytestmark = IN_THE_HOST

PARAMETERS = """
setting: {binWidth: 25}
imageType:
  Original: {}
  LoG: {sigma: [5.0]}
featureClass:
  shape:
  firstorder:
  glcm: [Contrast, Correlation]
"""
N_FEATURES = 14 + 2 * (18 + 2)
SPEAKS = (
    "import sys, time; print(sys.argv[2], file=sys.stderr, flush=True); time.sleep(float(sys.argv[1])); sys.exit(3)"
)


@pytest.fixture
def parameters(tmp_path: Path) -> Path:
    path = tmp_path / "quick.yaml"
    path.write_text(PARAMETERS, encoding="utf-8")
    return path


@pytest.fixture
def panel(host: Any, repository: Path) -> Any:
    panel = host.open(repository / "OsteoScreen" / "OsteoScreen.py")
    panel.ui.radiomicsCollapsibleButton.collapsed = False
    host.pump()
    return panel


def add_case(host: Any, panel: Any, name: str, *sides: str) -> tuple[Any, Any]:
    """A volume with outlined boxes, chosen in the panel."""
    from OsteoScreenLib.mrml.segmentation_node import write_masks
    from OsteoScreenLib.mrml.volume import write_volume_node

    volume = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    write_volume_node(two_femora(), volume)
    femora = host.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{name} femora")
    write_masks(labels_of(*sides), volume, femora)
    host.pump()
    host.choose(panel.ui.inputSelector, name)
    return volume, femora


@pytest.fixture
def case(host: Any, panel: Any, parameters: Path) -> tuple[Any, Any]:
    """Two outlined femora, and parameters that take no time."""
    nodes = add_case(host, panel, "Hips", "left", "right")
    choose_file(host, panel, parameters)
    return nodes


def choose_file(host: Any, panel: Any, path: Path) -> None:
    host.desktop.paths = [str(path)]
    host.click(panel.ui.radiomicsFileButton)


def extract_features(host: Any, panel: Any) -> Any:
    """Click *Extract*, wait for the end, and give the table that the section shows."""
    host.click(panel.ui.radiomicsExtractButton)
    host.wait_until(lambda: not panel.ui.radiomicsProgressBar.visible, limit_s=180.0)
    return panel.ui.radiomicsTableView.mrmlTableNode()


def of_library(parameters: Path, *sides: str) -> dict[str, dict[str, float]]:
    """What the library says of the boxes without any scene, by side."""
    ct, numbers = two_femora(), [{"left": 1, "right": 2}[side] for side in sides]
    masks = GridImage(labels_of(*sides), ct.geometry)
    table = extract(GridImage.of_ct(ct), masks, load_settings(parameters), labels=numbers)
    return {side: dict(row.features) for side, row in zip(sides, table.rows, strict=True)}


def same(first: dict[str, float], second: dict[str, float]) -> bool:
    equal = all(
        first[name] == value or (math.isnan(first[name]) and math.isnan(value)) for name, value in second.items()
    )
    return list(first) == list(second) and equal


def section_of(panel: Any) -> Any:
    (section,) = [section for section in panel.sections if section.FORM == "RadiomicsSection.ui"]
    return section


def put_results(host: Any, panel: Any, case: Any, parameters: Path, sides: tuple[str, ...] = ("left", "right")) -> Any:
    """The table, as if *Extract* had been clicked: the same nodes by the logic, without the program."""
    volume, femora = case
    node = RadiomicsLogic().extractToTable(volume, femora, str(parameters), sides)
    panel.logic.getParameterNode().featuresTable = node
    host.pump()
    return node


def look(host: Any, panel: Any) -> None:
    """Wait until the panel has compared the segments with those of the table."""
    host.wait_until(lambda: not section_of(panel)._compareTimer.active)


def test_parameters_are_described_in_words_when_the_section_is_opened(host, repository):
    panel = host.open(repository / "OsteoScreen" / "OsteoScreen.py")
    assert panel.ui.radiomicsSettingsLabel.text == ""
    panel.ui.radiomicsCollapsibleButton.collapsed = False
    host.pump()
    text = panel.ui.radiomicsSettingsLabel.text
    assert "the scan itself; Laplacian of Gaussian at 1, 3 mm (bin width 10)." in text
    assert "Resampled to 1 x 1 x 1 mm. Bin width 25. 293 features for each femur." in text
    host.choose(panel.ui.radiomicsParametersComboBox, "paper")
    assert "wavelet bands (coif1)" in panel.ui.radiomicsSettingsLabel.text
    assert "1130 features" in panel.ui.radiomicsSettingsLabel.text


def test_nothing_can_be_extracted_before_there_are_femora(host, panel):
    assert not panel.ui.radiomicsExtractButton.enabled
    assert not panel.ui.radiomicsTableView.visible
    assert not panel.ui.radiomicsCsvButton.enabled
    add_case(host, panel, "Hips", "left")
    assert panel.ui.radiomicsExtractButton.enabled


def test_extract_shows_the_librarys_features_and_saves_them(host, panel, case, parameters, tmp_path):
    table = extract_features(host, panel)
    assert host.dialogs == []
    expected = of_library(parameters, "left", "right")
    assert all(same(tables.features_in(table, side), expected[side]) for side in ("left", "right"))
    assert table.GetNumberOfRows() == N_FEATURES
    assert panel.ui.featuresTableSelector.currentNode() is table
    assert tables.features_of_volume(table, case[0]) is table
    assert (
        f"{N_FEATURES} features; parameters: quick.yaml; computed by OsteoScreen" in panel.ui.radiomicsTableLabel.text
    )
    look(host, panel)
    assert not panel.ui.radiomicsStaleLabel.visible
    host.desktop.paths = ["", str(tmp_path / "features.csv")]
    host.click(panel.ui.radiomicsCsvButton)
    assert not (tmp_path / "features.csv").exists()
    host.click(panel.ui.radiomicsCsvButton)
    with (tmp_path / "features.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert {row[0]: float(row[2]) for row in rows[1:-2]} == expected["right"]
    assert "features.csv" in panel.ui.radiomicsStatusLabel.text


def test_one_femur_can_be_chosen_and_is_all_that_is_asked_for(host, panel, case, monkeypatch):
    asked = []
    program = radiomics_job.arguments

    def arguments(order: Any, folder: Path) -> list[str]:
        asked.append(program(order, folder))
        return ["0", "nothing"]

    monkeypatch.setattr(radiomics_job, "arguments", arguments)
    monkeypatch.setattr(radiomics_job, "osteoscreen_program", lambda: [sys.executable, "-c", SPEAKS])
    for entry, labels in (("Both", ["--label", "1", "--label", "2"]), ("Left", ["--label", "1"]), ("Right", ["2"])):
        host.choose(panel.ui.radiomicsSidesComboBox, entry)
        extract_features(host, panel)
        assert asked[-1][-len(labels) :] == labels
        assert ("1" in asked[-1]) == (entry != "Right")


def test_cancel_ends_the_program_and_leaves_the_scene_as_it_was(host, panel, case, monkeypatch):
    monkeypatch.setattr(radiomics_job, "osteoscreen_program", lambda: [sys.executable, "-c", SPEAKS, "60", "at work"])
    before = [host.scene.GetNthNode(n).GetID() for n in range(host.scene.GetNumberOfNodes())]
    host.click(panel.ui.radiomicsExtractButton)
    host.wait_until(lambda: "Computing the features (" in panel.ui.radiomicsStatusLabel.text)
    pid = section_of(panel).work._job.pid
    bar = panel.ui.radiomicsProgressBar
    assert is_alive(pid)
    assert (bar.minimum, bar.maximum) == (0, 0)  # it says that there is work, not how much
    assert not panel.ui.radiomicsExtractButton.enabled
    assert panel.work.idle
    host.click(panel.ui.radiomicsCancelButton)
    host.wait_until(lambda: not bar.visible)
    assert soon_gone(pid)
    assert "The scene is as it was" in panel.ui.radiomicsStatusLabel.text
    assert [host.scene.GetNthNode(n).GetID() for n in range(host.scene.GetNumberOfNodes())] == before
    assert panel.ui.radiomicsExtractButton.enabled
    assert host.dialogs == []


@pytest.mark.parametrize("closes", ["scene", "panel"])
def test_closing_the_scene_or_the_panel_ends_the_program(host, panel, case, monkeypatch, closes):
    monkeypatch.setattr(radiomics_job, "osteoscreen_program", lambda: [sys.executable, "-c", SPEAKS, "60", "at work"])
    host.click(panel.ui.radiomicsExtractButton)
    host.wait_until(lambda: "Computing the features (" in panel.ui.radiomicsStatusLabel.text)
    pid = section_of(panel).work._job.pid
    if closes == "scene":
        host.scene.Clear()
        host.pump()
        assert not panel.ui.radiomicsProgressBar.visible
    else:
        section_of(panel).cleanup()
    assert soon_gone(pid)


def test_a_program_that_dies_is_shown_with_its_last_words(host, panel, case, monkeypatch):
    monkeypatch.setattr(radiomics_job, "osteoscreen_program", lambda: [sys.executable, "-c", SPEAKS, "0", "no memory"])
    assert extract_features(host, panel) is None
    ((kind, text),) = host.dialogs
    assert kind == "errorDisplay"
    assert "ended by itself (exit code 3): no memory" in text
    assert panel.ui.radiomicsExtractButton.enabled


def test_a_wrong_parameter_file_is_explained_and_nothing_is_started(host, panel, case, parameters):
    assert panel.ui.radiomicsExtractButton.enabled
    parameters.write_text(PARAMETERS.replace("binWidth", "binWith"), encoding="utf-8")
    choose_file(host, panel, parameters)
    assert "binWith is not a known key of setting" in panel.ui.radiomicsSettingsLabel.text
    assert "Did you mean binWidth?" in panel.ui.radiomicsSettingsLabel.text
    assert not panel.ui.radiomicsExtractButton.enabled
    host.choose(panel.ui.radiomicsParametersComboBox, "femur")
    assert panel.ui.radiomicsExtractButton.enabled
    parameters.write_text(PARAMETERS, encoding="utf-8")
    host.choose(panel.ui.radiomicsParametersComboBox, "quick.yaml")
    assert panel.ui.radiomicsExtractButton.enabled
    host.desktop.paths = [""]
    host.click(panel.ui.radiomicsFileButton)
    assert panel.ui.radiomicsParametersComboBox.currentText == "quick.yaml"


def test_a_file_that_went_wrong_after_it_was_chosen_is_explained_by_extract(host, panel, case, parameters):
    from slicer_host import pythonqt

    parameters.unlink()
    host.click(panel.ui.radiomicsExtractButton)
    assert "The parameters cannot be read" in host.dialogs[0][1]
    assert not panel.ui.radiomicsProgressBar.visible
    pythonqt.errors.clear()  # Slicer's tryWithErrorDisplay shows it and raises it again


def test_edited_segments_are_noticed_and_those_that_come_back_too(host, panel, case, parameters):
    from OsteoScreenLib.mrml.segmentation_node import write_masks

    volume, femora = case
    put_results(host, panel, case, parameters)
    look(host, panel)
    assert panel.ui.radiomicsTableView.visible
    assert not panel.ui.radiomicsStaleLabel.visible
    edited = labels_of("left", "right")
    edited[4] = 0
    write_masks(edited, volume, femora)
    look(host, panel)
    assert panel.ui.radiomicsStaleLabel.visible
    assert "earlier masks" in panel.ui.radiomicsStaleLabel.text
    write_masks(labels_of("left", "right"), volume, femora)
    look(host, panel)
    assert not panel.ui.radiomicsStaleLabel.visible


def test_each_volume_shows_its_own_table(host, panel, case, parameters):
    node = put_results(host, panel, case, parameters, ("left",))
    add_case(host, panel, "Other", "right")
    assert panel.ui.featuresTableSelector.currentNode() is None
    assert not panel.ui.radiomicsTableView.visible
    assert panel.ui.radiomicsTableLabel.text == ""
    host.choose(panel.ui.inputSelector, "Hips")
    assert panel.ui.radiomicsTableView.mrmlTableNode() is node
    assert panel.ui.radiomicsTableView.visible
    host.scene.RemoveNode(node)
    host.pump()
    assert not panel.ui.radiomicsTableView.visible


def test_features_that_come_late_go_to_their_own_volume_or_nowhere(host, panel, case, parameters):
    logic, section = RadiomicsLogic(), section_of(panel)
    order = logic.read(*case, str(parameters), ["left"])
    table = logic.compute(order)
    add_case(host, panel, "Other", "right")
    section.showFeatures(table, order, case[0])
    assert panel.ui.featuresTableSelector.currentNode() is None
    assert not panel.ui.radiomicsTableView.visible
    assert "The features of Hips are in the scene" in panel.ui.radiomicsStatusLabel.text
    assert tables.newest_features(case[0]).GetName() == "Hips features"
    count = host.scene.GetNumberOfNodesByClass("vtkMRMLTableNode")
    host.scene.RemoveNode(case[0])
    section.showFeatures(table, order, case[0])
    assert "was removed from the scene" in panel.ui.radiomicsStatusLabel.text
    assert host.scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == count


def test_no_words_of_the_section_are_cut_at_any_width(host, panel, case, parameters, monkeypatch, tmp_path):
    from PySide6 import QtWidgets
    from slicer_host import window

    from OsteoScreenLib.mrml.segmentation_node import write_masks

    put_results(host, panel, case, parameters)
    write_masks(labels_of("left"), *case)
    look(host, panel)
    for width in (360, 460, 640):
        monkeypatch.setattr(window, "WIDTH", width)
        window.draw_panel(host, panel, tmp_path / "panel.png")
        labels = panel.parent.qt_widget().findChildren(QtWidgets.QLabel)
        shown = [label for label in labels if label.isVisible() and label.objectName().startswith("radiomics")]
        wrapped = [label for label in shown if label.wordWrap() and label.text()]
        assert len(wrapped) == 3
        assert all(label.height() >= label.heightForWidth(label.width()) for label in wrapped)


def test_the_table_comes_back_with_a_saved_scene(host, panel, case, parameters, tmp_path):
    put_results(host, panel, case, parameters)
    expected = of_library(parameters, "left", "right")
    case[0].CreateDefaultDisplayNodes()
    said = panel.ui.radiomicsTableLabel.text
    bundle = str(tmp_path / "case.mrb")
    assert host.scene.WriteToMRB(bundle, None, None)
    host.scene.Clear()
    host.pump()
    assert not panel.ui.radiomicsTableView.visible
    assert host.scene.ReadFromMRB(bundle, False)
    panel.enter()
    loaded = panel.ui.radiomicsTableView.mrmlTableNode()
    assert panel.ui.featuresTableSelector.currentNode() is loaded
    assert all(same(tables.features_in(loaded, side), expected[side]) for side in ("left", "right"))
    assert panel.ui.radiomicsTableLabel.text == said
    look(host, panel)
    assert not panel.ui.radiomicsStaleLabel.visible
