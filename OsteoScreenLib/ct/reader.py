"""The one door for a CT on disk: a file, a DICOM folder or a zip of one."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from OsteoScreenLib.ct.image_file import image_kind, read_image_file
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, part_of

if TYPE_CHECKING:
    from OsteoScreenLib.ct.dicom_index import DicomIndex
    from OsteoScreenLib.ct.series import SeriesSummary

WANTED_THICKNESS_MM = 1.5
"""Slice thickness looked for among equal series: thin enough for texture at 1 mm, thick enough for low noise."""


@dataclass(frozen=True)
class _Request:
    """What the user asked for."""

    path: str | os.PathLike[str]
    series: str | None
    wanted_thickness_mm: float
    cancelled: CancelToken


def read_ct(
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    wanted_thickness_mm: float = WANTED_THICKNESS_MM,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> CTVolume:
    """Read one CT.

    Args:
        path: NIfTI, NRRD or MetaImage file, DICOM file, DICOM folder of any nesting, or a zip of one.
        series: Series Instance UID, series number or label of the DICOM series to read; None leaves it to the choice.
        wanted_thickness_mm: of several equal series, the one nearest this slice thickness is taken.

    Returns:
        The volume, with voxel values and geometry equal to SimpleITK's own reading where the slices are regular.

    Raises:
        InputError: with a code and a sentence that says why and what to do.
        CancelledError: the user asked to stop.
    """
    request = _Request(path, series, wanted_thickness_mm, cancelled)
    try:
        return _read(Path(path), request, "dicom", progress)
    except OSError as error:
        raise _os_error(error, path) from error
    except MemoryError as error:
        raise InputError(
            "The scan does not fit into memory",
            path=path,
            next_step="Crop it or use a larger machine.",
            code="too_large",
        ) from error


def list_series(
    path: str | os.PathLike[str], progress: ProgressCallback = no_progress, cancelled: CancelToken = never_cancelled
) -> tuple[SeriesSummary, ...]:
    """Every DICOM image series of a folder, a file or a zip; the one that would be read is marked where there is one.

    Raises:
        InputError: nothing there, or nothing that is DICOM.
    """
    from OsteoScreenLib.ct.archive import unpacked
    from OsteoScreenLib.ct.dicom_index import index_folder

    try:
        if _is_zip(Path(path)):
            with unpacked(path, part_of(progress, 0.0, 0.6), cancelled) as folder:
                return _series_of(index_folder(folder, part_of(progress, 0.6, 1.0), cancelled), path)
        return _series_of(_index(Path(path), progress, cancelled), path)
    except OSError as error:
        raise _os_error(error, path) from error


def _series_of(index: DicomIndex, path: str | os.PathLike[str]) -> tuple[SeriesSummary, ...]:
    from OsteoScreenLib.ct.series_choice import candidates_of, choose

    candidates = candidates_of(index)
    if not candidates:
        raise _nothing_found(index, path)
    try:
        return choose(candidates, path)[1]
    except InputError as error:
        return tuple(candidate.summary(False, error.message) for candidate in candidates)


def _read(place: Path, request: _Request, kind: str, progress: ProgressCallback) -> CTVolume:
    """Read from ``place``, which is the path of the request or where it was unpacked to."""
    if not place.exists():
        raise InputError(
            "There is no such file or folder", path=request.path, next_step="Check the path.", code="not_found"
        )
    if not place.is_file() and not place.is_dir():
        raise InputError(
            "This is neither a file nor a folder", path=request.path, next_step="Give a CT.", code="not_an_image"
        )
    if _is_zip(place):
        from OsteoScreenLib.ct.archive import unpacked

        with unpacked(place, part_of(progress, 0.0, 0.4), request.cancelled) as folder:
            return _read(folder, request, "dicom-zip", part_of(progress, 0.4, 1.0))
    if place.is_file():
        found = image_kind(place)
        if found is not None:
            return _read_image(place, found, request, progress)
    from OsteoScreenLib.ct.dicom_reader import read_dicom

    index = _index(place, part_of(progress, 0.0, 0.3), request.cancelled)
    if not index.images:
        if len(index.image_files) == 1 and not index.damaged and not index.without_pixels:
            only = index.image_files[0]
            return _read_image(Path(only), image_kind(only) or "nifti", request, progress)
        raise _nothing_found(index, request.path)
    return read_dicom(
        index,
        request.path,
        kind=kind,
        series=request.series,
        wanted_thickness_mm=request.wanted_thickness_mm,
        progress=part_of(progress, 0.3, 1.0),
        cancelled=request.cancelled,
    )


def _read_image(place: Path, kind: str, request: _Request, progress: ProgressCallback) -> CTVolume:
    if request.series is not None:
        raise InputError(
            "The series that was asked for is not here: an image file holds a single volume",
            path=request.path,
            next_step="Leave the series out, or give the DICOM folder.",
            code="series_not_found",
        )
    asked = Path(request.path)
    if place == asked:
        return read_image_file(place, kind, progress, request.cancelled)
    # The user named a folder or a zip: neither what lies in it nor where it was unpacked to is theirs to read about.
    try:
        volume = read_image_file(place, kind, progress, request.cancelled)
    except InputError as error:
        raise InputError(error.message, path=asked, next_step=error.next_step, code=error.code) from error
    return replace(volume, source=replace(volume.source, name=asked.name))


def _index(
    place: Path, progress: ProgressCallback = no_progress, cancelled: CancelToken = never_cancelled
) -> DicomIndex:
    from OsteoScreenLib.ct.dicom_index import index_file, index_folder

    if place.is_dir():
        return index_folder(place, progress, cancelled)
    return index_file(place)


def _is_zip(path: Path) -> bool:
    return path.is_file() and zipfile.is_zipfile(path) and image_kind(path) is None


def _nothing_found(index: DicomIndex, path: str | os.PathLike[str]) -> InputError:
    """Say what is there instead of a CT."""
    if index.damaged:
        return InputError(
            f"The DICOM data end too early or are damaged ({len(index.damaged)} file(s))",
            path=path,
            next_step="Copy the scan again.",
            code="truncated",
        )
    if index.without_pixels:
        kinds = ", ".join(f"{count} {modality}" for modality, count in sorted(index.without_pixels.items()))
        return InputError(
            f"No CT series here; found: {kinds}", path=path, next_step="Give the CT.", code="no_ct_series"
        )
    if index.image_files:
        names = ", ".join(sorted(Path(name).name for name in index.image_files)[:3])
        return InputError(
            f"The folder holds {len(index.image_files)} image files ({names} ...) and no DICOM",
            path=path,
            next_step="Give the image files themselves.",
            code="several_images",
        )
    if index.other_files:
        return InputError(
            "This is not an image that can be read",
            path=path,
            next_step="Give a CT as NIfTI, NRRD, MetaImage, DICOM folder or zip.",
            code="not_an_image",
        )
    return InputError("The folder is empty", path=path, next_step="Give a folder with a CT.", code="empty_folder")


def _os_error(error: OSError, path: str | os.PathLike[str]) -> InputError:
    return InputError(
        f"The operating system refuses to read this: {error.strerror or error}",
        path=path,
        next_step="Check that the file exists, is readable and the disk is well.",
        code="unreadable_input",
    )
