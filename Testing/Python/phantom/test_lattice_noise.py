"""Smooth noise fixed in patient space."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.phantom.lattice_noise import lattice_noise


def grid(n: int = 40, origin: float = -37.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = (origin + 1.5 * np.arange(n)).astype(np.float32)
    return values.reshape(1, 1, -1), values.reshape(1, -1, 1), values.reshape(-1, 1, 1)


def test_the_noise_has_zero_mean_and_unit_deviation() -> None:
    values = lattice_noise(5, 2.0)(*grid(60))
    assert abs(values.mean()) < 0.05
    assert abs(values.std() - 1.0) < 0.05
    assert values.dtype == np.float32


def test_a_grid_and_scattered_points_get_the_same_values() -> None:
    x, y, z = grid(20)
    field = lattice_noise(8, (3.0, 4.0, 11.0))
    np.testing.assert_allclose(field(x, y, z), field(*np.broadcast_arrays(x, y, z)), atol=1e-5)


def test_a_part_of_the_grid_gets_the_values_of_the_whole() -> None:
    x, y, z = grid()
    field = lattice_noise(2, 7.0)
    np.testing.assert_array_equal(field(x, y, z)[10:20, 5:9, 30:], field(x[:, :, 30:], y[:, 5:9], z[10:20]))


def test_neighbours_within_a_cell_are_alike_and_cells_apart_are_not() -> None:
    x, y, z = grid(60)
    values = lattice_noise(1, 9.0)(x, y, z)
    assert np.corrcoef(values[:, :, :-1].ravel(), values[:, :, 1:].ravel())[0, 1] > 0.9
    assert abs(np.corrcoef(values[:, :, :-14].ravel(), values[:, :, 14:].ravel())[0, 1]) < 0.15


def test_other_seeds_give_other_noise() -> None:
    first, second = lattice_noise(1, 3.0)(*grid()), lattice_noise(2, 3.0)(*grid())
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.1
