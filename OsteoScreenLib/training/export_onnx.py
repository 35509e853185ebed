"""A trained network as ONNX: weights stored in half precision, computed in single precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from OsteoScreenLib.training.segmentation_config import StageConfig
from OsteoScreenLib.training.vbnet import VBNet

OPSET = 17
HALF_FROM = 256
"""Tensors with fewer values stay in single precision."""


def export_onnx(stage: str, config: StageConfig, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Write the network; its input is ``image``, its output ``logits``, both with free sizes."""
    network = VBNet(3 if stage == "coarse" else 1, config.base_channels)
    network.load_state_dict(weights)
    network.eval()
    example = torch.zeros(1, 1, *config.patch_zyx)
    free = {2: "z", 3: "y", 4: "x"}
    torch.onnx.export(
        network,
        (example,),
        str(path),
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": free, "logits": free},
        opset_version=OPSET,
        dynamo=False,
    )
    _store_half(path)


def _store_half(path: Path) -> None:
    """Turn large weights to half precision, each followed by a cast back."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < HALF_FROM:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
