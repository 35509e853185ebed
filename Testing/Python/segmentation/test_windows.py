"""A large grid is done by windows of bounded size, and no seam shows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from OsteoScreenLib.progress import CancelToken
from OsteoScreenLib.segmentation.windows import probabilities, window_size


class Pointwise:
    """Logits that are a function of each voxel alone, so that windows must not matter."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.shapes: list[tuple[int, ...]] = []

    def run(self, array: np.ndarray) -> np.ndarray:
        assert array.flags.c_contiguous
        self.shapes.append(array.shape[2:])
        return np.concatenate([array * (c + 1) for c in range(self.channels)], axis=1)


def noise(shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3])
def test_windows_give_what_the_whole_gives(channels) -> None:
    image = noise((80, 48, 64))
    whole = probabilities(Pointwise(channels), image, (80, 48, 64))
    network = Pointwise(channels)
    parts = probabilities(network, image, (32, 32, 48))
    assert len(network.shapes) > 8
    assert set(network.shapes) == {(32, 32, 48)}
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_several_logits_become_a_softmax_and_a_single_one_a_sigmoid() -> None:
    image = noise((16, 16, 16)) * 30
    several = probabilities(Pointwise(3), image, (16, 16, 16))
    np.testing.assert_allclose(several.sum(axis=0), 1.0, atol=1e-5)
    assert several[2][image > 1].min() > 0.5
    single = probabilities(Pointwise(1), image, (16, 16, 16))
    assert ((single[0] > 0.5) == (image > 0)).all()
    assert np.isfinite(single).all()


def test_a_window_fits_grid_size_and_number_of_voxels() -> None:
    assert window_size((64, 64, 96), None, 1_000_000, 16) == (64, 64, 96)
    assert window_size((640, 64, 96), (96, 64, 96), 1_000_000, 16) == (96, 64, 96)
    for shape in ((640, 128, 128), (64, 512, 512), (32, 32, 32)):
        window = window_size(shape, None, 500_000, 16)
        assert math.prod(window) <= 500_000
        assert all(side % 16 == 0 and side <= whole for side, whole in zip(window, shape, strict=True))
    assert window_size((64, 64, 64), None, 1, 16) == (32, 32, 32)


def test_seams_are_blended() -> None:
    class Differing:
        """Every window has its own answer: what InstanceNorm does, only more."""

        def __init__(self) -> None:
            self.calls = 0

        def run(self, array: np.ndarray) -> np.ndarray:
            self.calls += 1
            return np.full(array.shape, 3.0 if self.calls % 2 else -3.0, np.float32)

    found = probabilities(Differing(), np.zeros((96, 16, 16), np.float32), (48, 16, 16))[0, :, 8, 8]
    assert found[0] > 0.9
    assert np.abs(np.diff(found)).max() < 0.35
    assert found.min() < 0.2


def test_a_request_to_stop_is_heeded_between_windows() -> None:
    from OsteoScreenLib.errors import CancelledError

    network = Pointwise(1)
    stop: CancelToken = lambda: len(network.shapes) >= 2  # noqa: E731
    with pytest.raises(CancelledError):
        probabilities(network, noise((96, 16, 16)), (32, 16, 16), cancelled=stop)
    assert len(network.shapes) == 2
