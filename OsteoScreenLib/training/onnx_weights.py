"""The weights of a VB-Net read back from the ONNX file it was exported to, so that a bundle can be trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.models.bundle import ModelBundle
from OsteoScreenLib.models.file_rules import read_checked
from OsteoScreenLib.models.onnx_content import check_onnx
from OsteoScreenLib.training.vbnet import VBNet

MIN_BASE, MAX_BASE = 4, 64
_FIRST, _LAST = "enter.0.weight", "leave.weight"


def bundle_weights(bundle: ModelBundle, network: str) -> dict[str, torch.Tensor]:
    """The weights of one network of a loaded bundle, in single precision.

    Args:
        bundle: loaded, so that its files are known by their digests.
        network: its name in the bundle.

    Raises:
        ModelError: ``wrong_network`` (there is none by that name, or it is no VB-Net of ours), or as the store raises.
    """
    if network not in bundle.networks:
        raise ModelError(f"The bundle has no {network} network", path=bundle.folder, code="wrong_network")
    spec = bundle.networks[network]
    data = read_checked(bundle.folder / spec.file, spec.sha256)
    check_onnx(data, spec.file)
    return checked_weights(_tensors(data), len(spec.channels), bundle.folder / spec.file)


def checked_weights(tensors: Mapping[str, torch.Tensor], channels: int, path: Path) -> dict[str, torch.Tensor]:
    """The tensors that a VB-Net with so many output channels has, each of the right shape and finite.

    Raises:
        ModelError: ``wrong_network``.
    """
    with torch.device("meta"):
        wanted = VBNet(channels, base_of(tensors, path)).state_dict()
    for name, like in wanted.items():
        value = tensors.get(name)
        if value is None or value.shape != like.shape or not value.is_floating_point():
            raise _wrong(f"{name} is absent or of another shape", path)
        if not bool(torch.isfinite(value).all()):
            raise _wrong(f"{name} holds values that are no numbers", path)
    return {name: tensors[name].detach().to("cpu", torch.float32, copy=True) for name in wanted}


def base_of(tensors: Mapping[str, torch.Tensor], path: Path) -> int:
    """Channels of the finest level of the network that these weights belong to. Raises ModelError."""
    first = tensors.get(_FIRST)
    if first is None or first.ndim != 5 or _LAST not in tensors or not MIN_BASE <= first.shape[0] <= MAX_BASE:
        raise _wrong("it has other layers", path)
    return int(first.shape[0])


def _tensors(data: bytes) -> dict[str, torch.Tensor]:
    """Tensors by the names they had in torch: behind the casts and the sharing of equal tensors that export makes."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_from_string(data).graph
    values = {tensor.name: np.array(numpy_helper.to_array(tensor), np.float32) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type in ("Cast", "Identity") and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    return {name: torch.from_numpy(value) for name, value in values.items()}


def _wrong(why: str, path: Path) -> ModelError:
    return ModelError(
        f"This is not a VB-Net as OsteoScreen trains it: {why}",
        path=path,
        next_step="Give a bundle that came from osteoscreen train segmentation.",
        code="wrong_network",
    )
