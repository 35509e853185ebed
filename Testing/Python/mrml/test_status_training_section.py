"""The section Train bone-status models, played by a user's clicks in the test host (which is not Slicer)."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.host_marks import IN_THE_HOST
from factory.processes import is_alive, soon_gone

from OsteoScreenLib.mrml import training_job
from OsteoScreenLib.mrml.training_order import TrainingOrder

pytestmark = [pytest.mark.usefixtures("own_models"), *IN_THE_HOST]

PLAYS = """
import json, subprocess, sys, time
from pathlib import Path
other = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)
Path(sys.argv[1]).write_text(str(other.pid))
while True:
    print(json.dumps({"event": "progress", "fraction": 0.25, "message": "radiomics: fold 2"}), flush=True)
    time.sleep(0.02)
"""
QUICK = ["--model", "age_sex", "--permutations", "0"]


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """Thirty patients whose T-score falls with their age, by a formula, and a table of a feature."""
    rng = np.random.default_rng(0)
    with (tmp_path / "cohort.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case_id", "patient_id", "t_score", "t_score_source", "t_score_site", "sex", "age", "split"])
        for i in range(36):
            score = (-0.3, -1.7, -3.1)[i % 3]
            age = 66 - 6 * score + rng.normal(0, 4)
            split = "test" if i >= 30 else "train"
            writer.writerow([f"c{i}", f"p{i}", score, "DXA", "femoral_neck", "FM"[i % 2], age, split])
    with (tmp_path / "features.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case_id", "original_firstorder_Mean"])
        writer.writerows([f"c{i}", rng.normal()] for i in range(36))
    return tmp_path / "cohort.csv"


@pytest.fixture
def panel(host: Any, repository: Path) -> Any:
    panel = host.open(repository / "OsteoScreen" / "OsteoScreen.py")
    panel.ui.statusTrainingCollapsibleButton.collapsed = False
    host.pump()
    return panel


def section_of(panel: Any) -> Any:
    (section,) = [section for section in panel.sections if section.FORM == "StatusTrainingSection.ui"]
    return section


def choose_files(host: Any, panel: Any, cohort: Path) -> None:
    host.desktop.paths = [str(cohort), str(cohort.parent / "features.csv")]
    host.click(panel.ui.trainingTableButton)
    host.click(panel.ui.trainingFeaturesButton)


def ended(host: Any, panel: Any) -> None:
    host.wait_until(lambda: not panel.ui.trainingProgressBar.visible, limit_s=180.0)


@pytest.mark.needs_module("sklearn")
@pytest.mark.needs_module("skl2onnx")
def test_a_table_becomes_models_that_are_told_installed_and_can_be_asked(host, panel, cohort, monkeypatch):
    arguments = TrainingOrder.arguments
    monkeypatch.setattr(TrainingOrder, "arguments", lambda order: [*arguments(order), *QUICK])
    assert not panel.ui.trainingStartButton.enabled
    choose_files(host, panel, cohort)
    out = cohort.with_name("cohort training")
    assert panel.ui.trainingOutputEdit.text == str(out)
    host.choose(panel.ui.trainingClassifierComboBox, "Logistic regression")
    host.click(panel.ui.trainingDemonstrationCheckBox)
    host.click(panel.ui.trainingStartButton)
    assert panel.work.idle  # a case can be screened meanwhile
    ended(host, panel)
    assert host.dialogs == []
    told = panel.ui.trainingOutcomeLabel.text
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert "Models made: bone-status-age-sex-0.1.0." in told
    assert report["warnings"]
    assert all(warning.rstrip(".") in told.replace("&#x27;", "'") for warning in report["warnings"][:12])
    assert str(out / "predictions.csv") in told
    assert (out / "predictions.csv").is_file()

    host.click(panel.ui.trainedInstallButton)
    host.wait_until(lambda: panel.ui.trainedInstallButton.enabled)
    assert "bone-status-age-sex 0.1.0 is installed. It is a demonstration" in panel.ui.trainingStatusLabel.text
    box = panel.ui.statusModelsComboBox
    assert [box.itemText(n) for n in range(box.count)][2:] == ["bone-status-age-sex 0.1.0 (demonstration)"]
    host.click(panel.ui.trainingOpenButton)
    assert host.desktop.opened[0].endswith("cohort%20training") or host.desktop.opened[0].endswith("cohort training")


@pytest.mark.needs_module("sklearn")
@pytest.mark.needs_module("skl2onnx")
def test_a_table_that_is_wrong_is_refused_with_each_of_its_lines(host, panel, cohort):
    lines = cohort.read_text().splitlines()
    lines[4], lines[8] = lines[4].replace("c3,", "c2,"), lines[8].replace("c7,", "c6,")
    cohort.write_text("\n".join(lines) + "\n")
    choose_files(host, panel, cohort)
    host.click(panel.ui.trainingStartButton)
    ended(host, panel)
    ((kind, text),) = host.dialogs
    assert kind == "errorDisplay"
    assert "line 5" in text
    assert "line 9" in text
    assert panel.ui.trainingOutcomeLabel.text == ""
    assert panel.ui.trainingStartButton.enabled


@pytest.mark.parametrize("how", ["cancel", "closing the panel"])
def test_nothing_that_was_started_outlives_cancel_or_the_panel(host, panel, cohort, monkeypatch, how, tmp_path):
    monkeypatch.setattr(section_module(panel), "missing_packages", lambda: ())
    section_of(panel).lookForPackages()
    monkeypatch.setattr(training_job.TimeLeft, "words", lambda left, now_s: "about 3 min left")
    notes = tmp_path / "other.txt"
    program = [sys.executable, "-c", PLAYS, str(notes)]
    monkeypatch.setattr(training_job, "osteoscreen_program", lambda: program)
    choose_files(host, panel, cohort)
    host.click(panel.ui.trainingStartButton)
    host.wait_until(lambda: "radiomics: fold 2 (about 3 min left)" in panel.ui.trainingStatusLabel.text)
    processes = [section_of(panel).work._job.pid, int(notes.read_text())]
    assert all(map(is_alive, processes))
    assert panel.ui.trainingProgressBar.value == 25
    assert not panel.ui.trainingStartButton.enabled
    if how == "cancel":
        host.click(panel.ui.trainingCancelButton)
        ended(host, panel)
        assert "Stopped. Features that were measured are kept" in panel.ui.trainingStatusLabel.text
        assert panel.ui.trainingStartButton.enabled
    else:
        section_of(panel).cleanup()
    assert all(map(soon_gone, processes))
    assert host.dialogs == []


def section_module(panel: Any) -> Any:
    return sys.modules[type(section_of(panel)).__module__]


def test_a_training_that_dies_is_shown_with_its_last_words(host, panel, cohort, monkeypatch):
    monkeypatch.setattr(section_module(panel), "missing_packages", lambda: ())
    section_of(panel).lookForPackages()
    dies = "import sys; print('no memory', file=sys.stderr); sys.exit(3)"
    monkeypatch.setattr(training_job, "osteoscreen_program", lambda: [sys.executable, "-c", dies])
    choose_files(host, panel, cohort)
    host.click(panel.ui.trainingStartButton)
    ended(host, panel)
    assert "The training ended by itself (exit code 3): no memory" in host.dialogs[0][1]


def test_missing_packages_are_named_with_the_way_to_get_them_and_nothing_starts(host, panel, cohort, monkeypatch):
    from OsteoScreenLib.training import packages

    monkeypatch.setitem(packages.NEEDED, "a_module_that_nobody_has", "a-package-that-nobody-has")
    panel.ui.statusTrainingCollapsibleButton.collapsed = True
    panel.ui.statusTrainingCollapsibleButton.collapsed = False
    host.pump()
    choose_files(host, panel, cohort)
    text = panel.ui.trainingPackagesLabel.text
    assert "a-package-that-nobody-has" in text
    assert "slicer.util.pip_install(" in text
    assert not panel.ui.trainingStartButton.enabled
    host.click(panel.ui.trainingPackagesButton)  # all that the file names is here: nothing to ask
    assert not panel.ui.trainingStartButton.enabled
    monkeypatch.delitem(packages.NEEDED, "a_module_that_nobody_has")
    panel.ui.statusTrainingCollapsibleButton.collapsed = True
    panel.ui.statusTrainingCollapsibleButton.collapsed = False
    host.pump()
    present = not packages.missing_packages()
    assert panel.ui.trainingStartButton.enabled == present
    assert panel.ui.trainingPackagesLabel.visible != present


def test_a_split_by_site_asks_for_the_sites(host, panel, cohort, monkeypatch):
    from slicer_host import pythonqt

    monkeypatch.setattr(section_module(panel), "missing_packages", lambda: ())
    section_of(panel).lookForPackages()
    choose_files(host, panel, cohort)
    assert not panel.ui.trainingDetailEdit.visible
    host.choose(panel.ui.trainingSplitComboBox, "By site")
    assert panel.ui.trainingDetailEdit.visible
    host.click(panel.ui.trainingStartButton)
    assert "Sites to test on are missing" in host.dialogs[0][1]
    assert not panel.ui.trainingProgressBar.visible
    pythonqt.errors.clear()
    host.choose(panel.ui.trainingSplitComboBox, "Random, 7:3")
    assert not panel.ui.trainingDetailLabel.visible
