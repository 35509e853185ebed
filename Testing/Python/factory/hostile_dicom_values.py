"""Hostile DICOM values: rescale, bit depth, Enhanced frames, texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from factory.base import small_body
from factory.dicom import (
    DicomSeriesBuilder,
    enhanced,
    set_tags,
    stored_values,
    write_dataset,
)
from factory.hostile import Made, hostile
from OsteoScreenLib.ct.volume import CTVolume

SCRIPT = "<script>alert(1)</script>"


def _series(ct: CTVolume | None = None, **tags: object) -> DicomSeriesBuilder:
    return DicomSeriesBuilder(ct or small_body(), **tags)


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


@hostile()
def dicom_with_an_overlay_in_the_unused_bits(tmp: Path) -> Made:
    """Old scanners kept graphics in the bits above the stored ones; they are no part of the value."""

    def overlay(image: Dataset) -> None:
        stored = stored_values(image).astype(np.uint16)
        stored[40:60] |= 0x8000
        stored[50:70] |= 0x1000
        image.PixelData = stored.astype("<u2").tobytes()
        set_tags(image, BitsStored=12, HighBit=11)

    return Made(_series().each(overlay).write(tmp / "scan"), small_body())


@hostile()
def dicom_signed_and_unsigned_slices(tmp: Path) -> Made:
    series = _series()
    for image in series.images[::2]:
        stored = (stored_values(image) - 1024).astype("<i2")
        image.PixelData = stored.tobytes()
        set_tags(image, PixelRepresentation=1, RescaleIntercept="0", PixelPaddingValue=None)
    return Made(series.write(tmp / "scan"), small_body())


@hostile()
def dicom_with_an_icon_before_the_pixels(tmp: Path) -> Made:
    """The icon has pixels of its own, in an element of the same number."""
    icon = Dataset()
    set_tags(icon, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", Rows=64, Columns=64)
    set_tags(icon, BitsAllocated=8, BitsStored=8, HighBit=7, PixelRepresentation=0)
    icon.PixelData = bytes(range(256)) * 16
    return Made(_series(IconImageSequence=[icon]).write(tmp / "scan"), small_body())


@hostile()
def dicom_with_padding_after_the_pixels(tmp: Path) -> Made:
    """The pixel element is longer than the matrix asks for, and a padding element follows."""

    def pad(image: Dataset) -> None:
        image.PixelData += bytes(512)
        image.DataSetTrailingPadding = bytes(100)

    return Made(_series().each(pad).write(tmp / "scan"), small_body())


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


@hostile(errors="truncated undecodable_pixels")
def dicom_enhanced_with_a_number_of_wrong_length(tmp: Path) -> Made:
    """64-bit numbers of twelve bytes among the facts of one frame."""
    image = enhanced(small_body())
    image.PerFrameFunctionalGroupsSequence[4].InStackPositionNumber = [1, 2, 3]
    path = write_dataset(image, tmp / "enhanced.dcm")
    content, numbers = path.read_bytes(), b"\x20\0\x57\x90UL\x0c\0"
    if content.count(numbers) != 1:
        raise RuntimeError("the element is not where it was expected")
    path.write_bytes(content.replace(numbers, b"\x20\0\x57\x90FD\x0c\0"))
    return Made(path)


@hostile(errors="truncated undecodable_pixels")
def dicom_number_of_wrong_length(tmp: Path) -> Made:
    """The number of rows has three bytes, in one slice."""
    scan = _series().write(tmp / "scan")
    content = (scan / "IM0004").read_bytes()
    rows = b"\x28\0\x10\0US\2\0\x80\0"
    if content.count(rows) != 1:
        raise RuntimeError("the element is not where it was expected")
    (scan / "IM0004").write_bytes(content.replace(rows, b"\x28\0\x10\0US\3\0\x80\0\0"))
    return Made(scan)


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
