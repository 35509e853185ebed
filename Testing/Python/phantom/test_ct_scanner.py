"""What the simulated scanner does to objects that are known."""

from dataclasses import replace

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.ct_scanner import scan, slice_taps
from OsteoScreenLib.phantom.kernels import KERNELS
from OsteoScreenLib.phantom.protocol import PROTOCOLS, Protocol, draw_protocol

ABDOMEN = PROTOCOLS["abdomen"]
QUIET = replace(ABDOMEN, noise_hu=0.0, cupping_hu=0.0, hardening=0.0)


def _grid(n: int, slices: int, mm: float, slice_mm: float | None = None) -> Geometry:
    start = -(n - 1) / 2 * mm
    return Geometry((slices, n, n), (mm, mm, slice_mm or mm), (start, start, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


def _radius(n: int, mm: float, x_scale: float = 1.0) -> np.ndarray:
    line = (np.arange(n) - (n - 1) / 2) * mm
    return np.hypot(line[None, :] * x_scale, line[:, None])


def _water(n: int, slices: int, mm: float, radius_mm: float = 150.0, hu: float = 0.0) -> np.ndarray:
    plane = np.where(_radius(n, mm) < radius_mm, hu, -1000.0).astype(np.float32)
    return np.repeat(plane[None], slices, axis=0)


def _hips(n: int, slices: int, mm: float) -> np.ndarray:
    """A body of 360 x 220 mm with two dense heads, 180 mm apart."""
    line = (np.arange(n) - (n - 1) / 2) * mm
    plane = np.where(_radius(n, mm, 110 / 180) < 110, 45.0, -1000.0)
    for side in (-90, 90):
        from_head = np.hypot(line[None, :] - side, line[:, None])
        plane = np.where(from_head < 25, 350.0, np.where(from_head < 28, 1100.0, plane))
    return np.repeat(plane[None].astype(np.float32), slices, axis=0)


def _spectrum(image: np.ndarray, mm: float, bins: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Radial noise power of (z, y, x) noise."""
    n = image.shape[1]
    power = np.square(np.abs(np.fft.fft2(image - image.mean(axis=0)))).mean(axis=0)
    f = np.hypot(np.fft.fftfreq(n, mm)[:, None], np.fft.fftfreq(n, mm)[None, :])
    edges = np.linspace(0, 0.5 / mm, bins + 1)
    which = np.digitize(f.ravel(), edges) - 1
    used = which < bins
    total = np.bincount(which[used], power.ravel()[used], minlength=bins)
    return (edges[:-1] + edges[1:]) / 2, total / np.maximum(np.bincount(which[used], minlength=bins), 1)


@pytest.mark.parametrize(("name", "low", "high"), [("abdomen", 10, 12), ("low-dose-abdomen", 20, 35)])
def test_noise_in_30_cm_of_water_is_what_the_protocol_says(name, low, high):
    protocol = PROTOCOLS[name]
    image = scan(_water(224, 16, 1.5), _grid(224, 16, 1.5), protocol, np.random.default_rng(1))
    centre = image[:, _radius(224, 1.5) < 25]
    assert centre.std() == pytest.approx(protocol.noise_hu, rel=0.06)
    assert low <= centre.std() <= high
    # Towards the border of the cylinder there is less water to cross.
    assert image[:, np.abs(_radius(224, 1.5) - 130) < 10].std() < 0.95 * centre.std()


def test_thick_patients_are_noisier_than_thin_ones():
    spread = []
    for radius in (110.0, 150.0, 180.0):
        image = scan(_water(192, 8, 2.0, radius), _grid(192, 8, 2.0), ABDOMEN, np.random.default_rng(2))
        spread.append(image[:, _radius(192, 2.0) < 30].std())
    assert spread[0] < 0.8 * spread[1]
    assert spread[2] > 1.3 * spread[1]


def test_the_peak_of_the_noise_power_moves_with_the_kernel():
    peaks, means = [], []
    for kernel in ("SOFT", "STANDARD", "DETAIL", "BONE"):
        protocol = replace(ABDOMEN, kernel=kernel, cupping_hu=0.0)
        image = scan(_water(192, 24, 0.7, 200.0), _grid(192, 24, 0.7), protocol, np.random.default_rng(3))
        f, power = _spectrum(image[:, 32:160, 32:160].astype(float), 0.7)
        peaks.append(f[np.argmax(power)])
        means.append((f * power).sum() / power.sum())
    assert peaks == sorted(peaks)
    assert means == sorted(means)
    assert 0.08 <= peaks[0] <= 0.22
    assert peaks[-1] >= 2 * peaks[0]


def test_iterative_reconstruction_makes_noise_coarser():
    means = []
    for strength in (0.0, 1.0):
        protocol = replace(ABDOMEN, iterative=strength)
        image = scan(_water(128, 16, 0.8, 200.0), _grid(128, 16, 0.8), protocol, np.random.default_rng(3))
        f, power = _spectrum(image.astype(float), 0.8)
        means.append((f * power).sum() / power.sum())
    assert means[1] < 0.97 * means[0]


@pytest.mark.parametrize("kernel", list(KERNELS))
def test_detail_of_half_contrast_comes_where_the_kernel_says(kernel):
    # A slanted edge in one direction: its derivative's spectrum is the modulation transfer.
    n, mm, fine = 160, 0.4, 16
    line = (np.arange(n * fine) - n * fine / 2 + 0.5) * mm / fine
    edge = np.where(line[None, :] > 0.05 * np.arange(n)[:, None] * mm, 400.0, 0.0).reshape(n, n, fine).mean(axis=2)
    hu = np.repeat(edge[None].astype(np.float32), 3, axis=0)
    image = scan(hu, _grid(n, 3, mm), replace(QUIET, kernel=kernel), np.random.default_rng(0))[1].astype(float)
    place = ((np.arange(n) - (n - 1) / 2)[None, :] - 0.05 * np.arange(n)[:, None]) * mm
    step = mm / 4
    inner = (np.abs(place) < 16) & (np.arange(n) > 16)[:, None] & (np.arange(n) < n - 16)[:, None]
    index = np.floor((place[inner] + 16) / step).astype(int)
    profile = np.bincount(index, image[inner]) / np.bincount(index)
    spread = np.diff(profile) * np.hanning(len(profile) - 1)
    transfer = np.abs(np.fft.rfft(spread, 4096))
    transfer /= transfer[0]
    f = np.fft.rfftfreq(4096, step)
    measured = f[np.flatnonzero(transfer[f < 1.2] >= 0.5)[-1]]
    assert measured == pytest.approx(KERNELS[kernel].mtf_50_per_mm(), rel=0.06)


def test_sharp_kernels_enhance_edges_and_soft_ones_do_not():
    hu = _water(128, 3, 0.6, 25.0, hu=1000.0) / 2 - 500
    soft, sharp = (
        scan(hu, _grid(128, 3, 0.6), replace(QUIET, kernel=name), np.random.default_rng(0))[1]
        for name in ("SOFT", "BONE")
    )
    assert soft.max() <= 5
    assert sharp.max() >= 40


def test_homogeneous_objects_keep_their_hu():
    for hu in (-100.0, 0.0, 45.0):
        image = scan(_water(192, 6, 2.0, hu=hu), _grid(192, 6, 2.0), ABDOMEN, np.random.default_rng(4))
        assert image[:, _radius(192, 2.0) < 120].mean() == pytest.approx(hu, abs=1.0)


def test_cupping_darkens_the_middle_by_as_much_as_asked():
    protocol = replace(ABDOMEN, noise_hu=0.0, cupping_hu=12.0, hardening=0.0)
    image = scan(_water(192, 4, 2.0), _grid(192, 4, 2.0), protocol, np.random.default_rng(0))[2]
    radius = _radius(192, 2.0)
    middle, border = image[radius < 30].mean(), image[(radius > 110) & (radius < 125)].mean()
    assert border - middle == pytest.approx(12.0, abs=2.0)
    assert image[radius < 125].mean() == pytest.approx(0.0, abs=2.0)


def test_bone_leaves_a_dark_band_between_the_hips():
    protocol = replace(ABDOMEN, noise_hu=0.0, cupping_hu=0.0, hardening=1.0)
    image = scan(_hips(192, 4, 2.0), _grid(192, 4, 2.0), protocol, np.random.default_rng(0))[2].astype(float)
    between, above = image[90:102, 80:112].mean(), image[50:60, 80:112].mean()
    assert between < above - 4
    assert between > above - 60


def test_hips_at_low_dose_leave_streaks_from_side_to_side():
    noisy = PROTOCOLS["low-dose-abdomen"]
    hu, geometry = _hips(192, 24, 2.0), _grid(192, 24, 2.0)
    image = scan(hu, geometry, noisy, np.random.default_rng(5)).astype(float)
    noise = image - scan(hu, geometry, replace(noisy, noise_hu=0.0), np.random.default_rng(5))
    between = noise[:, 88:104, 76:116]

    def likeness(values, axis):
        first, second = (
            np.take(values, range(values.shape[axis] - 3), axis),
            np.take(values, range(3, values.shape[axis]), axis),
        )
        return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])

    assert likeness(between, 2) > 0.15 + likeness(between, 1)
    # The noise is stronger between the hips than in front of them.
    assert between.std() > 1.1 * noise[:, 45:60, 76:116].std()


def test_metal_leaves_dark_and_bright_streaks_and_stays_bright():
    hu, geometry = _hips(192, 4, 2.0), _grid(192, 4, 2.0)
    line = (np.arange(192) - 95.5) * 2.0
    stem = np.hypot((line[None, :] - 90) / 2, line[:, None]) < 7
    metal = np.repeat(stem[None], 4, axis=0)
    hu[metal] = Beam.of(120).hu["titanium"]
    plain = scan(hu, geometry, QUIET, np.random.default_rng(6)).astype(float)
    image = scan(hu, geometry, QUIET, np.random.default_rng(6), metal).astype(float)
    difference = image - plain
    assert difference[:, 94:98, 100:125].mean() < -20  # along the stem's long side
    assert np.abs(difference[:, 70:80, 130:150]).max() > 10
    assert (image[metal] > 2500).mean() > 0.8
    # Far from the metal, beyond the other hip, little is left.
    assert np.abs(difference[:, 90:100, 10:20].mean()) < 30


def test_slices_thicker_than_their_distance_blur_along_z_and_share_noise():
    hu = np.full((21, 32, 32), 0.0, dtype=np.float32)
    hu[10] = 900.0
    thick = replace(QUIET, slice_thickness_mm=3.0, spacing_xyz_mm=(1.5, 1.5, 1.5))
    profile = scan(hu, _grid(32, 21, 1.5), thick, np.random.default_rng(0))[:, 16, 16]
    assert profile.sum() == pytest.approx(900, abs=25)
    assert 350 <= profile[10] <= 650
    assert profile[9] == pytest.approx(profile[11], abs=2)
    assert slice_taps(1.0, 1.5).tolist() == [1.0]
    noisy = replace(thick, noise_hu=20.0)
    image = scan(_water(96, 24, 3.0), _grid(96, 24, 3.0, 1.5), noisy, np.random.default_rng(0))
    middle = image[:, 40:56, 40:56].astype(float)
    assert np.corrcoef(middle[:-1].ravel(), middle[1:].ravel())[0, 1] > 0.4
    assert middle.std() == pytest.approx(20, rel=0.15)


def test_the_same_seed_gives_the_same_image_on_any_number_of_threads():
    hu, geometry = _hips(64, 40, 6.0), _grid(64, 40, 6.0, 3.0)
    metal = np.zeros(hu.shape, bool)
    metal[5:30, 30:34, 46:50] = True
    hu[metal] = 10000.0
    protocol = replace(ABDOMEN, slice_thickness_mm=5.0)
    first = scan(hu, geometry, protocol, np.random.default_rng(7), metal, workers=1)
    again = scan(hu, geometry, protocol, np.random.default_rng(7), metal, workers=3)
    other = scan(hu, geometry, protocol, np.random.default_rng(8), metal)
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_outside_of_the_field_of_view_there_is_padding_and_nothing_leaves_the_range():
    protocol = replace(ABDOMEN, fov_mm=200.0, fov_centre_mm=(20.0, 0.0), padding_hu=-2000.0, noise_hu=60.0)
    hu = _water(128, 3, 3.0)
    hu[:, 60:66, 60:66] = 9000.0
    image = scan(hu, _grid(128, 3, 3.0), protocol, np.random.default_rng(9))
    line = (np.arange(128) - 63.5) * 3.0
    inside = np.hypot(line[None, :] - 20, line[:, None]) <= 100
    assert (image[:, ~inside] == -2000).all()
    assert image[:, inside].min() >= -1024
    assert image.max() == 3071


def test_a_sites_effect_moves_water_and_scales_what_lies_above_air():
    protocol = replace(QUIET, hu_offset=6.0, hu_scale=1.02)
    image = scan(_water(96, 3, 4.0, hu=500.0), _grid(96, 3, 4.0), protocol, np.random.default_rng(0))
    assert image[1, 48, 48] == pytest.approx(1500 * 1.02 - 1000 + 6, abs=1)


def test_what_lies_beyond_the_field_of_view_attenuates_all_the_same():
    small = _grid(48, 6, 2.0)
    hu = np.full(small.shape_zyx, 45.0, dtype=np.float32)
    wide = _hips(64, 3, 6.0), _grid(64, 3, 6.0, 6.0)
    protocol = PROTOCOLS["low-dose-abdomen"]
    alone = scan(hu, small, protocol, np.random.default_rng(1))
    within = scan(hu, small, protocol, np.random.default_rng(1), surroundings=wide)
    assert within.std() > 1.5 * alone.std()


def test_a_protocol_or_a_shape_that_is_impossible_is_refused():
    hu, geometry = _water(16, 2, 10.0), _grid(16, 2, 10.0)
    with pytest.raises(ValueError, match="kvp"):
        scan(hu, geometry, replace(ABDOMEN, kvp=60.0), np.random.default_rng(0))
    with pytest.raises(ValueError, match="kernel"):
        scan(hu, geometry, replace(ABDOMEN, kernel="NONE"), np.random.default_rng(0))
    with pytest.raises(ValueError, match="shape"):
        scan(hu[:1], geometry, ABDOMEN, np.random.default_rng(0))


def test_every_preset_and_every_drawn_protocol_can_be_scanned_with():
    rng = np.random.default_rng(11)
    for base in PROTOCOLS.values():
        assert base.is_valid() == (True, "")
        drawn = [draw_protocol(base, rng) for _ in range(40)]
        assert all(protocol.is_valid()[0] for protocol in drawn)
        assert len({protocol.kernel for protocol in drawn}) > 1
        assert all(protocol.spacing_xyz_mm == base.spacing_xyz_mm for protocol in drawn)
    assert draw_protocol(ABDOMEN, np.random.default_rng(3)) == draw_protocol(ABDOMEN, np.random.default_rng(3))


def test_an_impossible_protocol_says_why():
    assert Protocol("x", noise_hu=-1).is_valid() == (False, "noise_hu is not negative: -1")
    assert not Protocol("x", phase="late").is_valid()[0]
    assert not Protocol("x", hardening=2).is_valid()[0]
    assert not Protocol("x", water_cm=40).is_valid()[0]


def test_bone_is_darker_where_a_thick_body_hardens_the_beam_and_water_is_not():
    thin, thick = (Beam.of(120.0, water_cm=Protocol("x", water_cm=cm).water_cm) for cm in (20.0, 32.0))
    assert 0.88 < thick.hydroxyapatite_hu / thin.hydroxyapatite_hu < 0.95
    assert thick.hu["water"] == thin.hu["water"] == 0.0
