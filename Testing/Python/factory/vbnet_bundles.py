"""A small bundle with two untrained networks, for tests of what happens to bundles. Wants torch and onnx."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from OsteoScreenLib.models.bundle import ModelBundle
from OsteoScreenLib.models.write_bundle import write_bundle

CHANNELS = {"coarse": ["background", "femur_left", "femur_right"], "fine": ["femur"]}
SPACING_MM = {"coarse": 4.0, "fine": 1.5}


def weights_of(stage: str, base: int = 4, seed: int = 0) -> dict[str, Any]:
    """Random weights of a small network; every tensor differs from every other, as in trained ones."""
    import torch

    from OsteoScreenLib.training.vbnet import VBNet

    torch.manual_seed(seed)
    network = VBNet(len(CHANNELS[stage]), base)
    for parameter in network.parameters():
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    return network.state_dict()


def make_vbnet_bundle(folder: Path, stages: tuple[str, ...] = ("coarse", "fine"), base: int = 4) -> ModelBundle:
    """Write the bundle into ``folder``, which must not exist yet."""
    from OsteoScreenLib.training.export_onnx import export_onnx
    from OsteoScreenLib.training.segmentation_config import StageConfig

    folder.parent.mkdir(parents=True, exist_ok=True)
    networks, files = {}, {}
    for seed, stage in enumerate(stages):
        path = folder.parent / f"{folder.name}-{stage}.onnx"
        export_onnx(stage, StageConfig(4.0, (32, 32, 32), base_channels=base), weights_of(stage, base, seed), path)
        files[path.name.removeprefix(f"{folder.name}-")] = path
        networks[stage] = {
            "file": f"{stage}.onnx",
            "spacing_mm": SPACING_MM[stage],
            "hu_window": [-500, 1500],
            "input": "image",
            "output": "logits",
            "channels": CHANNELS[stage],
            "multiple_of": 16,
            "patch_zyx": [32, 32, 48],
            **({"mirrored_side": "right"} if stage == "fine" else {}),
        }
    document = {
        "schema_version": 1,
        "id": "femur-vbnet",
        "version": "0.1.0",
        "task": "femur_segmentation",
        "title": "Untrained networks, for tests",
        "licence": "Apache-2.0",
        "intended_use": "Tests.",
        "limits": ["They know nothing."],
        "demonstration": True,
        "metrics": {},
        "training_data": [{"name": "None", "licence": "none", "citation": "Nobody, never", "cases": 0}],
        "networks": networks,
    }
    return write_bundle(folder, document, dict(files))
