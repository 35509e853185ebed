from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.phantom import dicom_series, geometric_body


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies of coarse voxels, so that the tests are quick."""
    make = geometric_body.make_geometric_body
    monkeypatch.setattr(
        geometric_body, "make_geometric_body", lambda seed, **options: make(seed, (24, 48, 48), (8.0,) * 3, **options)
    )


def test_bodies_are_written_as_dicom_folders_and_said_not_to_be_anatomy(osteoscreen, tmp_path: Path) -> None:
    ended = osteoscreen("phantom", "--out", tmp_path / "p", "--count", 2, "--seed", 5)
    assert ended.code == 0
    assert "geometric body, not anatomy" in ended.out
    assert sorted(entry.name for entry in (tmp_path / "p").iterdir()) == ["body-0001", "body-0002"]
    first = read_ct(tmp_path / "p" / "body-0001")
    np.testing.assert_array_equal(first.hu, geometric_body.make_geometric_body(5).hu)


def test_a_folder_that_exists_is_not_overwritten(osteoscreen, tmp_path: Path) -> None:
    (tmp_path / "body-0002").mkdir()
    ended = osteoscreen("phantom", "--out", tmp_path, "--count", 2)
    assert ended.code == 2
    assert "exists already" in ended.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["body-0002"]


def test_an_interrupted_body_leaves_no_half_series(osteoscreen, tmp_path: Path, monkeypatch) -> None:
    write = dicom_series.write_dicom_series

    def interrupted(ct, folder, **tags):
        write(ct, folder, **tags)
        raise KeyboardInterrupt

    monkeypatch.setattr(dicom_series, "write_dicom_series", interrupted)
    ended = osteoscreen("phantom", "--out", tmp_path / "p")
    assert ended.code == 130
    assert "Stopped" in ended.err
    assert list((tmp_path / "p").iterdir()) == []


@pytest.mark.parametrize("arguments", [("--count", "0"), ("--seed", "-1"), ()])
def test_an_impossible_request_is_a_wrong_call(osteoscreen, tmp_path: Path, arguments) -> None:
    out = ("--out", tmp_path / "p") if arguments else ()
    assert osteoscreen("phantom", *out, *arguments).code == 2
