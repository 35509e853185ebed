import numpy as np
import pytest
from ct.slices import series, slice_at, tilted

from OsteoScreenLib.ct.slice_stack import lay_out


def test_slices_are_sorted_along_their_normal_whatever_their_order():
    images = series(10)
    layout = lay_out([images[i] for i in (3, 9, 0, 5, 1, 2, 8, 4, 7, 6)])
    assert layout.images == tuple(images)
    assert layout.step_mm == pytest.approx(2.0)
    assert layout.is_evenly_spaced
    assert not layout.is_shifted


def test_a_missing_slice_is_counted_and_the_step_stays_true():
    layout = lay_out([image for k, image in enumerate(series(12)) if k not in (4, 5)])
    assert (layout.n_missing, layout.n_grid, layout.step_mm, layout.largest_gap_mm) == (2, 12, 2.0, 6.0)
    assert not layout.is_evenly_spaced


def test_positions_rounded_by_the_scanner_are_even():
    images = [slice_at((0, 0, round(0.625 * k, 2))) for k in range(40)]
    assert lay_out(images).is_evenly_spaced


def test_a_slice_out_of_place_is_uneven_but_not_missing():
    places = [0, 2, 4, 6.7, 8, 10, 12]
    layout = lay_out([slice_at((0, 0, z)) for z in places])
    assert not layout.is_evenly_spaced
    assert layout.n_missing == 0
    assert layout.deviation_mm == pytest.approx(0.7)


def test_two_images_at_one_place_are_one_slice_and_a_duplicate():
    images = series(8)
    layout = lay_out([*images, slice_at((0, 0, 6.0), sop_uid="another")])
    assert (len(layout.images), layout.duplicates) == (8, 1)


@pytest.mark.parametrize("tilt_deg", [-20.0, 12.5])
def test_a_tilted_gantry_is_measured_from_the_positions(tilt_deg: float):
    layout = lay_out(tilted(15, 3.0, tilt_deg))
    assert layout.is_shifted
    assert layout.tilt_deg == pytest.approx(abs(tilt_deg), abs=1e-6)
    assert layout.step_mm == pytest.approx(3.0 * np.cos(np.radians(tilt_deg)))


def test_a_single_slice_has_no_step_and_no_tilt():
    layout = lay_out([slice_at((1, 2, 3))])
    assert (layout.step_mm, layout.n_grid, layout.tilt_deg, layout.largest_gap_mm) == (0.0, 1, 0.0, 0.0)


def test_an_oblique_series_without_shear_is_not_taken_for_a_tilt():
    turn = np.radians(25)
    orientation = (np.cos(turn), np.sin(turn), 0.0, 0.0, 0.0, -1.0)
    normal = np.cross(orientation[:3], orientation[3:])
    layout = lay_out([slice_at(normal * 2.0 * k, orientation=orientation) for k in range(10)])
    assert layout.is_evenly_spaced
    assert not layout.is_shifted
