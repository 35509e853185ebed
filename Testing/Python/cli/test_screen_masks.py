"""Masks in ``osteoscreen screen``: written beside the result, given by the user, or left out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from factory.femur_segmenters import FailingSegmenter, read_voxels

from OsteoScreenLib.ct.write import write_image, write_labels
from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.screening import femur_source


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def scan(body, tmp_path: Path) -> Path:
    return write_image(body, tmp_path / "scan.nii.gz")


def table(out: Path) -> list[dict[str, str]]:
    with (out / "results.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_mask_lies_beside_the_result_on_the_scans_own_grid(osteoscreen, scan, body, out) -> None:
    import SimpleITK as sitk

    assert osteoscreen("screen", scan, "--out", out).code == 0
    mask, image = sitk.ReadImage(str(out / "scan" / "segmentation.nii.gz")), sitk.ReadImage(str(scan))
    assert mask.GetPixelIDTypeAsString() == "8-bit unsigned integer"
    for of in (sitk.Image.GetSize, sitk.Image.GetSpacing, sitk.Image.GetOrigin, sitk.Image.GetDirection):
        assert of(mask) == of(image)
    assert set(np.unique(sitk.GetArrayFromImage(mask))) == {0, 1}
    report = (out / "scan" / "report.html").read_text(encoding="utf-8")
    assert "Left femur" in report
    assert "There is no bone on the right." in report


def test_the_table_says_what_was_found_on_each_side(osteoscreen, scan, out) -> None:
    osteoscreen("screen", scan, "--out", out)
    (row,) = table(out)
    assert (row["femur_left_presence"], row["femur_left_implant"]) == ("cut", "no")
    assert (row["femur_left_estimated_dsc"], row["segmentation_model"]) == ("0.95", "femur-test 1.0")
    assert float(row["femur_left_volume_ml"]) > 0
    assert row["femur_right_presence"] == "absent"
    assert row["femur_right_volume_ml"] == row["femur_right_implant"] == row["femur_right_estimated_dsc"] == ""


def test_without_segmentation_no_mask_is_made(osteoscreen, scan, out, box_segmenter) -> None:
    assert osteoscreen("screen", scan, "--out", out, "--no-segmentation").code == 0
    assert box_segmenter.calls == 0
    assert {entry.name for entry in (out / "scan").iterdir()} == {"result.json", "report.html"}
    assert json.loads((out / "scan" / "result.json").read_text())["segmentation"] is None
    assert table(out)[0]["femur_left_presence"] == ""


def test_a_missing_model_withholds_with_the_reason_and_ends_well(osteoscreen, scan, out, monkeypatch) -> None:
    error = ModelError("No model is installed", next_step="Run: osteoscreen models install.")
    monkeypatch.setattr(femur_source, "_vbnet", lambda engine, threads: FailingSegmenter(error))
    ended = osteoscreen("screen", scan, "--out", out)
    assert ended.code == 0
    assert "no_femur_mask" in table(out)[0]["withhold_flags"]
    assert "osteoscreen models install" in table(out)[0]["withheld_because"]
    assert "No masks were made. No model is installed" in (out / "scan" / "report.html").read_text(encoding="utf-8")


def test_a_mask_of_the_users_own_is_taken(osteoscreen, scan, body, out, tmp_path, box_segmenter) -> None:
    labels = np.zeros(body.hu.shape, np.uint8)
    labels[10:30, 28:36, 10:18] = 2
    mask = write_labels(labels, body.geometry, tmp_path / "mine.nii.gz")
    ended = osteoscreen("screen", scan, "--out", out, "--segmentation", mask)
    assert ended.code == 0, ended.err
    assert box_segmenter.calls == 0
    assert table(out)[0]["segmentation_source"] == "given"
    assert table(out)[0]["femur_left_presence"] == "absent"
    np.testing.assert_array_equal(read_voxels(out / "scan" / "segmentation.nii.gz"), labels)
    assert osteoscreen("screen", scan, "--out", out, "--segmentation", mask, "--resume").code == 0
    assert table(out)[0]["kept_from_earlier_run"] == "yes"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("x", "--segmentation", "no-such.nii.gz"), "neither a source of masks nor a file"),
        (("x", "y", "--segmentation", __file__), "several inputs"),
        (("x", "--segmentation", __file__, "--no-segmentation"), "exclude each other"),
        (("x", "--source", "vbnet", "--no-segmentation"), "exclude each other"),
        (("x", "--source", __file__), "There is no source"),
        (("x", "--engine", "steam"), "There is no engine 'steam'"),
        (("x", "--threads", "0"), "--threads"),
    ],
)
def test_a_wrong_call_ends_with_2_before_anything_is_written(osteoscreen, out, arguments, says) -> None:
    ended = osteoscreen("screen", *arguments, "--out", out)
    assert ended.code == 2
    assert says in ended.err
    assert not out.exists()


def test_another_source_is_asked_where_it_is_named(osteoscreen, scan, out, box_segmenter, monkeypatch) -> None:
    def not_asked() -> None:
        raise AssertionError("the networks were asked")

    monkeypatch.setattr(femur_source, "_vbnet", not_asked)
    monkeypatch.setattr(femur_source, "_totalsegmentator", lambda: box_segmenter)
    assert osteoscreen("screen", scan, "--out", out, "--source", "totalsegmentator").code == 0
    assert box_segmenter.calls == 1
    settings = json.loads((out / "scan" / "result.json").read_text(encoding="utf-8"))["input"]["settings"]
    assert settings["segmentation"]["source"] == "totalsegmentator"
