from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from factory.progress_watch import ProgressWatch
from factory.radiomics_cases import formula_image, formula_mask

from OsteoScreenLib.cli import radiomics as command
from OsteoScreenLib.cli.app import run
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import write_image, write_labels

FIRST_ORDER = "setting:\n  binWidth: 25\nfeatureClass:\n  firstorder: [Mean, Minimum]\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with image.nii.gz, mask.nii.gz (labels 1 and 2) and params.yaml."""
    image, mask = formula_image(), formula_mask()
    labels = mask.array.copy()
    labels[:9][labels[:9] > 0] = 1
    write_image(CTVolume(image.array, image.geometry), tmp_path / "image.nii.gz")
    write_labels(labels, mask.geometry, tmp_path / "mask.nii.gz")
    (tmp_path / "params.yaml").write_text(FIRST_ORDER, encoding="utf-8")
    return tmp_path


def call(files: Path, *more: str, mask: str = "mask.nii.gz", out: str = "features.csv") -> int:
    return run(["radiomics", str(files / "image.nii.gz"), str(files / mask), "--out", str(files / out), *more])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_label_has_a_row_with_its_features_and_where_they_come_from(files):
    assert call(files, "--params", str(files / "params.yaml")) == 0

    rows = rows_of(files / "features.csv")
    assert [row["label"] for row in rows] == ["1", "2"]
    assert {row["mask"] for row in rows} == {"mask.nii.gz"}
    labels = formula_mask().array.copy()
    labels[:9][labels[:9] > 0] = 1
    assert float(rows[0]["original_firstorder_Mean"]) == formula_image().array[labels == 1].mean()
    assert rows[0]["status"] == "features"
    assert len(rows[0]["diagnostics_Image-original_Hash"]) == 40
    assert "binWidth" in rows[0]["diagnostics_Configuration_Settings"]


def test_the_defaults_are_those_of_pyradiomics(files):
    assert call(files, "--label", "2") == 0

    (row,) = rows_of(files / "features.csv")
    assert sum(name.startswith("original_") for name in row) == 107


def test_the_label_that_the_parameters_name_is_the_one_measured(files):
    (files / "params.yaml").write_text(FIRST_ORDER.replace("binWidth: 25", "label: 2"), encoding="utf-8")

    assert call(files, "--params", str(files / "params.yaml")) == 0
    assert [row["label"] for row in rows_of(files / "features.csv")] == ["2"]


def test_a_region_that_cannot_be_measured_costs_exit_1_and_keeps_its_row(files, capsys):
    labels = formula_mask().array.copy()
    labels[17, 20, 20] = 7
    write_labels(labels, formula_mask().geometry, files / "mask.nii.gz")

    assert call(files, "--params", str(files / "params.yaml")) == 1

    rows = {row["label"]: row for row in rows_of(files / "features.csv")}
    assert rows["7"]["status"] == "one_voxel"
    assert rows["7"]["original_firstorder_Mean"] == ""
    assert rows["2"]["original_firstorder_Mean"] != ""
    assert "label 7: no features" in " ".join(capsys.readouterr().err.split())


def test_several_masks_go_into_one_table_and_an_unreadable_one_has_its_error_in_it(files):
    (files / "broken.nii.gz").write_bytes(b"not an image")
    arguments = [str(files / name) for name in ("image.nii.gz", "mask.nii.gz", "broken.nii.gz")]
    out = files / "features.csv"

    assert run(["radiomics", *arguments, "--out", str(out), "--params", str(files / "params.yaml")]) == 1

    assert [row["mask"] for row in rows_of(out)] == ["mask.nii.gz", "mask.nii.gz", "broken.nii.gz"]


def test_an_image_that_cannot_be_read_costs_exit_1(files, capsys):
    (files / "image.nii.gz").write_bytes(b"not an image")

    assert call(files) == 1
    assert "Error:" in capsys.readouterr().err
    assert not (files / "features.csv").exists()


@pytest.mark.parametrize(
    "more",
    [("--params", "nowhere.yaml"), ("--label", "0"), ("--engine", "other"), ("--threads", "0")],
)
def test_a_wrong_call_costs_exit_2(files, more):
    assert call(files, *more) == 2


def test_the_name_of_the_table_is_checked_before_the_work(files):
    assert call(files, out="features.txt") == 2
    assert call(files, out="absent/features.csv") == 2
    (files / "features.csv").write_text("mine")
    assert call(files) == 2
    assert (files / "features.csv").read_text() == "mine"
    assert call(files, "--overwrite", "--params", str(files / "params.yaml")) == 0


def test_a_number_type_of_the_file_is_kept_so_that_resampling_drops_decimals_as_pyradiomics_does(files):
    import SimpleITK as sitk

    path = files / "image.nii.gz"
    text = FIRST_ORDER.replace("binWidth: 25", "resampledPixelSpacing: [1, 1, 1]")
    (files / "params.yaml").write_text(text, encoding="utf-8")
    means = []
    for kind in (sitk.sitkInt16, sitk.sitkFloat64):
        sitk.WriteImage(sitk.Cast(sitk.ReadImage(str(path)), kind), str(path))
        assert call(files, "--params", str(files / "params.yaml"), "--overwrite", "--label", "2") == 0
        means.append(float(rows_of(files / "features.csv")[0]["original_firstorder_Minimum"]))

    assert means[0] == np.rint(means[0])
    assert means[1] != np.rint(means[1])


@pytest.mark.beside("radiomics.featureextractor", "PyRadiomics")
def test_pyradiomics_as_the_engine_gives_the_same_table(files):
    assert call(files, "--label", "2") == 0
    assert call(files, "--label", "2", "--engine", "pyradiomics", out="theirs.csv") == 0

    (ours,), (theirs,) = rows_of(files / "features.csv"), rows_of(files / "theirs.csv")
    names = [name for name in ours if name.startswith("original_")]
    assert names == [name for name in theirs if name.startswith("original_")]
    assert [float(ours[name]) for name in names] == pytest.approx([float(theirs[name]) for name in names], rel=1e-9)


def test_pyradiomics_as_the_engine_is_named_where_it_is_not_installed(files, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "radiomics", None)

    assert call(files, "--engine", "pyradiomics") == 2
    assert "PyRadiomics is not installed" in " ".join(capsys.readouterr().err.split())


def test_the_bar_runs_from_start_to_end_and_is_taken_away(files, monkeypatch):
    watch = ProgressWatch()
    monkeypatch.setattr(command, "ProgressBar", lambda console: watch)

    assert call(files, "--params", str(files / "params.yaml")) == 0

    fractions = [fraction for fraction, _ in watch.told]
    assert fractions[-1] == pytest.approx(1.0)
    assert len(set(fractions)) >= 4
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert all(message for _, message in watch.told)
    assert watch.closed


def test_ctrl_c_ends_the_work_with_exit_130_and_without_a_table(files, monkeypatch, capsys):
    watch = ProgressWatch(interrupt_from=0.3)
    monkeypatch.setattr(command, "ProgressBar", lambda console: watch)

    assert call(files, "--params", str(files / "params.yaml")) == 130

    assert watch.closed
    assert "Stopped." in capsys.readouterr().err
    assert not (files / "features.csv").exists()
