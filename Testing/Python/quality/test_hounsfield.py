"""Values that are not HU are recognised by the histogram, and no number in HU is given for them."""

import numpy as np
import pytest
from quality.trunks import TRUNK, flags_of, severity, trunk

from OsteoScreenLib.quality.histogram import histogram_of

WIDE = TRUNK.astype(np.int32)
DISGUISES = {
    "offset": (WIDE + 1024).astype(np.int16),
    "offset of unsigned data": np.maximum(WIDE + 1024, 0).astype(np.int16),
    "offset downwards": (WIDE - 1024).astype(np.int16),
    "eight_bit": ((np.clip(WIDE, -160, 240) + 160) * 255 // 400).astype(np.int16),
    "normalised": ((WIDE + 1024) / 4095.0).astype(np.float32),
    "windowed": np.clip(WIDE, -160, 240).astype(np.int16),
    "windowed float": np.clip(WIDE, -160.0, 240.0).astype(np.float32),
    "inverted": (-WIDE).astype(np.int16),
    "scaled": (WIDE * 10).astype(np.int16),
    "constant": np.full_like(TRUNK, 40),
    "no_tissue": np.full_like(TRUNK, -1000) + np.random.default_rng(0).integers(-9, 9, TRUNK.shape, np.int16),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_values_that_are_not_hu_withhold_and_the_pattern_is_named(name):
    flags = flags_of(trunk(DISGUISES[name]))
    assert flags["not_hounsfield"].severity.value == "withhold"
    assert flags["not_hounsfield"].evidence["pattern"] == name.split()[0]
    assert not set(flags) & {"noise", "metal", "hu_clipped", "field_of_view_cuts_body", "bowel_contrast"}


def test_an_offset_is_measured():
    assert flags_of(trunk(DISGUISES["offset"]))["not_hounsfield"].evidence["offset"] == 1024


def test_an_image_with_the_histogram_of_magnetic_resonance_is_not_hu():
    rng = np.random.default_rng(3)
    bright = np.where(TRUNK > -300, 300 + TRUNK // 2, 0) + np.abs(rng.normal(0, 25, TRUNK.shape))
    assert severity(trunk(bright.astype(np.int16)), "not_hounsfield") == "withhold"


@pytest.mark.parametrize("lowest", [-1000, -1024])
def test_air_clipped_at_its_own_value_is_hu(lowest):
    flags = flags_of(trunk(np.maximum(TRUNK, lowest)))
    assert not set(flags) & {"not_hounsfield", "hu_clipped"}


def test_a_volume_without_air_is_hu():
    assert "not_hounsfield" not in flags_of(trunk(TRUNK[:, 50:110, 60:120]))


@pytest.mark.parametrize(("limit", "expected"), [(300, "withhold"), (620, "warning"), (3071, None)])
def test_values_cut_off_in_bone_warn_and_cut_off_below_600_hu_withhold(limit, expected):
    dense = TRUNK.copy()
    dense[TRUNK > 150] = np.random.default_rng(4).integers(150, 1800, np.count_nonzero(TRUNK > 150))
    assert severity(trunk(np.minimum(dense, limit)), "hu_clipped") == expected


def test_lost_air_warns():
    rough = np.where(TRUNK < -500, np.random.default_rng(5).integers(-1024, -600, TRUNK.shape), TRUNK)
    assert severity(trunk(np.maximum(rough, -800).astype(np.int16)), "hu_clipped") == "warning"


@pytest.mark.parametrize("value", [-2000, -3024, -32768])
def test_padding_is_said_and_does_not_disturb_the_other_checks(value):
    padded = TRUNK.copy()
    padded[:, :10] = value
    flags = flags_of(trunk(padded))
    assert flags["padding_values"].evidence["fraction_by_value"] == {str(value): round(10 / 160, 5)}
    assert "not_hounsfield" not in flags


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_voxels_without_a_number_withhold_and_nothing_in_hu_is_measured(value):
    broken = TRUNK.astype(np.float32)
    broken[3, 4, 5] = value
    flags = flags_of(trunk(broken))
    assert flags["non_finite_voxels"].evidence["n_voxels"] == 1
    assert "noise" not in flags


def test_integers_and_floats_have_the_same_histogram():
    whole, real = histogram_of(TRUNK), histogram_of(TRUNK.astype(np.float64))
    np.testing.assert_array_equal(whole.counts, real.counts)
    np.testing.assert_array_equal(whole.slice_maximum, real.slice_maximum)
    assert (whole.minimum, whole.maximum) == (real.minimum, real.maximum) == (TRUNK.min(), TRUNK.max())
    np.testing.assert_array_equal(whole.counts, np.bincount(TRUNK.ravel().astype(int) + 32768, minlength=65536))
