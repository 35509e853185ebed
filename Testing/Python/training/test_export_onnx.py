"""Export: ONNX Runtime gives what torch gives for the stored weights, at any size, in a small file."""

from __future__ import annotations

import numpy as np
import pytest
from factory.vbnet_bundles import make_vbnet_bundle, weights_of

from OsteoScreenLib.errors import ModelError

pytestmark = [
    pytest.mark.needs_module("torch"),
    pytest.mark.needs_module("onnx"),
    pytest.mark.needs_module("onnxruntime"),
    pytest.mark.filterwarnings("ignore"),
]


def exported(path, stage, base, weights):
    from OsteoScreenLib.training.export_onnx import export_onnx
    from OsteoScreenLib.training.segmentation_config import StageConfig

    export_onnx(stage, StageConfig(4.0, (32, 32, 32), base_channels=base), weights, path)
    return path


@pytest.mark.parametrize("stage", ["coarse", "fine"])
def test_onnxruntime_equals_torch_at_every_size(tmp_path, stage):
    import onnxruntime
    import torch

    from OsteoScreenLib.training.export_onnx import HALF_FROM
    from OsteoScreenLib.training.vbnet import VBNet

    weights = weights_of(stage)
    session = onnxruntime.InferenceSession(
        exported(tmp_path / "n.onnx", stage, 4, weights), providers=["CPUExecutionProvider"]
    )
    stored = {name: value.half().float() if value.numel() >= HALF_FROM else value for name, value in weights.items()}
    network = VBNet(3 if stage == "coarse" else 1, 4).eval()
    network.load_state_dict(stored)
    for sizes in ((32, 32, 32), (48, 32, 16), (16, 64, 48)):
        image = torch.randn(1, 1, *sizes, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
        (found,) = session.run(["logits"], {"image": image.numpy()})
        with torch.no_grad():
            wanted = network(image).numpy()
        assert found.shape == wanted.shape
        assert np.abs(found - wanted).max() < 1e-3
        assert wanted.std() > 0.01


def test_the_network_of_sixteen_channels_fits_into_four_and_a_half_megabytes(tmp_path):
    path = exported(tmp_path / "n.onnx", "fine", 16, weights_of("fine", 16))
    assert 3_900_000 < path.stat().st_size < 4_500_000


@pytest.mark.parametrize("fresh", [False, True])
def test_weights_come_back_from_a_bundle_as_they_were_stored(tmp_path, monkeypatch, fresh):
    """In a fresh network many tensors are equal, and export stores such tensors once."""
    import torch

    from OsteoScreenLib.training.onnx_weights import bundle_weights
    from OsteoScreenLib.training.vbnet import VBNet

    if fresh:
        monkeypatch.setattr("factory.vbnet_bundles.weights_of", lambda stage, base, seed: VBNet(1, base).state_dict())
    torch.manual_seed(3)
    bundle = make_vbnet_bundle(tmp_path / "bundle", ("fine",))
    torch.manual_seed(3)
    weights = VBNet(1, 4).state_dict() if fresh else weights_of("fine", 4, 0)
    found = bundle_weights(bundle, "fine")
    assert set(found) == set(weights)
    for name, value in weights.items():
        assert torch.allclose(found[name], value, rtol=1e-3, atol=1e-6), name


def test_a_network_that_is_no_vbnet_of_ours_is_refused(tmp_path):
    import torch

    from OsteoScreenLib.training.onnx_weights import bundle_weights, checked_weights

    good = weights_of("fine")
    checked_weights(good, 1, tmp_path)
    infinite = {**good, "leave.bias": torch.full_like(good["leave.bias"], torch.inf)}
    absent = {name: value for name, value in good.items() if name != "down.1.3.layers.4.weight"}
    for wrong, channels in ((infinite, 1), (absent, 1), (good, 3), ({}, 1)):
        with pytest.raises(ModelError) as refused:
            checked_weights(wrong, channels, tmp_path)
        assert refused.value.code == "wrong_network"
    with pytest.raises(ModelError):
        bundle_weights(make_vbnet_bundle(tmp_path / "bundle", ("fine",)), "coarse")
