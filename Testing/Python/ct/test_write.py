"""Writing a volume as one image file: exact, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import SUFFIXES, write_image
from OsteoScreenLib.errors import OutputError

TURN = np.deg2rad(17.0)
OBLIQUE = (1.0, 0.0, 0.0, 0.0, float(np.cos(TURN)), float(-np.sin(TURN)), 0.0, float(np.sin(TURN)), float(np.cos(TURN)))
LEFT_HANDED = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def volume(direction: tuple = OBLIQUE, dtype: type = np.int16) -> CTVolume:
    hu = np.random.default_rng(0).integers(-1024, 2000, (5, 6, 7)).astype(dtype)
    return CTVolume(hu, Geometry((5, 6, 7), (0.7421875, 0.7421875, 1.1), (-123.456, 78.9, -1000.25), direction))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("direction", [OBLIQUE, LEFT_HANDED])
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_another_reader_sees_the_same_volume(tmp_path: Path, suffix: str, direction: tuple, dtype: type):
    ct = volume(direction, dtype)
    image = sitk.ReadImage(str(write_image(ct, tmp_path / f"ct{suffix}")))
    voxels = sitk.GetArrayFromImage(image)
    assert voxels.dtype == dtype
    assert np.array_equal(voxels, ct.hu)
    # NIfTI holds 32-bit floats; the other two hold every digit.
    tolerance = 1e-4 if suffix.startswith(".nii") else 1e-12
    assert image.GetSpacing() == pytest.approx(ct.geometry.spacing_xyz_mm, abs=tolerance * 0.01)
    assert image.GetOrigin() == pytest.approx(ct.geometry.origin_lps_mm, abs=tolerance)
    assert image.GetDirection() == pytest.approx(direction, abs=max(tolerance * 0.01, 1e-12))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_existing_file_is_replaced_and_nothing_else_is_left(tmp_path: Path, suffix: str):
    target = tmp_path / f"ct{suffix}"
    target.write_text("old")
    write_image(volume(), target)
    assert sitk.ReadImage(str(target)).GetSize() == (7, 6, 5)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.name != "posix", reason="permission bits are a matter of POSIX systems")
def test_the_file_is_as_readable_as_any_other_that_the_user_makes(tmp_path: Path):
    (tmp_path / "other").write_text("")
    written = write_image(volume(), tmp_path / "ct.nrrd")
    assert written.stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("name", ["ct.png", "ct", "ct.mhd", "ct.gz", "nii"])
def test_an_unknown_ending_is_refused_with_the_ones_that_are_known(tmp_path: Path, name: str):
    with pytest.raises(OutputError, match=r"\.nii\.gz, \.nii, \.nrrd, \.mha"):
        write_image(volume(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_folder_and_a_file_in_its_place_are_one_clear_error(tmp_path: Path, suffix: str):
    (tmp_path / "file").write_text("not a folder")
    for parent in ("missing", "file"):
        with pytest.raises(OutputError, match="cannot be written") as caught:
            write_image(volume(), tmp_path / parent / f"ct{suffix}")
        assert caught.value.next_step
    assert (tmp_path / "file").read_text() == "not a folder"


def test_a_folder_in_the_place_of_the_file_is_one_clear_error(tmp_path: Path):
    (tmp_path / "ct.nrrd").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_image(volume(), tmp_path / "ct.nrrd")
    assert [entry.name for entry in tmp_path.iterdir()] == ["ct.nrrd"]


@pytest.mark.skipif(os.name != "posix", reason="a limit on file sizes needs POSIX")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("limit_bytes", [0, 60, 20_000])
def test_a_full_disk_is_an_error_and_leaves_the_old_file_alone(
    tmp_path: Path, repository: Path, suffix: str, limit_bytes: int
):
    """A limit on the size of files stands for the full disk: writing fails at that byte."""
    target = tmp_path / f"ct{suffix}"
    target.write_text("old")
    code = f"""
import resource, sys
import numpy as np
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import write_image
from OsteoScreenLib.errors import OutputError
hu = np.random.default_rng(0).integers(-1024, 2000, (20, 40, 50)).astype(np.int16)
ct = CTVolume(hu, Geometry(hu.shape, (1., 1., 1.), (0., 0., 0.), (1., 0., 0., 0., 1., 0., 0., 0., 1.)))
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes}, {limit_bytes}))
try:
    write_image(ct, sys.argv[1])
except OutputError as error:
    sys.exit(7)
"""
    run = subprocess.run(
        [sys.executable, "-c", code, str(target)], cwd=repository, capture_output=True, text=True, check=False
    )
    assert run.returncode == 7, run.stderr
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_read_only_volume_can_be_written(tmp_path: Path):
    ct = volume()
    ct.hu.flags.writeable = False
    write_image(ct, tmp_path / "ct.mha")
    assert (tmp_path / "ct.mha").exists()


def test_an_impossible_geometry_is_not_written(tmp_path: Path):
    ct = volume()
    broken = replace(ct, geometry=replace(ct.geometry, spacing_xyz_mm=(0.0, 1.0, 1.0)))
    with pytest.raises(OutputError, match="voxel size"):
        write_image(broken, tmp_path / "ct.nrrd")
    assert list(tmp_path.iterdir()) == []
