"""The noise level, and a sharp kernel by its noise power spectrum."""

import dataclasses

import numpy as np
import pytest
from quality.trunks import KNOWN, TRUNK, flags_of, geometry, noise_plane, trunk

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality.noise import Noise, measure_noise
from OsteoScreenLib.quality.sharpness import noise_is_sharp

NAMELESS = dataclasses.replace(KNOWN, kernel=None)


def soft_tissue(level, blur=0.0, spacing=0.8, shape=(12, 120, 120)):
    """A block of soft tissue of known noise."""
    rng = np.random.default_rng(2)
    hu = np.stack([45 + noise_plane(rng, shape[1:], level, blur) for _ in range(shape[0])])
    return CTVolume(np.rint(hu).astype(np.int16), geometry(shape, (spacing, spacing, 3.0)), NAMELESS)


@pytest.mark.parametrize("level", [5.0, 15.0, 40.0])
def test_the_noise_level_is_that_of_the_noise_that_was_added(level):
    assert measure_noise(soft_tissue(level)).level_hu == pytest.approx(level, rel=0.08)


def test_the_mean_frequency_of_white_noise_is_that_of_white_noise():
    assert measure_noise(soft_tissue(20.0)).relative_to_white == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("level", "high"), [(20.0, False), (60.0, True)])
def test_noise_over_40_hu_warns(level, high):
    flags = flags_of(trunk(noise=level * 1.35))
    assert ("noise_high" in flags) is high
    assert flags["noise"].severity.value == "info"


def test_without_homogeneous_soft_tissue_no_noise_level_is_given():
    assert flags_of(trunk(TRUNK[:, :44, :44]))["noise"].evidence["noise_hu"] is None


@pytest.mark.parametrize(("blur", "sharp"), [(0.0, True), (1.0, False)])
def test_a_sharp_kernel_is_flagged_by_its_noise(blur, sharp):
    ct = trunk(shape=(40, 200, 220), spacing=(0.8, 0.8, 1.5), noise=25.0, blur=blur, acquisition=NAMELESS)
    flags = flags_of(ct)
    assert ("sharp_kernel" in flags) is sharp
    assert flags["kernel_unknown"].evidence["sharp_by_noise"] is sharp


def test_large_pixels_allow_no_claim_about_the_kernel():
    flags = flags_of(trunk(TRUNK, acquisition=NAMELESS))
    assert "sharp_kernel" not in flags
    assert flags["kernel_unknown"].evidence["sharp_by_noise"] is None


def test_noise_bluer_than_white_is_sharp_on_any_grid():
    assert noise_is_sharp(Noise(50.0, 1000, 10.5, 1.5, 0.29, 1.08)) is True
    assert noise_is_sharp(Noise(50.0, 1000, 10.5, 1.5, 0.27, 1.00)) is None
