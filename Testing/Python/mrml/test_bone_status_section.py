"""The section Bone status, played by a user's clicks in the test host (which is not Slicer)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from densitometry.bodies import body
from factory.host_marks import IN_THE_HOST
from factory.played_screening import PlayedScreening
from factory.status_bundles import make_hip, make_status_bundle

from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.store import install_model
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.screening.status_models import StatusModels
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter
from OsteoScreenLib.status.bone_status import CLASSES
from OsteoScreenLib.status.status_answer import DEMONSTRATION
from OsteoScreenLib.status.status_classifier import StatusClassifier

pytestmark = [
    pytest.mark.usefixtures("own_models"),
    *IN_THE_HOST,
    *(pytest.mark.needs_module(name) for name in ("sklearn", "skl2onnx", "onnxruntime")),
]

HOSTILE = "<b>Bold</b> <img src='x'> & {model}\x1b[31m"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: Any) -> dict[str, Path]:
    """A model of all features, and a demonstration."""
    folder = tmp_path_factory.mktemp("status")
    hip = make_hip(folder)
    return {
        "test-status-fusion": make_status_bundle(folder / "fusion", hip),
        "test-status-age-sex": make_status_bundle(folder / "age-sex", hip, "age_sex", demonstration=True),
    }


@pytest.fixture(scope="module")
def answered(bundles: dict[str, Path]) -> ScreenedCase:
    """What the library finds in the body when both models are asked; the first one has a title that wants more."""
    ready = tuple(StatusClassifier(load_bundle(folder)) for folder in bundles.values())
    models = StatusModels(ready, ("A third one was not asked.",), threads=1)
    options = DensitometryOptions()
    case = screen(body().ct, "scan", GivenMaskSegmenter(body().labels), densitometry=options, status=models)
    answers = [
        replace(answer, model=replace(answer.model, title=HOSTILE))
        if answer.status.model in list(bundles)[:1]
        else answer
        for answer in case.result.model_status
    ]
    return replace(case, result=replace(case.result, model_status=tuple(answers)))


@pytest.fixture
def played(tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch, answered: ScreenedCase) -> PlayedScreening:
    played = PlayedScreening(tmp_path_factory.mktemp("stage"), body().ct, monkeypatch)
    played.answers("vbnet", answered)
    return played


def press(host: Any, panel: Any, button: str) -> None:
    host.click(getattr(panel.ui, button))
    host.wait_until(lambda: panel.ui.progressBar.visible is False)


def screened(host: Any, panel: Any) -> None:
    host.choose(panel.ui.inputSelector, "Body")
    press(host, panel, "screenButton")
    assert host.dialogs == []


def label(panel: Any, name: str) -> Any:
    from PySide6 import QtWidgets

    (found,) = panel.parent.qt_widget().findChildren(QtWidgets.QLabel, name)
    return found


def plain(found: Any) -> str:
    """What a user reads in a label."""
    from PySide6 import QtGui

    document = QtGui.QTextDocument()
    document.setHtml(found.text())
    return " ".join(document.toPlainText().split())


def percent(share: float) -> str:
    whole = round(100 * share)
    return "< 1 %" if whole == 0 else "> 99 %" if whole == 100 else f"{whole} %"


def told_in_file(played: PlayedScreening) -> list[list[dict[str, Any]]]:
    """The answers in the result file: for each model left, right."""
    text = (played.stage / "answers" / "vbnet" / "result.json").read_text(encoding="utf-8")
    left_and_right = json.loads(text)["model_status"]
    return [left_and_right[:2], left_and_right[2:]]


def test_every_number_that_is_shown_is_that_of_the_result_file(host, panel, volume, played):
    screened(host, panel)
    for number, (left, _right) in enumerate(told_in_file(played)):
        assert not left["withheld"]
        head, details = (plain(label(panel, f"statusModel{number}_{part}")) for part in ("head", "details0"))
        assert f"{left['model']} {left['version']}." in head
        assert "Learnt from QCT T-scores, femoral neck." in head
        point = left["operating_point"]
        assert f"Thresholds were chosen by {point['rule']}, on {point['chosen_on']}." in head
        assert plain(label(panel, f"statusModel{number}_status0")).endswith(
            f"Left femur: {left['class']}" + (" (demonstration)" if left["demonstration_model"] else "")
        )
        bars = label(panel, f"statusModel{number}_bars0").toolTip()
        assert bars == "; ".join(
            f"{name}: {percent(left['probabilities'][name])} (from {percent(point[f'{name}_from'])})"
            for name in CLASSES
        )
        positive = ", ".join(name for name in CLASSES if left["positive"][name]) or "no class"
        assert f"Positive at its threshold for: {positive}." in details
        assert f"Osteopenia or worse: {percent(left['at_least']['osteopenia'])}." in details
        members = " or ".join(left["prediction_set"])
        assert f"in {100 * left['coverage']:.0f} % of cases: {members}" in details
        assert left["top_features"]
        assert all(" ".join(feature["sentence"].split()) in details for feature in left["top_features"])
    assert panel.ui.statusNotesLabel.text == "A third one was not asked."
    assert "confirm a status by DXA" in panel.ui.boneStatusLabel.text


def test_a_bar_is_painted_as_long_as_the_probability_in_the_file(host, panel, volume, played):
    from OsteoScreenLib.mrml.probability_drawing import BAR_LEFT, BAR_WIDE

    screened(host, panel)
    compared = 0
    for number, (left, _right) in enumerate(told_in_file(played)):
        found = label(panel, f"statusModel{number}_bars0")
        image, line = found.pixmap().toImage(), found.fontMetrics().height()
        first, wide = round(BAR_LEFT * line), BAR_WIDE * line
        for row, name in enumerate(CLASSES):
            y = round((1.5 * row + 0.4) * line)
            alphas = [image.pixelColor(x, y).alpha() for x in range(first - 2, round(first + wide) + 3)]
            bar, limit = (
                wide * left[key][f"{name}{end}"] for key, end in (("probabilities", ""), ("operating_point", "_from"))
            )
            assert max(alphas[round(limit) : round(limit) + 4]) > 200  # the line of the threshold
            if abs(bar - limit) > 4 and limit > 4:  # else the line hides the end of the bar
                filled = [number for number, alpha in enumerate(alphas) if 100 < alpha < 200]
                assert filled[-1] - 1 == pytest.approx(bar, abs=1.5)
                compared += 1
    assert compared >= 3


def test_the_banner_stands_over_a_demonstration_and_over_no_other_model(host, panel, volume, played):
    screened(host, panel)
    first, second = told_in_file(played)
    assert [first[0]["demonstration_model"], second[0]["demonstration_model"]] == [False, True]
    ours, theirs = label(panel, "statusModel0_banner"), label(panel, "statusModel1_banner")
    assert not ours.isVisible()
    assert ours.text() == ""
    assert theirs.isVisible()
    assert DEMONSTRATION in theirs.text()
    assert "demonstration" not in plain(label(panel, "statusModel0_status0"))
    assert "(demonstration)" in plain(label(panel, "statusModel1_status1"))


def test_a_femur_without_an_answer_tells_the_reasons_and_has_no_bars(host, panel, volume, played):
    screened(host, panel)
    for number, (_left, right) in enumerate(told_in_file(played)):
        assert right["withheld"]
        told = plain(label(panel, f"statusModel{number}_status1"))
        assert "Right femur: withheld" in told
        assert right["reasons"]
        assert all(reason.rstrip(".").lower() in told.lower() for reason in right["reasons"])
        assert not label(panel, f"statusModel{number}_bars1").isVisible()
        assert label(panel, f"statusModel{number}_details1").text() == ""


def test_a_title_is_plain_text_whatever_it_holds(host, panel, volume, played):
    screened(host, panel)
    head = label(panel, "statusModel0_head")
    assert plain(head).startswith("<b>Bold</b> <img src='x'> & {model}\\x1b[31m")
    assert "<img" not in head.text()


def test_a_result_of_an_earlier_version_says_that_no_models_were_asked(host, panel, volume, played, answered):
    host.choose(panel.ui.inputSelector, "Body")
    assert panel.ui.boneStatusLabel.text == "This volume has not been screened."
    press(host, panel, "screenButton")
    assert panel.ui.modelAnswersWidget.visible
    from OsteoScreenLib.mrml.measures_table import RESULT_ATTRIBUTE

    table = panel.ui.measuresTableSelector.currentNode()
    document = json.loads(table.GetAttribute(RESULT_ATTRIBUTE))
    del document["model_status"], document["status_notes"]
    table.SetAttribute(RESULT_ATTRIBUTE, json.dumps({**document, "schema_version": 3}))
    panel.updatePanel()
    assert panel.state().result.status
    assert "No models were asked for this result" in panel.ui.boneStatusLabel.text
    assert not panel.ui.modelAnswersWidget.visible
    assert not label(panel, "statusModel0_head").isVisible()
    assert not panel.ui.statusNotesLabel.visible


def test_another_volume_shows_nothing_of_the_first(host, panel, volume, played):
    from OsteoScreenLib.mrml.bone_status_logic import BoneStatusLogic

    screened(host, panel)
    other = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Other")
    host.choose(panel.ui.inputSelector, "Other")
    assert not panel.ui.modelAnswersWidget.visible
    assert BoneStatusLogic().answersOf(other) == ()
    assert [answer.status.side for answer in BoneStatusLogic().answersOf(volume)] == ["left", "right"] * 2
    host.choose(panel.ui.inputSelector, "Body")
    assert panel.ui.modelAnswersWidget.visible


def entries(panel: Any) -> list[str]:
    box = panel.ui.statusModelsComboBox
    return [box.itemText(number) for number in range(box.count)]


def asked(played: PlayedScreening) -> list[str]:
    arguments = played.calls[-1]["arguments"]
    return [
        part for number, part in enumerate(arguments) if "status-model" in " ".join(arguments[number - 1 : number + 1])
    ]


def test_the_models_that_are_chosen_are_those_that_the_program_is_asked_for(host, panel, volume, played, bundles):
    assert "No bone-status model of yours is installed" in panel.ui.statusModelsLabel.text
    for folder in bundles.values():
        install_model(folder)
    panel.exit()
    panel.enter()
    demonstration = "test-status-age-sex 0.1.0 (demonstration)"
    assert entries(panel) == ["All that you installed", "None", demonstration, "test-status-fusion 0.1.0"]
    assert panel.ui.statusModelsLabel.text == ""
    screened(host, panel)
    assert asked(played) == []
    host.choose(panel.ui.statusModelsComboBox, "None")
    press(host, panel, "screenButton")
    assert asked(played) == ["--no-status-models"]
    host.choose(panel.ui.statusModelsComboBox, demonstration)
    assert "say nothing of a patient" in panel.ui.statusModelsLabel.text
    press(host, panel, "screenButton")
    assert asked(played) == ["--status-model", "test-status-age-sex"]


def test_a_scene_that_names_a_model_that_is_not_there_says_so_and_screens_nothing(host, panel, volume, played):
    from slicer_host import pythonqt

    host.choose(panel.ui.inputSelector, "Body")
    panel.logic.getParameterNode().statusModels = "lost-model"
    host.pump()
    assert panel.ui.statusModelsComboBox.currentText == "lost-model (not installed)"
    host.click(panel.ui.screenButton)
    assert "lost-model is not installed here" in host.dialogs[0][1]
    assert played.calls == []
    pythonqt.errors.clear()


def test_the_logic_asks_the_models_that_are_ordered_without_any_window(scene, new_node, bundles):
    from OsteoScreenLib.mrml.bone_status_logic import BoneStatusLogic
    from OsteoScreenLib.mrml.bone_status_order import NONE, BoneStatusOrder
    from OsteoScreenLib.mrml.osteoscreen_logic import OsteoScreenLogic
    from OsteoScreenLib.mrml.volume import write_volume_node

    install_model(bundles["test-status-age-sex"])
    assert BoneStatusOrder(NONE).models() is None
    volume, measures = new_node("vtkMRMLScalarVolumeNode", "CT"), new_node("vtkMRMLTableNode", "Measures")
    write_volume_node(body().ct, volume)
    segmenter = GivenMaskSegmenter(body().labels)
    result = OsteoScreenLogic().screen(
        volume, measuresTable=measures, segmenter=segmenter, models=BoneStatusOrder("test-status-age-sex")
    )
    answers = BoneStatusLogic().answersOf(volume)
    assert answers == result.model_status
    assert [(answer.status.side, answer.warning) for answer in answers] == [
        ("left", DEMONSTRATION),
        ("right", DEMONSTRATION),
    ]


def test_no_words_of_the_section_are_cut_at_any_width(host, panel, volume, played, monkeypatch, tmp_path):
    from PySide6 import QtWidgets
    from slicer_host import window

    screened(host, panel)
    for width in (360, 460, 640):
        monkeypatch.setattr(window, "WIDTH", width)
        window.draw_panel(host, panel, tmp_path / "panel.png")
        names = ("statusModel", "boneStatus")
        labels = panel.parent.qt_widget().findChildren(QtWidgets.QLabel)
        shown = [found for found in labels if found.isVisible() and found.objectName().startswith(names)]
        wrapped = [found for found in shown if found.wordWrap() and found.text()]
        assert len(wrapped) > 8
        assert all(found.height() >= found.heightForWidth(found.width()) for found in wrapped)
