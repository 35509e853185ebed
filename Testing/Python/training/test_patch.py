"""Patches: what they show is what the sample holds, and the occupancy follows the image exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from factory.training_samples import AIR, BONE_LEFT, BONE_RIGHT, sample_of, two_rods

pytestmark = pytest.mark.needs_module("torch")

SIZE = (32, 32, 48)


def source_of(labels, mirror=False):
    from OsteoScreenLib.training.patch import PatchSource

    sample = sample_of(labels)
    targets = np.stack([labels == 1, labels == 2]).astype(np.uint8)
    return PatchSource.of(sample.hu, targets, sample.spacing_zyx_mm, mirror, "real")


def draw(source, seed, size=SIZE, **geometry):
    from OsteoScreenLib.training.patch import PatchGeometry, draw_patch

    return draw_patch(source, PatchGeometry(4.0, size, **geometry), np.random.default_rng(seed))


def hu_of(target, swapped=False):
    """The HU that a sample whose HU are linear in its labels has at this occupancy."""
    left, right = target if not swapped else target.flip(0)
    return AIR + (BONE_LEFT - AIR) * left + (BONE_RIGHT - AIR) * right


def test_the_occupancy_follows_the_image_exactly_however_it_is_turned_scaled_and_bent():
    import torch

    source = source_of(two_rods())
    seen = 0
    for seed in range(12):
        image, target = draw(source, seed, turn_deg=20.0, scale_sd=0.2, bend_mm=8.0)
        assert image.shape == SIZE
        assert target.shape == (2, *SIZE)
        seen += int(target.sum() > 100)
        assert torch.allclose(image, hu_of(target), atol=0.1)
        assert torch.equal(image > -500.0, target.sum(0) + target[1] > 0.5)  # as a threshold in HU
    assert seen > 6


def test_mirrored_patches_swap_their_channels_so_that_left_stays_left():
    import torch

    source = source_of(two_rods(), mirror=True)
    mirrored = []
    for seed in range(16):
        image, target = draw(source, seed, size=(32, 32, 64), turn_deg=3.0)
        if min(float(side.sum()) for side in target) < 300:
            continue
        x = torch.arange(64.0)
        left, right = (float((side.sum((0, 1)) * x).sum() / side.sum()) for side in target)
        assert left > right + 10
        mirrored.append(torch.allclose(image, hu_of(target, swapped=True), atol=0.1))
        assert mirrored[-1] or torch.allclose(image, hu_of(target), atol=0.1)
    assert True in mirrored
    assert False in mirrored


def test_a_source_that_may_not_be_mirrored_never_is():
    import torch

    source = source_of(two_rods())
    assert all(torch.allclose(image, hu_of(target), atol=0.1) for image, target in (draw(source, s) for s in range(8)))


def test_an_undisturbed_patch_is_a_cutout_of_the_sample():
    source = source_of(two_rods())
    centre = np.array([[20, 20, 28]], np.int32)
    plain = replace(source, head=centre, bone=centre)
    still = {"turn_deg": 0.0, "scale_sd": 0.0, "stretch_sd": 0.0, "bend_mm": 0.0, "shift_mm": 0.0, "head_share": 1.0}
    image, target = draw(plain, 0, size=(31, 31, 41), **still)
    cut = (slice(5, 36), slice(5, 36), slice(8, 49))
    assert np.abs(image.numpy() - source.hu[cut]).max() < 0.1
    assert np.abs(target.numpy() - source.targets[(slice(None), *cut)]).max() < 1e-4


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("end", ["low", "high"])
def test_a_patch_of_a_cut_sample_is_the_same_inside_the_cut(axis, end):
    import torch

    whole = source_of(two_rods())
    size = whole.hu.shape[axis]
    keep, shift = [slice(None)] * 3, np.zeros(3, np.int32)
    keep[axis] = slice(size // 3, None) if end == "low" else slice(0, size - size // 3)
    shift[axis] = size // 3 if end == "low" else 0
    parts = {"targets": whole.targets[(slice(None), *keep)], "head": whole.head - shift, "bone": whole.bone - shift}
    cut = replace(whole, hu=whole.hu[tuple(keep)], **parts)
    everywhere = replace(cut, hu=np.zeros_like(cut.hu))
    compared = 0
    for seed in range(10):
        image, target = draw(whole, seed, bend_mm=5.0)
        image_cut, target_cut = draw(cut, seed, bend_mm=5.0)
        inside = draw(everywhere, seed, bend_mm=5.0)[0] > -0.01
        compared += int((inside & (target.sum(0) > 0.5)).sum())
        assert torch.allclose(image[inside], image_cut[inside], atol=2.0)  # of 2000 HU: rounding of coordinates
        assert torch.allclose(target[:, inside], target_cut[:, inside], atol=1e-3)
        outside = draw(everywhere, seed, bend_mm=5.0)[0] < AIR + 0.01
        assert float(target_cut[:, outside].sum()) < 1e-3
        assert torch.allclose(image_cut[outside], torch.tensor(float(AIR)), atol=0.5)
    assert compared > 1000


def test_a_sample_without_bone_gives_patches_without_bone():
    image, target = draw(source_of(np.zeros((20, 24, 28), np.uint8)), 3)
    assert not target.any()
    assert float(image.min()) == AIR
