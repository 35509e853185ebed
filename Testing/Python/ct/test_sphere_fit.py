"""A sphere is found again from points that follow it, and what bends differently is told apart."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.ct.sphere_fit import refine_sphere, residual_of, stretch_of

CENTRE, RADIUS = np.array([10.0, -20.0, 300.0]), 24.0


def directions() -> np.ndarray:
    away = np.random.default_rng(3).normal(size=(2000, 3))
    return away / np.linalg.norm(away, axis=1, keepdims=True)


def near(points: np.ndarray):
    """Every point within reach of the sphere counts alike."""
    return lambda centre, radius, reach: (np.abs(np.linalg.norm(points - centre, axis=1) - radius) <= reach).astype(
        float
    )


def test_three_quarters_of_a_sphere_among_stray_points_give_centre_and_radius() -> None:
    away = directions()
    on_it = CENTRE + RADIUS * away[away[:, 2] > -0.5]
    stray = CENTRE + np.random.default_rng(4).uniform(-60, 60, (200, 3))
    points = np.concatenate([on_it, stray])
    centre, radius = refine_sphere(points, CENTRE + 2.0, RADIUS - 1.5, 3.0, near(points))
    assert centre == pytest.approx(CENTRE, abs=0.1)
    assert radius == pytest.approx(RADIUS, abs=0.1)


def test_too_few_points_leave_the_sphere_as_it_was() -> None:
    points = CENTRE + RADIUS * directions()[:5]
    centre, radius = refine_sphere(points, CENTRE + 1.0, RADIUS, 3.0, near(points))
    assert centre == pytest.approx(CENTRE + 1.0)
    assert radius == RADIUS


def test_the_residual_is_the_weighted_distance_from_the_sphere() -> None:
    points = CENTRE + np.array([[RADIUS + 3.0, 0, 0], [0, RADIUS - 1.0, 0]])
    assert residual_of(points, CENTRE, RADIUS, np.array([1.0, 3.0])) == pytest.approx(np.sqrt(12.0 / 4.0))


def test_a_sphere_has_no_stretch_and_an_ellipsoid_that_of_its_axes() -> None:
    away, ones = directions(), np.ones(2000)
    assert stretch_of(CENTRE + RADIUS * away, CENTRE, RADIUS, ones) == pytest.approx(0.0, abs=1e-9)
    longer = away * np.array([1.0, 1.0, 1.1])
    assert stretch_of(CENTRE + RADIUS * longer, CENTRE, RADIUS, ones) == pytest.approx(0.1, abs=0.02)
