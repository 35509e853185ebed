"""What a NIfTI header says, read byte by byte.

ITK repairs a NIfTI file in silence (a voxel size of 0 becomes 1, a missing half of the voxels becomes zeros), so the
raw header is checked before ITK sees the file. Field offsets: the NIfTI-1 and NIfTI-2 standards (nifti1.h, nifti2.h).
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.gzip_stream import unpack
from OsteoScreenLib.errors import InputError

_NIFTI1_BYTES, _NIFTI2_BYTES = 348, 540
_SHEAR_TOLERANCE = 1e-3
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class NiftiHeader:
    """The fields that decide whether a NIfTI file can be trusted.

    Attributes:
        dim: (n, size 1 ... size 7) as stored; pixdim_mm: voxel sizes as stored (first three axes).
        bytes_per_voxel: from bitpix. data_offset: where the voxels begin.
        voxel_type: numpy type of the voxels; None where it is a rare one, or several numbers to a voxel.
        is_scaled: whether slope and intercept make other numbers of what is stored.
        qform_code, sform_code: 0 where that orientation is absent. srow: (3, 4) sform matrix.
    """

    dim: tuple[int, ...]
    pixdim_mm: tuple[float, float, float]
    bytes_per_voxel: int
    data_offset: int
    voxel_type: np.dtype | None
    is_scaled: bool
    qform_code: int
    sform_code: int
    srow: np.ndarray

    @property
    def n_voxels(self) -> int:
        """Voxels that the header declares."""
        return math.prod(self.dim[1 : 1 + self.dim[0]])

    @property
    def expected_bytes(self) -> int:
        """Length that the uncompressed file must at least have."""
        return self.data_offset + self.n_voxels * self.bytes_per_voxel

    @property
    def has_orientation(self) -> bool:
        """Whether the header says where left and right are."""
        return self.qform_code > 0 or self.sform_code > 0


def read_nifti_header(path: str | os.PathLike[str]) -> NiftiHeader:
    """Read and check the header of a single-file NIfTI, compressed or not.

    Raises:
        InputError: ``not_an_image``, ``not_three_dimensional`` or ``impossible_geometry``.
    """
    header = _parse(_first_bytes(path, _NIFTI2_BYTES), path)
    _check_dimensions(header, path)
    _check_geometry(header, path)
    return header


def read_nifti_voxels(path: str | os.PathLike[str], header: NiftiHeader) -> np.ndarray | None:
    """Read the voxels and make sure that every declared one is in the file and is a number.

    ITK would put zeros where voxels lack, and zeros where they are not numbers.

    Returns:
        (z, y, x) the voxels as they are stored, which are those that ITK reads; None where ITK is to be asked for them:
        they are to be scaled, of a rare number type, or not of three dimensions.

    Raises:
        InputError: ``truncated``, ``damaged`` or ``non_finite_voxels``.
    """
    content = np.empty(header.expected_bytes, dtype=np.uint8)  # takes memory only as far as it is filled
    found = _fill(path, content)
    if found < len(content):
        raise _too_short(path, f"its header declares {len(content)} bytes and it holds {found}")
    kind = header.voxel_type
    if kind is None or kind.itemsize != header.bytes_per_voxel:
        return None
    voxels = content[header.data_offset :].view(kind)
    if kind.kind == "f":
        _refuse_not_numbers(voxels, path)
    if header.is_scaled or header.dim[0] != 3:
        return None
    return voxels.reshape(header.dim[3:0:-1])


def _refuse_not_numbers(voxels: np.ndarray, path: str | os.PathLike[str]) -> None:
    parts = range(0, len(voxels), _CHUNK_BYTES)
    bad = sum(int(np.count_nonzero(~np.isfinite(voxels[start : start + _CHUNK_BYTES]))) for start in parts)
    if bad:
        raise InputError(
            f"{bad} voxels are not numbers (NaN or infinite)",
            path=path,
            next_step="Convert the scan again from DICOM.",
            code="non_finite_voxels",
        )


def is_gzip(path: str | os.PathLike[str]) -> bool:
    """Whether the file begins like a gzip stream."""
    with Path(path).open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _first_bytes(path: str | os.PathLike[str], count: int) -> bytes:
    opener = gzip.open if is_gzip(path) else open
    try:
        with opener(path, "rb") as stream:
            return stream.read(count)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(path, error) from error


def _fill(path: str | os.PathLike[str], content: np.ndarray) -> int:
    """Unpack into an array and no further, so that a bomb costs nothing; returns the bytes found."""
    try:
        with Path(path).open("rb") as stream:
            return unpack(stream, content) if is_gzip(path) else stream.readinto(content.data)
    except EOFError as error:
        raise _too_short(path, "the compressed data stop in their middle") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(path, error) from error


def _too_short(path: str | os.PathLike[str], why: str) -> InputError:
    return InputError(
        f"The file ends too early: {why}", path=path, next_step="Copy or convert the scan again.", code="truncated"
    )


def _damaged(path: str | os.PathLike[str], error: Exception) -> InputError:
    return InputError(
        f"The compressed file is damaged ({error})", path=path, next_step="Copy the scan again.", code="damaged"
    )


def _parse(raw: bytes, path: str | os.PathLike[str]) -> NiftiHeader:
    for order in "<>":
        if len(raw) >= _NIFTI1_BYTES and raw[344:348] == b"n+1\0" and _starts_with(raw, order, _NIFTI1_BYTES):
            return NiftiHeader(
                dim=struct.unpack_from(f"{order}8h", raw, 40),
                pixdim_mm=struct.unpack_from(f"{order}3f", raw, 80),
                bytes_per_voxel=struct.unpack_from(f"{order}h", raw, 72)[0] // 8,
                data_offset=_offset(struct.unpack_from(f"{order}f", raw, 108)[0]),
                voxel_type=_voxel_type(struct.unpack_from(f"{order}h", raw, 70)[0], order),
                is_scaled=_is_scaled(*struct.unpack_from(f"{order}2f", raw, 112)),
                qform_code=struct.unpack_from(f"{order}h", raw, 252)[0],
                sform_code=struct.unpack_from(f"{order}h", raw, 254)[0],
                srow=np.array(struct.unpack_from(f"{order}12f", raw, 280), dtype=float).reshape(3, 4),
            )
        if len(raw) >= _NIFTI2_BYTES and raw[4:8] == b"n+2\0" and _starts_with(raw, order, _NIFTI2_BYTES):
            return NiftiHeader(
                dim=struct.unpack_from(f"{order}8q", raw, 16),
                pixdim_mm=struct.unpack_from(f"{order}3d", raw, 112),
                bytes_per_voxel=struct.unpack_from(f"{order}h", raw, 14)[0] // 8,
                data_offset=_offset(struct.unpack_from(f"{order}q", raw, 168)[0]),
                voxel_type=_voxel_type(struct.unpack_from(f"{order}h", raw, 12)[0], order),
                is_scaled=_is_scaled(*struct.unpack_from(f"{order}2d", raw, 176)),
                qform_code=struct.unpack_from(f"{order}i", raw, 344)[0],
                sform_code=struct.unpack_from(f"{order}i", raw, 348)[0],
                srow=np.array(struct.unpack_from(f"{order}12d", raw, 400), dtype=float).reshape(3, 4),
            )
    raise InputError(
        "This is not a single-file NIfTI image",
        path=path,
        next_step="Give a CT as NIfTI, NRRD, MetaImage or DICOM.",
        code="not_an_image",
    )


def _starts_with(raw: bytes, order: str, number: int) -> bool:
    return bool(struct.unpack_from(f"{order}i", raw)[0] == number)


def _voxel_type(code: int, order: str) -> np.dtype | None:
    """By NIfTI's number of the data type."""
    name = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}.get(code)
    return None if name is None else np.dtype(order + name)


def _is_scaled(slope: float, intercept: float) -> bool:
    """A slope of 0 means none."""
    return slope not in (0.0, 1.0) or intercept != 0.0


def _offset(value: float) -> int:
    return int(value) if math.isfinite(value) and 0 <= value < 1 << 40 else 0


def _check_dimensions(header: NiftiHeader, path: str | os.PathLike[str]) -> None:
    count = header.dim[0]
    sizes = header.dim[1 : 1 + count] if 1 <= count <= 7 else ()
    if not sizes or any(size < 1 for size in sizes) or header.bytes_per_voxel < 1:
        raise InputError(
            f"The header declares an impossible image size {header.dim}",
            path=path,
            next_step="Convert the scan again.",
            code="impossible_geometry",
        )
    if any(size > 1 for size in sizes[3:]):
        raise InputError(
            f"The image has more than three dimensions ({' x '.join(map(str, sizes))})",
            path=path,
            next_step="Extract one volume and give that.",
            code="not_three_dimensional",
        )


def _check_geometry(header: NiftiHeader, path: str | os.PathLike[str]) -> None:
    used = header.pixdim_mm[: min(3, header.dim[0])]
    if not all(math.isfinite(size) and size > 0 for size in used):
        raise InputError(
            f"A voxel size in the header is zero, negative or not a number ({', '.join(f'{s:g}' for s in used)} mm)",
            path=path,
            next_step="Convert the scan again from DICOM.",
            code="impossible_geometry",
        )
    if header.sform_code > 0:
        _check_sform(header.srow[:, :3], path)


def _check_sform(matrix: np.ndarray, path: str | os.PathLike[str]) -> None:
    """The axes must be at right angles: a sheared grid, such as an uncorrected gantry tilt, has no voxel size."""
    lengths = np.linalg.norm(matrix, axis=0)
    if np.all(np.isfinite(matrix)) and np.all(lengths > 0):
        axes = matrix / lengths
        if np.abs(axes.T @ axes - np.eye(3)).max() <= _SHEAR_TOLERANCE:
            return
    raise InputError(
        "The orientation in the header is sheared or not a number: its axes are not at right angles",
        path=path,
        next_step="Convert the scan again from DICOM, or give the DICOM folder.",
        code="impossible_geometry",
    )
