"""``osteoscreen evaluate --segmentation``: files and folders in, tables out, and what it says where that fails."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import write_image

GRID = Geometry((60, 20, 30), (1.0, 1.0, 1.0), (5.0, 6.0, 7.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


def mask(path: Path, width: int = 8, geometry: Geometry = GRID, right: int = 2) -> Path:
    array = np.zeros(geometry.shape_zyx, np.uint8)
    array[2:58, 5 : 5 + width, 2:10] = right
    array[2:58, 5:13, 20:28] = 1
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_image(CTVolume(array, geometry), path)


def lines(folder: Path) -> list[dict[str, str]]:
    with (folder / "segmentation_cases.csv").open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def test_two_files_are_compared_side_by_side(osteoscreen, tmp_path: Path):
    predicted, reference = mask(tmp_path / "mine.nrrd", 6), mask(tmp_path / "case_1.nii.gz")
    ended = osteoscreen("evaluate", "--segmentation", predicted, reference, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    found = {(line["side"], line["region"]): line for line in lines(tmp_path / "out")}
    assert {line["case_id"] for line in found.values()} == {"case_1"}
    assert float(found["right", "whole"]["dsc"]) == pytest.approx(12 / 14, abs=1e-5)
    assert float(found["right", "head"]["vd_percent"]) == pytest.approx(-25)
    assert float(found["left", "whole"]["dsc"]) == 1.0
    assert "0.929" in ended.out  # the mean of both


def test_folders_are_matched_by_name_and_a_folder_of_screen_by_its_cases(osteoscreen, tmp_path: Path):
    for case, width in (("a", 8), ("b", 7)):
        mask(tmp_path / "reference" / f"{case}.nrrd")
        mask(tmp_path / "predicted" / case / "segmentation.nii.gz", width)
    mask(tmp_path / "predicted" / "extra.nii.gz")
    (tmp_path / "reference" / "README.md").write_text("not a mask")
    ended = osteoscreen(
        *("evaluate", "--segmentation", tmp_path / "predicted", tmp_path / "reference"),
        *("--out", tmp_path / "out", "--tolerance", "2", "--seed", "5"),
    )
    assert ended.code == 0, ended.err
    assert {line["case_id"] for line in lines(tmp_path / "out")} == {"a", "b"}
    assert "No reference for: extra" in ended.err
    account = json.loads((tmp_path / "out" / "segmentation_summary.json").read_text(encoding="utf-8"))
    assert account["settings"]["tolerance_mm"] == 2.0
    assert account["settings"]["seed"] == 5
    assert account["summary"][0]["metrics"]["dsc"]["mean_ci95"] is not None


def test_a_reference_without_prediction_a_moved_grid_and_a_broken_file_are_named_and_the_others_done(
    osteoscreen, tmp_path: Path
):
    for case in ("good", "lacking", "moved", "broken", "foreign"):
        mask(tmp_path / "reference" / f"{case}.nii.gz")
    mask(tmp_path / "predicted" / "good.nii.gz")
    mask(tmp_path / "predicted" / "moved.nii.gz", geometry=replace(GRID, origin_lps_mm=(5.0, 6.0, 9.0)))
    mask(tmp_path / "predicted" / "foreign.nii.gz", right=7)
    (tmp_path / "predicted" / "broken.nii.gz").write_bytes(b"\x1f\x8b junk")
    ended = osteoscreen(
        "evaluate", "--segmentation", tmp_path / "predicted", tmp_path / "reference", "--out", tmp_path / "out"
    )
    assert ended.code == 1
    assert {line["case_id"] for line in lines(tmp_path / "out")} == {"good"}
    account = json.loads((tmp_path / "out" / "segmentation_summary.json").read_text(encoding="utf-8"))
    codes = {entry["case_id"]: entry["code"] for entry in account["not_compared"]}
    assert codes["lacking"] == "no_prediction"
    assert codes["moved"] == "geometry_mismatch"
    assert codes["foreign"] == "unexpected_labels"
    assert codes["broken"] in ("damaged", "truncated")
    assert "2 mm apart" in ended.err
    assert "label 7" in ended.err
    assert "Traceback" not in ended.err


def test_a_mask_agrees_with_itself_in_every_measure(osteoscreen, tmp_path: Path):
    path = mask(tmp_path / "case.mha")
    assert osteoscreen("evaluate", "--segmentation", path, path, "--out", tmp_path / "out").code == 0
    assert {(line["dsc"], line["hd_mm"], line["surface_dice"]) for line in lines(tmp_path / "out")} == {("1", "0", "1")}


def test_a_wrong_call_ends_with_2_and_says_what_to_do(osteoscreen, tmp_path: Path):
    path = mask(tmp_path / "one" / "case.mha")
    other = mask(tmp_path / "two" / "other.mha")
    calls = {
        "--segmentation PREDICTED REFERENCE": ("evaluate", "--out", tmp_path / "out"),
        "Add --out DIR": ("evaluate", "--segmentation", path, path),
        "no such file": ("evaluate", "--segmentation", path, tmp_path / "no", "--out", tmp_path / "out"),
        "the other a folder": ("evaluate", "--segmentation", path, other.parent, "--out", tmp_path / "out"),
        "No mask of the predicted": (
            *("evaluate", "--segmentation", path.parent, other.parent),
            *("--out", tmp_path / "out"),
        ),
    }
    for words, call in calls.items():
        ended = osteoscreen(*call)
        assert ended.code == 2, words
        assert words in ended.err
    mask(tmp_path / "two" / "other.nrrd")
    ended = osteoscreen("evaluate", "--segmentation", other.parent, other.parent, "--out", tmp_path / "out")
    assert ended.code == 2
    assert "Two masks have the name other" in ended.err
    assert not (tmp_path / "out").exists()
