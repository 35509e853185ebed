"""The measures by which digital and real hips are compared."""

from __future__ import annotations

import numpy as np
import pytest
from hip_histograms import Hip, describe, distances, histograms, jensen_shannon, pooled, regions_of, wasserstein


def _hip(fat_hu: float = -100.0, noise_hu: float = 10.0) -> Hip:
    """A square of fat around a disc of muscle around a disc of bone, in air."""
    radius = np.hypot(*np.meshgrid(np.arange(-80.0, 80.0), np.arange(-80.0, 80.0)))
    plane = np.select([radius < 12, radius < 45, radius < 70], [800.0, 55.0, fat_hu], -1000.0)
    hu = np.repeat(plane[None], 6, axis=0) + np.random.default_rng(1).normal(0, noise_hu, (6, 160, 160))
    femur = np.repeat((radius < 12)[None], 6, axis=0)
    return Hip("made", hu.astype(np.int16), femur, np.zeros(femur.shape, bool), (1.0, 1.0, 3.0))


def test_wassersteins_distance_is_the_way_that_a_peak_moved():
    first, second = np.zeros(50), np.zeros(50)
    first[10] = second[13] = 1.0
    assert wasserstein(first, second, 10.0) == pytest.approx(30.0)
    assert wasserstein(first, first, 10.0) == 0.0


def test_jensen_shannons_distance_runs_from_equal_to_disjoint():
    first, second = np.array([0.5, 0.5, 0.0, 0.0]), np.array([0.0, 0.0, 0.5, 0.5])
    assert jensen_shannon(first, first) == pytest.approx(0.0, abs=1e-9)
    assert jensen_shannon(first, second) == pytest.approx(1.0)


@pytest.mark.needs_module("scipy")
def test_the_regions_are_body_ring_and_femur():
    hip = _hip()
    regions = regions_of(hip)
    assert regions["femur"].sum() == hip.femur.sum()
    assert not (regions["around"] & hip.femur).any()
    ring = np.argwhere(regions["around"])[:, 1:] - 80.0
    assert 14.0 < np.hypot(*ring.T).min() < 17.0
    assert 25.0 < np.hypot(*ring.T).max() < 28.0
    assert regions["body"].mean() == pytest.approx(np.pi * 68.0**2 / 160**2, rel=0.05)


@pytest.mark.needs_module("scipy")
def test_a_shift_of_fat_shows_in_the_body_and_noise_in_the_gradients():
    plain, shifted, noisy = (histograms(_hip(*values)) for values in ((-100.0,), (-120.0,), (-100.0, 25.0)))
    moved, rough = distances(shifted, plain), distances(noisy, plain)
    assert moved["body"]["hu_wasserstein"] > 5.0
    assert moved["femur"]["hu_wasserstein"] == 0.0
    assert rough["around"]["gradient_wasserstein"] > 5.0 > moved["around"]["gradient_wasserstein"]
    assert distances(pooled([plain, plain]), plain)["body"]["hu_js"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.needs_module("scipy")
def test_the_description_finds_peaks_and_noise():
    found = describe(_hip())
    assert found["fat_hu"] == pytest.approx(-100.0, abs=4.0)
    assert found["muscle_hu"] == pytest.approx(55.0, abs=4.0)
    assert 7.0 < found["muscle_noise_hu"] < 11.0
    assert found["around_bone_share"] < 0.01
    assert found["femur_p50_hu"] == pytest.approx(800.0, abs=5.0)
