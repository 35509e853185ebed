"""What a network is shown lies where the patient's anatomy lies, and its answer comes back to the same place."""

from __future__ import annotations

import numpy as np
import pytest
from factory.base import points_of
from segmentation.hips import UPRIGHT, grid

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.segmentation.grids import Box, box_of, cropped, network_grid, slices_of
from OsteoScreenLib.segmentation.intensity import network_input
from OsteoScreenLib.segmentation.resample import smoothing_mm, to_input_region, to_network_grid


def turn(degrees: float, axis: int) -> np.ndarray:
    angle = np.deg2rad(degrees)
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


PERMUTED = np.array([[0, 0, -1.0], [1.0, 0, 0], [0, 1.0, 0]])
LEFT_HANDED = np.diag([1.0, 1.0, -1.0])
DIRECTIONS = {
    "upright": UPRIGHT,
    "turned half round": np.diag([-1.0, -1.0, 1.0]),
    "permuted": PERMUTED,
    "left-handed": LEFT_HANDED,
    "oblique": turn(17, 2) @ turn(11, 0),
    "oblique and left-handed": turn(-23, 1) @ LEFT_HANDED @ PERMUTED,
}
SPACINGS = [(1.0, 1.0, 1.0), (0.7, 0.7, 5.0), (5.0, 1.2, 0.6)]


def field(points: np.ndarray) -> np.ndarray:
    return 100.0 + points @ np.array([3.0, -2.0, 5.0])


def outline(geometry: Geometry) -> Geometry:
    return network_grid(Box((-14.0, -9.0, -11.0), (16.0, 12.0, 13.0)), geometry.spacing_xyz_mm[0], 1)


@pytest.mark.parametrize("name", DIRECTIONS)
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("target", [4.0, 1.5, 0.8])
def test_a_gradient_is_the_same_gradient_on_the_network_grid(name, spacing, target) -> None:
    geometry = grid((-60.0, -60.0, -60.0), (120.0, 120.0, 120.0), spacing, DIRECTIONS[name])
    hu = np.rint(field(points_of(geometry))).astype(np.int16)
    inner = network_grid(Box((-20.0, -10.0, -14.0), (18.0, 12.0, 13.0)), target, 1)
    found = to_network_grid(hu, geometry, inner)
    assert found.shape == inner.shape_zyx
    np.testing.assert_allclose(found, field(points_of(inner)), atol=0.8)


@pytest.mark.parametrize("name", DIRECTIONS)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_an_answer_comes_back_to_the_place_it_was_given_for(name, spacing) -> None:
    geometry = grid((-60.0, -60.0, -60.0), (120.0, 120.0, 120.0), spacing, DIRECTIONS[name])
    fine = network_grid(Box((-30.0, -28.0, -26.0), (30.0, 28.0, 31.0)), 1.5, 16)
    chance = np.clip(0.5 + points_of(fine) @ np.array([0.004, -0.003, 0.005]), 0, 1).astype(np.float32)
    part = slices_of(Box((-9.0, -8.0, -9.0), (9.0, 9.0, 8.0)), geometry)
    assert part is not None
    found = to_input_region(chance, fine, geometry, part) / 255.0
    points = points_of(cropped(geometry, part))
    inside = (np.abs(points) < 24.0).all(axis=-1)
    assert inside.any()
    wanted = 0.5 + points @ np.array([0.004, -0.003, 0.005])
    np.testing.assert_allclose(found[inside], wanted[inside], atol=0.003)


@pytest.mark.parametrize("name", DIRECTIONS)
def test_what_lies_outside_of_the_scan_is_air_and_outside_of_the_grid_nothing(name) -> None:
    geometry = grid((-10.0, -10.0, -10.0), (20.0, 20.0, 20.0), (1.0, 1.0, 1.0), DIRECTIONS[name])
    wide = network_grid(Box((-40.0, -40.0, -40.0), (40.0, 40.0, 40.0)), 2.0, 1)
    found = to_network_grid(np.full(geometry.shape_zyx, 70, np.int16), geometry, wide)
    index = np.stack([(points_of(wide) - geometry.origin_lps_mm) @ geometry.matrix[:, j] for j in range(3)], axis=-1)
    inside = ((index > -0.4) & (index < np.array(geometry.shape_zyx[::-1]) - 0.6)).all(axis=-1)
    beyond = ((index < -1.5) | (index > np.array(geometry.shape_zyx[::-1]) + 0.5)).any(axis=-1)
    assert inside.any()
    np.testing.assert_allclose(found[inside], 70.0, atol=1e-3)
    np.testing.assert_allclose(found[beyond], -1000.0)
    far = network_grid(Box((200.0, 200.0, 200.0), (220.0, 220.0, 220.0)), 2.0, 1)
    assert (to_network_grid(np.zeros(geometry.shape_zyx, np.int16), geometry, far) == -1000.0).all()
    whole = tuple(slice(0, n) for n in geometry.shape_zyx)
    nothing = to_input_region(np.ones(far.shape_zyx, np.float32), far, geometry, whole)  # type: ignore[arg-type]
    assert not nothing.any()


def test_stripes_finer_than_the_network_grid_are_averaged_and_not_aliased() -> None:
    geometry = grid((-40.0, -40.0, -40.0), (80.0, 80.0, 80.0), (1.0, 1.0, 1.0))
    stripes = np.where(np.arange(80) % 2, 400, 0).astype(np.int16) * np.ones((80, 80, 1), np.int16)
    inner = network_grid(Box((-20.0,) * 3, (20.0,) * 3), 4.0, 1)
    averaged = to_network_grid(stripes, geometry, inner)
    np.testing.assert_allclose(averaged, 200.0, atol=12.0)
    kept = to_network_grid(stripes, geometry, network_grid(Box((-20.0,) * 3, (20.0,) * 3), 1.0, 1))
    assert kept.max() > 390.0
    assert smoothing_mm(1.0, 1.5) == 0.0


def test_padding_spikes_and_missing_values_do_not_leak() -> None:
    geometry = grid((-20.0, -20.0, -20.0), (40.0, 40.0, 40.0), (1.0, 1.0, 1.0))
    hu = np.zeros(geometry.shape_zyx, np.float32)
    hu[:, :, :10] = -3024.0
    hu[20, 20, 20] = np.nan
    hu[20, 20, 30] = np.inf
    found = to_network_grid(hu, geometry, network_grid(box_of(geometry), 2.0, 1))
    assert np.isfinite(found).all()
    assert found.min() >= -1024.0
    assert found.max() <= 4000.0


def test_the_window_of_hounsfield_units_becomes_minus_one_to_one() -> None:
    hu = np.array([-3000.0, -500.0, 500.0, 1500.0, 3071.0])
    np.testing.assert_allclose(network_input(hu, (-500.0, 1500.0)), [-1.0, -1.0, 0.0, 1.0, 1.0])


def test_a_network_grid_is_centred_and_its_sizes_are_multiples() -> None:
    box = Box((1.0, 2.0, 3.0), (51.0, 32.0, 103.0))
    found = network_grid(box, 1.5, 16)
    assert found.shape_zyx == (80, 32, 48)
    around = box_of(found)
    np.testing.assert_allclose(np.add(around.low, around.high), np.add(box.low, box.high))
    assert (np.array(around.low) <= box.low).all()
    assert (np.array(around.high) >= box.high).all()
