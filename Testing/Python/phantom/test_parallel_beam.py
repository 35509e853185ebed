"""Projection, back projection and resampling against what can be calculated by hand."""

import numpy as np
import pytest

from OsteoScreenLib.phantom.line_resampling import Averaging, Interpolation
from OsteoScreenLib.phantom.parallel_beam import ParallelBeam


def _disc(n: int, mm: float, radius: float, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    line = (np.arange(n) - (n - 1) / 2) * mm
    away = np.hypot(line[None, :] - x, line[:, None] - y)
    return np.clip(0.5 + (radius - away) / mm, 0, 1).astype(np.float32)


def test_a_disc_projects_to_its_chords_in_every_view():
    beam = ParallelBeam(64, 4.0, 36)
    rays = beam.project(_disc(64, 4.0, 80.0))
    chords = 2 * np.sqrt(np.maximum(80.0**2 - beam.offsets_mm**2, 0))
    inner = np.abs(beam.offsets_mm) < 60
    assert rays[:, inner].mean(axis=0) == pytest.approx(chords[inner], rel=0.03)


def test_the_view_at_90_degrees_looks_along_x():
    beam = ParallelBeam(32, 4.0, 36)
    rays = beam.project(_disc(32, 4.0, 6.0, x=40.0, y=-20.0))
    assert beam.offsets_mm[np.argmax(rays[18])] == pytest.approx(-20.0, abs=4.0)
    assert beam.offsets_mm[np.argmax(rays[0])] == pytest.approx(40.0, abs=4.0)


def test_filtered_back_projection_gives_a_disc_back():
    beam = ParallelBeam(64, 4.0, 72)
    disc = _disc(64, 4.0, 80.0)
    image = beam.reconstruct(beam.project(np.stack([disc, 2 * disc])))
    inside = _disc(64, 4.0, 60.0) == 1
    assert image[0][inside].mean() == pytest.approx(1.0, abs=0.02)
    np.testing.assert_allclose(image[1], 2 * image[0], atol=1e-4)
    assert image[0][_disc(64, 4.0, 100.0) == 0].mean() == pytest.approx(0.0, abs=0.02)


def test_interpolation_follows_a_line_and_holds_its_ends():
    resample = Interpolation(np.array([0.0, 2.0, 4.0]), np.array([-1.0, 0.0, 1.0, 3.5, 9.0]))
    values = np.array([[10.0, 20.0, 40.0]], dtype=np.float32)
    np.testing.assert_allclose(resample.along(values, 1), [[10, 10, 15, 35, 40]])
    np.testing.assert_allclose([resample.at(values[0], k) for k in range(5)], [10, 10, 15, 35, 40])
    single = Interpolation(np.array([5.0]), np.array([1.0, 2.0]))
    np.testing.assert_allclose(single.along(np.array([3.0], np.float32), 0), [3, 3])


def test_averaging_keeps_what_there_is():
    source, target = np.arange(12) + 0.5, np.arange(5) * 2.5 + 1.25
    values = np.random.default_rng(0).random((2, 12)).astype(np.float32)
    mean = Averaging(source, 1.0, target, 2.5).along(values, 1)
    assert mean.shape == (2, 5)
    np.testing.assert_allclose(2.5 * mean.sum(axis=1), values.sum(axis=1), rtol=1e-5)
