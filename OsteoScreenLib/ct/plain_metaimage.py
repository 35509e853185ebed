"""A volume as an uncompressed MetaImage file, written straight from its array: no copy, and other threads go on."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry

ELEMENT_TYPES = {"u1": "MET_UCHAR", "i2": "MET_SHORT", "f4": "MET_FLOAT", "f8": "MET_DOUBLE"}
"""MetaIO's names of the voxel types that a CTVolume or a mask can have."""
_BLOCK_BYTES = 1 << 22


def write_metaimage(array: np.ndarray, geometry: Geometry, path: str | os.PathLike[str]) -> Path:
    """Write an array and its grid; every digit of the geometry is kept.

    For files that another process reads at once and that are then removed: an incomplete one may be left where this
    raises. :func:`OsteoScreenLib.ct.write.write_image` writes files that stay. Format: MetaIO's documentation of
    MetaImage; ``TransformMatrix`` lists the directions of the index axes one after another.

    Args:
        array: (z, y, x), uint8, int16, float32 or float64.
        geometry: of the array.
        path: where to; an existing file is replaced.

    Returns:
        The path.

    Raises:
        ValueError: the array is of another type, or of another size than the grid.
        OSError: the file cannot be written.
    """
    kind = ELEMENT_TYPES.get(array.dtype.str[1:])
    if kind is None or array.shape != geometry.shape_zyx:
        raise ValueError(f"{array.dtype} of {array.shape} voxels on a grid of {geometry.shape_zyx} cannot be written")
    fields = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False",
        "TransformMatrix": _digits(geometry.matrix.T.ravel().tolist()),
        "Offset": _digits(geometry.origin_lps_mm),
        "CenterOfRotation": "0 0 0",
        "ElementSpacing": _digits(geometry.spacing_xyz_mm),
        "DimSize": " ".join(str(n) for n in geometry.shape_zyx[::-1]),
        "ElementType": kind,
        "ElementDataFile": "LOCAL",
    }
    voxels = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    content = voxels.reshape(-1).view(np.uint8).data
    with Path(path).open("wb", buffering=0) as stream:
        _write(stream, "".join(f"{name} = {value}\n" for name, value in fields.items()).encode("ascii"))
        for start in range(0, len(content), _BLOCK_BYTES):
            _write(stream, content[start : start + _BLOCK_BYTES])
    return Path(path)


def _write(stream: io.FileIO, block: bytes | memoryview) -> None:
    """All of a block: an unbuffered file may take less than it is given."""
    rest = memoryview(block)
    while rest:
        rest = rest[stream.write(rest) :]


def _digits(numbers: Iterable[float]) -> str:
    return " ".join(repr(float(number)) for number in numbers)
