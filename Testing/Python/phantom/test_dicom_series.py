"""DICOM series written from a volume: valid, exact, without a person."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from factory.geometric_body import make_geometric_body

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError, OutputError
from OsteoScreenLib.phantom.dicom_series import write_dicom_series


@pytest.fixture(scope="module")
def body() -> CTVolume:
    return make_geometric_body(shape_zyx=(9, 31, 33), spacing_xyz_mm=(6.5, 6.25, 7.0))


def oblique(ct: CTVolume) -> CTVolume:
    """The same voxels, turned about two axes."""
    a, b = 0.3, -0.2
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return replace(ct, geometry=replace(ct.geometry, direction=tuple((about_x @ about_z).ravel().tolist())))


def read_with_simpleitk(files: list[Path]) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in files])
    return reader.Execute()


@pytest.mark.parametrize("turned", [False, True])
def test_another_reader_sees_the_same_hounsfield_units_and_geometry(body: CTVolume, tmp_path: Path, turned: bool):
    ct = oblique(body) if turned else body
    image = read_with_simpleitk(write_dicom_series(ct, tmp_path / "series"))
    assert np.array_equal(sitk.GetArrayFromImage(image), ct.hu)
    assert image.GetSpacing() == pytest.approx(ct.geometry.spacing_xyz_mm, abs=1e-9)
    assert image.GetOrigin() == pytest.approx(ct.geometry.origin_lps_mm, abs=1e-9)
    assert image.GetDirection() == pytest.approx(ct.geometry.direction, abs=1e-9)


def test_the_same_call_writes_the_same_bytes_and_another_volume_other_uids(body: CTVolume, tmp_path: Path):
    first = write_dicom_series(body, tmp_path / "first")
    second = write_dicom_series(body, tmp_path / "second")
    assert [f.read_bytes() for f in first] == [f.read_bytes() for f in second]
    other = make_geometric_body(seed=1, shape_zyx=body.hu.shape, spacing_xyz_mm=body.geometry.spacing_xyz_mm)
    third = write_dicom_series(other, tmp_path / "third")
    uid = pydicom.dcmread(first[0], stop_before_pixels=True).SeriesInstanceUID
    assert pydicom.dcmread(third[0], stop_before_pixels=True).SeriesInstanceUID != uid


def test_every_image_has_its_own_uid_and_all_share_one_series(body: CTVolume, tmp_path: Path):
    images = [pydicom.dcmread(f, stop_before_pixels=True) for f in write_dicom_series(body, tmp_path / "s")]
    assert len({image.SOPInstanceUID for image in images}) == len(images) == 9
    for keyword in ("SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert len({image[keyword].value for image in images}) == 1


def test_it_names_its_maker_and_no_patient(body: CTVolume, tmp_path: Path):
    image = pydicom.dcmread(write_dicom_series(body, tmp_path / "s")[0])
    assert image.PatientName == "OsteoScreen^Simulation"
    assert image.ImageComments == "Made by OsteoScreen; not a patient"
    for keyword in ("PatientBirthDate", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"):
        assert image[keyword].value == ""
    assert (image.KVP, image.ConvolutionKernel, image.SliceThickness) == (120, "SOFT", 7.0)
    assert image.PixelPaddingValue == 0


def test_facts_are_written_where_known_and_left_out_where_not(body: CTVolume, tmp_path: Path):
    optional = ("PatientSize", "PatientWeight", "PatientAge", "ContrastBolusAgent", "GantryDetectorTilt", "Exposure")
    nothing = pydicom.dcmread(write_dicom_series(replace(body, acquisition=Acquisition()), tmp_path / "none")[0])
    assert [keyword for keyword in optional if keyword in nothing] == []
    facts = Acquisition(height_m=1.62, weight_kg=58.5, age_years=71.0, contrast_agent="Iomeprol", gantry_tilt_deg=0.0)
    image = pydicom.dcmread(write_dicom_series(replace(body, acquisition=facts), tmp_path / "some")[0])
    assert (image.PatientSize, image.PatientWeight, image.PatientAge) == (1.62, 58.5, "071Y")
    assert (image.ContrastBolusAgent, image.GantryDetectorTilt) == ("Iomeprol", 0)
    assert "Exposure" not in image


def test_tags_replace_what_the_volume_says_and_none_removes(body: CTVolume, tmp_path: Path):
    files = write_dicom_series(body, tmp_path / "s", PatientSex="F", KVP="140", ConvolutionKernel=None, SeriesNumber=7)
    image = pydicom.dcmread(files[3])
    assert (image.PatientSex, image.KVP, image.SeriesNumber) == ("F", 140, 7)
    assert "ConvolutionKernel" not in image


def test_an_unknown_keyword_is_refused(body: CTVolume, tmp_path: Path):
    with pytest.raises(OutputError, match="Pateint"):
        write_dicom_series(body, tmp_path / "s", PateintName="x")


def test_values_below_the_usual_intercept_are_kept(body: CTVolume, tmp_path: Path):
    hu = body.hu.copy()
    hu[0, 0, 0] = -3024
    image = read_with_simpleitk(write_dicom_series(replace(body, hu=hu), tmp_path / "s"))
    assert np.array_equal(sitk.GetArrayFromImage(image), hu)


@pytest.mark.parametrize(("value", "words"), [(0.5, "whole"), (np.nan, "whole"), (70000.0, "16 bits")])
def test_values_that_dicom_cannot_hold_are_refused(body: CTVolume, tmp_path: Path, value: float, words: str):
    hu = body.hu.astype(np.float32)
    hu[0, 0, 0] = value
    with pytest.raises(OutputError, match=words):
        write_dicom_series(replace(body, hu=hu), tmp_path / "s")


def test_a_folder_that_holds_a_series_is_not_written_into(body: CTVolume, tmp_path: Path):
    write_dicom_series(body, tmp_path / "s")
    with pytest.raises(OutputError, match="already holds"):
        write_dicom_series(body, tmp_path / "s")


def test_a_folder_that_cannot_be_made_is_one_clear_error(body: CTVolume, tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="cannot be made"):
        write_dicom_series(body, tmp_path / "file" / "s")


def test_it_stops_on_request(body: CTVolume, tmp_path: Path):
    with pytest.raises(CancelledError):
        write_dicom_series(body, tmp_path / "s", cancelled=lambda: True)


@pytest.mark.needs_program("dciodvfy", "dicom3tools")
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_an_independent_validator_finds_no_error(body: CTVolume, tmp_path: Path, turned: bool, known: bool):
    ct = oblique(body) if turned else body
    if not known:
        ct = replace(ct, acquisition=Acquisition())
    file = write_dicom_series(ct, tmp_path / "s")[4]
    assert complaints(file) == []


@pytest.mark.needs_program("dciodvfy", "dicom3tools")
def test_the_validator_does_find_an_error(body: CTVolume, tmp_path: Path):
    file = write_dicom_series(body, tmp_path / "s", ImageOrientationPatient=None)[4]
    assert any("ImageOrientationPatient" in line for line in complaints(file))


def complaints(file: Path) -> list[str]:
    run = subprocess.run(["dciodvfy", "-new", str(file)], capture_output=True, text=True, check=False)
    output = (run.stdout + run.stderr).splitlines()
    assert "CTImage" in output, "the validator took it for a CT image"
    return [line for line in output if line.startswith("Error")]
