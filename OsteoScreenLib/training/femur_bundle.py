"""A finished training as a bundle that can be installed, with its card."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.write_bundle import write_bundle
from OsteoScreenLib.training.export_onnx import export_onnx
from OsteoScreenLib.training.real_samples import find_real_cases
from OsteoScreenLib.training.segmentation_config import StageConfig
from OsteoScreenLib.training.vbnet import MULTIPLE_OF

if TYPE_CHECKING:
    from OsteoScreenLib.training.femur_training import FemurTraining

MODEL_ID = "femur-vbnet"
_CHANNELS = {"coarse": ["background", "femur_left", "femur_right"], "fine": ["femur"]}


def write_femur_bundle(training: FemurTraining, metrics: dict[str, Any] | None = None) -> Path:
    """Export both networks and write ``<id>-<version>`` into the training's folder; kept where it is there already.

    Args:
        training: with both stages trained.
        metrics: what is known of the networks' agreement with references, for the card.

    Raises:
        UsageError: a stage is not trained yet.
        OutputError, ModelError: the bundle cannot be written.
    """
    card = training.config.card
    folder = training.out / f"{MODEL_ID}-{card['version']}"
    if folder.exists():
        return load_bundle(folder).folder
    stages = training.config.stages
    with tempfile.TemporaryDirectory(dir=training.out) as scratch:
        files = {}
        for stage, config in stages.items():
            files[f"{stage}.onnx"] = Path(scratch) / f"{stage}.onnx"
            export_onnx(stage, config, training.weights(stage), files[f"{stage}.onnx"])
        document = {
            "schema_version": 1,
            "id": MODEL_ID,
            "task": "femur_segmentation",
            **card,
            "networks": {stage: _network(stage, config) for stage, config in stages.items()},
            "training_data": _training_data(training),
            "training": {stage: config.to_dict() for stage, config in stages.items()},
            "metrics": metrics or {},
            "demonstration": training.dry_run or card["demonstration"],
        }
        return write_bundle(folder, document, dict(files)).folder


def _network(stage: str, config: StageConfig) -> dict[str, Any]:
    """The network's entry in ``model.json``."""
    entry: dict[str, Any] = {
        "file": f"{stage}.onnx",
        "spacing_mm": config.spacing_mm,
        "hu_window": list(config.hu_window),
        "input": "image",
        "output": "logits",
        "channels": _CHANNELS[stage],
        "multiple_of": MULTIPLE_OF,
        "patch_zyx": list(config.patch_zyx),
    }
    return {**entry, "mirrored_side": "right"} if stage == "fine" else entry


def _training_data(training: FemurTraining) -> list[dict[str, Any]]:
    """What the networks were trained on, in plain words."""
    stages = training.config.stages.values()
    simulated = any(config.real_share < 1.0 for config in stages)
    data: list[dict[str, Any]] = []
    if simulated:
        data.append(
            {
                "name": "Digital patients of OsteoScreen: simulated CT, no persons",
                "licence": "Apache-2.0",
                "cases": sum(config.digital_patients for config in stages),
            }
        )
    if simulated and training.label_maps is not None:
        count = sum(config.label_map_samples for config in stages)
        data.append({**training.config.sources["label_maps"], "cases": count})
    if training.real is not None:
        cases = find_real_cases(training.real, {*training.leave_out, *training.config.held_out})
        data.append({**training.config.sources["real"], "cases": len(cases), "names": sorted(cases)})
    return data
