"""The section Cohort, played by a user's clicks in the test host (which is not Slicer)."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.femur_segmenters import BoxSegmenter
from factory.geometric_body import make_geometric_body
from factory.host_marks import IN_THE_HOST

from OsteoScreenLib.ct.write import write_image
from OsteoScreenLib.mrml import cohort_job
from OsteoScreenLib.report.files import write_case_files, write_run_files
from OsteoScreenLib.screening.cohort import CohortWriters, run_cohort
from OsteoScreenLib.screening.femur_source import VBNET, FemurSource
from OsteoScreenLib.screening.inputs import case_inputs

pytestmark = IN_THE_HOST

ANSWERS_WITHIN_S = 0.1

SPEAKS = """
import json, sys, time
for line in sys.argv[2:]:
    print(line, flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.fixture
def panel(host: Any, repository: Path) -> Any:
    panel = host.open(repository / "OsteoScreen" / "OsteoScreen.py")
    panel.ui.cohortCollapsibleButton.collapsed = False
    host.pump()
    return panel


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two scans, one of them good."""
    folder = tmp_path / "scans"
    folder.mkdir()
    write_image(make_geometric_body(0, (40, 64, 64), (6.0, 6.0, 6.0)), folder / "body.nii.gz")
    (folder / "damaged.nii.gz").write_bytes(b"no image")
    return folder


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a program in the place of the command line."""

    def put(*events: dict[str, Any], lives_s: float = 0.0) -> None:
        command = [sys.executable, "-c", SPEAKS, str(lives_s), *map(json.dumps, events)]
        monkeypatch.setattr(cohort_job, "cohort_command", lambda source, out: command)

    return put


def choose(host: Any, panel: Any, path: Path, button: str = "cohortFolderButton") -> None:
    host.desktop.paths = [str(path)]
    host.click(getattr(panel.ui, button))


def table(panel: Any) -> list[list[str]]:
    shown = panel.ui.cohortTable
    return [[shown.item(row, column).text() for column in range(3)] for row in range(shown.rowCount)]


def running(case_id: str = "body", fraction: float = 0.25) -> dict[str, Any]:
    return {"event": "progress", "fraction": fraction, "message": f"{case_id}: Reading"}


def test_nothing_can_be_started_before_scans_and_a_place_for_the_results_are_named(host, panel, scans):
    assert not panel.ui.cohortStartButton.enabled
    assert not panel.ui.cohortTable.visible
    choose(host, panel, scans)
    assert panel.ui.cohortInputEdit.text == str(scans)
    assert panel.ui.cohortOutputEdit.text == str(scans.with_name("scans results"))
    assert panel.ui.cohortStartButton.enabled
    panel.ui.cohortOutputEdit.text = ""
    assert not panel.ui.cohortStartButton.enabled


def test_for_a_whole_disk_no_folder_beside_it_is_proposed(host, panel):
    choose(host, panel, Path(Path.cwd().anchor))
    assert panel.ui.cohortInputEdit.text == Path.cwd().anchor
    assert panel.ui.cohortOutputEdit.text == ""


def test_a_cancelled_dialog_changes_nothing(host, panel):
    host.desktop.paths = ["", "", ""]
    for button in (panel.ui.cohortFolderButton, panel.ui.cohortTableButton, panel.ui.cohortOutputButton):
        host.click(button)
    assert (panel.ui.cohortInputEdit.text, panel.ui.cohortOutputEdit.text) == ("", "")


def test_a_real_run_over_a_table_names_each_case_with_its_state_and_opens_its_files(
    host, panel, scans, monkeypatch, tmp_path
):
    command = cohort_job.cohort_command
    monkeypatch.setattr(cohort_job, "cohort_command", lambda *paths: [*command(*paths), "--no-segmentation"])
    (scans / "table.csv").write_text("path\nbody.nii.gz\ndamaged.nii.gz\n", encoding="utf-8")
    choose(host, panel, scans / "table.csv", "cohortTableButton")
    panel.ui.cohortOutputEdit.text = str(tmp_path / "out")
    host.click(panel.ui.cohortStartButton)
    assert [row[:2] for row in table(panel)] == [["body", "waiting"], ["damaged", "waiting"]]
    host.wait_until(lambda: not panel.ui.cohortProgressBar.visible, limit_s=180.0)
    body, damaged = table(panel)
    assert body[1] in ("done", "withheld")
    assert damaged[1] == "failed"
    assert damaged[2]
    assert "2 of 2 cases" in panel.ui.cohortStatusLabel.text
    for button, name in (("cohortIndexButton", "index.html"), ("cohortCsvButton", "results.csv")):
        host.click(getattr(panel.ui, button))
        assert host.desktop.opened[-1].endswith(f"/out/{name}")
    panel.ui.cohortTable.selectRow(1)
    assert not panel.ui.cohortReportButton.enabled
    panel.ui.cohortTable.selectRow(0)
    host.click(panel.ui.cohortReportButton)
    assert host.desktop.opened[-1].endswith("/out/body/report.html")
    assert host.dialogs == []


def test_the_panel_answers_and_a_case_can_be_screened_while_a_cohort_is_running(host, panel, scans, child):
    child(running(), lives_s=60.0)
    choose(host, panel, scans)
    host.click(panel.ui.cohortStartButton)
    host.wait_until(lambda: table(panel)[0][1] == "running 50 %")
    assert panel.ui.cohortProgressBar.value == 25
    assert panel.work.idle
    volume = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Other")
    host.choose(panel.ui.inputSelector, "Other")
    assert panel.ui.screenButton.enabled
    assert volume is panel.ui.inputSelector.currentNode()
    waits = []
    for _ in range(20):
        started = time.perf_counter()
        host.application.processEvents()
        waits.append(time.perf_counter() - started)
        time.sleep(0.02)
    assert np.median(waits) < ANSWERS_WITHIN_S
    host.click(panel.ui.cohortCancelButton)
    host.wait_until(lambda: not panel.ui.cohortProgressBar.visible)


def test_cancel_keeps_finished_cases_and_start_goes_on(host, panel, scans, child):
    done = {"event": "case", "case_id": "body", "state": "done", "seconds": 1.0}
    child(done, running("damaged", 0.6), lives_s=60.0)
    choose(host, panel, scans)
    host.click(panel.ui.cohortStartButton)
    host.wait_until(lambda: table(panel)[1][1].startswith("running"))
    assert not panel.ui.cohortStartButton.enabled
    host.click(panel.ui.cohortCancelButton)
    host.wait_until(lambda: panel.ui.cohortStartButton.enabled)
    assert [row[1] for row in table(panel)] == ["done", "not run"]
    assert "finished cases are kept" in panel.ui.cohortStatusLabel.text
    assert host.dialogs == []


def test_a_run_that_dies_is_shown_as_an_error(host, panel, scans, child):
    child(running())
    choose(host, panel, scans)
    host.click(panel.ui.cohortStartButton)
    host.wait_until(lambda: bool(host.dialogs))
    assert host.dialogs[0][0] == "errorDisplay"
    assert "ended by itself" in host.dialogs[0][1]
    assert panel.ui.cohortStartButton.enabled


def test_a_folder_without_scans_is_refused_in_words(host, panel, tmp_path):
    from slicer_host import pythonqt

    (tmp_path / "empty").mkdir()
    choose(host, panel, tmp_path / "empty")
    host.click(panel.ui.cohortStartButton)
    assert "no scan here" in host.dialogs[0][1]
    assert not panel.ui.cohortProgressBar.visible
    pythonqt.errors.clear()  # Slicer's tryWithErrorDisplay shows it and raises it again


def test_load_case_puts_the_ct_and_the_femora_into_the_scene(host, panel, scans, child):
    out = scans.with_name("scans results")
    writers = CohortWriters(write_case_files, write_run_files)
    run_cohort(case_inputs([scans / "body.nii.gz"]), out, writers, segmenter=FemurSource(BoxSegmenter, VBNET))
    child({"event": "case", "case_id": "body", "state": "withheld", "seconds": 1.0}, {"event": "end", "exit_code": 1})
    choose(host, panel, scans)
    host.click(panel.ui.cohortStartButton)
    host.wait_until(lambda: not panel.ui.cohortProgressBar.visible)
    assert [row[1] for row in table(panel)] == ["withheld", "not run"]
    panel.ui.cohortTable.selectRow(0)
    host.click(panel.ui.cohortLoadButton)
    host.wait_until(lambda: panel.work.idle)
    assert panel.ui.inputSelector.currentNode().GetName() == "body"
    assert panel.ui.segmentationSelector.currentNode() is not None
    assert panel.ui.measuresTableSelector.currentNode().GetNumberOfRows() > 0


def test_closing_the_panel_ends_the_run(host, panel, scans, child):
    child(running(), lives_s=60.0)
    choose(host, panel, scans)
    host.click(panel.ui.cohortStartButton)
    host.wait_until(lambda: table(panel)[0][1].startswith("running"))
    (section,) = [section for section in panel.sections if section.FORM == "CohortSection.ui"]
    process = section._job._child._process
    panel.cleanup()
    assert process.wait(10) != 0
