"""The stream of patches: the same number gives the same patch; which sources it draws from."""

from __future__ import annotations

import numpy as np
import pytest
from factory.training_samples import like_a_scan, two_rods

pytestmark = pytest.mark.needs_module("torch")


def config(**values):
    from OsteoScreenLib.training.segmentation_config import StageConfig

    return StageConfig(4.0, (32, 32, 32), **values)


def stream(stage="coarse", real=(), pool=None, **values):
    from OsteoScreenLib.training.patch_stream import PatchStream

    return PatchStream(stage, config(**values), real, pool)


def rods(name="rods", source="real", label=None):
    labels = two_rods()
    if label is not None:
        labels[labels != label] = 0
    return like_a_scan(labels, 4.0, name, source)


def test_the_same_number_gives_the_same_patch_and_another_another():
    import torch

    first, second = stream(real=[rods()]), stream(real=[rods()])
    for number in (0, 7, 123456):
        image, target = first.draw(number)
        again, target_again = second.draw(number)
        assert torch.equal(image, again)
        assert torch.equal(target, target_again)
    assert not torch.equal(first.draw(0)[0], first.draw(1)[0])
    assert not torch.equal(first.draw(0)[0], stream(real=[rods()], seed=1).draw(0)[0])


def test_input_lies_between_minus_one_and_one_and_occupancy_between_zero_and_one():
    drawn = stream(real=[rods()])
    for number in range(6):
        image, target = drawn.draw(number)
        assert image.shape == (1, 1, 32, 32, 32)
        assert target.shape == (1, 2, 32, 32, 32)
        assert -1.0 <= float(image.min()) <= float(image.max()) <= 1.0
        assert 0.0 <= float(target.min()) <= float(target.max()) <= 1.0 + 1e-5
        assert float((image > -0.9).float().mean()) > 0.05


def test_the_window_becomes_minus_one_to_one():
    import torch

    from OsteoScreenLib.training.patch_stream import to_input

    hu = torch.tensor([-2000.0, -500.0, 500.0, 1500.0, 3000.0])
    assert to_input(hu, (-500.0, 1500.0)).tolist() == [-1.0, -1.0, 0.0, 1.0, 1.0]


def test_the_fine_stream_mirrors_right_femora_so_that_they_look_like_left_ones():
    sample = rods()
    both = stream("fine", real=[sample]).sources["real"]
    assert len(both) == 2
    assert np.array_equal(both[0].targets[0], sample.labels == 1)
    assert np.array_equal(both[1].targets[0], (sample.labels == 2)[:, :, ::-1])
    assert np.array_equal(both[1].hu, sample.hu[:, :, ::-1])
    only_left = stream("fine", real=[rods(label=1)]).sources["real"]
    assert len(only_left) == 1


def test_a_growing_pool_is_taken_in_when_asked(tmp_path):
    rods("a", "digital_patient").save(tmp_path / "a.npz")
    growing = stream(pool=tmp_path)
    assert len(growing.sources["digital_patient"]) == 1
    rods("b", "label_map").save(tmp_path / "b.npz")
    (tmp_path / "c.npz.part").write_bytes(b"unfinished")
    assert growing.rescan() == 2
    assert growing.rescan() == 2
    assert [len(kind) for kind in growing.sources.values()] == [0, 1, 1]


@pytest.mark.parametrize(
    ("share", "sees"), [(0.0, {"digital_patient"}), (1.0, {"real"}), (0.5, {"real", "digital_patient"})]
)
def test_the_share_of_real_patches_is_kept(tmp_path, share, sees):
    rods("a", "digital_patient").save(tmp_path / "a.npz")
    mixed = stream(real=[rods()], pool=tmp_path, real_share=share)
    assert {mixed._kind(np.random.default_rng(seed)) for seed in range(40)} == sees
