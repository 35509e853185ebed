"""Writing a CT volume, or labels on its grid, as one image file."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import tempfile
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import MissingPackageError, OutputError

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
"""Formats that hold HU and geometry in one file."""

NIFTI_HEADER_BYTES = 352
READ_BYTES = 1 << 20


def write_image(ct: CTVolume, path: str | os.PathLike[str]) -> Path:
    """Write HU and geometry as NIfTI, NRRD or MetaImage, by the name's ending.

    The file appears whole or not at all: it is written beside its place and then renamed. An existing file is
    replaced. NRRD and MetaImage keep spacing, origin and directions as decimal text with every digit that matters;
    NIfTI keeps them as 32-bit floats. NRRD and NIfTI are compressed where the format allows (``.nii`` is not).

    Args:
        ct: the volume; acquisition facts are not written, these formats have no place for them.
        path: ends with .nii, .nii.gz, .nrrd or .mha.

    Returns:
        The path.

    Raises:
        OutputError: unknown ending, impossible geometry, folder missing, no permission, disk full.
        MissingPackageError: SimpleITK is not installed.
    """
    return _write(ct.hu, ct.geometry, Path(path))


def write_labels(labels: np.ndarray, geometry: Geometry, path: str | os.PathLike[str]) -> Path:
    """Write a label map as NIfTI, NRRD or MetaImage, by the name's ending; as :func:`write_image` otherwise.

    Args:
        labels: (z, y, x) uint8 on the grid of ``geometry``.
        geometry: of the volume the labels belong to.
        path: ends with .nii, .nii.gz, .nrrd or .mha.

    Raises:
        ValueError: the labels are not uint8, or of another size than the grid.
        OutputError, MissingPackageError: as :func:`write_image`.
    """
    if labels.dtype != np.uint8 or labels.shape != geometry.shape_zyx:
        raise ValueError(f"labels are uint8 of {geometry.shape_zyx} voxels, not {labels.dtype} of {labels.shape}")
    return _write(labels, geometry, Path(path))


def check_name(path: str | os.PathLike[str]) -> str:
    """The known ending of a name. Raises OutputError where no format of that ending can be written."""
    name = Path(path).name.lower()
    suffix = next((known for known in SUFFIXES if name.endswith(known)), None)
    if suffix is None:
        raise OutputError(
            "The name does not end with a format that can be written",
            path=path,
            next_step=f"Use one of {', '.join(SUFFIXES)}.",
        )
    return suffix


def _write(array: np.ndarray, geometry: Geometry, target: Path) -> Path:
    """An array and its grid as a file that appears whole or not at all."""
    suffix = check_name(target)
    valid, reason = geometry.is_valid()
    if not valid:
        raise OutputError(f"A volume of impossible geometry cannot be written: {reason}", path=target)
    try:
        import SimpleITK as sitk
    except ImportError as error:
        raise MissingPackageError("SimpleITK is not installed", next_step="Run: pip install SimpleITK") from error

    image = sitk.GetImageFromArray(array)
    image.SetSpacing(geometry.spacing_xyz_mm)
    image.SetOrigin(geometry.origin_lps_mm)
    image.SetDirection(geometry.direction)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=".osteoscreen-", suffix=suffix, dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        sitk.WriteImage(image, name, useCompression=suffix != ".mha")
        _check_whole(temporary, suffix, array.nbytes)
        _use_default_permissions(temporary)
        temporary.replace(target)
    except (OSError, EOFError, RuntimeError, UnicodeError) as error:
        raise OutputError(
            f"The image cannot be written: {_reason(error)}",
            path=target,
            next_step="Choose an existing folder with enough free space that you may write to.",
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
    return target


def _check_whole(path: Path, suffix: str, n_bytes: int) -> None:
    """Raise OSError where a NIfTI file is cut short: its writer reports a full disk on the terminal, not to the caller.

    The writers of NRRD and MetaImage do report it. A gzip stream ends with a checksum, which reading to the end tests.
    """
    if suffix == ".nii.gz":
        with gzip.open(path) as stream:
            written = sum(len(block) for block in iter(lambda: stream.read(READ_BYTES), b""))
    elif suffix == ".nii":
        written = path.stat().st_size
    else:
        return
    if written < NIFTI_HEADER_BYTES + n_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _use_default_permissions(path: Path) -> None:
    """A temporary file is private; the finished image is as readable as any file that the user makes."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def _reason(error: Exception) -> str:
    """What went wrong, in a line. ITK's messages are long and name its own source files."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, UnicodeError):
        return "its path holds characters that cannot be encoded"
    return "the image writer failed, most often because the disk is full or the folder is read-only"
