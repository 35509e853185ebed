"""Voxels that are read without ITK are ITK's, and what ITK would change is left to it."""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from OsteoScreenLib.ct.gzip_stream import unpack
from OsteoScreenLib.ct.image_file import read_image_file
from OsteoScreenLib.ct.nifti_header import read_nifti_header, read_nifti_voxels

TYPES = {np.uint8: 2, np.int16: 4, np.int32: 8, np.float32: 16, np.float64: 64, np.int8: 256, np.uint16: 512}
SHAPE = (3, 4, 5)


def written(folder: Path, kind: type, *, order: str = "<", slope: float = 0.0, code: int | None = None) -> Path:
    """A NIfTI file, byte by byte."""
    header = np.zeros(352, dtype=np.uint8)

    def put(place: int, dtype: str, *values: float) -> None:
        content = np.array(values, dtype=order + dtype).view(np.uint8)
        header[place : place + len(content)] = content

    put(0, "i4", 348)
    put(40, "i2", 3, *SHAPE[::-1], 1, 1, 1, 1)
    put(70, "i2", TYPES[kind] if code is None else code, 8 * np.dtype(kind).itemsize)
    put(76, "f4", 1, 0.7, 0.8, 2.5)
    put(108, "f4", 352, slope, 0)
    put(252, "i2", 0, 1)
    put(280, "f4", -0.7, 0, 0, 10, 0, 0.8, 0, -20, 0, 0, 2.5, 30)
    header[344:348] = np.frombuffer(b"n+1\0", dtype=np.uint8)
    values = np.random.default_rng(1).integers(0, 100, SHAPE).astype(np.dtype(kind).newbyteorder(order))
    path = folder / "image.nii.gz"
    path.write_bytes(gzip.compress(header.tobytes() + values.tobytes()))
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_plain_voxels_and_their_geometry_are_itks(tmp_path, kind, order):
    path = written(tmp_path, kind, order=order)
    expected = sitk.ReadImage(str(path))

    found = read_image_file(path, "nifti")

    assert read_nifti_voxels(path, read_nifti_header(path)) is not None
    assert np.array_equal(found.hu, sitk.GetArrayFromImage(expected))
    assert found.geometry.spacing_xyz_mm == expected.GetSpacing()
    assert found.geometry.origin_lps_mm == expected.GetOrigin()
    assert found.geometry.direction == expected.GetDirection()


@pytest.mark.parametrize(("slope", "code"), [(2.0, None), (-1.0, None), (1.0, 512)])
def test_scaled_voxels_are_left_to_itk_and_others_are_not(tmp_path, slope, code):
    path = written(tmp_path, np.int16, slope=slope, code=code)

    own = read_nifti_voxels(path, read_nifti_header(path))

    assert (own is None) == (slope != 1.0)
    assert np.array_equal(read_image_file(path, "nifti").hu, sitk.GetArrayFromImage(sitk.ReadImage(str(path))))


DATA = np.random.default_rng(0).integers(0, 9, 100_000).astype(np.uint8).tobytes()


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(DATA),
        gzip.compress(DATA[:60_000]) + gzip.compress(DATA[60_000:]),
        gzip.compress(DATA) + b"\0" * 700_000,
        gzip.compress(DATA[:60_000]) + b"\0" * 512 + gzip.compress(DATA[60_000:]),
    ],
    ids=["one member", "two members", "zeros after it", "zeros between"],
)
@pytest.mark.parametrize("wanted", [100_000, 99_999, 150_000, 1])
def test_gzip_is_unpacked_as_python_unpacks_it(packed, wanted):
    content = np.empty(wanted, dtype=np.uint8)

    found = unpack(BytesIO(packed), content)

    assert found == min(wanted, len(DATA))
    assert content[:found].tobytes() == DATA[:wanted]


@pytest.mark.parametrize(
    ("packed", "error"),
    [
        (gzip.compress(DATA)[:-1], EOFError),
        (gzip.compress(DATA)[:20_000], EOFError),
        (gzip.compress(DATA)[:-5] + b"abcde", zlib.error),  # another checksum
        (gzip.compress(DATA)[:5_000] + bytes(5_000) + gzip.compress(DATA)[10_000:], zlib.error),
        (gzip.compress(DATA) + b"no gzip", zlib.error),
    ],
)
def test_a_damaged_gzip_stream_is_refused(packed, error):
    with pytest.raises(error):
        unpack(BytesIO(packed), np.empty(len(DATA), dtype=np.uint8))
