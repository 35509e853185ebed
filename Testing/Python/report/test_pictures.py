from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.report.pictures import MAX_PIXELS, body_centre, three_pictures

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
DIRECTIONS = {
    "LPS": IDENTITY,
    "RAI": (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0),
    "PSL": (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "LPI (left-handed)": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    "oblique": (0.9553, -0.2955, 0.0, 0.2955, 0.9553, 0.0, 0.0, 0.0, 1.0),
}


def volume(hu: np.ndarray, spacing=(1.0, 1.0, 1.0), direction=IDENTITY) -> CTVolume:
    return CTVolume(hu, Geometry(hu.shape, spacing, (0.0, 0.0, 0.0), direction))


def pixels(picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png)))


def bright_quadrant(picture) -> tuple[str, str]:
    """Patient sides (across, down) of the brightest pixels of a picture."""
    image = pixels(picture)
    rows, columns = np.nonzero(image == image.max())
    across = picture.left if columns.mean() < image.shape[1] / 2 else picture.right
    down = picture.top if rows.mean() < image.shape[0] / 2 else picture.bottom
    return across, down


def with_dense_corner(direction) -> CTVolume:
    """A body whose left, anterior, superior corner is dense, on a grid of the given directions."""
    ct = volume(np.full((40, 40, 40), 0, dtype=np.int16), direction=direction)
    # anatomical() is a view: painting it paints the array on its own grid.
    ct.anatomical().array[18:, :22, 18:] = 1000
    return ct


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS.keys())
def test_each_picture_shows_the_patients_sides_where_its_letters_say(direction) -> None:
    axial, coronal, sagittal = three_pictures(with_dense_corner(direction))
    assert bright_quadrant(axial) == ("L", "A")
    assert bright_quadrant(coronal) == ("L", "S")
    assert bright_quadrant(sagittal) == ("A", "S")


def test_the_patients_left_is_on_the_right_of_the_picture(ct) -> None:
    axial, coronal, sagittal = three_pictures(ct)
    assert (axial.left, axial.right, axial.top, axial.bottom) == ("R", "L", "A", "P")
    assert (coronal.left, coronal.right, coronal.top, coronal.bottom) == ("R", "L", "S", "I")
    assert (sagittal.left, sagittal.right, sagittal.top, sagittal.bottom) == ("A", "P", "S", "I")


def test_a_picture_has_the_proportions_of_the_patient_and_not_of_the_grid() -> None:
    ct = volume(np.zeros((20, 100, 100), dtype=np.int16), spacing=(1.0, 1.0, 5.0))
    for picture in three_pictures(ct):
        assert (picture.width_mm, picture.height_mm) == (100.0, 100.0)
        assert pixels(picture).shape == (100, 100)


def test_a_large_slice_is_averaged_down_to_the_largest_size() -> None:
    ct = volume(np.zeros((3, 700, 1400), dtype=np.int16))
    axial = three_pictures(ct)[0]
    assert pixels(axial).shape == (MAX_PIXELS // 2, MAX_PIXELS)


@pytest.mark.parametrize("shape", [(1, 64, 64), (64, 1, 64), (64, 64, 1), (1, 1, 1), (2, 3, 4)])
def test_a_single_slice_or_a_tiny_volume_has_pictures_too(shape) -> None:
    for picture in three_pictures(volume(np.zeros(shape, dtype=np.int16), spacing=(0.5, 0.5, 5.0))):
        assert min(pixels(picture).shape) >= 1


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64, np.uint8, np.int32])
def test_every_numeric_type_gives_the_same_picture(dtype) -> None:
    hu = np.zeros((8, 9, 10))
    hu[:, :, 5:] = 200
    expected = three_pictures(volume(hu))[0].png
    assert three_pictures(volume(hu.astype(dtype)))[0].png == expected


def test_values_that_are_not_finite_are_drawn_without_a_warning() -> None:
    hu = np.zeros((8, 8, 8), dtype=np.float32)
    hu[4, 0, 0], hu[4, 0, 1], hu[4, 0, 2] = np.nan, np.inf, -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        axial = three_pictures(volume(hu))[0]
        three_pictures(volume(np.full((3, 3, 3), np.nan, dtype=np.float32)))
    assert pixels(axial)[0, :3].tolist() == [0, 255, 0]


def test_the_window_ends_at_minus_450_and_1050_hu() -> None:
    hu = np.array([-1000, -450, 300, 1050, 3000], dtype=np.int16).reshape(1, 1, 5)
    assert pixels(three_pictures(volume(hu))[0])[0].tolist() == [0, 0, 128, 255, 255]


def test_the_pictures_go_through_the_body_and_not_through_the_middle_of_the_air() -> None:
    hu = np.full((60, 60, 60), -1000, dtype=np.int16)
    hu[:, 40:56, 4:20] = 40
    s, p, left = body_centre(hu)
    assert 20 < s < 40
    assert 45 <= p <= 50
    assert 9 <= left <= 14


def test_a_volume_of_air_is_cut_through_its_middle() -> None:
    assert body_centre(np.full((10, 20, 30), -1000, dtype=np.int16)) == (5, 10, 15)


def test_the_cut_lines_lie_on_the_same_point_in_all_three_pictures(ct) -> None:
    axial, coronal, sagittal = three_pictures(ct)
    assert axial.cut_x_mm == coronal.cut_x_mm
    assert axial.cut_y_mm == sagittal.cut_x_mm
    assert coronal.cut_y_mm == sagittal.cut_y_mm


def test_the_volume_is_left_as_it_was() -> None:
    hu = np.zeros((5, 5, 5), dtype=np.int16)
    hu.flags.writeable = False
    three_pictures(volume(hu))
    assert not hu.any()
