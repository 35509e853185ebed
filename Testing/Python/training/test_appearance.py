"""Domain randomisation: each effect happens where it is asked for, and leaves the rest alone."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.needs_module("torch")

NOTHING = {
    "noisy": 0.0,
    "thick": 0.0,
    "wide": 0.0,
    "blurred": 0.0,
    "sharpened": 0.0,
    "cut": 0.0,
    "round_cut": 0.0,
    "curve": 0.0,
}
SHAPE = (24, 28, 32)


def step():
    """Soft tissue below, bone above, along every axis."""
    import torch

    z, y, x = np.indices(SHAPE)
    inside = (z > 11) & (y > 13) & (x > 15)
    hu = torch.from_numpy(np.where(inside, 500.0, 40.0).astype(np.float32))
    return hu, torch.from_numpy(inside[None].astype(np.float32))


def changed(seed, **effects):
    """The step, changed by these effects alone."""
    from OsteoScreenLib.training.appearance import Appearance, randomise

    hu, target = step()
    return randomise(hu, target, 1.5, Appearance(**{**NOTHING, **effects}), np.random.default_rng(seed))


def sharpness(hu):
    """The steepest step along each axis, as a share of the whole range."""
    return [float(hu.diff(dim=axis).abs().max() / (hu.max() - hu.min())) for axis in range(3)]


def without_shading(**effects):
    """Results of several seeds. One patch of five is shaded; a step's sharpness hardly notices."""
    return [changed(seed, **effects) for seed in range(10)]


def test_scale_and_offset_alone_keep_the_picture_and_its_target():
    hu, target = step()
    values = []
    for found, kept in without_shading():
        assert found.shape == SHAPE
        assert kept.equal(target)
        assert np.corrcoef(found.ravel(), hu.ravel())[0, 1] > 0.94
        values.append(float(found[-1, -1, -1]))
    assert np.std(values) > 15.0


def test_noise_is_added_where_asked():
    quiet = [float(hu[:8].diff(dim=2).std()) for hu, _ in without_shading()]
    loud = [float(hu[:8].diff(dim=2).std()) for hu, _ in without_shading(noisy=1.0, noise_hu=40.0)]
    assert max(quiet) < 3.0
    assert np.median(loud) > 10.0


def test_blurring_softens_every_edge():
    soft = without_shading(blurred=1.0)
    assert np.median([max(sharpness(hu)) for hu, _ in soft]) < 0.93
    assert np.median([min(sharpness(hu)) for hu, _ in without_shading()]) > 0.97
    assert all(hu.shape == SHAPE and target.equal(step()[1]) for hu, target in soft)


def test_sharpening_overshoots_at_edges():
    plain = [float(hu.max() - hu[-1, -1, -1]) for hu, _ in without_shading()]
    sharp = [float(hu.max() - hu[-1, -1, -1]) for hu, _ in without_shading(sharpened=1.0)]
    assert np.median(plain) < 1.0
    assert np.median(sharp) > 30.0


def test_thick_slices_soften_edges_between_slices_only():
    soft = [sharpness(hu) for hu, _ in without_shading(thick=1.0)]
    assert np.median([z for z, _, _ in soft]) < 0.8
    assert min(min(y, x) for _, y, x in soft) > 0.7
    assert all(hu.shape == SHAPE for hu, _ in without_shading(thick=1.0))


def test_wide_pixels_soften_edges_within_slices_only():
    found = without_shading(wide=1.0)
    assert np.median([max(y, x) for _, y, x in map(sharpness, (hu for hu, _ in found))]) < 0.9
    assert min(sharpness(hu)[0] for hu, _ in found) > 0.7
    assert all(hu.shape == SHAPE and target.equal(step()[1]) for hu, target in found)


def test_a_bent_scale_of_hu_is_not_a_straight_one():
    import torch

    from OsteoScreenLib.training.appearance import Appearance, randomise

    def departure(seed, **effects):
        ramp = torch.linspace(-900.0, 1500.0, 512).reshape(8, 8, 8)
        how = Appearance(**{**NOTHING, **effects})
        found, _ = randomise(ramp.clone(), torch.zeros(1, 8, 8, 8), 1.5, how, np.random.default_rng(seed))
        x, y = ramp.ravel().numpy(), found.ravel().numpy()
        return float(np.std(y - np.polyval(np.polyfit(x, y, 1), x)))

    assert np.median([departure(seed) for seed in range(10)]) < 0.1
    assert np.median([departure(seed, curve=1.0) for seed in range(10)]) > 8.0


def test_a_cut_field_of_view_is_air_and_holds_no_bone():
    from OsteoScreenLib.training.appearance import AIR_HU

    cuts = 0
    for hu, target in without_shading(cut=0.7):
        gone = hu == AIR_HU
        cuts += int(gone.any())
        assert not target[0][gone].any()
        assert target[0][~gone].equal(step()[1][0][~gone])
    assert cuts >= 4
    assert not any((hu == AIR_HU).any() for hu, _ in without_shading())


def test_a_round_field_of_view_cuts_every_slice_alike_and_obliquely():
    from OsteoScreenLib.training.appearance import AIR_HU

    oblique = 0
    for hu, target in without_shading(round_cut=1.0):
        gone = hu == AIR_HU
        assert 0.02 < float(gone.float().mean()) < 0.6
        assert (gone == gone[:1]).all()
        assert not target[0][gone].any()
        assert target[0][~gone].equal(step()[1][0][~gone])
        oblique += int(len({int(row.sum()) for row in gone[0]}) > 3)
    assert oblique >= 6
