from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from factory.progress_watch import ProgressWatch
from factory.radiomics_cases import formula_image, formula_mask

from OsteoScreenLib.cli import stability as command
from OsteoScreenLib.cli.app import run
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import write_image, write_labels

PARAMS = "featureClass:\n  firstorder: [Mean]\n"


@pytest.fixture
def pairs(tmp_path: Path) -> list[str]:
    """Image and mask of two subjects, and params.yaml beside them."""
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    names = []
    for n in range(2):
        image = formula_image()
        write_image(CTVolume(image.array + np.int16(100 * n), image.geometry), tmp_path / f"image{n}.nii.gz")
        write_labels(formula_mask().array, formula_mask().geometry, tmp_path / f"mask{n}.nii.gz")
        names += [str(tmp_path / f"image{n}.nii.gz"), str(tmp_path / f"mask{n}.nii.gz")]
    return names


def call(pairs: list[str], folder: Path, *more: str) -> int:
    common = ["--out", str(folder / "stability.csv"), "--params", str(folder / "params.yaml")]
    return run(["stability", *pairs, *common, *more])


def test_two_subjects_give_a_table(pairs, tmp_path, capsys):
    assert call(pairs, tmp_path, "--perturb", "noise", "--perturb", "grow") == 0

    with (tmp_path / "stability.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["perturbation"] for row in rows] == ["noise", "grow", "all"]
    assert float(rows[0]["icc_2_1"]) > 0.99
    assert "all together" in capsys.readouterr().out


def test_one_subject_costs_exit_1_and_says_that_two_are_wanted(pairs, tmp_path, capsys):
    assert call(pairs[:2], tmp_path, "--perturb", "grow") == 1
    assert "at least two" in " ".join(capsys.readouterr().err.split())


def test_a_mask_that_cannot_be_measured_costs_exit_1_and_is_named(pairs, tmp_path, capsys):
    write_labels(np.zeros_like(formula_mask().array), formula_mask().geometry, tmp_path / "mask1.nii.gz")

    assert call(pairs, tmp_path) == 1
    assert "empty" in capsys.readouterr().err


def test_a_wrong_call_costs_exit_2(pairs, tmp_path):
    assert call(pairs[:3], tmp_path) == 2
    assert call(pairs, tmp_path, "--perturb", "earthquake") == 2


def test_the_bar_runs_from_start_to_end_and_is_taken_away(pairs, tmp_path, monkeypatch):
    watch = ProgressWatch()
    monkeypatch.setattr(command, "ProgressBar", lambda console: watch)

    assert call(pairs, tmp_path, "--perturb", "noise") == 0

    fractions = [fraction for fraction, _ in watch.told]
    assert fractions[-1] == pytest.approx(1.0)
    assert len(set(fractions)) >= 4
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert all(message for _, message in watch.told)
    assert watch.closed


def test_ctrl_c_ends_the_work_with_exit_130_and_without_a_table(pairs, tmp_path, monkeypatch, capsys):
    watch = ProgressWatch(interrupt_from=0.3)
    monkeypatch.setattr(command, "ProgressBar", lambda console: watch)

    assert call(pairs, tmp_path, "--perturb", "noise") == 130

    assert watch.closed
    assert "Stopped." in capsys.readouterr().err
    assert not (tmp_path / "stability.csv").exists()
