"""Hostile DICOM series."""

from __future__ import annotations

import shutil
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

from factory.base import gradient_field, reordered, small_body, turned, with_field
from factory.dicom import (
    MR_IMAGE_STORAGE,
    SECONDARY_CAPTURE_STORAGE,
    DicomSeriesBuilder,
    enhanced,
    set_tags,
    stored_values,
    write_dataset,
)
from factory.hostile import Made, hostile
from factory.hostile_images import OBLIQUE
from factory.images import write_bytes
from OsteoScreenLib.ct.volume import CTVolume

FIELD_OUTSIDE_HU = -1024.0
SCRIPT = "<script>alert(1)</script>"


def _series(ct: CTVolume | None = None, **tags: object) -> DicomSeriesBuilder:
    return DicomSeriesBuilder(ct or small_body(), **tags)


def _part(ct: CTVolume, first: int, last: int) -> CTVolume:
    """The slices first to last - 1 of a volume."""
    _, y, x = ct.hu.shape
    geometry = replace(
        ct.geometry, shape_zyx=(last - first, y, x), origin_lps_mm=ct.geometry.to_physical((0, 0, first))
    )
    return replace(ct, hu=ct.hu[first:last], geometry=geometry)


# Files.


@hostile(errors="truncated")
def dicom_slice_that_ends_within_its_pixels(tmp: Path) -> Made:
    scan = _series().write(tmp / "scan")
    victim = scan / "IM0007"
    victim.write_bytes(victim.read_bytes()[:-500])
    return Made(scan)


@hostile(errors="truncated")
def dicom_slice_that_ends_within_its_header(tmp: Path) -> Made:
    """It has no pixels, but it is no plan and no report: it was a slice."""
    scan = _series().write(tmp / "scan")
    victim = scan / "IM0007"
    victim.write_bytes(victim.read_bytes()[:700])
    return Made(scan)


@hostile(errors="truncated")
def dicom_last_slice_ends_within_its_header(tmp: Path) -> Made:
    """No gap in the stack gives it away."""
    scan = _series().write(tmp / "scan")
    victim = scan / "IM0019"
    victim.write_bytes(victim.read_bytes()[:700])
    return Made(scan)


@hostile(errors="truncated")
def dicom_single_file_that_ends_early(tmp: Path) -> Made:
    path = write_dataset(_series().images[0], tmp / "slice.dcm")
    path.write_bytes(path.read_bytes()[:-1000])
    return Made(path)


@hostile(errors="truncated not_an_image no_ct_series")
def dicom_preamble_and_nothing_else(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "slice.dcm", bytes(128) + b"DICM"))


@hostile(errors="truncated not_an_image no_ct_series undecodable_pixels")
def dicom_preamble_and_noise(tmp: Path) -> Made:
    noise = np.random.default_rng(0).integers(0, 256, 20_000, dtype=np.uint8).tobytes()
    return Made(write_bytes(tmp / "slice.dcm", bytes(128) + b"DICM" + noise))


@hostile(errors="truncated")
def dicom_huge_header_with_tiny_file(tmp: Path) -> Made:
    return Made(_series(Rows=65535, Columns=65535).write(tmp / "scan"))


@hostile()
def dicom_without_preamble(tmp: Path) -> Made:
    scan = _series().write(tmp / "scan", preamble=False, syntax=ImplicitVRLittleEndian)
    return Made(scan, small_body())


@hostile()
def dicom_implicit_little_endian(tmp: Path) -> Made:
    return Made(_series().write(tmp / "scan", syntax=ImplicitVRLittleEndian), small_body())


@hostile()
def dicom_explicit_big_endian(tmp: Path) -> Made:
    return Made(_series().write(tmp / "scan", syntax=ExplicitVRBigEndian), small_body())


@hostile()
def dicom_deflated(tmp: Path) -> Made:
    return Made(_series().write(tmp / "scan", syntax=DeflatedExplicitVRLittleEndian), small_body())


@hostile()
def dicom_rle_lossless(tmp: Path) -> Made:
    scan = tmp / "scan"
    scan.mkdir()
    for number, image in enumerate(_series().images):
        image.compress(RLELossless, generate_instance_uid=False)
        image.save_as(scan / f"{number}.dcm")
    return Made(scan, small_body())


@hostile()
def dicom_jpeg_2000_lossless(tmp: Path) -> Made:
    return Made(_recompressed(tmp, "JPEG2000"), small_body())


@hostile()
def dicom_jpeg_lossless(tmp: Path) -> Made:
    return Made(_recompressed(tmp, "JPEG"), small_body())


def _recompressed(tmp: Path, compressor: str) -> Path:
    """The series with its pixels compressed without loss by SimpleITK; the headers stay the series' own."""
    scan, donor = tmp / "scan", tmp / "donor.dcm"
    scan.mkdir()
    for number, image in enumerate(_series().images):
        writer = sitk.ImageFileWriter()
        writer.UseCompressionOn()
        writer.SetCompressor(compressor)
        writer.SetFileName(str(donor))
        writer.Execute(sitk.GetImageFromArray(stored_values(image).astype(np.uint16)))
        compressed = pydicom.dcmread(donor)
        if not compressed.file_meta.TransferSyntaxUID.is_compressed:
            raise RuntimeError("SimpleITK did not compress the pixels")
        image.file_meta.TransferSyntaxUID = compressed.file_meta.TransferSyntaxUID
        image.PixelData = compressed.PixelData
        image["PixelData"].is_undefined_length = True
        image.save_as(scan / f"{number:02d}.dcm")
    return scan


@hostile(errors="undecodable_pixels truncated")
def dicom_compressed_pixels_of_garbage(tmp: Path) -> Made:
    scan = _recompressed(tmp, "JPEG2000")
    for file in scan.iterdir():
        image = pydicom.dcmread(file)
        frame = np.random.default_rng(0).integers(0, 256, 1000, dtype=np.uint8).tobytes()
        image.PixelData = pydicom.encaps.encapsulate([frame])
        image["PixelData"].is_undefined_length = True
        image.save_as(file)
    return Made(scan)


@hostile(errors="truncated")
def dicom_compressed_pixels_that_end_early(tmp: Path) -> Made:
    scan = _recompressed(tmp, "JPEG2000")
    victim = sorted(scan.iterdir())[3]
    victim.write_bytes(victim.read_bytes()[:-200])
    return Made(scan)


@hostile(errors="undecodable_pixels truncated not_an_image unreadable_input")
def dicom_of_unknown_transfer_syntax(tmp: Path) -> Made:
    scan = _series().write(tmp / "scan")
    for file in scan.iterdir():
        content = file.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.7\0")
        file.write_bytes(content)
    return Made(scan)


@hostile(errors="truncated undecodable_pixels")
def dicom_of_sequences_in_sequences(tmp: Path) -> Made:
    """A thousand sequences, each in the other: a parser that calls itself runs out of stack."""
    scan = _series().write(tmp / "scan")
    victim = scan / "IM0003"
    content = victim.read_bytes()
    open_item = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    meta_end = 132 + 12 + int.from_bytes(content[140:144], "little")
    victim.write_bytes(content[:meta_end] + open_item * 5000)
    return Made(scan)


@hostile()
def dicom_among_other_files_at_any_depth(tmp: Path) -> Made:
    scan = _series().write(tmp / "scan" / "a" / "b", name=lambda n: f"{(n * 7) % 20:02d}")
    (tmp / "scan" / "DICOMDIR").write_bytes(b"nothing")
    (tmp / "scan" / "notes.txt").write_text("see a/b")
    (tmp / "scan" / "a" / "Thumbs.db").write_bytes(bytes(100))
    half = sorted(scan.iterdir())[:10]
    (tmp / "scan" / "c").mkdir()
    for file in half:
        file.rename(tmp / "scan" / "c" / file.name)
    return Made(tmp / "scan", small_body())


# What is in the folder.


@hostile(errors="no_ct_series")
def dicom_mr(tmp: Path) -> Made:
    return Made(_series(Modality="MR", SOPClassUID=MR_IMAGE_STORAGE).write(tmp / "scan"))


@hostile(errors="no_ct_series")
def dicom_structure_set_only(tmp: Path) -> Made:
    series = _series(Modality="RTSTRUCT", Rows=None, Columns=None, PixelData=None).keep([0])
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


# Values.


@hostile()
def dicom_rescale_of_its_own_in_each_slice(tmp: Path) -> Made:
    series = _series()
    for number in range(20):
        series.rescale(number, 0.5 if number % 3 else 1.0, -1024.0 - 8.0 * number)
    return Made(series.write(tmp / "scan"), small_body())


@hostile(flags="not_hounsfield", also="hu_clipped metal contrast_agent field_of_view_cuts_body")
def dicom_without_rescale(tmp: Path) -> Made:
    truth = replace(small_body(), hu=(small_body().hu + 1024).astype(np.int16))
    series = _series(RescaleIntercept=None, RescaleSlope=None, RescaleType=None)
    return Made(series.write(tmp / "scan"), truth)


@hostile(flags="not_hounsfield", also="hu_clipped metal contrast_agent field_of_view_cuts_body")
def dicom_without_rescale_in_half_of_the_slices(tmp: Path) -> Made:
    series = _series()
    for image in series.images[::2]:
        set_tags(image, RescaleIntercept=None, RescaleSlope=None)
    return Made(series.write(tmp / "scan"))


@hostile(errors="undecodable_pixels impossible_rescale", flags="not_hounsfield", also="hu_clipped")
def dicom_rescale_slope_of_zero(tmp: Path) -> Made:
    return Made(_series(RescaleSlope="0").write(tmp / "scan"))


@hostile(flags="not_hounsfield", also="hu_clipped contrast_agent field_of_view_cuts_body")
def dicom_8_bit_window(tmp: Path) -> Made:
    def window(image: Dataset) -> None:
        hu = stored_values(image) - 1024
        image.PixelData = np.clip((hu + 160.0) / 400.0 * 255.0, 0, 255).astype(np.uint8).tobytes()
        set_tags(image, BitsAllocated=8, BitsStored=8, HighBit=7, RescaleIntercept="0", PixelPaddingValue=None)

    return Made(_series().each(window).write(tmp / "scan"))


@hostile()
def dicom_signed_12_bit(tmp: Path) -> Made:
    def signed(image: Dataset) -> None:
        stored = (stored_values(image) - 1024).astype(np.int16)
        image.PixelData = stored.astype("<i2").tobytes()
        set_tags(image, PixelRepresentation=1, BitsStored=12, HighBit=11, RescaleIntercept="0", PixelPaddingValue=None)

    return Made(_series().each(signed).write(tmp / "scan"), small_body())


@hostile(flags="padding_values")
def dicom_padded_with_minus_2000(tmp: Path) -> Made:
    hu = small_body().hu.copy()
    hu[hu == -1024] = -2000
    ct = replace(small_body(), hu=hu)
    return Made(_series(ct).write(tmp / "scan"), ct)


# Enhanced CT.


@hostile()
def dicom_enhanced(tmp: Path) -> Made:
    return Made(write_dataset(enhanced(small_body()), tmp / "enhanced.dcm"), small_body())


@hostile()
def dicom_enhanced_with_frames_in_disorder(tmp: Path) -> Made:
    order = np.random.default_rng(0).permutation(20).tolist()
    return Made(write_dataset(enhanced(small_body(), order=order), tmp / "enhanced.dcm"), small_body())


@hostile(errors="unsupported_enhanced")
def dicom_enhanced_with_rescale_by_frame(tmp: Path) -> Made:
    slopes = [1.0 + 0.5 * (number % 2) for number in range(20)]
    return Made(write_dataset(enhanced(small_body(), slopes=slopes), tmp / "enhanced.dcm"))


@hostile(errors="truncated undecodable_pixels")
def dicom_enhanced_that_declares_too_many_frames(tmp: Path) -> Made:
    image = enhanced(small_body())
    image.NumberOfFrames = 20_000
    return Made(write_dataset(image, tmp / "enhanced.dcm"))


@hostile(errors="undecodable_pixels truncated impossible_geometry")
def dicom_enhanced_with_more_groups_than_frames(tmp: Path) -> Made:
    image = enhanced(small_body())
    image.NumberOfFrames = 10
    image.PixelData = image.PixelData[: len(image.PixelData) // 2]
    return Made(write_dataset(image, tmp / "enhanced.dcm"))


# Text.


@hostile()
def dicom_markup_in_every_text(tmp: Path) -> Made:
    tags = {
        "PatientName": f"{SCRIPT}^{SCRIPT}",
        "PatientID": SCRIPT,
        "SeriesDescription": SCRIPT,
        "StudyDescription": SCRIPT,
        "Manufacturer": SCRIPT,
        "ManufacturerModelName": SCRIPT,
        "ImageComments": SCRIPT,
        "ProtocolName": SCRIPT,
    }
    return Made(_series(**tags).write(tmp / "scan"), small_body())


@hostile()
def dicom_names_that_are_not_utf8(tmp: Path) -> Made:
    scan = _series(PatientName="QQQQQQQQ^QQQQ", SeriesDescription="QQQQQQQQ").write(tmp / "scan")
    for file in scan.iterdir():
        file.write_bytes(file.read_bytes().replace(b"QQQQ", b"\xff\xfe\x81\xc0"))
    return Made(scan, small_body())


@hostile()
def dicom_of_unknown_character_set(tmp: Path) -> Made:
    scan = _series(PatientName="QQQQQQQQ^QQQQ").write(tmp / "scan")
    for file in scan.iterdir():
        content = file.read_bytes().replace(b"ISO_IR 192", b"ISO_IR 9x9")
        file.write_bytes(content.replace(b"QQQQ", b"M\xfcl\xe9"))
    return Made(scan, small_body())


@hostile()
def dicom_facts_that_are_nonsense(tmp: Path) -> Made:
    """Facts that cannot be understood are absent; the scan is read all the same."""
    marks = {"PatientAge": b"111Y", "PatientWeight": b"222222", "PatientSize": b"333333", "Exposure": b"444444"}
    scan = _series(PatientAge="111Y", PatientWeight="222222", PatientSize="333333", Exposure="444444").write(
        tmp / "scan"
    )
    for file in scan.iterdir():
        content = file.read_bytes()
        for mark in marks.values():
            content = content.replace(mark, b"?" * len(mark))
        file.write_bytes(content)
    return Made(scan, small_body())


@hostile()
def dicom_of_very_long_texts(tmp: Path) -> Made:
    return Made(_series(ImageComments="x" * 60_000, SeriesDescription="y" * 60_000).write(tmp / "scan"), small_body())
