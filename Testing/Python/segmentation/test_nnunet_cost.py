"""Windows of an nnU-Net's sliding window, and the size of its networks."""

from __future__ import annotations

from pathlib import Path

import pytest
import segmentation_bench_parts
from nnunet_cost import AT_1_5_MM, AT_3_MM, AT_6_MM, build, cropped_shape, grid_shape, window_count, windows_of
from segmentation_bench_parts import Watched, activated, canonical, needed_by, peak_bytes, torch_network

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.models.network import open_network

SCAN, SPACING = (300, 512, 512), (1.5, 0.8, 0.8)


def test_windows_lie_half_a_window_apart_at_most() -> None:
    assert window_count((128, 128, 128), (128, 128, 128)) == 1
    assert window_count((129, 128, 128), (128, 128, 128)) == 2
    assert window_count((192, 128, 128), (128, 128, 128)) == 2
    assert window_count((193, 200, 128), (128, 128, 128)) == 9
    assert window_count((40, 50, 60), (128, 128, 128)) == 1


def test_the_bench_scan_takes_64_windows_at_1_5_mm_8_at_3_and_1_at_6() -> None:
    assert grid_shape(SCAN, SPACING, 1.5) == (300, 273, 273)
    assert windows_of(AT_1_5_MM, SCAN, SPACING) == 64
    assert windows_of(AT_3_MM, SCAN, SPACING) == 8
    assert windows_of(AT_6_MM, SCAN, SPACING) == 1


def test_a_box_of_femora_grows_by_20_mm_and_ends_with_the_scan() -> None:
    shape, spacing = cropped_shape([[5, 99], [200, 299], [100, 399]], SCAN, SPACING)
    assert spacing == SPACING
    assert shape == (100 + 13, 100 + 2 * 25, 300 + 2 * 25)


@pytest.mark.needs_module("torch")
def test_the_networks_are_as_large_as_the_published_ones() -> None:
    # Not among what tests install: only the benchmark uses it, and it brings packages that belong to GPU builds.
    pytest.importorskip("dynamic_network_architectures", reason="dynamic-network-architectures is not installed")
    import torch

    with torch.device("meta"):
        large, small = build(AT_1_5_MM), build(AT_3_MM)
    weights = [sum(p.numel() for p in network.parameters()) / 1e6 for network in (large, small)]
    assert weights == pytest.approx([31.2, 16.6], abs=0.15)
    with torch.device("meta"):
        assert small(torch.zeros(1, 1, 32, 32, 32)).shape == (1, 118, 32, 32, 32)


def test_probabilities_are_a_softmax_of_several_channels_and_a_sigmoid_of_one() -> None:
    import numpy as np

    several = np.array([0.0, 1.0, 2.0], np.float32).reshape(1, 3, 1, 1, 1)
    assert activated(several).sum() == pytest.approx(1.0)
    assert activated(several).ravel()[2] == pytest.approx(np.exp(2) / (1 + np.e + np.exp(2)))
    assert activated(several[:, 1:2]).ravel()[0] == pytest.approx(1 / (1 + np.exp(-1.0)))


def test_what_a_package_needs_is_looked_up_at_any_depth() -> None:
    assert canonical("SimpleITK_x.y") == "simpleitk-x-y"
    assert {"pytest", "pluggy", "packaging"} <= needed_by("pytest")
    assert needed_by("no-such-package-at-all") == set()


def test_the_peak_memory_is_that_of_this_process() -> None:
    before = peak_bytes()
    large = bytearray(64 << 20)
    large[:: 1 << 12] = b"x" * len(large[:: 1 << 12])
    assert 10 << 20 < before <= peak_bytes() < 64 << 30
    assert peak_bytes() >= before


@pytest.mark.needs_module("torch")
@pytest.mark.needs_module("onnx")
@pytest.mark.needs_module("onnxruntime")
def test_a_network_of_a_bundle_answers_in_torch_as_in_the_engine(tmp_path: Path) -> None:
    import numpy as np
    from factory.vbnet_bundles import make_vbnet_bundle

    bundle = make_vbnet_bundle(tmp_path / "bundle", ("coarse",))
    window = np.random.default_rng(0).normal(size=(1, 1, 32, 32, 48)).astype(np.float32)
    network = torch_network(bundle, "coarse", 1)
    watched = Watched(network, keep=True)
    ours = activated(open_network(bundle.networks["coarse"], bundle.folder, "onnxruntime", 1).run(window))
    assert np.abs(activated(watched.run(window)) - ours).max() < 1e-2
    assert watched.calls == 1
    np.testing.assert_array_equal(watched.seen[0], window)


def test_what_a_part_cannot_do_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def fails() -> dict[str, object]:
        raise ModelError("There is no model")

    monkeypatch.setattr(segmentation_bench_parts, "PARTS", {"one": fails, "two": lambda: {"answer": 2}})
    monkeypatch.setattr("sys.argv", ["x", "one", "{}"])
    assert segmentation_bench_parts.main() == 1
    assert "There is no model" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["x", "two", "{}"])
    assert segmentation_bench_parts.main() == 0
    assert capsys.readouterr().out == '{"answer": 2}\n'
