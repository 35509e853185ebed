"""Hostile NRRD and MetaImage files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from factory.base import reordered, small_body, turned
from factory.hostile import Made, hostile
from factory.hostile_nifti import OBLIQUE
from factory.images import write_bytes, write_metaimage, write_nrrd


@hostile()
def nrrd_in_ras(tmp: Path) -> Made:
    ct = small_body()
    flip = np.diag([-1.0, -1.0, 1.0])
    directions = (flip @ (ct.geometry.matrix * ct.geometry.spacing_xyz_mm)).T
    origin = flip @ ct.geometry.origin_lps_mm
    vectors = [",".join(f"{v:.12g}" for v in row) for row in (*directions, origin)]
    fields = {
        "space": "right-anterior-superior",
        "space directions": " ".join(f"({v})" for v in vectors[:3]),
        "space origin": f"({vectors[3]})",
    }
    return Made(write_nrrd(tmp / "ct.nrrd", ct, **fields), ct)


@hostile()
def nrrd_left_handed_and_oblique(tmp: Path) -> Made:
    ct = reordered(turned(small_body(), OBLIQUE), (0, 2, 1), (False, False, False))
    return Made(write_nrrd(tmp / "ct.nrrd", ct), ct)


@hostile(errors="truncated")
def nrrd_that_ends_early(tmp: Path) -> Made:
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), voxels=b"\0" * 1000))


@hostile(errors="truncated too_large impossible_geometry unreadable_input")
def nrrd_huge_header_with_tiny_file(tmp: Path) -> Made:
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), voxels=b"\0" * 1000, sizes="40000 40000 40000"))


@hostile(errors="impossible_geometry unreadable_input")
def nrrd_zero_spacing(tmp: Path) -> Made:
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), space_directions="(0,0,0) (0,3,0) (0,0,3)"))


@hostile(errors="impossible_geometry unreadable_input")
def nrrd_sheared(tmp: Path) -> Made:
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), space_directions="(3,0,0) (0,3,0) (0,1.5,3)"))


@hostile(errors="impossible_geometry unreadable_input")
def nrrd_spacing_not_a_number(tmp: Path) -> Made:
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), space_directions="(nan,0,0) (0,3,0) (0,0,3)"))


@hostile(errors="impossible_geometry unreadable_input truncated")
def nrrd_negative_size(tmp: Path) -> Made:
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), sizes="128 -128 20"))


@hostile(errors="not_scalar not_three_dimensional unreadable_input")
def nrrd_rgb(tmp: Path) -> Made:
    fields = {
        "type": "uchar",
        "dimension": "4",
        "sizes": "3 128 128 20",
        "space directions": "none (3,0,0) (0,3,0) (0,0,3)",
        "kinds": "RGB-color domain domain domain",
    }
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), voxels=bytes(3 * 128 * 128 * 20), **fields))


@hostile(errors="not_three_dimensional")
def nrrd_4d(tmp: Path) -> Made:
    fields = {
        "dimension": "4",
        "sizes": "128 128 20 2",
        "space": None,
        "space directions": None,
        "space origin": None,
        "spacings": "3 3 3 1",
        "kinds": "domain domain domain domain",
    }
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), voxels=small_body().hu.tobytes() * 2, **fields))


@hostile(errors="missing_data_file")
def nrrd_that_points_into_the_system(tmp: Path) -> Made:
    fields = {"data file": "/etc/hostname"}
    return Made(write_nrrd(tmp / "ct.nhdr", small_body(), voxels=b"", **fields))


@hostile(errors="missing_data_file truncated unreadable_input")
def nrrd_that_lists_files_of_the_system(tmp: Path) -> Made:
    """A list of files stands behind the header, and each could be any file of the disk."""
    fields = {"data file": "LIST"}
    listed = b"/etc/hostname\n" * 20
    return Made(write_nrrd(tmp / "ct.nhdr", small_body(), voxels=listed, **fields))


@hostile(errors="unreadable_input truncated not_an_image not_three_dimensional")
def nrrd_of_garbage(tmp: Path) -> Made:
    noise = np.random.default_rng(0).integers(0, 256, 4000, dtype=np.uint8).tobytes()
    return Made(write_bytes(tmp / "ct.nrrd", b"NRRD0004\n" + noise))


@hostile(flags="orientation_unknown")
def nrrd_without_orientation(tmp: Path) -> Made:
    fields = {"space": None, "space directions": None, "space origin": None, "spacings": "3 3 3"}
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), **fields), unoriented=True)


@hostile()
def metaimage_oblique(tmp: Path) -> Made:
    ct = turned(small_body(), OBLIQUE)
    return Made(write_metaimage(tmp / "ct.mha", ct), ct)


@hostile(errors="truncated")
def metaimage_that_ends_early(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mha", small_body(), voxels=b"\0" * 1000))


@hostile(errors="truncated too_large impossible_geometry unreadable_input")
def metaimage_huge_header_with_tiny_file(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mha", small_body(), voxels=b"\0" * 1000, DimSize="40000 40000 40000"))


@hostile(errors="impossible_geometry")
def metaimage_zero_spacing(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mha", small_body(), ElementSpacing="3 0 3"))


@hostile(errors="impossible_geometry")
def metaimage_sheared(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mha", small_body(), TransformMatrix="1 0 0 0 1 0 0 0.4 0.9"))


@hostile()
def metaimage_negative_spacing(tmp: Path) -> Made:
    """MetaImage means by it that the axis runs the other way."""
    truth = turned(small_body(), np.diag([1.0, 1.0, -1.0]))
    return Made(write_metaimage(tmp / "ct.mha", small_body(), ElementSpacing="3 3 -3"), truth)


@hostile(errors="missing_data_file")
def metaimage_that_points_into_the_system(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mhd", small_body(), voxels=b"", ElementDataFile="/etc/hostname"))


@hostile(errors="missing_data_file")
def metaimage_that_climbs_out(tmp: Path) -> Made:
    (tmp / "voxels.raw").write_bytes(small_body().hu.tobytes())
    (tmp / "scan").mkdir()
    path = write_metaimage(tmp / "scan" / "ct.mhd", small_body(), voxels=b"", ElementDataFile="../voxels.raw")
    return Made(path)


@hostile(errors="missing_data_file")
def metaimage_without_its_voxels(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mhd", small_body(), voxels=b"", ElementDataFile="gone.raw"))


@hostile()
def metaimage_with_its_voxels_beside_it(tmp: Path) -> Made:
    (tmp / "voxels.raw").write_bytes(small_body().hu.tobytes())
    path = write_metaimage(tmp / "ct.mhd", small_body(), voxels=b"", ElementDataFile="voxels.raw")
    return Made(path, small_body())


@hostile(errors="truncated")
def metaimage_whose_voxel_file_is_too_short(tmp: Path) -> Made:
    (tmp / "voxels.raw").write_bytes(b"\0" * 500)
    return Made(write_metaimage(tmp / "ct.mhd", small_body(), voxels=b"", ElementDataFile="voxels.raw"))


@hostile(errors="unreadable_input truncated not_an_image not_three_dimensional impossible_geometry", isolated=True)
def metaimage_of_thousand_dimensions(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mha", small_body(), NDims="9999"))


@hostile(errors="not_scalar")
def metaimage_of_vectors(tmp: Path) -> Made:
    fields = {"ElementNumberOfChannels": "3", "ElementDataFile": None}
    path = tmp / "ct.mha"
    write_metaimage(path, small_body(), voxels=b"", **fields)
    path.write_bytes(path.read_bytes() + b"ElementDataFile = LOCAL\n" + small_body().hu.tobytes() * 3)
    return Made(path)


@hostile(errors="unreadable_input truncated not_an_image not_three_dimensional impossible_geometry", isolated=True)
def metaimage_of_minus_one_dimensions(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mha", small_body(), NDims="-1"))


@hostile(errors="unreadable_input truncated not_an_image impossible_geometry", isolated=True)
def metaimage_of_unknown_type(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mha", small_body(), ElementType="MET_NONSENSE"))


@hostile(errors="unreadable_input truncated not_an_image impossible_geometry", isolated=True)
def metaimage_without_a_size(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mha", small_body(), DimSize=None))


@hostile(errors="unreadable_input truncated not_an_image impossible_geometry", isolated=True)
def metaimage_of_fewer_sizes_than_dimensions(tmp: Path) -> Made:
    return Made(write_metaimage(tmp / "ct.mha", small_body(), DimSize="128"))


@hostile(errors="unreadable_input not_an_image impossible_geometry", isolated=True)
def nrrd_with_terminal_codes_in_its_header(tmp: Path) -> Made:
    """What a header says must not reach the terminal as it is."""
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), space="left-\x1b[31m\x07posterior"))


@hostile(errors="unreadable_input not_an_image impossible_geometry", isolated=True)
def nrrd_with_markup_in_its_header(tmp: Path) -> Made:
    """Nor as markup: neither that of a report nor that of the terminal."""
    return Made(write_nrrd(tmp / "ct.nrrd", small_body(), space="[/bold]<script>alert(1)</script>"))
