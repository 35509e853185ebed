from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from factory.small_patient import make_small_case

from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.phantom import digital_patient, write_patient
from OsteoScreenLib.phantom.cohort import Options
from OsteoScreenLib.phantom.cohort_design import Case


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Patients of a few rods, so that the tests are quick; records what was asked for."""
    calls: list[tuple[object, ...]] = []

    def make(traits, protocol, *, spacing_xyz_mm, shape_zyx, workers):
        calls.append((traits.seed, protocol.name, spacing_xyz_mm))
        return make_small_case(Case("small", traits, protocol), Options())[0]

    monkeypatch.setattr(digital_patient, "make_digital_patient", make)
    return calls


def test_patients_are_written_with_a_table_and_said_to_be_no_persons(osteoscreen, tmp_path: Path, made) -> None:
    ended = osteoscreen("phantom", "--out", tmp_path / "p", "--count", 2, "--seed", 5, "--protocol", "hip")
    assert ended.code == 0
    assert "not persons" in ended.out
    assert sorted(entry.name for entry in (tmp_path / "p").iterdir()) == ["cohort.csv", "patient-0001", "patient-0002"]
    assert made == [(5, "hip", None), (6, "hip", None)]
    assert {path.name for path in (tmp_path / "p" / "patient-0001").iterdir()} >= {"ct.nii.gz", "truth.json"}


def test_a_dicom_series_is_written_on_request_and_holds_the_same_image(osteoscreen, tmp_path: Path, made) -> None:
    assert osteoscreen("phantom", "--out", tmp_path, "--dicom", "--spacing", 2.5).code == 0
    folder = tmp_path / "patient-0001"
    np.testing.assert_array_equal(read_ct(folder / "dicom").hu, read_ct(folder / "ct.nii.gz").hu)
    assert made[0][2] == (2.5, 2.5, 2.5)


def test_a_cohort_has_sites_splits_and_labels(osteoscreen, tmp_path: Path) -> None:
    assert osteoscreen("phantom", "--out", tmp_path, "--cohort", "--count", 12, "--seed", 1).code == 0
    with (tmp_path / "cohort.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    assert len({row["site"] for row in rows}) > 2
    assert {row["status"] for row in rows} <= {"normal", "osteopenia", "osteoporosis"}
    assert all(row["split"] and row["t_score"] for row in rows)


def test_what_is_there_already_is_kept(osteoscreen, tmp_path: Path, made) -> None:
    assert osteoscreen("phantom", "--out", tmp_path, "--count", 1).code == 0
    assert osteoscreen("phantom", "--out", tmp_path, "--count", 2).code == 0
    assert [call[0] for call in made] == [0, 1]


def test_an_interrupted_patient_leaves_no_half_folder(osteoscreen, tmp_path: Path, monkeypatch) -> None:
    write = write_patient.write_dicom_series

    def interrupted(ct, folder, **tags):
        write(ct, folder, **tags)
        raise KeyboardInterrupt

    monkeypatch.setattr(write_patient, "write_dicom_series", interrupted)
    ended = osteoscreen("phantom", "--out", tmp_path / "p", "--dicom")
    assert ended.code == 130
    assert "Stopped" in ended.err
    assert list((tmp_path / "p").iterdir()) == []


def test_an_unknown_protocol_is_named_with_those_there_are(osteoscreen, tmp_path: Path) -> None:
    ended = osteoscreen("phantom", "--out", tmp_path / "p", "--protocol", "head")
    assert ended.code == 2
    assert "low-dose-abdomen" in ended.err
    assert not (tmp_path / "p").exists()


def test_a_cohort_cannot_come_from_label_maps(osteoscreen, tmp_path: Path) -> None:
    ended = osteoscreen("phantom", "--out", tmp_path / "p", "--cohort", "--label-maps", tmp_path)
    assert ended.code == 2
    assert "label maps" in ended.err


def test_dicom_from_label_maps_is_refused_and_not_ignored(osteoscreen, tmp_path: Path) -> None:
    ended = osteoscreen("phantom", "--out", tmp_path / "p", "--dicom", "--label-maps", tmp_path)
    assert ended.code == 2
    assert "--dicom" in ended.err
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("arguments", [("--count", "0"), ("--seed", "-1"), ("--spacing", "0"), ("--jobs", "0"), ()])
def test_an_impossible_request_is_a_wrong_call(osteoscreen, tmp_path: Path, arguments) -> None:
    out = ("--out", tmp_path / "p") if arguments else ()
    assert osteoscreen("phantom", *out, *arguments).code == 2
