"""TotalSegmentator as a source: found or said to be missing, kept from the network, its output read as it is."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from segmentation.rated_hips import GRID, hips

from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import write_image
from OsteoScreenLib.errors import CancelledError, InputError, MissingPackageError, OsteoScreenError, UsageError
from OsteoScreenLib.segmentation import totalsegmentator
from OsteoScreenLib.segmentation.run_program import run_program
from OsteoScreenLib.segmentation.totalsegmentator import (
    LABELS,
    TotalSegmentatorSegmenter,
    from_totalsegmentator_output,
    weights_folder,
)

STAND_IN = """
import json, os, pathlib, shutil, sys
arguments = sys.argv[1:]
here = pathlib.Path(__file__).parent
home = pathlib.Path(os.environ["TOTALSEG_HOME_DIR"])
(here / "seen.json").write_text(json.dumps({
    "arguments": arguments,
    "proxy": os.environ.get("HTTPS_PROXY"),
    "weights": os.environ["TOTALSEG_WEIGHTS_PATH"],
    "settings": json.loads((home / "config.json").read_text()),
    "input_there": pathlib.Path(arguments[arguments.index("-i") + 1]).is_file(),
}))
"""
ANSWER = 'shutil.copy(here / "answer.nii.gz", arguments[arguments.index("-o") + 1])\n'


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks as if weights were installed."""
    (tmp_path / "weights" / "Dataset294_part4").mkdir(parents=True)
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "weights"))
    return tmp_path / "weights"


def stand_in(folder: Path, then: str = ANSWER) -> list[str]:
    """A program that answers with the labels of version 2, or does what ``then`` says."""
    labels = hips()[1]
    answer = np.where(labels == 1, 75, np.where(labels == 2, 76, 0)).astype(np.uint8)
    answer[0, 0, 0] = 3
    write_image(CTVolume(answer, GRID), folder / "answer.nii.gz")
    (folder / "program.py").write_text(STAND_IN + then)
    return [sys.executable, str(folder / "program.py")]


def seen(folder: Path) -> dict:
    return json.loads((folder / "seen.json").read_text())


def test_the_femora_are_read_from_its_answer(tmp_path: Path, weights: Path):
    masks = TotalSegmentatorSegmenter(fast=True, device="cpu", program=stand_in(tmp_path)).segment(hips()[0])
    assert np.array_equal(masks.labels, hips()[1])
    assert masks.source == "totalsegmentator"
    assert masks.models[0]["id"] == "totalsegmentator"
    assert "fast" in masks.models[0]["version"]
    assert masks.timings_s["totalsegmentator"] > 0
    assert masks.femurs["left"].presence == "present"
    arguments = seen(tmp_path)["arguments"]
    assert arguments[-3:] == ["--roi_subset", "femur_left", "femur_right"]
    assert {"--ml", "--fast", "cpu"} <= set(arguments)
    assert seen(tmp_path)["input_there"]


def test_it_reports_nothing_to_its_makers_and_reaches_no_network_unless_allowed(tmp_path: Path, weights: Path):
    TotalSegmentatorSegmenter(program=stand_in(tmp_path)).segment(hips()[0])
    assert seen(tmp_path)["settings"]["send_usage_stats"] is False
    assert seen(tmp_path)["weights"] == str(weights)
    assert seen(tmp_path)["proxy"] == "http://127.0.0.1:9"
    TotalSegmentatorSegmenter(allow_download=True, program=stand_in(tmp_path)).segment(hips()[0])
    assert seen(tmp_path)["settings"]["send_usage_stats"] is False
    assert seen(tmp_path)["proxy"] == os.environ.get("HTTPS_PROXY")


def test_without_weights_it_is_not_started_unless_a_download_is_allowed(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "none"))
    with pytest.raises(MissingPackageError, match="would download") as caught:
        TotalSegmentatorSegmenter(program=stand_in(tmp_path)).segment(hips()[0])
    assert caught.value.code == "missing_weights"
    assert not (tmp_path / "seen.json").exists()
    TotalSegmentatorSegmenter(allow_download=True, program=stand_in(tmp_path)).segment(hips()[0])
    assert (tmp_path / "seen.json").exists()


def test_where_it_is_not_installed_that_is_said(monkeypatch, weights: Path):
    monkeypatch.setattr(totalsegmentator.shutil, "which", lambda *_, **__: None)
    with pytest.raises(MissingPackageError, match="not installed") as caught:
        TotalSegmentatorSegmenter().segment(hips()[0])
    assert "pip install" in caught.value.next_step
    assert "pip install" in totalsegmentator.why_unusable()


def test_it_is_usable_where_program_and_weights_are_there(monkeypatch, weights: Path, tmp_path: Path):
    monkeypatch.setattr(totalsegmentator.shutil, "which", lambda *_, **__: "TotalSegmentator")
    assert totalsegmentator.why_unusable() == ""
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "nothing-here"))
    assert "no weights" in totalsegmentator.why_unusable()


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ('print("CUDA out of memory"); sys.exit(3)', "code 3: CUDA out of memory"),
        ("", "wrote no mask"),
        ('print("a\\x1b[31mb"); sys.exit(1)', r"a\\x1b\[31mb"),
    ],
)
def test_a_failure_is_told_with_its_last_words(tmp_path: Path, weights: Path, then: str, words: str):
    with pytest.raises(OsteoScreenError, match=words) as caught:
        TotalSegmentatorSegmenter(program=stand_in(tmp_path, then)).segment(hips()[0])
    assert caught.value.code == "totalsegmentator_failed"


def test_a_program_that_cannot_be_started_is_one_clear_error(tmp_path: Path, weights: Path):
    with pytest.raises(OsteoScreenError, match="cannot be started"):
        TotalSegmentatorSegmenter(program=[str(tmp_path / "no-such-program")]).segment(hips()[0])


def test_an_answer_on_another_grid_is_refused(tmp_path: Path, weights: Path):
    program = stand_in(tmp_path)
    moved = CTVolume(np.zeros((5, 5, 5), np.uint8), GRID.__class__((5, 5, 5), (1, 1, 1), (0, 0, 0), GRID.direction))
    write_image(moved, tmp_path / "answer.nii.gz")
    with pytest.raises(InputError, match="another grid"):
        TotalSegmentatorSegmenter(program=program).segment(hips()[0])


def test_the_user_can_stop_a_long_run_and_the_program_ends(tmp_path: Path, weights: Path):
    asked = threading.Event()
    program = stand_in(tmp_path, '(here / "pid").write_text(str(os.getpid()))\nimport time; time.sleep(60)\n')

    def cancelled() -> bool:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            asked.set()
        return asked.is_set()

    started = time.monotonic()
    with pytest.raises(CancelledError):
        TotalSegmentatorSegmenter(program=program).segment(hips()[0], cancelled=cancelled)
    assert time.monotonic() - started < 30
    if os.name == "posix":
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_program_gets_its_environment_and_no_more(tmp_path: Path):
    command = [sys.executable, "-c", "import os; print(os.environ.get('WORD'), os.environ.get('HOME'))"]
    ended = run_program(command, {"WORD": "hello"}, tmp_path / "log", lambda: False)
    assert (ended.code, ended.last_words) == (0, "hello None")


def test_its_folder_of_weights_follows_its_own_variables(monkeypatch, tmp_path: Path):
    monkeypatch.delenv("TOTALSEG_WEIGHTS_PATH", raising=False)
    monkeypatch.setenv("TOTALSEG_HOME_DIR", str(tmp_path))
    assert weights_folder() == tmp_path / "nnunet" / "results"
    monkeypatch.delenv("TOTALSEG_HOME_DIR")
    assert weights_folder() == Path.home() / ".totalsegmentator" / "nnunet" / "results"


def test_an_unknown_version_of_its_labels_is_refused():
    with pytest.raises(UsageError, match="v9"):
        from_totalsegmentator_output("mask.nii.gz", "v9")


@pytest.mark.parametrize(
    ("name", "version"), [("example_seg_v1_104class.nii.gz", "v1"), ("example_seg_v2_fast_117class.nii.gz", "v2")]
)
def test_recorded_outputs_of_both_versions_are_read_by_their_own_numbers(shared_data: Path, name: str, version: str):
    folder = shared_data / "abdomen_ct" / "totalsegmentator_example"
    masks = from_totalsegmentator_output(folder / name, version).segment(read_ct(folder / "example_ct.nii.gz"))
    many, _ = read_labels(folder / name)
    assert masks.source == "totalsegmentator"
    for side, label in (("left", 1), ("right", 2)):
        assert np.count_nonzero(many == LABELS[version][side]) > 1000
        assert np.array_equal(masks.labels == label, many == LABELS[version][side])
    assert "femur_sides_swapped" not in {flag.code for flag in masks.flags}
