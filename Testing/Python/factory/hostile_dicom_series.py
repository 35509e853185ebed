"""Hostile DICOM series: what lies in the folder, how the slices lie, where they are."""

from __future__ import annotations

import shutil
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    generate_uid,
)

from factory.base import gradient_field, reordered, small_body, turned, with_field
from factory.dicom import (
    MR_IMAGE_STORAGE,
    SECONDARY_CAPTURE_STORAGE,
    DicomSeriesBuilder,
    set_tags,
    stored_values,
    write_dataset,
)
from factory.hostile import Made, hostile
from factory.hostile_nifti import OBLIQUE
from OsteoScreenLib.ct.volume import CTVolume

FIELD_OUTSIDE_HU = -1024.0
STRUCTURE_SET_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"


def _series(ct: CTVolume | None = None, **tags: object) -> DicomSeriesBuilder:
    return DicomSeriesBuilder(ct or small_body(), **tags)


def _part(ct: CTVolume, first: int, last: int) -> CTVolume:
    """The slices first to last - 1 of a volume."""
    _, y, x = ct.hu.shape
    geometry = replace(
        ct.geometry, shape_zyx=(last - first, y, x), origin_lps_mm=ct.geometry.to_physical((0, 0, first))
    )
    return replace(ct, hu=ct.hu[first:last], geometry=geometry)


# What is in the folder.


@hostile(errors="no_ct_series")
def dicom_mr(tmp: Path) -> Made:
    return Made(_series(Modality="MR", SOPClassUID=MR_IMAGE_STORAGE).write(tmp / "scan"))


@hostile(errors="no_ct_series")
def dicom_structure_set_only(tmp: Path) -> Made:
    series = _series(
        Modality="RTSTRUCT", SOPClassUID=STRUCTURE_SET_STORAGE, Rows=None, Columns=None, PixelData=None
    ).keep([0])
    (tmp / "scan").mkdir()
    series.images[0].save_as(tmp / "scan" / "rs.dcm")
    return Made(tmp / "scan")


@hostile(errors="only_localizer")
def dicom_localizer_only(tmp: Path) -> Made:
    return Made(_series(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]).keep([0, 1]).write(tmp / "scan"))


@hostile()
def dicom_localizer_mr_and_plan_around_the_series(tmp: Path) -> Made:
    scan = _series(SeriesNumber=4).write(tmp / "scan" / "ct")
    other = {"SeriesInstanceUID": generate_uid(), "SeriesNumber": 1}
    localizer = _series(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], **other).keep([0])
    localizer.each(_new_instance).write(scan.parent / "scout")
    other = {"SeriesInstanceUID": generate_uid(), "SeriesNumber": 2}
    _series(Modality="MR", SOPClassUID=MR_IMAGE_STORAGE, **other).each(_new_instance).write(scan.parent / "mr")
    return Made(scan.parent, small_body())


def _new_instance(image: Dataset) -> None:
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()


@hostile(errors="not_scalar")
def dicom_rgb(tmp: Path) -> Made:
    series = _series(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)

    def colour(image: Dataset) -> None:
        set_tags(image, BitsAllocated=8, BitsStored=8, HighBit=7, PixelPaddingValue=None)
        image.PixelData = bytes(image.Rows * image.Columns * 3)

    return Made(series.each(colour).write(tmp / "scan"))


@hostile(errors="not_scalar no_ct_series impossible_geometry")
def dicom_secondary_capture(tmp: Path) -> Made:
    series = _series(
        SOPClassUID=SECONDARY_CAPTURE_STORAGE,
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
        ImageType=["DERIVED", "SECONDARY"],
    )
    return Made(series.keep([5]).write(tmp / "scan"))


@hostile(errors="several_patients")
def dicom_of_two_patients(tmp: Path) -> Made:
    _series().write(tmp / "scan" / "one")
    other = _series(PatientID="SOMEBODY-ELSE", SeriesInstanceUID=generate_uid()).each(_new_instance)
    other.write(tmp / "scan" / "two")
    return Made(tmp / "scan")


@hostile()
def dicom_two_series_mixed_in_one_folder(tmp: Path) -> Made:
    """The soft kernel is taken, though the sharp one comes first."""
    noisy = replace(small_body(), hu=(small_body().hu // 2).astype(np.int16))
    sharp = _series(noisy, ConvolutionKernel="BONE", SeriesNumber=1)
    sharp.write(tmp / "scan", name="{:03d}-a".format)
    _series(SeriesNumber=2).write(tmp / "scan", name="{:03d}-b".format)
    return Made(tmp / "scan", small_body())


@hostile()
def dicom_two_phases_in_one_series(tmp: Path) -> Made:
    """Both phases lie at the same places; only the acquisition number tells them apart. They are not interleaved."""
    first = _series(AcquisitionNumber=1)
    uid = first.images[0].SeriesInstanceUID
    other = replace(small_body(), hu=(small_body().hu // 2).astype(np.int16))
    second = _series(other, AcquisitionNumber=2, SeriesInstanceUID=uid).each(_new_instance)
    # One slice less, so that there is no doubt which part is the larger.
    second.keep(range(19)).write(tmp / "scan" / "second")
    first.write(tmp / "scan" / "first")
    return Made(tmp / "scan", small_body())


# Slices.


@hostile(flags="too_few_slices", also="hu_clipped not_hounsfield field_of_view_cuts_body")
def dicom_one_slice(tmp: Path) -> Made:
    return Made(_series().keep([10]).write(tmp / "scan"), _part(small_body(), 10, 11))


@hostile(flags="too_few_slices", also="hu_clipped not_hounsfield field_of_view_cuts_body")
def dicom_one_file(tmp: Path) -> Made:
    path = write_dataset(_series().images[10], tmp / "slice.dcm")
    return Made(path, _part(small_body(), 10, 11))


@hostile(flags="missing_slices", also="hu_clipped contrast_agent metal field_of_view_cuts_body not_hounsfield")
def dicom_with_a_gap(tmp: Path) -> Made:
    ct = with_field(small_body(), gradient_field)
    return Made(_series(ct).without(9).write(tmp / "scan"), field=gradient_field)


@hostile(flags="missing_slices")
def dicom_with_a_large_gap(tmp: Path) -> Made:
    return Made(_series().without(8, 9, 10, 11).write(tmp / "scan"))


@hostile(errors="impossible_geometry")
def dicom_with_a_slice_a_mile_away(tmp: Path) -> Made:
    return Made(_series().move(19, (0.0, 0.0, 1_600_000.0)).write(tmp / "scan"))


@hostile(flags="duplicate_slices")
def dicom_with_a_duplicate_instance(tmp: Path) -> Made:
    scan = _series().write(tmp / "scan")
    shutil.copy(scan / "IM0005", scan / "IM0005-copy")
    return Made(scan, small_body())


@hostile(flags="duplicate_slices")
def dicom_with_two_instances_at_one_place(tmp: Path) -> Made:
    return Made(_series().add_duplicate(5, new_uid=True).write(tmp / "scan"), small_body())


@hostile(
    flags="uneven_slices", also="hu_clipped contrast_agent metal field_of_view_cuts_body not_hounsfield missing_slices"
)
def dicom_with_uneven_slices(tmp: Path) -> Made:
    series = _series(with_field(small_body(), gradient_field))
    for number in (4, 9, 15):
        series.move(number, (0.0, 0.0, 0.8))
        image = series.images[number]
        hu = stored_values(image) + 1.9 * 0.8  # what the field holds there
        image.PixelData = np.rint(hu).astype("<u2").tobytes()
    return Made(series.write(tmp / "scan"), field=gradient_field)


@hostile(flags="gantry_tilt", also="hu_clipped contrast_agent metal field_of_view_cuts_body not_hounsfield")
def dicom_with_gantry_tilt(tmp: Path) -> Made:
    """Slices leaning by 15 degrees, stacked straight up: the grid is sheared until it is resampled."""
    angle = np.deg2rad(15.0)
    leaning = np.array([[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]])
    ct = turned(small_body(), leaning)
    series = DicomSeriesBuilder(ct, GantryDetectorTilt="15")
    rows, columns = np.mgrid[0:128, 0:128]
    for number, image in enumerate(series.images):
        position = np.array(ct.geometry.origin_lps_mm) + np.array([0.0, 0.0, 3.0 * number])
        image.ImagePositionPatient = [f"{v:.6f}" for v in position]
        in_plane = columns[..., None] * 3.0 * leaning[:, 0] + rows[..., None] * 3.0 * leaning[:, 1]
        hu = np.rint(gradient_field(position + in_plane))
        image.PixelData = (hu + 1024).astype("<u2").tobytes()
    return Made(series.write(tmp / "scan"), field=gradient_field, outside_hu=FIELD_OUTSIDE_HU)


@hostile(also="mixed_orientation")
def dicom_with_a_coronal_view_in_the_series(tmp: Path) -> Made:
    series = _series()
    stray = deepcopy(series.images[0])
    _new_instance(stray)
    stray.ImageOrientationPatient = ["1", "0", "0", "0", "0", "-1"]
    series.images.append(stray)
    return Made(series.write(tmp / "scan"), small_body())


@hostile(flags="thick_slices", also="anisotropic_voxels")
def dicom_of_thick_slices(tmp: Path) -> Made:
    return Made(_series(SliceThickness="7.5").write(tmp / "scan"), small_body())


@hostile()
def dicom_head_first_and_numbered_backwards(tmp: Path) -> Made:
    series = _series()
    for number, image in enumerate(series.images):
        image.InstanceNumber = 20 - number
    return Made(series.write(tmp / "scan"), small_body())


@hostile()
def dicom_numbered_all_the_same(tmp: Path) -> Made:
    return Made(_series(InstanceNumber=1, SliceLocation="0").write(tmp / "scan"), small_body())


@hostile(errors="impossible_geometry")
def dicom_with_a_slice_beyond_the_stars(tmp: Path) -> Made:
    """So far below that the distances between the others vanish in the rounding."""
    series = _series()
    series.images[0].ImagePositionPatient = ["0", "0", "-1e30"]
    return Made(series.write(tmp / "scan"))


@hostile(errors="impossible_geometry")
def dicom_with_slices_at_the_end_of_numbers(tmp: Path) -> Made:
    """Their distance is more than a number can hold."""
    series = _series()
    series.images[0].ImagePositionPatient = ["0", "0", "-1e308"]
    series.images[19].ImagePositionPatient = ["0", "0", "1e308"]
    return Made(series.write(tmp / "scan"))


# Geometry.


@hostile()
def dicom_sagittal(tmp: Path) -> Made:
    ct = reordered(small_body(), (2, 0, 1), (False, True, False))
    return Made(_series(ct).write(tmp / "scan"), ct)


@hostile()
def dicom_coronal(tmp: Path) -> Made:
    ct = reordered(small_body(), (1, 0, 2), (False, True, False))
    return Made(_series(ct).write(tmp / "scan"), ct)


@hostile()
def dicom_oblique(tmp: Path) -> Made:
    ct = turned(small_body(), OBLIQUE)
    return Made(_series(ct).write(tmp / "scan"), ct)


@hostile()
def dicom_turned_by_90_degrees(tmp: Path) -> Made:
    ct = reordered(small_body(), (0, 2, 1), (False, True, False))
    return Made(_series(ct).write(tmp / "scan"), ct)


@hostile(errors="impossible_geometry")
def dicom_without_positions(tmp: Path) -> Made:
    return Made(_series(ImagePositionPatient=None).write(tmp / "scan"))


@hostile(errors="impossible_geometry")
def dicom_zero_pixel_spacing(tmp: Path) -> Made:
    return Made(_series(PixelSpacing=["0", "3"]).write(tmp / "scan"))


@hostile(errors="impossible_geometry")
def dicom_sheared_orientation(tmp: Path) -> Made:
    return Made(_series(ImageOrientationPatient=["1", "0", "0", "0.6", "0.8", "0"]).write(tmp / "scan"))


@hostile(errors="impossible_geometry")
def dicom_orientation_of_zeros(tmp: Path) -> Made:
    return Made(_series(ImageOrientationPatient=["0"] * 6).write(tmp / "scan"))


@hostile(errors="impossible_geometry truncated")
def dicom_positions_that_are_words(tmp: Path) -> Made:
    scan = _series(ImagePositionPatient=["123456", "123456", "123456"]).write(tmp / "scan")
    for file in scan.iterdir():
        file.write_bytes(file.read_bytes().replace(b"123456", b"nan   "))
    return Made(scan)
