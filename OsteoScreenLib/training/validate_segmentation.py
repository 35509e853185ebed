"""How a network does on whole samples that it was not trained on, during training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from OsteoScreenLib.training.patch_stream import MIN_BONE_VOXELS, to_input
from OsteoScreenLib.training.sample import TrainingSample
from OsteoScreenLib.training.segmentation_config import StageConfig
from OsteoScreenLib.training.vbnet import VBNet


def validation_dsc(
    stage: str,
    config: StageConfig,
    weights: dict[str, torch.Tensor],
    samples: Sequence[TrainingSample],
) -> dict[str, float]:
    """Mean and lowest Dice similarity coefficient over the femora of whole samples.

    Args:
        stage, config, weights: the network. samples: on their own grids; resampled to the network's.
    """
    network = VBNet(3 if stage == "coarse" else 1, config.base_channels)
    network.load_state_dict(weights)
    network = network.to(memory_format=torch.channels_last_3d).train()
    found = [dsc for sample in samples for dsc in _femora(stage, config, network, sample)]
    return {"mean_dsc": float(np.mean(found)), "lowest_dsc": float(np.min(found))} if found else {}


def foreground(network: VBNet, config: StageConfig, hu: torch.Tensor) -> torch.Tensor:
    """(C, z, y, x) bool: where each foreground class is found in (z, y, x) HU on the network's grid, by windows."""
    from monai.inferers import sliding_window_inference

    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = sliding_window_inference(
            to_input(hu, config.hu_window)[None, None],
            config.patch_zyx,
            1,
            lambda window: network(window.contiguous(memory_format=torch.channels_last_3d)).float(),
            overlap=0.25,
            mode="gaussian",
            padding_mode="constant",
            cval=-1.0,
        )
    assert isinstance(logits, torch.Tensor)
    if logits.shape[1] == 1:
        return logits[0] > 0
    best = logits[0].argmax(0)
    return torch.stack([best == channel for channel in range(1, logits.shape[1])])


def _femora(stage: str, config: StageConfig, network: VBNet, sample: TrainingSample) -> list[float]:
    """DSC of each femur that the sample shows."""
    results = []
    for channel, label in enumerate((1, 2)):
        mask = sample.labels == label
        if int(mask.sum()) < MIN_BONE_VOXELS:
            continue
        flip = stage == "fine" and label == 2
        hu, truth = (_on_grid(array, sample, config, flip) for array in (sample.hu, mask))
        found = foreground(network, config, hu)[0 if stage == "fine" else channel]
        both = int((found & (truth > 0.5)).sum())
        results.append(2.0 * both / max(1, int(found.sum()) + int((truth > 0.5).sum())))
    return results


def _on_grid(array: np.ndarray, sample: TrainingSample, config: StageConfig, flip: bool) -> torch.Tensor:
    """The array at the network's voxel size, mirrored left to right where wanted."""
    values = torch.from_numpy(np.ascontiguousarray(array[:, :, ::-1] if flip else array).astype(np.float32))
    size = [
        max(2, round(count * spacing / config.spacing_mm))
        for count, spacing in zip(array.shape, sample.spacing_zyx_mm, strict=True)
    ]
    return torch.nn.functional.interpolate(values[None, None], size=size, mode="trilinear", align_corners=False)[0, 0]
