"""Hostile NIfTI files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from factory.base import reordered, small_body, turned
from factory.hostile import Made, hostile
from factory.images import RGB24, nifti_bytes, write_bytes
from OsteoScreenLib.ct.volume import CTVolume

TURN = np.deg2rad(20.0)
OBLIQUE = np.array([[1, 0, 0], [0, np.cos(TURN), -np.sin(TURN)], [0, np.sin(TURN), np.cos(TURN)]])


def _nifti(tmp: Path, truth: CTVolume | None = None, **fields: object) -> Made:
    """A NIfTI of the truth, or of the small body where the truth does not matter."""
    content = nifti_bytes(truth or small_body(), **fields)  # type: ignore[arg-type]
    return Made(write_bytes(tmp / "ct.nii", content), truth)


def _with_hu(hu: np.ndarray) -> CTVolume:
    return replace(small_body(), hu=hu)


# Geometry.


@hostile(errors="impossible_geometry")
def nifti_zero_spacing(tmp: Path) -> Made:
    return _nifti(tmp, pixdim=(0.0, 3.0, 3.0))


@hostile(errors="impossible_geometry")
def nifti_negative_spacing(tmp: Path) -> Made:
    return _nifti(tmp, pixdim=(3.0, 3.0, -3.0))


@hostile(errors="impossible_geometry")
def nifti_spacing_not_a_number(tmp: Path) -> Made:
    return _nifti(tmp, pixdim=(3.0, float("nan"), 3.0))


@hostile(errors="impossible_geometry")
def nifti_infinite_spacing(tmp: Path) -> Made:
    return _nifti(tmp, pixdim=(3.0, 3.0, float("inf")))


@hostile(errors="impossible_geometry")
def nifti_sheared_orientation(tmp: Path) -> Made:
    rows = np.array([[-3.0, 0, 0, 0], [0, -3.0, 1.5, 0], [0, 0, 3.0, 0]])
    return _nifti(tmp, srow=rows)


@hostile(errors="impossible_geometry")
def nifti_orientation_not_a_number(tmp: Path) -> Made:
    return _nifti(tmp, srow=np.full((3, 4), np.nan))


@hostile(errors="impossible_geometry")
def nifti_orientation_of_zeros(tmp: Path) -> Made:
    return _nifti(tmp, srow=np.zeros((3, 4)))


@hostile(errors="impossible_geometry")
def nifti_origin_not_a_number(tmp: Path) -> Made:
    rows = np.array([[-3.0, 0, 0, np.nan], [0, -3.0, 0, 0], [0, 0, 3.0, 0]])
    return _nifti(tmp, srow=rows)


@hostile()
def nifti_left_handed(tmp: Path) -> Made:
    return _nifti(tmp, reordered(small_body(), (0, 1, 2), (False, False, True)))


@hostile()
def nifti_stored_head_to_foot(tmp: Path) -> Made:
    return _nifti(tmp, reordered(small_body(), (0, 1, 2), (True, False, False)))


@hostile()
def nifti_turned_by_90_degrees(tmp: Path) -> Made:
    return _nifti(tmp, reordered(small_body(), (0, 2, 1), (False, True, False)))


@hostile()
def nifti_sagittal(tmp: Path) -> Made:
    return _nifti(tmp, reordered(small_body(), (2, 0, 1), (False, True, False)))


@hostile()
def nifti_coronal_and_left_handed(tmp: Path) -> Made:
    return _nifti(tmp, reordered(small_body(), (1, 0, 2), (True, True, True)))


@hostile()
def nifti_oblique(tmp: Path) -> Made:
    return _nifti(tmp, turned(small_body(), OBLIQUE))


@hostile()
def nifti_big_endian(tmp: Path) -> Made:
    return _nifti(tmp, small_body(), order=">")


@hostile(flags="orientation_unknown")
def nifti_without_orientation(tmp: Path) -> Made:
    """Left and right cannot be told apart; the reader must say so."""
    content = nifti_bytes(small_body(), codes=(0, 0))
    return Made(write_bytes(tmp / "ct.nii", content), unoriented=True)


# Size.


@hostile(errors="truncated")
def nifti_that_ends_early(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "ct.nii", nifti_bytes(small_body())[:-1]))


@hostile(errors="truncated not_an_image")
def nifti_that_ends_within_the_header(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "ct.nii", nifti_bytes(small_body())[:300]))


@hostile(errors="truncated too_large impossible_geometry")
def nifti_huge_header_with_tiny_file(tmp: Path) -> Made:
    return _nifti(tmp, voxels=np.zeros(10, np.int16), dim=(3, 32767, 32767, 32767))


@hostile(errors="truncated too_large impossible_geometry")
def nifti_huge_header_with_tiny_gzip(tmp: Path) -> Made:
    content = nifti_bytes(small_body(), voxels=np.zeros(10, np.int16), dim=(3, 32767, 32767, 32767))
    return Made(write_bytes(tmp / "ct.nii.gz", content))


@hostile(errors="impossible_geometry")
def nifti_negative_size(tmp: Path) -> Made:
    return _nifti(tmp, dim=(3, 128, -128, 20))


@hostile(errors="impossible_geometry")
def nifti_of_no_dimensions(tmp: Path) -> Made:
    return _nifti(tmp, dim=(0, 128, 128, 20))


@hostile(errors="impossible_geometry not_an_image")
def nifti_of_thousand_dimensions(tmp: Path) -> Made:
    return _nifti(tmp, dim=(1000, 128, 128, 20))


@hostile(errors="not_three_dimensional")
def nifti_4d(tmp: Path) -> Made:
    twice = np.concatenate([small_body().hu, small_body().hu])
    return _nifti(tmp, voxels=twice, dim=(4, 128, 128, 20, 2))


@hostile()
def nifti_4d_of_one_volume(tmp: Path) -> Made:
    return _nifti(tmp, small_body(), dim=(4, 128, 128, 20, 1))


@hostile(flags="too_few_slices", also="hu_clipped not_hounsfield field_of_view_cuts_body")
def nifti_one_slice(tmp: Path) -> Made:
    ct = small_body()
    one = replace(ct, hu=ct.hu[10:11], geometry=replace(ct.geometry, shape_zyx=(1, 128, 128)))
    return _nifti(tmp, one)


@hostile(
    flags="too_few_slices", also="hu_clipped not_hounsfield field_of_view_cuts_body anisotropic_voxels thick_slices"
)
def nifti_2d(tmp: Path) -> Made:
    ct = small_body()
    content = nifti_bytes(ct, voxels=ct.hu[10:11], dim=(2, 128, 128))
    return Made(write_bytes(tmp / "ct.nii", content))


@hostile(errors="truncated impossible_geometry")
def nifti_voxels_begin_after_the_end(tmp: Path) -> Made:
    return _nifti(tmp, offset=1e9)


# Values.


@hostile(errors="non_finite_voxels")
def nifti_with_nan(tmp: Path) -> Made:
    hu = small_body().hu.astype(np.float32)
    hu[8:11, 20:30, 20:30] = np.nan
    return _nifti(tmp, _with_hu(hu))


@hostile(errors="non_finite_voxels")
def nifti_with_infinity(tmp: Path) -> Made:
    hu = small_body().hu.astype(np.float32)
    hu[8, 20, 20], hu[9, 20, 20] = np.inf, -np.inf
    return _nifti(tmp, _with_hu(hu))


@hostile(errors="non_finite_voxels")
def nifti_of_nothing_but_nan(tmp: Path) -> Made:
    return _nifti(tmp, _with_hu(np.full(small_body().hu.shape, np.nan, np.float32)))


@hostile(flags="not_hounsfield", also="hu_clipped")
def nifti_all_air(tmp: Path) -> Made:
    noise = np.random.default_rng(0).normal(-1000.0, 3.0, small_body().hu.shape)
    return _nifti(tmp, _with_hu(np.rint(noise).astype(np.int16)))


@hostile(flags="not_hounsfield", also="hu_clipped")
def nifti_all_zero(tmp: Path) -> Made:
    return _nifti(tmp, _with_hu(np.zeros(small_body().hu.shape, np.int16)))


@hostile(flags="not_hounsfield", also="hu_clipped kvp_unknown metal contrast_agent field_of_view_cuts_body")
def nifti_offset_by_1024(tmp: Path) -> Made:
    return _nifti(tmp, _with_hu((small_body().hu + 1024).astype(np.int16)))


@hostile(flags="not_hounsfield", also="hu_clipped contrast_agent field_of_view_cuts_body")
def nifti_8_bit_window(tmp: Path) -> Made:
    window = np.clip((small_body().hu + 160.0) / 400.0 * 255.0, 0, 255).astype(np.uint8)
    return _nifti(tmp, _with_hu(window))


@hostile(flags="not_hounsfield", also="hu_clipped contrast_agent field_of_view_cuts_body")
def nifti_signed_8_bit_window(tmp: Path) -> Made:
    window = (np.clip((small_body().hu + 160.0) / 400.0 * 255.0, 0, 255) - 128).astype(np.int8)
    return _nifti(tmp, _with_hu(window))


@hostile(flags="not_hounsfield", also="hu_clipped")
def nifti_normalised_to_one(tmp: Path) -> Made:
    hu = small_body().hu.astype(np.float32)
    return _nifti(tmp, _with_hu((hu - hu.min()) / (hu.max() - hu.min())))


@hostile(flags="not_hounsfield", also="hu_clipped")
def nifti_of_labels(tmp: Path) -> Made:
    return _nifti(tmp, _with_hu((small_body().hu > 200).astype(np.uint8)))


@hostile(flags="not_hounsfield", also="hu_clipped field_of_view_cuts_body")
def nifti_clipped_to_a_soft_tissue_window(tmp: Path) -> Made:
    return _nifti(tmp, _with_hu(np.clip(small_body().hu, -160, 240)))


@hostile(flags="padding_values")
def nifti_padded_with_minus_3024(tmp: Path) -> Made:
    hu = small_body().hu.copy()
    hu[hu == -1024] = -3024
    return _nifti(tmp, _with_hu(hu))


@hostile(flags="padding_values")
def nifti_padded_with_minus_2000(tmp: Path) -> Made:
    hu = small_body().hu.copy()
    hu[hu == -1024] = -2000
    return _nifti(tmp, _with_hu(hu))


@hostile(flags="not_hounsfield", also="metal contrast_agent hu_clipped field_of_view_cuts_body")
def nifti_of_astronomic_values(tmp: Path) -> Made:
    return _nifti(tmp, _with_hu(small_body().hu.astype(np.float64) * 1e30))


@hostile()
def nifti_with_slope_and_intercept(tmp: Path) -> Made:
    """Stored as unsigned numbers with slope 0.5: the HU must come out, to the last one."""
    stored = ((small_body().hu.astype(np.int32) + 1024) * 2).astype(np.uint16)
    content = nifti_bytes(small_body(), voxels=stored, scale=(0.5, -1024.0))
    return Made(write_bytes(tmp / "ct.nii", content), small_body())


@hostile(errors="not_scalar")
def nifti_rgb(tmp: Path) -> Made:
    return _nifti(tmp, voxels=np.zeros((20, 128, 128, 3), np.uint8), datatype=RGB24, bitpix=24)


@hostile(errors="not_scalar unreadable_input")
def nifti_complex(tmp: Path) -> Made:
    return _nifti(tmp, voxels=small_body().hu.astype(np.complex64))


@hostile(errors="not_three_dimensional not_scalar")
def nifti_displacement_field(tmp: Path) -> Made:
    return _nifti(tmp, voxels=np.zeros((3, 20, 128, 128), np.float32), dim=(5, 128, 128, 20, 1, 3))


@hostile(errors="unreadable_input not_an_image impossible_geometry")
def nifti_of_unknown_type(tmp: Path) -> Made:
    return _nifti(tmp, datatype=7777)


@hostile(errors="not_an_image")
def nifti_compressed_without_saying_so(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "ct.nii", nifti_bytes(small_body()), compressed=True))


@hostile()
def nifti_uncompressed_named_gz(tmp: Path) -> Made:
    return Made(write_bytes(tmp / "ct.nii.gz", nifti_bytes(small_body()), compressed=False), small_body())


@hostile(errors="unreadable_input not_an_image")
def nifti_without_its_magic_word(tmp: Path) -> Made:
    return _nifti(tmp, magic=b"XXXX")
