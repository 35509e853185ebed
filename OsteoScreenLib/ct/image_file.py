"""Reading one image file: NIfTI, NRRD or MetaImage."""

from __future__ import annotations

import logging
import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from OsteoScreenLib.ct.compact import compact
from OsteoScreenLib.ct.digest import file_sha256
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.nifti_header import is_gzip, read_nifti_header, read_nifti_voxels
from OsteoScreenLib.ct.safe_path import path_for_itk
from OsteoScreenLib.ct.sidecar import read_sidecar
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if

if TYPE_CHECKING:
    import SimpleITK as sitk

logger = logging.getLogger(__name__)

MAX_COMPRESSION = 1100
"""Deflate cannot shrink data by more than about 1032:1 (zlib's documentation), so a larger ratio is a false header."""

_HEADER_BYTES = 1 << 16
_ORIENTATION_KEYS = {
    "nrrd": re.compile(rb"^space(?: dimension)?\s*:", re.M),
    "metaimage": re.compile(rb"^(?:TransformMatrix|Orientation|Rotation)\s*=", re.M),
}
_DATA_FILE = re.compile(rb"^(?:ElementDataFile\s*=|data ?file\s*:)\s*([^\r\n]*)", re.M | re.I)
_DIMENSIONS = re.compile(rb"^(?:NDims\s*=|dimension\s*:)\s*([^\r\n]*)", re.M)
_ITK_SUFFIXES = {"nifti": (".nii", ".nii.gz"), "nrrd": (".nrrd", ".nhdr"), "metaimage": (".mha", ".mhd")}


def image_kind(path: str | os.PathLike[str]) -> str | None:
    """``nifti``, ``nrrd`` or ``metaimage`` by the file's first bytes; None where it is none of them."""
    with Path(path).open("rb") as stream:
        start = stream.read(512)
    name = os.fspath(path).lower()
    if start.startswith(b"\x1f\x8b"):
        return "nifti" if name.endswith((".nii.gz", ".gz")) else None
    if start.startswith(b"NRRD0"):
        return "nrrd"
    if re.match(rb"\s*(ObjectType|NDims|Comment)\s*=", start):
        return "metaimage"
    if start[:4] in (b"\x5c\x01\x00\x00", b"\x00\x00\x01\x5c", b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c"):
        return "nifti"
    return None


def read_image_file(
    path: str | os.PathLike[str],
    kind: str,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> CTVolume:
    """Read one image file as it is.

    Args:
        path: the file. kind: as :func:`image_kind` says.

    Returns:
        Volume with SimpleITK's own geometry and voxel values.

    Raises:
        InputError: ``truncated``, ``damaged``, ``not_scalar``, ``not_three_dimensional``, ``impossible_geometry`` or
            ``missing_data_file``.
    """
    progress(0.0, "Checking the file")
    oriented, voxels = _check_raw_file(path, kind)
    stop_if(cancelled)
    progress(0.3, "Reading the voxels")
    geometry, hu = _read_with_itk(path, kind, voxels)
    stop_if(cancelled)
    progress(0.7, "Taking over the voxels")
    volume = CTVolume(
        hu=hu,
        geometry=geometry,
        acquisition=read_sidecar(path),
        source=Source(name=Path(path).name, kind=kind, sha256=file_sha256(path), oriented=oriented),
    )
    progress(1.0, "Read")
    return volume


def geometry_of_itk(image: sitk.Image | sitk.ImageFileReader, path: str | os.PathLike[str]) -> Geometry:
    """Geometry of a three-dimensional SimpleITK image, or of the one that a reader has read the header of.

    Raises:
        InputError: ``impossible_geometry``.
    """
    x, y, z = image.GetSize()
    geometry = Geometry(
        shape_zyx=(z, y, x),
        spacing_xyz_mm=image.GetSpacing(),
        origin_lps_mm=image.GetOrigin(),
        direction=image.GetDirection(),
    )
    valid, reason = geometry.is_valid()
    if not valid:
        raise InputError(
            f"The geometry is impossible: {reason}",
            path=path,
            next_step="Convert the scan again.",
            code="impossible_geometry",
        )
    return geometry


def _check_raw_file(path: str | os.PathLike[str], kind: str) -> tuple[bool, np.ndarray | None]:
    """Look at the file before ITK does: whether it states an orientation, and its voxels where they were read."""
    if kind == "nifti":
        header = read_nifti_header(path)
        packing = MAX_COMPRESSION if is_gzip(path) else 1
        _check_declared_size(header.n_voxels * header.bytes_per_voxel, path, packing)
        return header.has_orientation, read_nifti_voxels(path, header)
    with Path(path).open("rb") as stream:
        header_text = stream.read(_HEADER_BYTES)
    _check_dimensions(header_text, path)
    _check_data_file(header_text, path)
    return _ORIENTATION_KEYS[kind].search(header_text) is not None, None


def _check_declared_size(declared: int, path: str | os.PathLike[str], packing: int) -> None:
    found = Path(path).stat().st_size
    if declared > found * packing:
        raise InputError(
            f"The header declares {declared} bytes of voxels, more than a file of {found} bytes can hold",
            path=path,
            next_step="Copy or convert the scan again.",
            code="truncated",
        )


def _check_dimensions(header_text: bytes, path: str | os.PathLike[str]) -> None:
    """ITK ends the whole process where a header declares an absurd number of dimensions."""
    match = _DIMENSIONS.search(header_text)
    count = match.group(1).strip() if match else b""
    if count in (b"2", b"3"):
        return
    if match is None:
        raise InputError(
            "The header does not say how many dimensions the image has",
            path=path,
            next_step="Convert the scan again.",
            code="not_an_image",
        )
    declared = count.decode("ascii", "replace")[:20]
    raise InputError(
        f"The header declares {declared} dimensions; a CT has three",
        path=path,
        next_step="Extract one volume and give that.",
        code="not_three_dimensional",
    )


def _check_data_file(header_text: bytes, path: str | os.PathLike[str]) -> None:
    """A detached header may only point to a plain file beside it, not to anywhere on the disk."""
    match = _DATA_FILE.search(header_text)
    if match is None or match.group(1).strip() == b"LOCAL":
        return
    name = os.fsdecode(match.group(1).strip())
    if "/" in name or "\\" in name or not (Path(path).parent / name).is_file():
        raise InputError(
            "The header points to a voxel file that does not lie beside it",
            path=path,
            next_step="Keep the header and its data file in one folder, or convert to a single file.",
            code="missing_data_file",
        )


def _read_with_itk(path: str | os.PathLike[str], kind: str, voxels: np.ndarray | None) -> tuple[Geometry, np.ndarray]:
    """Geometry and voxels as ITK reads them; the voxels from the file only where they were not read before."""
    import SimpleITK as sitk

    suffixes = _ITK_SUFFIXES[kind]
    name = os.fspath(path).lower()
    own = next((suffix for suffix in suffixes if name.endswith(suffix)), None)
    wanted = own or (".nii.gz" if kind == "nifti" and is_gzip(path) else suffixes[0])
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    with path_for_itk(path, wanted) as readable:
        reader = sitk.ImageFileReader()
        reader.SetFileName(readable)
        try:
            reader.ReadImageInformation()
            _check_information(reader, path, kind)
            if voxels is not None and reader.GetSize() == voxels.shape[::-1]:
                voxels.setflags(write=False)
                return geometry_of_itk(reader, path), voxels if voxels.dtype == np.int16 else compact(voxels)
            image = reader.Execute()
        except RuntimeError as error:
            raise _itk_error(error, path) from error
    image = sitk.JoinSeries([image]) if image.GetDimension() == 2 else image
    return geometry_of_itk(image, path), compact(sitk.GetArrayViewFromImage(image))


def _check_information(reader: sitk.ImageFileReader, path: str | os.PathLike[str], kind: str) -> None:
    import SimpleITK as sitk

    size = reader.GetSize()
    if reader.GetNumberOfComponents() > 1:
        raise InputError(
            "This is a colour or vector image, not a CT",
            path=path,
            next_step="Give the CT itself, not a rendering or a displacement field.",
            code="not_scalar",
        )
    if len(size) > 3:
        raise InputError(
            f"The image has more than three dimensions ({' x '.join(map(str, size))})",
            path=path,
            next_step="Extract one volume and give that.",
            code="not_three_dimensional",
        )
    if kind != "nifti":
        bytes_per_voxel = sitk.Image([1] * len(size), reader.GetPixelID()).GetSizeOfPixelComponent()
        if not _has_detached_voxels(path):
            _check_declared_size(math.prod(size) * bytes_per_voxel, path, MAX_COMPRESSION)


def _has_detached_voxels(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).lower().endswith((".mhd", ".nhdr"))


def _itk_error(error: RuntimeError, path: str | os.PathLike[str]) -> InputError:
    """ITK's own words name files and lines of its source, which say nothing to a user."""
    text = str(error)
    if re.search(r"expected .* but received|fread got only|No such file|not read completely|end of file|zlib", text):
        return InputError(
            "The file ends too early or is damaged",
            path=path,
            next_step="Copy or convert the scan again.",
            code="truncated",
        )
    if re.search(r"spacing|orthonormal|[Dd]irection|cosines|determinant", text):
        return InputError(
            "The geometry in the header is impossible (zero voxel size or directions that are not at right angles)",
            path=path,
            next_step="Convert the scan again.",
            code="impossible_geometry",
        )
    logger.debug("SimpleITK: %s", text)
    return InputError(
        "The image cannot be read; its header may be damaged", path=path, next_step="Convert the scan again."
    )
