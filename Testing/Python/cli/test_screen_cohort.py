"""osteoscreen screen --cohort: the scans of a folder or of a table."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from OsteoScreenLib.ct.write import write_image


@pytest.fixture
def cohort(body, dicom_folder, tmp_path: Path) -> Path:
    """A folder of two scans and a note."""
    folder = tmp_path / "cohort"
    folder.mkdir()
    write_image(body, folder / "one.nii.gz")
    shutil.copytree(dicom_folder / "a", folder / "two")
    (folder / "notes.txt").write_text("x")
    return folder


def cases(out: Path) -> list[str]:
    with (out / "results.csv").open(encoding="utf-8", newline="") as stream:
        return [row["case_id"] for row in csv.DictReader(stream)]


def test_every_scan_of_a_folder_is_screened_and_its_results_may_lie_in_it(osteoscreen, cohort: Path) -> None:
    for _ in range(2):
        ended = osteoscreen("screen", "--cohort", cohort, "--out", cohort / "results", "--resume")
        assert ended.code == 0, ended.err
        assert cases(cohort / "results") == ["one", "two"]


def test_a_table_chooses_among_the_scans(osteoscreen, cohort: Path, tmp_path: Path) -> None:
    (cohort / "table.csv").write_text("path\ntwo\n", encoding="utf-8")
    assert osteoscreen("screen", "--cohort", cohort / "table.csv", "--out", tmp_path / "out").code == 0
    assert cases(tmp_path / "out") == ["two"]


def test_a_call_without_scans_or_with_both_ways_is_wrong(osteoscreen, cohort: Path, tmp_path: Path) -> None:
    for arguments in ((), ("--cohort", cohort, cohort / "one.nii.gz"), ("--cohort", tmp_path / "absent")):
        ended = osteoscreen("screen", *arguments, "--out", tmp_path / "out")
        assert ended.code == 2, arguments
        assert ended.err.startswith("Error: ")
    assert not (tmp_path / "out").exists()
