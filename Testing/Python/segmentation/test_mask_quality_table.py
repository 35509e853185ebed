"""Weakened networks: the disturbed weights change the answer, more the weaker; a sound one is left as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from factory.vbnet_bundles import make_vbnet_bundle

pytestmark = [pytest.mark.needs_module("torch"), pytest.mark.needs_module("onnx")]


def test_weights_are_disturbed_more_the_weaker_a_network_is_to_be(tmp_path: Path) -> None:
    from mask_quality_table import weakened

    bundle = make_vbnet_bundle(tmp_path / "bundle")
    data = (bundle.folder / bundle.networks["fine"].file).read_bytes()
    sound, little, much = (weights(weakened(data, share, np.random.default_rng(1))) for share in (0.0, 0.1, 0.4))
    np.testing.assert_array_equal(sound, weights(data))
    distances = [float(np.abs(other - sound).mean()) for other in (little, much)]
    assert 0.0 < distances[0] < distances[1] / 3


def weights(data: bytes) -> np.ndarray:
    """All weights of the convolutions of an ONNX network, in one row."""
    import onnx
    from onnx import numpy_helper

    arrays = [numpy_helper.to_array(tensor) for tensor in onnx.load_from_string(data).graph.initializer]
    return np.concatenate([array.astype(np.float32).ravel() for array in arrays if array.ndim == 5])
