"""Reading a segmentation: whole numbers only, its place in the patient kept, anything else refused in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factory.base import small_body
from factory.hostile import HostileInput, all_hostile_inputs
from factory.images import nifti_bytes, write_bytes

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.label_file import mask_stem, read_labels
from OsteoScreenLib.ct.same_grid import same_grid
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import SUFFIXES, write_image
from OsteoScreenLib.errors import InputError

TURN = np.deg2rad(17.0)
OBLIQUE = (1.0, 0.0, 0.0, 0.0, float(np.cos(TURN)), float(-np.sin(TURN)), 0.0, float(np.sin(TURN)), float(np.cos(TURN)))
GRID = Geometry((5, 6, 7), (0.7421875, 0.7421875, 1.1), (-123.456, 78.9, -1000.25), OBLIQUE)
HOSTILE_FILES = [
    entry for entry in all_hostile_inputs() if entry.errors and entry.name.startswith(("nifti", "nrrd", "meta", "text"))
]


def labels(highest: int = 2) -> np.ndarray:
    return np.random.default_rng(0).integers(0, highest + 1, GRID.shape_zyx)


def written(path: Path, values: np.ndarray) -> Path:
    return write_image(CTVolume(values, GRID), path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32, np.float64])
def test_labels_and_their_place_come_back_whatever_number_type_holds_them(tmp_path: Path, suffix: str, dtype: type):
    found, geometry = read_labels(written(tmp_path / f"mask{suffix}", labels().astype(dtype)))
    assert found.dtype == np.uint8
    assert np.array_equal(found, labels())
    assert same_grid(geometry, GRID) == (True, "")


def test_many_labels_need_two_bytes(tmp_path: Path):
    found, _ = read_labels(written(tmp_path / "mask.nrrd", labels(400).astype(np.int16)))
    assert found.dtype == np.uint16
    assert np.array_equal(found, labels(400))


def test_a_nifti_scale_that_keeps_whole_numbers_is_heeded_and_one_that_does_not_is_refused(tmp_path: Path):
    mask = CTVolume(labels().astype(np.uint8), GRID)
    doubled = write_bytes(tmp_path / "a.nii.gz", nifti_bytes(mask, scale=(2.0, 0.0)))
    assert np.array_equal(read_labels(doubled)[0], 2 * labels())
    halved = write_bytes(tmp_path / "b.nii.gz", nifti_bytes(mask, scale=(0.25, 0.0)))
    with pytest.raises(InputError, match="not labels"):
        read_labels(halved)


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(0, 1, 210).reshape(GRID.shape_zyx).astype(np.float32),
        (labels() - 1).astype(np.int16),
        np.full(GRID.shape_zyx, 70000, np.int32),
    ],
    ids=["a probability map", "negative", "too large"],
)
def test_what_is_no_label_is_refused(tmp_path: Path, values: np.ndarray):
    with pytest.raises(InputError, match="not labels") as caught:
        read_labels(written(tmp_path / "mask.mha", values))
    assert caught.value.code == "not_labels"
    assert caught.value.next_step


def test_a_ct_is_no_segmentation(tmp_path: Path):
    with pytest.raises(InputError, match="not labels"):
        read_labels(write_image(small_body(), tmp_path / "ct.nii.gz"))


@pytest.mark.parametrize("entry", HOSTILE_FILES, ids=lambda entry: entry.name)
def test_every_hostile_image_file_is_refused_as_a_mask_with_one_clear_error(entry: HostileInput, tmp_path: Path):
    made = entry.make(tmp_path)
    with pytest.raises(InputError) as caught:
        read_labels(made.path)
    assert "\n" not in str(caught.value)
    assert "itk::" not in str(caught.value)


def test_enough_hostile_files_are_tried():
    assert len(HOSTILE_FILES) >= 20


@pytest.mark.parametrize("make", ["folder", "missing", "dicom"])
def test_what_is_not_an_image_file_is_refused(tmp_path: Path, make: str):
    path = tmp_path / "mask"
    if make == "folder":
        path.mkdir()
    elif make == "dicom":
        path.write_bytes(bytes(128) + b"DICM" + bytes(100))
    with pytest.raises(InputError) as caught:
        read_labels(path)
    assert caught.value.code == ("not_found" if make == "missing" else "not_an_image")


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.nii.gz", "a"), ("b.c.NRRD", "b.c"), ("d.mha", "d"), ("e.seg", "e"), (".nii", ".nii"), ("STS_1.nii", "STS_1")],
)
def test_the_stem_of_a_name_is_what_lies_before_the_ending_of_its_format(name: str, stem: str):
    assert mask_stem(Path("folder") / name) == stem


def test_grids_are_the_same_up_to_rounding_only():
    rounded = replace(GRID, origin_lps_mm=tuple(float(np.float32(v)) for v in GRID.origin_lps_mm))
    assert same_grid(GRID, rounded)[0]
    assert same_grid(GRID, replace(GRID, shape_zyx=(5, 6, 8))) == (
        False,
        "they have 7 x 6 x 5 and 8 x 6 x 5 voxels (x, y, z)",
    )
    moved = replace(GRID, origin_lps_mm=(-123.356, 78.9, -1000.25))
    assert "0.1 mm apart" in same_grid(GRID, moved)[1]
    assert "mm" in same_grid(GRID, replace(GRID, spacing_xyz_mm=(0.75, 0.7421875, 1.1)))[1]
    flipped = replace(GRID, direction=tuple(-v for v in GRID.direction))
    assert not same_grid(GRID, flipped)[0]
