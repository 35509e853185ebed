"""Finding the DICOM images in a folder, whatever lies between them."""

from __future__ import annotations

import os
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from OsteoScreenLib.ct.dicom_image import DicomImage, images_of
from OsteoScreenLib.ct.dicom_tags import integer, raw_value, tolerant_reading
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_FILES = 200_000
_ITEM, _DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_LONG_VR_HEADER, _SHORT_HEADER = 12, 8
_MALFORMED = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    struct.error,
    RecursionError,
    NotImplementedError,
    OverflowError,
)


@dataclass
class DicomIndex:
    """What a folder holds.

    Attributes:
        images: every image with pixels.
        damaged: files that are DICOM but end too early or cannot be parsed.
        without_pixels: modality -> number of DICOM files without an image (plans, structure sets, reports).
        other_files: number of files that are not DICOM. image_files: NIfTI and the like among them.
    """

    images: list[DicomImage] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    without_pixels: Counter[str] = field(default_factory=Counter)
    other_files: int = 0
    image_files: list[str] = field(default_factory=list)


def index_folder(
    folder: str | os.PathLike[str],
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> DicomIndex:
    """Read the headers of all DICOM files at any depth below a folder.

    Raises:
        InputError: ``too_many_files``.
    """
    index = DicomIndex()
    paths = list(_files_below(folder))
    with tolerant_reading():
        for number, path in enumerate(paths):
            stop_if(cancelled)
            if number % 50 == 0:
                progress(number / len(paths), "Reading DICOM headers")
            _add_file(index, path)
    return index


def index_file(path: str | os.PathLike[str]) -> DicomIndex:
    """The index of a single file."""
    index = DicomIndex()
    with tolerant_reading():
        _add_file(index, os.fspath(path))
    return index


def _add_file(index: DicomIndex, path: str) -> None:
    """Put one file into the index."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        with Path(path).open("rb") as stream:
            dataset = _read_header(stream)
            if dataset is None:
                _add_other(index, path)
                return
            if not raw_value(dataset, "Rows"):
                if _should_have_pixels(dataset):
                    index.damaged.append(path)
                    return
                index.without_pixels[str(raw_value(dataset, "Modality") or "unknown")] += 1
                return
            pixel_element = stream.tell()
            if not _has_all_pixels(stream, dataset):
                index.damaged.append(path)
                return
        index.images.extend(images_of(dataset, path, pixel_element))
    except InvalidDicomError:
        _add_other(index, path)
    except PermissionError:
        raise  # says nothing of the file's content
    except (*_MALFORMED, BytesLengthException):
        # pydicom meets a malformed file with any of these; the file is named to the user, the others go on.
        index.damaged.append(path)


def _files_below(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Every regular file below a folder in a stable order; links are followed, loops are not."""
    seen: set[tuple[int, int]] = set()
    count = 0
    for parent, folders, names in os.walk(folder, followlinks=True):
        status = Path(parent).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        for name in sorted(names):
            path = os.path.join(parent, name)  # noqa: PTH118  (100 000 Path objects would cost seconds)
            if name == "DICOMDIR" or not os.path.isfile(path):  # noqa: PTH113  (pipes, sockets and dead links)
                continue
            count += 1
            if count > MAX_FILES:
                raise InputError(
                    f"The folder holds more than {MAX_FILES} files",
                    path=folder,
                    next_step="Give the folder of one scan.",
                    code="too_many_files",
                )
            yield path


def _read_header(stream: BinaryIO) -> Dataset | None:
    """The dataset before the pixels, the stream left at the pixel element; None where the file is not DICOM."""
    from pydicom import dcmread

    start = stream.read(132)
    stream.seek(0)
    if start[128:132] == b"DICM":
        return dcmread(stream, stop_before_pixels=True)
    # Old files lack the preamble; they begin with an element of group 0008, little endian.
    if start[:2] != b"\x08\x00" or start[3:4] != b"\x00":
        return None
    dataset = dcmread(stream, stop_before_pixels=True, force=True)
    return dataset if "SOPClassUID" in dataset else None


def _should_have_pixels(dataset: Dataset) -> bool:
    """Whether the file calls itself an image; without a matrix size it must have ended within its header."""
    from pydicom.uid import UID

    stated = raw_value(dataset, "SOPClassUID") or getattr(
        getattr(dataset, "file_meta", None), "MediaStorageSOPClassUID", ""
    )
    modality = raw_value(dataset, "Modality")
    return "Image Storage" in UID(str(stated)).name and modality in (None, "CT", "MR", "PT")


def _has_all_pixels(stream: BinaryIO, dataset: Dataset) -> bool:
    """Whether the pixel element that follows is as long as the header asks for; GDCM does not always tell."""
    start = stream.tell()
    length = stream.seek(0, os.SEEK_END) - start
    stream.seek(start)
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is not None and syntax.is_compressed and not syntax.is_deflated:
        return _reaches_last_fragment(stream, length)
    if syntax is not None and syntax.is_deflated:
        return True  # the header could not have been read from a stream that ends early
    bits = integer(dataset, "BitsAllocated") or 0
    frames = integer(dataset, "NumberOfFrames") or 1
    samples = integer(dataset, "SamplesPerPixel") or 1
    voxels = (integer(dataset, "Rows") or 0) * (integer(dataset, "Columns") or 0) * frames * samples
    explicit = syntax is not None and not syntax.is_implicit_VR
    return length - (_LONG_VR_HEADER if explicit else _SHORT_HEADER) >= voxels * bits // 8 > 0


def _reaches_last_fragment(stream: BinaryIO, length: int) -> bool:
    """Walk over the fragments of encapsulated pixels (PS3.5 A.4) without reading them."""
    end = stream.tell() + length
    stream.seek(_LONG_VR_HEADER, os.SEEK_CUR)
    while True:
        header = stream.read(8)
        if len(header) < 8 or header[:4] not in (_ITEM, _DELIMITER):
            return False
        if header[:4] == _DELIMITER:
            return True
        stream.seek(int.from_bytes(header[4:], "little"), os.SEEK_CUR)
        if stream.tell() > end:
            return False


def _add_other(index: DicomIndex, path: str) -> None:
    from OsteoScreenLib.ct.image_file import image_kind

    index.other_files += 1
    if image_kind(path) is not None:
        index.image_files.append(path)
