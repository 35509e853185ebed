import numpy as np
import pytest
from ct.slices import sampled, series, slice_at, tilted
from scipy.ndimage import binary_erosion

from OsteoScreenLib.ct.regrid import regrid
from OsteoScreenLib.ct.slice_stack import lay_out
from OsteoScreenLib.errors import InputError


def grid_points(layout, shape, offset):
    """LPS millimetres of every voxel of a regridded stack."""
    image = layout.images[0]
    row, column = np.array(image.orientation[:3]), np.array(image.orientation[3:])
    z, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    start = np.array(image.position_lps_mm) + row * offset[0] + column * offset[1]
    return start + x[..., None] * row + y[..., None] * column + z[..., None] * (image.normal * layout.step_mm)


def ramp(points):
    """Linear in space, so that linear interpolation must return it exactly but for rounding."""
    return 3 * points[..., 0] - 5 * points[..., 1] + 4 * points[..., 2]


@pytest.mark.parametrize("tilt_deg", [-18.0, 7.0, 25.0])
def test_a_tilted_stack_shows_the_patient_where_he_is(tilt_deg: float):
    layout = lay_out(tilted(24, 2.0, tilt_deg))
    slices = sampled(layout.images, ramp)
    straight, offset = regrid(slices, layout, outside_hu=-30000, path="scan")
    truth = ramp(grid_points(layout, straight.shape, offset))
    # At the edge of the measured field values mix with what lies outside; one voxel inside of it they must be right.
    inside = binary_erosion(straight > -5000, np.ones((1, 3, 3)))
    assert inside.mean() > 0.4
    assert np.abs(straight - truth)[inside].max() <= 1.0


def test_a_tilted_stack_loses_no_voxel():
    layout = lay_out(tilted(24, 2.0, 15.0))
    slices = np.full((24, 32, 40), 100, dtype=np.int16)
    straight, _ = regrid(slices, layout, outside_hu=0, path="scan")
    assert straight.sum(dtype=float) == pytest.approx(slices.sum(dtype=float), rel=0.002)


def test_missing_slices_are_filled_between_their_neighbours():
    kept = [image for k, image in enumerate(series(10)) if k not in (3, 4)]
    layout = lay_out(kept)
    filled, offset = regrid(sampled(layout.images, ramp), layout, outside_hu=0, path="scan")
    assert filled.shape == (10, 32, 40)
    assert offset == (0.0, 0.0)
    assert np.abs(filled - ramp(grid_points(layout, filled.shape, offset))).max() <= 0.5


def test_uneven_slices_are_put_onto_a_regular_grid():
    layout = lay_out([slice_at((0, 0, z)) for z in (0, 2, 4, 6.8, 8, 10, 12)])
    even, offset = regrid(sampled(layout.images, ramp), layout, outside_hu=0, path="scan")
    assert np.abs(even - ramp(grid_points(layout, even.shape, offset))).max() <= 0.6


def test_slices_scattered_over_metres_are_refused_and_not_filled():
    layout = lay_out([slice_at((0, 0, z)) for z in (0, 1, 2, 3, 5000)])
    with pytest.raises(InputError) as refused:
        regrid(np.zeros((5, 32, 40), np.int16), layout, outside_hu=0, path="scan")
    assert refused.value.code == "impossible_geometry"


def test_slices_scattered_sideways_are_refused():
    layout = lay_out([slice_at((100 * (k % 2), 0, k)) for k in range(6)])
    with pytest.raises(InputError):
        regrid(np.zeros((6, 32, 40), np.int16), layout, outside_hu=0, path="scan")
