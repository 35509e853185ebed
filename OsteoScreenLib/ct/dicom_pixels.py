"""Voxel values of a DICOM stack in HU, read slice by slice so that memory stays near the volume's own size."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from OsteoScreenLib.ct.compact import fits_int16
from OsteoScreenLib.ct.dicom_image import DicomImage
from OsteoScreenLib.ct.digest import file_sha256
from OsteoScreenLib.ct.safe_path import path_for_itk
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, stop_if

if TYPE_CHECKING:
    import SimpleITK as sitk

_THREADS = 2
_BATCH = 16
_MAX_WHOLE = 1 << 14  # keeps 16-bit values times the slope within int32


def read_pixels(
    images: Sequence[DicomImage], progress: ProgressCallback, cancelled: CancelToken
) -> tuple[np.ndarray, sitk.Image, list[str]]:
    """Read the slices of a stack: plain voxels directly, all other transfer syntaxes through SimpleITK (GDCM).

    Args:
        images: slices in the order in which they are wanted.

    Returns:
        (n, rows, columns) array, int16 where every value fits exactly, else float32 or float64; the first slice as a
        SimpleITK image, for its geometry; SHA-256 of every file.

    Raises:
        InputError: ``undecodable_pixels`` or ``not_scalar``.
    """
    if images[0].frame is not None:
        return _read_frames(images, progress)
    first = _read_file(images[0].path)
    shape = (len(images), images[0].rows, images[0].columns)
    volume = np.empty(shape, dtype=np.int16)
    digests = [""] * len(images)

    def load(position: int) -> np.ndarray | None:
        """Put one slice in its place; hand it back where int16 cannot hold it."""
        plane, digests[position] = _slice(images[position])
        if volume.dtype == np.int16 and not fits_int16(plane):
            return plane
        volume[position] = plane
        return None

    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(images), _BATCH):
            stop_if(cancelled)
            progress(start / len(images), "Reading slices")
            positions = range(start, min(start + _BATCH, len(images)))
            for position, plane in zip(positions, pool.map(load, positions), strict=True):
                if plane is not None:
                    volume = volume if volume.dtype != np.int16 else volume.astype(np.float64)
                    volume[position] = plane
    return _smaller(volume), first, digests


def _slice(image: DicomImage) -> tuple[np.ndarray, str]:
    """Voxels of one classic image in HU, and the SHA-256 of its file."""
    if image.plain is None:
        return _decoded(_read_file(image.path), image), file_sha256(image.path)
    content = Path(image.path).read_bytes()
    stored = np.frombuffer(
        content, "<i2" if image.plain.signed else "<u2", image.rows * image.columns, image.plain.offset
    )
    if image.plain.bits < 16:
        unused = 16 - image.plain.bits  # may hold overlays; shifting them out and back also extends the sign
        stored = (stored << unused) >> unused
    return _rescaled(stored.reshape(image.rows, image.columns), image.rescale), hashlib.sha256(content).hexdigest()


def _rescaled(stored: np.ndarray, rescale: tuple[float, float] | None) -> np.ndarray:
    """Stored values to HU (PS3.3 C.11.1), in whole numbers where slope and intercept are whole."""
    slope, intercept = rescale or (1.0, 0.0)
    if slope == 1.0 and intercept == 0.0:
        return stored
    if slope.is_integer() and intercept.is_integer() and abs(slope) <= _MAX_WHOLE and abs(intercept) <= _MAX_WHOLE:
        return stored.astype(np.int32) * np.int32(slope) + np.int32(intercept)
    return stored * slope + intercept


def _smaller(volume: np.ndarray) -> np.ndarray:
    """float64 only where it is needed."""
    if volume.dtype != np.float64:
        return volume
    return volume.astype(np.float32) if all(np.array_equal(p, p.astype(np.float32)) for p in volume) else volume


def _read_file(path: str) -> sitk.Image:
    import SimpleITK as sitk

    try:
        with path_for_itk(path) as readable:
            return sitk.ReadImage(readable, imageIO="GDCMImageIO")
    except RuntimeError as error:
        raise InputError(
            "The pixels of this DICOM file cannot be decoded",
            path=path,
            next_step="Export the series again, uncompressed.",
            code="undecodable_pixels",
        ) from error


def _decoded(image: sitk.Image, expected: DicomImage) -> np.ndarray:
    """The one slice of a classic DICOM file as a (rows, columns) view."""
    import SimpleITK as sitk

    if image.GetNumberOfComponentsPerPixel() > 1:
        raise InputError(
            "This DICOM file is a colour image, not a CT",
            path=expected.path,
            next_step="Give the original reconstruction.",
            code="not_scalar",
        )
    array = sitk.GetArrayFromImage(image)
    if array.shape != (1, expected.rows, expected.columns):
        raise InputError(
            f"The pixel matrix is {array.shape} and not 1 x {expected.rows} x {expected.columns} as the header says",
            path=expected.path,
            next_step="Export the series again.",
            code="undecodable_pixels",
        )
    return array[0]


def _read_frames(images: Sequence[DicomImage], progress: ProgressCallback) -> tuple[np.ndarray, sitk.Image, list[str]]:
    """Frames of one Enhanced file. GDCM applies the first frame's rescale to all, so all must state the same."""
    import SimpleITK as sitk

    path = images[0].path
    if len({image.path for image in images}) > 1 or len({image.rescale for image in images}) > 1:
        raise InputError(
            "The frames of this Enhanced CT are spread over files or rescaled differently",
            path=os.path.dirname(path),  # noqa: PTH120
            next_step="Export the series as classic CT images.",
            code="unsupported_enhanced",
        )
    progress(0.1, "Reading frames")
    image = _read_file(path)
    frames = sitk.GetArrayViewFromImage(image)
    wanted = [i.frame for i in images if i.frame is not None]
    if frames.ndim != 3 or frames.shape[1:] != (images[0].rows, images[0].columns) or max(wanted) >= frames.shape[0]:
        raise InputError(
            "The frames of this Enhanced CT do not match its header",
            path=path,
            next_step="Export the series as classic CT images.",
            code="undecodable_pixels",
        )
    fits = all(fits_int16(frames[f]) for f in wanted)
    volume = np.empty((len(wanted), *frames.shape[1:]), dtype=np.int16 if fits else np.float64)
    for position, frame in enumerate(wanted):
        volume[position] = frames[frame]
    return _smaller(volume), image, [file_sha256(path)]
