"""Hostile inputs that are about files, folders, links and archives."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

from factory.base import small_body
from factory.dicom import DicomSeriesBuilder
from factory.hostile import Made, hostile
from factory.images import nifti_bytes, write_bytes


@hostile(errors="empty_folder")
def empty_folder(tmp: Path) -> Made:
    (tmp / "empty").mkdir()
    return Made(tmp / "empty")


@hostile(errors="empty_folder")
def folder_of_empty_folders(tmp: Path) -> Made:
    (tmp / "outer" / "a" / "b").mkdir(parents=True)
    (tmp / "outer" / "c").mkdir()
    return Made(tmp / "outer")


@hostile(errors="empty_folder")
def folder_named_like_an_image(tmp: Path) -> Made:
    (tmp / "ct.nii.gz").mkdir()
    return Made(tmp / "ct.nii.gz")


@hostile(errors="not_found")
def missing_path(tmp: Path) -> Made:
    return Made(tmp / "nowhere" / "ct.nii.gz")


@hostile(errors="not_an_image")
def file_of_no_bytes(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "ct.nii", b""))


@hostile(errors="not_an_image truncated")
def gzip_of_no_bytes(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "ct.nii.gz", b""))


@hostile(errors="not_an_image")
def text_named_dcm(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "slice.dcm", b"This is no DICOM file.\n" * 40))


@hostile(errors="not_an_image")
def folder_of_text_named_dcm(tmp: Path) -> Made:
    (tmp / "scan").mkdir()
    for number in range(3):
        write_bytes(tmp / "scan" / f"slice{number}.dcm", b"Neither is this.\n" * 40)
    return Made(tmp / "scan")


@hostile(errors="not_an_image")
def text_named_nifti(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "ct.nii.gz", b"plain words", compressed=False))


@hostile(errors="not_an_image")
def gzip_of_text_named_nifti(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "ct.nii.gz", b"plain words " * 100))


@hostile(errors="not_an_image")
def png_picture(tmp: Path) -> Made:
    header = struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return Made(write_bytes(tmp / "ct.png", b"\x89PNG\r\n\x1a\n" + body))


@hostile(errors="empty_folder")
def link_that_leads_to_its_own_folder(tmp: Path) -> Made:
    (tmp / "scan").mkdir()
    (tmp / "scan" / "again").symlink_to(tmp / "scan", target_is_directory=True)
    return Made(tmp / "scan")


@hostile()
def link_loop_around_a_good_series(tmp: Path) -> Made:
    """Each file is met once: no slice becomes a duplicate."""
    scan = DicomSeriesBuilder(small_body()).write(tmp / "scan" / "series").parent
    (scan / "series" / "back").symlink_to(scan, target_is_directory=True)
    (scan / "other").symlink_to(scan / "series", target_is_directory=True)
    return Made(scan, small_body())


@hostile(errors="not_found unreadable_input")
def link_to_itself(tmp: Path) -> Made:
    (tmp / "ct.nii").symlink_to(tmp / "ct.nii")
    return Made(tmp / "ct.nii")


@hostile(errors="not_found")
def link_to_nothing(tmp: Path) -> Made:
    (tmp / "ct.nii").symlink_to(tmp / "gone.nii")
    return Made(tmp / "ct.nii")


@hostile(errors="not_an_image unreadable_input")
def named_pipe(tmp: Path) -> Made:
    """Nobody writes into it: whoever opens it waits for ever."""
    os.mkfifo(tmp / "ct.nii")
    return Made(tmp / "ct.nii")


@hostile()
def named_pipe_among_good_slices(tmp: Path) -> Made:
    scan = DicomSeriesBuilder(small_body()).write(tmp / "scan")
    os.mkfifo(scan / "IM9999")
    return Made(scan, small_body())


@hostile()
def path_that_is_not_utf8(tmp: Path) -> Made:
    path = Path(os.fsdecode(os.fsencode(tmp) + b"/ct-\xff\xfe.nii"))
    return Made(write_bytes(path, nifti_bytes(small_body())), small_body())


@hostile()
def dicom_folder_whose_path_is_not_utf8(tmp: Path) -> Made:
    folder = Path(os.fsdecode(os.fsencode(tmp) + b"/scan-\xff\xfe"))
    return Made(DicomSeriesBuilder(small_body()).write(folder), small_body())


@hostile()
def name_with_control_characters_and_markup(tmp: Path) -> Made:
    path = tmp / "ct\x1b[31m\n<script>alert(1)<,script>.nii"
    return Made(write_bytes(path, nifti_bytes(small_body())), small_body())


@hostile()
def name_like_an_option(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "--out=evil.nii", nifti_bytes(small_body())), small_body())


@hostile(errors="several_images")
def folder_with_two_nifti_files(tmp: Path) -> Made:
    (tmp / "scan").mkdir()
    for name in ("a.nii", "b.nii"):
        write_bytes(tmp / "scan" / name, nifti_bytes(small_body()))
    return Made(tmp / "scan")


# Archives.


def _series_files(tmp: Path) -> list[Path]:
    folder = DicomSeriesBuilder(small_body()).write(tmp / "unpacked")
    return sorted(folder.iterdir())


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@hostile()
def zip_of_a_series(tmp: Path) -> Made:
    members = {f"deep/er/{file.name}": file.read_bytes() for file in _series_files(tmp)}
    return Made(_zip(tmp / "scan.zip", {**members, "readme.txt": b"hello"}), small_body())


@hostile()
def zip_whose_members_share_one_name(tmp: Path) -> Made:
    """One name in many folders, and differing only in case: none may overwrite another."""
    files = _series_files(tmp)
    members = {f"{k}/{'IMAGE' if k % 2 else 'image'}": file.read_bytes() for k, file in enumerate(files)}
    return Made(_zip(tmp / "scan.zip", members), small_body())


@hostile()
def zip_of_one_nifti(tmp: Path) -> Made:
    return Made(_zip(tmp / "scan.zip", {"ct.nii": nifti_bytes(small_body())}), small_body())


@hostile()
def zip_without_the_suffix(tmp: Path) -> Made:
    return Made(_zip(tmp / "scan", {f.name: f.read_bytes() for f in _series_files(tmp)}), small_body())


@hostile(errors="empty_folder")
def zip_of_nothing(tmp: Path) -> Made:
    return Made(_zip(tmp / "scan.zip", {}))


@hostile(errors="unsafe_archive")
def zip_with_names_that_climb_out(tmp: Path) -> Made:
    members = {"../../escaped.dcm": b"x", **{f.name: f.read_bytes() for f in _series_files(tmp)}}
    return Made(_zip(tmp / "scan.zip", members))


@hostile(errors="unsafe_archive")
def zip_with_backslash_names_that_climb_out(tmp: Path) -> Made:
    return Made(_zip(tmp / "scan.zip", {"..\\..\\escaped.dcm": b"x"}))


@hostile(errors="unsafe_archive")
def zip_with_absolute_names(tmp: Path) -> Made:
    return Made(_zip(tmp / "scan.zip", {"/escaped.dcm": b"x"}))


@hostile(errors="unsafe_archive")
def zip_with_a_drive_letter(tmp: Path) -> Made:
    return Made(_zip(tmp / "scan.zip", {"C:/escaped.dcm": b"x"}))


@hostile(errors="unsafe_archive")
def zip_with_a_link(tmp: Path) -> Made:
    with zipfile.ZipFile(tmp / "scan.zip", "w") as archive:
        info = zipfile.ZipInfo("slice.dcm")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/hostname")
    return Made(tmp / "scan.zip")


@hostile(errors="archive_too_large")
def zip_bomb(tmp: Path) -> Made:
    """300 MB of zeros in 300 kB."""
    with (
        zipfile.ZipFile(tmp / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("zeros.dcm", "w") as member,
    ):
        block = bytes(1 << 20)
        for _ in range(300):
            member.write(block)
    return Made(tmp / "bomb.zip")


@hostile(errors="archive_too_large")
def zip_that_declares_more_than_any_disk_holds(tmp: Path) -> Made:
    content = _zip(tmp / "small.zip", {"a.dcm": b"x" * 1000}).read_bytes()
    spoilt = bytearray(content)
    central = content.index(b"PK\x01\x02")
    struct.pack_into("<I", spoilt, central + 24, 0xFFFFFFFE)
    return Made(write_bytes(tmp / "bomb.zip", bytes(spoilt)))


@hostile(errors="damaged unsafe_archive")
def zip_that_declares_less_than_it_holds(tmp: Path) -> Made:
    content = bytearray(_zip(tmp / "honest.zip", {"a.dcm": b"x" * 100_000}).read_bytes())
    struct.pack_into("<I", content, bytes(content).index(b"PK\x01\x02") + 24, 100)
    return Made(write_bytes(tmp / "liar.zip", bytes(content)))


@hostile(errors="encrypted_archive")
def zip_with_a_password(tmp: Path) -> Made:
    content = bytearray(_zip(tmp / "open.zip", {"a.dcm": b"x" * 100}).read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[bytes(content).index(mark) + place] |= 1
    return Made(write_bytes(tmp / "closed.zip", bytes(content)))


@hostile(errors="damaged")
def zip_with_a_wrong_checksum(tmp: Path) -> Made:
    with zipfile.ZipFile(tmp / "scan.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.dcm", b"A" * 1000)
    content = (tmp / "scan.zip").read_bytes().replace(b"A" * 1000, b"A" * 999 + b"B")
    return Made(write_bytes(tmp / "scan.zip", content))


@hostile(errors="not_an_image damaged truncated")
def zip_that_ends_early(tmp: Path) -> Made:
    content = _zip(tmp / "whole.zip", {f.name: f.read_bytes() for f in _series_files(tmp)}).read_bytes()
    return Made(write_bytes(tmp / "half.zip", content[: len(content) // 2]))


@hostile(errors="not_an_image")
def zip_in_a_zip(tmp: Path) -> Made:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.txt", "x")
    return Made(_zip(tmp / "outer.zip", {"inner.zip": inner.getvalue()}))


@hostile(errors="truncated")
def gzip_that_ends_early(tmp: Path) -> Made:
    content = gzip.compress(nifti_bytes(small_body()), mtime=0)
    return Made(write_bytes(tmp / "ct.nii.gz", content[: len(content) * 2 // 3], compressed=False))


@hostile(errors="truncated damaged")
def gzip_that_ends_within_its_checksum(tmp: Path) -> Made:
    content = gzip.compress(nifti_bytes(small_body()), mtime=0)
    return Made(write_bytes(tmp / "ct.nii.gz", content[:-4], compressed=False))


@hostile(errors="truncated damaged")
def gzip_that_ends_within_the_header(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "ct.nii.gz", gzip.compress(nifti_bytes(small_body()))[:60], compressed=False))


@hostile(errors="damaged truncated")
def gzip_with_spoilt_bytes(tmp: Path) -> Made:
    content = bytearray(gzip.compress(nifti_bytes(small_body()), mtime=0))
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(255 - b for b in content[middle : middle + 64])
    return Made(write_bytes(tmp / "ct.nii.gz", bytes(content), compressed=False))


@hostile()
def gzip_with_a_long_tail_of_zeros(tmp: Path) -> Made:
    """The voxels are all there; what follows them is not unpacked to the end."""
    content = nifti_bytes(small_body()) + bytes(80_000_000)
    return Made(write_bytes(tmp / "ct.nii.gz", content), small_body())
