"""Screening from the panel by a process of its own: choices, what is missing, crashes, and the true program."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.femur_segmenters import BoxSegmenter
from factory.geometric_body import make_geometric_body
from factory.host_marks import IN_THE_HOST
from factory.played_screening import PlayedScreening

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.mrml import femur_choices, requirements
from OsteoScreenLib.mrml.femur_choices import Choice

pytestmark = IN_THE_HOST

ANSWERS_WITHIN_S = 0.1
"""What the panel promises while a case is running."""
NOT_READY = " (not ready on this machine)"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without OpenVINO and with TotalSegmentator but none of its weights."""
    lacks = {"openvino": "The Python package openvino is not installed. Run: pip install openvino.", "onnxruntime": ""}
    monkeypatch.setattr(femur_choices, "_missing", lacks.__getitem__)
    monkeypatch.setattr(femur_choices, "why_unusable", lambda: "TotalSegmentator has no weights on this machine.")


@pytest.fixture
def panel(host: Any, machine: None, repository: Path) -> Any:
    return host.open(repository / "OsteoScreen" / "OsteoScreen.py")


@pytest.fixture(scope="module")
def body() -> CTVolume:
    return make_geometric_body(0, (40, 64, 64), (6.0, 6.0, 6.0))


@pytest.fixture
def volume(host: Any, panel: Any, body: CTVolume) -> Any:
    return add_volume(host, panel, body)


@pytest.fixture
def played(tmp_path_factory: Any, body: CTVolume, monkeypatch: pytest.MonkeyPatch) -> PlayedScreening:
    played = PlayedScreening(tmp_path_factory.mktemp("stage"), body, monkeypatch)
    played.source(BoxSegmenter())
    return played


def add_volume(host: Any, panel: Any, ct: CTVolume) -> Any:
    from OsteoScreenLib.mrml.volume import write_volume_node

    node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Body")
    write_volume_node(ct, node)
    host.pump()
    host.choose(panel.ui.inputSelector, "Body")
    return node


def screen(host: Any, panel: Any, button: str = "screenButton") -> None:
    host.click(getattr(panel.ui, button))
    host.wait_until(lambda: panel.ui.progressBar.visible is False)


def node_ids(host: Any) -> list[str]:
    return [host.scene.GetNthNode(n).GetID() for n in range(host.scene.GetNumberOfNodes())]


def entries(box: Any) -> list[str]:
    return [box.itemText(n) for n in range(box.count)]


def test_the_choices_say_which_of_them_this_machine_lacks_something_for(panel):
    assert entries(panel.ui.sourceComboBox) == ["OsteoScreen's networks", f"TotalSegmentator{NOT_READY}"]
    assert entries(panel.ui.engineComboBox) == ["Automatic", "ONNX Runtime", f"OpenVINO{NOT_READY}"]
    assert not panel.ui.missingLabel.visible


def test_the_program_is_asked_for_what_was_chosen(host, panel, volume, played):
    screen(host, panel)
    host.choose(panel.ui.engineComboBox, "ONNX Runtime")
    assert not panel.ui.missingLabel.visible
    screen(host, panel)
    host.choose(panel.ui.engineComboBox, f"OpenVINO{NOT_READY}")
    assert "pip install openvino" in panel.ui.missingLabel.text
    assert panel.ui.missingLabel.visible
    screen(host, panel)
    engines = [call["arguments"][call["arguments"].index("--engine") + 1] for call in played.calls]
    assert engines == ["auto", "onnxruntime", "openvino"]
    assert all(call["arguments"][-2:] == ["--source", "vbnet"] for call in played.calls)


def test_another_source_needs_no_engine_and_says_what_it_lacks(host, panel, volume, played):
    host.choose(panel.ui.sourceComboBox, f"TotalSegmentator{NOT_READY}")
    assert not panel.ui.engineComboBox.enabled
    assert "no weights" in panel.ui.missingLabel.text
    played.does(fails_with="It has no weights.")
    screen(host, panel)
    assert played.calls[0]["arguments"][-2:] == ["--source", "totalsegmentator"]
    assert host.dialogs == [("errorDisplay", "It has no weights.")]
    host.choose(panel.ui.sourceComboBox, "OsteoScreen's networks")
    assert panel.ui.engineComboBox.enabled


def test_the_choices_are_kept_in_the_scene_and_one_that_is_not_there_any_more_is_the_usual_one(host, panel, volume):
    host.choose(panel.ui.engineComboBox, "ONNX Runtime")
    node = panel.logic.getParameterNode()
    assert (node.femurSource, node.engine) == ("vbnet", "onnxruntime")
    panel.exit()
    panel.enter()
    assert panel.ui.engineComboBox.currentText == "ONNX Runtime"
    node.engine, node.femurSource = "steam", "a guess"
    host.pump()
    assert panel.ui.engineComboBox.currentText == "Automatic"
    order = panel.cases._chosen(panel.state())
    assert (order.source, order.engine) == ("vbnet", "auto")


def test_a_choice_is_found_by_its_key():
    choices = (Choice("a"), Choice("b"))
    assert [femur_choices.position_of(key, choices) for key in ("b", "a", "c")] == [1, 0, 0]


def test_with_nothing_installed_and_the_network_closed_screen_explains_what_is_missing(
    host, panel, volume, played, monkeypatch
):
    from slicer_host import pythonqt

    from OsteoScreenLib.errors import MissingPackageError

    def pip_fails(packages: list[str], requester: str) -> None:
        raise subprocess.CalledProcessError(1, ["pip", "install", *packages])

    monkeypatch.setattr(sys.modules["slicer.packaging"], "pip_ensure", pip_fails)
    monkeypatch.setattr(requirements, "_is_installed", lambda name: name not in ("onnxruntime", "typer"))
    before = node_ids(host)
    for button in (panel.ui.screenButton, panel.ui.checkButton):
        host.click(button)
        kind, text = host.dialogs.pop()
        assert kind == "errorDisplay"
        assert "were not installed: typer>=0.12, onnxruntime>=1.18" in text
        assert "Check the network connection" in text
        assert isinstance(pythonqt.errors.pop(), MissingPackageError)
    assert node_ids(host) == before
    assert played.calls == []
    assert panel.ui.screenButton.enabled


def test_a_crash_shows_the_last_words_and_takes_the_old_answer_away(host, panel, volume, played):
    screen(host, panel)
    assert "Left femur" in panel.ui.sidesLabel.text
    played.does(code=134, says="terminate called after throwing an instance of 'std::bad_alloc'")
    screen(host, panel)
    ((kind, text),) = host.dialogs
    assert kind == "errorDisplay"
    assert "ended with code 134" in text
    assert "std::bad_alloc" in text
    assert "not been screened" in panel.ui.resultLabel.text
    assert panel.ui.screenButton.enabled


def test_work_that_cannot_be_started_leaves_the_panel_ready(host, panel, volume, played, tmp_path, monkeypatch):
    import slicer
    from slicer_host import pythonqt

    monkeypatch.setattr(slicer.app, "temporaryPath", str(tmp_path / "missing"))
    host.click(panel.ui.screenButton)
    assert "missing" in host.dialogs[0][1]
    assert isinstance(pythonqt.errors.pop(), FileNotFoundError)
    assert panel.ui.screenButton.enabled
    assert not panel.ui.progressBar.visible


def test_the_true_program_gives_the_flags_that_the_library_gives_and_the_panel_answers_meanwhile(host, panel, volume):
    from OsteoScreenLib.mrml.flags_table import flags_in

    here = panel.logic.check(volume)
    host.click(panel.ui.checkButton)
    turns = host.turns_until(lambda: panel.ui.progressBar.visible is False)
    assert host.dialogs == []
    assert len(turns) > 20
    assert np.median(turns) < ANSWERS_WITHIN_S  # the median: a busy machine may hold up a single turn
    table = panel.ui.flagsTableSelector.currentNode()
    assert [message for _, message in flags_in(table)] == [flag.message for flag in here.quality]
    assert len(here.quality) > 0


@pytest.mark.shipped_model
@pytest.mark.needs_module("onnxruntime")
def test_the_shipped_model_outlines_in_its_process_what_it_outlines_here(host, panel):
    from OsteoScreenLib.mrml.density_order import DensityOrder
    from OsteoScreenLib.mrml.measures_table import result_for_volume
    from OsteoScreenLib.mrml.region_node import read_regions_of
    from OsteoScreenLib.mrml.segmentation_node import read_masks
    from OsteoScreenLib.phantom.digital_patient import make_digital_patient
    from OsteoScreenLib.phantom.draw_traits import draw_patient
    from OsteoScreenLib.phantom.protocol import PROTOCOLS
    from OsteoScreenLib.screening.femur_source import femur_source

    spacing = (3.0, 3.0, 4.0)
    traits, protocol = draw_patient(650_000, implant=None), replace(PROTOCOLS["hip"], spacing_xyz_mm=spacing)
    patient = make_digital_patient(traits, protocol, spacing_xyz_mm=spacing, with_truth=False).ct
    node = add_volume(host, panel, patient)
    here = panel.logic.compute(panel.logic.read(node), femur_source(), density=DensityOrder())
    assert here.masks is not None
    host.click(panel.ui.screenButton)
    host.wait_until(lambda: panel.ui.progressBar.visible is False, limit_s=600.0)
    labels = read_masks(panel.ui.segmentationSelector.currentNode(), node)
    np.testing.assert_array_equal(labels, here.masks.labels)
    shown = result_for_volume(panel.ui.measuresTableSelector.currentNode(), node)
    assert (shown.quality, shown.femurs, shown.models) == (here.result.quality, here.result.femurs, here.result.models)
    assert (shown.input, shown.acquisition, shown.case_id) == (
        *(here.result.input, here.result.acquisition, here.result.case_id),
    )
    assert (shown.densitometry, shown.status) == (here.result.densitometry, here.result.status)
    assert here.regions is not None
    np.testing.assert_array_equal(read_regions_of(node), here.regions)
