import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume

AXIAL = Geometry((4, 5, 6), (0.8, 0.7, 2.0), (-10.0, 20.0, 30.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
angles = st.floats(-180, 180)


def turned(x_deg: float, y_deg: float, z_deg: float) -> tuple[float, ...]:
    a, b, c = np.radians([x_deg, y_deg, z_deg])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return tuple((about_z @ about_y @ about_x).ravel())


@given(angles, angles, angles, st.tuples(*[st.floats(-50, 50)] * 3))
def test_index_and_physical_point_are_inverse_at_any_orientation(x, y, z, index):
    geometry = dataclasses.replace(AXIAL, direction=turned(x, y, z))
    assert geometry.is_valid() == (True, "")
    assert geometry.to_index(geometry.to_physical(index)) == pytest.approx(index, abs=1e-8)


def test_physical_points_agree_with_simpleitk():
    import SimpleITK as sitk

    geometry = dataclasses.replace(AXIAL, direction=turned(10, -20, 30))
    image = sitk.Image([6, 5, 4], sitk.sitkInt16)
    image.SetSpacing(geometry.spacing_xyz_mm)
    image.SetOrigin(geometry.origin_lps_mm)
    image.SetDirection(geometry.direction)
    index = (1.25, 2.5, 3.75)
    assert geometry.to_physical(index) == pytest.approx(image.TransformContinuousIndexToPhysicalPoint(index))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spacing_xyz_mm": (0.0, 1, 1)}, "zero or negative"),
        ({"spacing_xyz_mm": (-1.0, 1, 1)}, "zero or negative"),
        ({"origin_lps_mm": (float("nan"), 0, 0)}, "not a finite number"),
        ({"direction": (1, 0, 0, 0, 1, 0, 0, 0.5, 1)}, "not orthonormal"),
        ({"direction": (0,) * 9}, "not orthonormal"),
        ({"shape_zyx": (0, 5, 6)}, "empty"),
    ],
)
def test_an_impossible_grid_says_why(changes, words):
    valid, reason = dataclasses.replace(AXIAL, **changes).is_valid()
    assert not valid
    assert words in reason


def test_a_left_handed_grid_is_possible():
    assert dataclasses.replace(AXIAL, direction=(-1, 0, 0, 0, 1, 0, 0, 0, 1)).is_valid() == (True, "")


def test_geometry_round_trips_through_json_form():
    geometry = dataclasses.replace(AXIAL, direction=turned(10, -20, 30))
    assert Geometry.from_dict(geometry.to_dict()) == geometry


@pytest.mark.parametrize(
    "direction",
    [(1, 0, 0, 0, 1, 0, 0, 0, 1), (-1, 0, 0, 0, 1, 0, 0, 0, 1), (0, 0, -1, 1, 0, 0, 0, -1, 0), turned(8, -5, 12)],
)
def test_the_anatomical_view_grows_to_superior_posterior_left(direction):
    geometry = dataclasses.replace(AXIAL, direction=direction)
    z, y, x = np.meshgrid(*(np.arange(n) for n in geometry.shape_zyx), indexing="ij")
    offset = np.stack([x, y, z], axis=-1) * geometry.spacing_xyz_mm
    points = offset @ geometry.matrix.T
    for lps_axis, spl_axis in ((2, 0), (1, 1), (0, 2)):
        view = CTVolume(np.ascontiguousarray(points[..., lps_axis]), geometry).anatomical()
        assert np.all(np.diff(view.array, axis=spl_axis) > 0)
    spacing = CTVolume(np.zeros(geometry.shape_zyx, np.int16), geometry).anatomical().spacing_spl_mm
    assert sorted(spacing) == sorted(geometry.spacing_xyz_mm)


def test_an_array_that_does_not_fit_its_geometry_is_refused():
    with pytest.raises(ValueError, match="differ in size"):
        CTVolume(np.zeros((3, 3, 3)), AXIAL)
