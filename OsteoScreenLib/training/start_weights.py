"""Where fine-tuning starts: the weights of another run, or of a bundle such as the shipped one."""

from __future__ import annotations

from pathlib import Path

import torch

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.document import DOCUMENT
from OsteoScreenLib.training.onnx_weights import bundle_weights
from OsteoScreenLib.training.train_segmentation import CHECKPOINT, read_checkpoint


def start_weights(folder: Path, stage: str) -> dict[str, torch.Tensor]:
    """Weights of a stage's network.

    Args:
        folder: of a run (the moving average of its checkpoint) or of a bundle (half precision).
        stage: ``coarse`` or ``fine``.

    Raises:
        UsageError: the folder is neither.
        InputError: the checkpoint cannot be read. ModelError: the bundle cannot be used.
    """
    if (folder / DOCUMENT).exists():
        return bundle_weights(load_bundle(folder), stage)
    path = folder / stage / CHECKPOINT
    if not path.exists():
        raise UsageError(
            f"There is no {stage} network to start from",
            path=folder,
            next_step="Give the folder of a training run or of a model bundle.",
        )
    return read_checkpoint(path)["average"]
