"""The segmenter that a bundle makes, with real network files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.bundles import document, make_bundle
from segmentation.hips import COARSE, FINE, WINDOW, dice, grid, scan_of, truth_of

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.models.write_bundle import write_bundle
from OsteoScreenLib.segmentation.vbnet_segmenter import femur_segmenter


def linear_network(slopes: list[float], zeros_hu: list[float]) -> bytes:
    """ONNX whose logits are ``slope (HU - zero) / 100``, voxel by voxel."""
    from onnx import TensorProto, helper, numpy_helper

    half, middle = (WINDOW[1] - WINDOW[0]) / 2, (WINDOW[1] + WINDOW[0]) / 2
    weight = np.array(slopes, np.float32).reshape(-1, 1, 1, 1, 1) * half / 100
    bias = np.array([s * (middle - z) / 100 for s, z in zip(slopes, zeros_hu, strict=True)], np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "weight", "bias"], ["logits"], kernel_shape=[1, 1, 1])],
        "linear",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, "z", "y", "x"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(slopes), "z", "y", "x"])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")],
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


def femur_document(**changes: Any) -> dict[str, Any]:
    networks = {"coarse": COARSE.to_dict(), "fine": FINE.to_dict()}
    return document(id="femur-vbnet", networks=networks, **changes)


@pytest.mark.needs_module("onnx")
@pytest.mark.needs_module("onnxruntime")
def test_a_bundle_becomes_a_segmenter_that_outlines_femora(tmp_path: Path) -> None:
    # Background under 325 HU, left above it, right above 640 HU; the fine network cuts at 325 HU.
    files = {
        "coarse.onnx": linear_network([0.0, 4.0, 8.0], [0.0, 325.0, 482.5]),
        "fine.onnx": linear_network([2.0], [325.0]),
    }
    bundle = write_bundle(tmp_path / "femur-vbnet-0.1.0", femur_document(), files)
    tool = femur_segmenter(engine="onnxruntime", threads=1, bundle=bundle.folder)
    assert tool.models == (bundle.reference(),)
    geometry = grid((-160.0, -60.0, -100.0), (320.0, 120.0, 150.0), (2.5, 2.5, 2.5))
    found, truth = tool.segment(scan_of(geometry)), truth_of(geometry)
    for number, side in ((1, "left"), (2, "right")):
        assert found.femurs[side].presence == "present"
        assert dice(found.labels == number, truth == number) > 0.98
    assert found.models == (bundle.reference(),)


def test_a_bundle_for_something_else_is_refused(tmp_path: Path) -> None:
    other_task = make_bundle(tmp_path / "spine", task="spine_segmentation")
    one_network = make_bundle(tmp_path / "half")
    for bundle in (other_task, one_network):
        with pytest.raises(ModelError) as caught:
            femur_segmenter(bundle=bundle.folder)
        assert caught.value.code == "wrong_task"


def test_channels_that_do_not_tell_left_from_right_are_refused(tmp_path: Path) -> None:
    networks = {"coarse": {**COARSE.to_dict(), "channels": ["background", "femur"]}, "fine": FINE.to_dict()}
    files = {"coarse.onnx": b"\x3a\x00", "fine.onnx": b"\x3a\x00"}
    bundle = write_bundle(tmp_path / "x", document(networks=networks), files)
    with pytest.raises(ModelError) as caught:
        femur_segmenter(bundle=bundle.folder)
    assert caught.value.code == "wrong_task"
