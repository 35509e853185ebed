"""Solids by signed distance: exact where geometry says so."""

from __future__ import annotations

import numpy as np
import pytest
from factory.geometric_canvas import Canvas

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.shapes import Solid, column, ellipsoid, half_of, inset, minus, mirrored, rod, sphere, union


def at(solid: Solid, *point: float) -> float:
    x, y, z = (np.array([v], dtype=np.float32) for v in point)
    return float(solid.distance(x, y, z)[0])


def test_a_sphere_knows_its_distance():
    ball = sphere((1.0, 2.0, 3.0), 5.0)
    assert at(ball, 1.0, 2.0, 11.0) == pytest.approx(3.0, abs=1e-5)
    assert at(ball, 1.0, 5.0, 3.0) == pytest.approx(-2.0, abs=1e-5)


def test_a_rod_has_round_ends_and_may_taper():
    stick = rod((0.0, 0.0, 0.0), (0.0, 0.0, 10.0), 2.0, 4.0)
    assert at(stick, 5.0, 0.0, 5.0) == pytest.approx(2.0, abs=1e-5)
    assert at(stick, 0.0, 0.0, -3.0) == pytest.approx(1.0, abs=1e-5)
    assert at(stick, 0.0, 0.0, 15.0) == pytest.approx(1.0, abs=1e-5)


def test_a_turned_ellipsoid_is_zero_on_its_surface_and_inside_its_box():
    turn = np.deg2rad(30.0)
    axes = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    solid = ellipsoid((0.0, 0.0, 0.0), (10.0, 4.0, 3.0), axes)
    tip = axes[:, 0] * 10.0
    assert at(solid, *tip) == pytest.approx(0.0, abs=1e-3)
    assert np.all(tip <= np.array(solid.high) + 1e-6)


def test_minus_half_of_inset_and_mirrored_do_what_they_say():
    ball = sphere((10.0, 0.0, 0.0), 5.0)
    assert at(minus(ball, sphere((10.0, 0.0, 0.0), 2.0)), 10.0, 0.0, 0.0) > 0
    assert at(half_of(ball, (10.0, 0.0, 0.0), (0.0, 0.0, 1.0)), 10.0, 0.0, 1.0) > 0
    assert at(half_of(ball, (10.0, 0.0, 0.0), (0.0, 0.0, 1.0)), 10.0, 0.0, -1.0) < 0
    assert at(inset(ball, 2.0), 14.0, 0.0, 0.0) == pytest.approx(1.0, abs=1e-5)
    assert at(mirrored(ball), -10.0, 0.0, 0.0) == pytest.approx(-5.0, abs=1e-3)
    assert mirrored(ball).low[0] == -15.0


def test_a_union_is_never_smaller_than_its_parts():
    first, second = sphere((0.0, 0.0, 0.0), 5.0), sphere((8.0, 0.0, 0.0), 5.0)
    both = union((first, second), 3.0)
    for x in np.linspace(-7, 15, 23):
        assert at(both, x, 0.0, 0.0) <= min(at(first, x, 0.0, 0.0), at(second, x, 0.0, 0.0)) + 1e-5


@pytest.mark.parametrize("spacing", [1.0, 2.0])
def test_painting_keeps_the_volume_of_a_solid(spacing: float):
    """Partial voxels at the border: the painted sum is the solid's volume, not a count of whole voxels."""
    n = int(40 / spacing)
    first = -(n - 1) / 2 * spacing
    grid = Geometry((n, n, n), (spacing,) * 3, (first,) * 3, (1, 0, 0, 0, 1, 0, 0, 0, 1))
    canvas = Canvas(grid, 0.0)
    canvas.paint(sphere((0.3, -0.2, 0.1), 12.0), 1.0)
    assert canvas.hu.sum() * spacing**3 == pytest.approx(4 / 3 * np.pi * 12.0**3, rel=0.01)


def test_painting_stays_where_it_is_allowed_and_inside_the_grid():
    grid = Geometry((10, 10, 10), (1.0,) * 3, (0.0,) * 3, (1, 0, 0, 0, 1, 0, 0, 0, 1))
    canvas = Canvas(grid, 0.0)
    canvas.paint(column((0.0, 0.0), (100.0, 100.0), -50.0, 4.5), 7.0)
    assert (canvas.hu[:4] == 7.0).all()
    assert (canvas.hu[6:] == 0.0).all()
    canvas.paint(column((0.0, 0.0), (100.0, 100.0), -50.0, 50.0), 9.0, only_where=lambda hu: hu == 7.0)
    assert (canvas.hu[:4] == 9.0).all()
    assert (canvas.hu[6:] == 0.0).all()
    canvas.paint(sphere((500.0, 0.0, 0.0), 3.0), 1.0)
    assert canvas.hu.max() == 9.0
