from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from factory.femur_segmenters import DOUBT, BoxSegmenter, FailingSegmenter, read_voxels

from OsteoScreenLib.cli.segment import in_words
from OsteoScreenLib.ct.write import write_image, write_labels
from OsteoScreenLib.errors import CancelledError, MissingPackageError
from OsteoScreenLib.screening import femur_source
from OsteoScreenLib.segmentation.femur_masks import FemurFinding


@pytest.fixture
def scan(body, tmp_path: Path) -> Path:
    return write_image(body, tmp_path / "scan.nii.gz")


@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nii", "mask.nrrd", "mask.mha"])
def test_a_mask_is_written_on_the_scans_own_grid_in_the_format_of_its_name(osteoscreen, scan, body, name) -> None:
    import SimpleITK as sitk

    out = scan.with_name(name)
    ended = osteoscreen("segment", scan, "--out", out)
    assert ended.code == 0, ended.err
    mask = sitk.ReadImage(str(out))
    assert mask.GetSize() == body.geometry.shape_zyx[::-1]
    np.testing.assert_allclose(mask.GetSpacing(), body.geometry.spacing_xyz_mm, rtol=1e-6)
    np.testing.assert_allclose(mask.GetOrigin(), body.geometry.origin_lps_mm, atol=1e-3)
    assert set(np.unique(sitk.GetArrayFromImage(mask))) == {0, 1}


def test_each_side_is_told_in_plain_words(osteoscreen, scan, monkeypatch) -> None:
    monkeypatch.setattr(femur_source, "_vbnet", lambda engine, threads: BoxSegmenter(DOUBT))
    ended = osteoscreen("segment", scan, "--out", scan.with_name("mask.nii.gz"))
    assert "Left femur   cut, " in ended.out
    assert "estimated DSC 0.95. The image ends too early." in ended.out
    assert "Right femur  absent. There is no bone on the right." in ended.out
    assert "vbnet (femur-test 1.0)" in ended.out
    assert "femur_mask_doubtful: The left femur's mask is doubtful." in ended.out
    assert "Research use only" in ended.out


def test_the_words_of_a_side() -> None:
    assert in_words(FemurFinding("present", volume_ml=152.34, estimated_dsc=0.96)) == (
        "present, 152.3 mL, estimated DSC 0.96"
    )
    assert in_words(FemurFinding("present", volume_ml=1.0, implant=True)) == (
        "present, 1.0 mL, metal in or at the bone, DSC not estimated"
    )
    assert in_words(FemurFinding("absent", "Too little of it")) == "absent. Too little of it."


def test_a_dicom_folder_and_one_of_its_series_can_be_segmented(osteoscreen, dicom_folder, tmp_path) -> None:
    assert osteoscreen("segment", dicom_folder, "--out", tmp_path / "mask.nii.gz", "--series", "2").code == 0
    ended = osteoscreen("segment", dicom_folder, "--out", tmp_path / "other.nii.gz", "--series", "99")
    assert ended.code == 1
    assert not (tmp_path / "other.nii.gz").exists()


def test_an_existing_file_is_replaced_only_on_request(osteoscreen, scan, box_segmenter) -> None:
    out = scan.with_name("mask.nii.gz")
    out.write_bytes(b"precious")
    ended = osteoscreen("segment", scan, "--out", out)
    assert ended.code == 2
    assert "--overwrite" in ended.err
    assert out.read_bytes() == b"precious"
    assert box_segmenter.calls == 0
    assert osteoscreen("segment", scan, "--out", out, "--overwrite").code == 0
    assert read_voxels(out).any()


def test_the_scan_itself_is_not_overwritten_without_a_word(osteoscreen, scan) -> None:
    before = hashlib.sha256(scan.read_bytes()).hexdigest()
    assert osteoscreen("segment", scan, "--out", scan).code == 2
    assert hashlib.sha256(scan.read_bytes()).hexdigest() == before


def test_a_mask_of_the_users_own_is_a_source(osteoscreen, scan, body, box_segmenter) -> None:
    labels = np.zeros(body.hu.shape, np.uint8)
    labels[10:30, 28:36, 10:18] = 2
    mine = write_labels(labels, body.geometry, scan.with_name("mine.nrrd"))
    ended = osteoscreen("segment", scan, "--out", scan.with_name("mask.nrrd"), "--source", mine)
    assert ended.code == 0, ended.err
    assert box_segmenter.calls == 0
    np.testing.assert_array_equal(read_voxels(scan.with_name("mask.nrrd")), labels)
    assert "given" in ended.out


def test_a_mask_that_does_not_fit_ends_with_1_and_says_why(osteoscreen, scan, body) -> None:
    labels = np.full(body.hu.shape, 7, np.uint8)
    mine = write_labels(labels, body.geometry, scan.with_name("mine.nii.gz"))
    ended = osteoscreen("segment", scan, "--out", scan.with_name("mask.nii.gz"), "--source", mine)
    assert ended.code == 1
    assert "labels" in ended.err
    assert not scan.with_name("mask.nii.gz").exists()


def test_an_engine_that_is_not_installed_ends_with_1_and_says_what_to_install(osteoscreen, scan, monkeypatch) -> None:
    error = MissingPackageError("onnxruntime is not installed", next_step="Run: pip install onnxruntime.")
    monkeypatch.setattr(femur_source, "_vbnet", lambda engine, threads: FailingSegmenter(error))
    ended = osteoscreen("segment", scan, "--out", scan.with_name("mask.nii.gz"))
    assert ended.code == 1
    assert "pip install onnxruntime" in ended.err
    assert not scan.with_name("mask.nii.gz").exists()


def test_an_input_that_is_no_ct_ends_with_1(osteoscreen, tmp_path) -> None:
    notes = tmp_path / "notes.dcm"
    notes.write_text("not an image\n" * 50)
    ended = osteoscreen("segment", notes, "--out", tmp_path / "mask.nii.gz")
    assert ended.code == 1
    assert "notes.dcm" in ended.err
    assert "Traceback" not in ended.err


def test_ctrl_c_ends_with_130_and_leaves_nothing(osteoscreen, scan, monkeypatch) -> None:
    stop = FailingSegmenter(CancelledError("Stopped"))
    monkeypatch.setattr(femur_source, "_vbnet", lambda engine, threads: stop)
    assert osteoscreen("segment", scan, "--out", scan.with_name("mask.nii.gz")).code == 130
    assert [entry.name for entry in scan.parent.iterdir()] == ["scan.nii.gz"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Missing argument"),
        (("x",), "--out"),
        (("x", "--out", "mask.txt"), ".nii.gz"),
        (("x", "--out", "no/such/folder/mask.nii.gz"), "folder"),
        (("x", "--out", "mask.nii.gz", "--source", "magic"), "neither a source of masks nor a file"),
        (("x", "--out", "mask.nii.gz", "--engine", "steam"), "steam"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_what_is_wrong(osteoscreen, arguments, says, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = osteoscreen("segment", *arguments)
    assert ended.code == 2
    assert says in ended.err
    assert list(tmp_path.iterdir()) == []
