"""Hostile DICOM files: cut, encoded in rare ways, or not what they seem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from factory.base import small_body
from factory.dicom import (
    DicomSeriesBuilder,
    stored_values,
    write_dataset,
)
from factory.hostile import Made, hostile
from factory.images import write_bytes
from OsteoScreenLib.ct.volume import CTVolume


def _series(ct: CTVolume | None = None, **tags: object) -> DicomSeriesBuilder:
    return DicomSeriesBuilder(ct or small_body(), **tags)


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
