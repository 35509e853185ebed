"""NIfTI, NRRD and MetaImage files byte by byte, so that every field can be false."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume

NIFTI_TYPES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "c8": 32, "f8": 64, "i1": 256, "u2": 512}
RGB24 = 128
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def nifti_bytes(
    ct: CTVolume,
    *,
    voxels: np.ndarray | None = None,
    order: str = "<",
    dim: Sequence[int] | None = None,
    pixdim: Sequence[float] | None = None,
    datatype: int | None = None,
    bitpix: int | None = None,
    scale: tuple[float, float] = (0.0, 0.0),
    offset: float = 352.0,
    codes: tuple[int, int] = (0, 1),
    srow: np.ndarray | None = None,
    magic: bytes = b"n+1\0",
) -> bytes:
    """A NIfTI-1 file.

    Args:
        ct: what it holds and where (as sform, in RAS millimetres).
        voxels: stored numbers in place of ct.hu. order: byte order, ``<`` or ``>``.
        dim, pixdim, datatype, bitpix, offset, magic: header fields in place of the true ones (pixdim without qfac).
        scale: slope and intercept. codes: qform and sform code. srow: (3, 4) in place of the true one.
    """
    stored = ct.hu if voxels is None else voxels
    stored = stored.astype(stored.dtype.newbyteorder(order))
    kind = stored.dtype.str[1:]
    z, y, x = ct.geometry.shape_zyx
    affine = LPS_TO_RAS @ np.column_stack([ct.geometry.matrix * ct.geometry.spacing_xyz_mm, ct.geometry.origin_lps_mm])
    header = bytearray(352)
    struct.pack_into(f"{order}i", header, 0, 348)
    sizes = [3, x, y, z] if dim is None else list(dim)
    struct.pack_into(f"{order}8h", header, 40, *(sizes + [1] * 8)[:8])
    struct.pack_into(f"{order}h", header, 70, NIFTI_TYPES.get(kind, 0) if datatype is None else datatype)
    struct.pack_into(f"{order}h", header, 72, stored.dtype.itemsize * 8 if bitpix is None else bitpix)
    steps = [*(ct.geometry.spacing_xyz_mm if pixdim is None else pixdim), 1.0, 1.0, 1.0, 1.0]
    struct.pack_into(f"{order}8f", header, 76, 1.0, *steps[:7])
    struct.pack_into(f"{order}3f", header, 108, offset, *scale)
    struct.pack_into(f"{order}b", header, 123, 2)
    struct.pack_into(f"{order}2h", header, 252, *codes)
    rows = affine if srow is None else srow
    struct.pack_into(f"{order}12f", header, 280, *np.asarray(rows).ravel())
    header[344:348] = magic
    return bytes(header) + np.ascontiguousarray(stored).tobytes()


def write_bytes(path: Path, content: bytes, *, compressed: bool | None = None) -> Path:
    """Write a file, through gzip where its name (or ``compressed``) says so."""
    packed = path.name.endswith(".gz") if compressed is None else compressed
    path.write_bytes(gzip.compress(content, compresslevel=1, mtime=0) if packed else content)
    return path


def write_nrrd(path: Path, ct: CTVolume, *, voxels: bytes | None = None, **fields: str | None) -> Path:
    """A raw NRRD. ``fields`` replace header fields (``_`` for a space in a name); None removes one."""
    z, y, x = ct.geometry.shape_zyx
    directions = (ct.geometry.matrix * ct.geometry.spacing_xyz_mm).T
    header = {
        "type": {"i2": "short", "u1": "uchar", "f4": "float"}[ct.hu.dtype.str[1:]],
        "dimension": "3",
        "space": "left-posterior-superior",
        "sizes": f"{x} {y} {z}",
        "space directions": " ".join(_vector(d) for d in directions),
        "kinds": "domain domain domain",
        "endian": "little",
        "encoding": "raw",
        "space origin": _vector(ct.geometry.origin_lps_mm),
    }
    lines = _replaced(header, fields)
    text = "NRRD0004\n" + "".join(f"{key}: {value}\n" for key, value in lines.items()) + "\n"
    path.write_bytes(
        text.encode() + (ct.hu.astype(ct.hu.dtype.newbyteorder("<")).tobytes() if voxels is None else voxels)
    )
    return path


def write_metaimage(path: Path, ct: CTVolume, *, voxels: bytes | None = None, **fields: str | None) -> Path:
    """A raw MetaImage; the voxels follow the header. ``fields`` replace header fields; None removes one."""
    z, y, x = ct.geometry.shape_zyx
    header = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False",
        "TransformMatrix": " ".join(f"{v:.12g}" for v in ct.geometry.matrix.T.ravel()),
        "Offset": " ".join(f"{v:.12g}" for v in ct.geometry.origin_lps_mm),
        "ElementSpacing": " ".join(f"{v:.12g}" for v in ct.geometry.spacing_xyz_mm),
        "DimSize": f"{x} {y} {z}",
        "ElementType": {"i2": "MET_SHORT", "u1": "MET_UCHAR", "f4": "MET_FLOAT"}[ct.hu.dtype.str[1:]],
        "ElementDataFile": "LOCAL",
    }
    lines = _replaced(header, fields)
    text = "".join(f"{key} = {value}\n" for key, value in lines.items())
    path.write_bytes(
        text.encode() + (ct.hu.astype(ct.hu.dtype.newbyteorder("<")).tobytes() if voxels is None else voxels)
    )
    return path


def _replaced(header: dict[str, str], fields: dict[str, str | None]) -> dict[str, str]:
    named = {key if key in header else key.replace("_", " "): value for key, value in fields.items()}
    return {key: value for key, value in {**header, **named}.items() if value is not None}


def _vector(values: Sequence[float] | np.ndarray) -> str:
    return "(" + ",".join(f"{v:.12g}" for v in values) + ")"
