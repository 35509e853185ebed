"""A MetaImage file written straight from the array is what SimpleITK reads, to the last digit."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.plain_metaimage import ELEMENT_TYPES, write_metaimage

SHAPE = (3, 4, 5)
TURNED = (0.36, 0.48, -0.8, -0.8, 0.6, 0.0, 0.48, 0.64, 0.6)
GRID = Geometry(SHAPE, (1 / 3, 0.7, 1e-3 / 3), (-1e4 / 3, 22.7, 1e-17), TURNED)


@pytest.mark.parametrize("kind", ELEMENT_TYPES)
def test_simpleitk_reads_the_voxels_and_the_grid_that_were_written(tmp_path, kind):
    import SimpleITK as sitk

    array = np.arange(60).reshape(SHAPE).astype(kind)
    image = sitk.ReadImage(str(write_metaimage(array, GRID, tmp_path / "a.mha")))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), array)
    assert sitk.GetArrayFromImage(image).dtype == array.dtype
    assert image.GetSpacing() == GRID.spacing_xyz_mm
    assert image.GetOrigin() == GRID.origin_lps_mm
    assert image.GetDirection() == GRID.direction


def test_the_order_of_the_bytes_and_of_the_memory_does_not_matter(tmp_path):
    import SimpleITK as sitk

    array = np.asfortranarray(np.arange(60).reshape(SHAPE).astype(">i2"))
    image = sitk.ReadImage(str(write_metaimage(array, GRID, tmp_path / "a.mha")))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), array)


@pytest.mark.parametrize("array", [np.zeros(SHAPE, np.int64), np.zeros((3, 4, 6), np.int16)], ids=["type", "size"])
def test_what_has_no_place_in_the_file_is_refused(tmp_path, array):
    with pytest.raises(ValueError, match="cannot be written"):
        write_metaimage(array, GRID, tmp_path / "a.mha")
    assert not (tmp_path / "a.mha").exists()
