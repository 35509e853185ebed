"""A trained model as a MONAI bundle: weights as state dicts, metadata and configurations in MONAI's own language."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from OsteoScreenLib.errors import OutputError, UsageError, printable
from OsteoScreenLib.models.bundle import ModelBundle, load_bundle
from OsteoScreenLib.models.document import DOCUMENT
from OsteoScreenLib.training.monai_configs import inference_config
from OsteoScreenLib.training.monai_metadata import metadata_of, weights_file
from OsteoScreenLib.training.onnx_weights import base_of, bundle_weights, checked_weights
from OsteoScreenLib.training.train_segmentation import CHECKPOINT, read_checkpoint

_MAIN = "coarse"
"""The network that can be run on a whole scan without another one before it."""


def export_monai_bundle(source: Path, out: Path) -> Path:
    """Write a bundle, or a finished training run, as a MONAI bundle.

    Args:
        source: folder of a bundle of ours (its weights are half precision), or of a run whose bundle is exported
            already (the weights are then those of its checkpoints, in single precision).
        out: folder to be made; it must not exist, or be empty.

    Returns:
        ``out``, which holds ``configs``, ``models`` and ``docs``.

    Raises:
        UsageError: the folder is neither. ModelError, InputError: it cannot be used.
        OutputError: ``out`` holds something or cannot be written.
    """
    bundle = load_bundle(_bundle_folder(source))
    weights = {name: _weights(bundle, source, name) for name in bundle.networks}
    order = sorted(weights, key=lambda name: (name != _MAIN, name))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError("The folder exists and is not empty", path=out, next_step="Give another one.")
    partial = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        _write(partial, bundle, weights, order)
        if out.exists():
            out.rmdir()
        partial.rename(out)
    except OSError as error:
        why = printable(error.strerror or str(error))
        raise OutputError(f"The bundle cannot be written: {why}", path=out, next_step="Give another folder.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out


def _bundle_folder(source: Path) -> Path:
    """The folder itself, or the one bundle in the folder of a run."""
    if (source / DOCUMENT).exists():
        return source
    found = sorted(path.parent for path in source.glob(f"*/{DOCUMENT}"))
    if len(found) != 1:
        what = "no model bundle" if not found else f"{len(found)} model bundles"
        raise UsageError(
            f"There is {what} in this folder",
            path=source,
            next_step="Give the folder of one bundle, or of a run after: osteoscreen train segmentation --only export",
        )
    return found[0]


def _weights(bundle: ModelBundle, source: Path, name: str) -> dict[str, torch.Tensor]:
    path = source / name / CHECKPOINT
    if path.exists():
        return checked_weights(read_checkpoint(path)["average"], len(bundle.networks[name].channels), path)
    return bundle_weights(bundle, name)


def _write(folder: Path, bundle: ModelBundle, weights: Mapping[str, dict[str, torch.Tensor]], order: list[str]) -> None:
    for name in ("configs", "models", "docs"):
        (folder / name).mkdir(parents=True)
    _write_json(folder / "configs" / "metadata.json", metadata_of(bundle.document, bundle.networks, order))
    for name in order:
        file = weights_file(name, order)
        # Contiguous: a state dict of channels-last tensors would read differently in other programs.
        torch.save({key: value.contiguous() for key, value in weights[name].items()}, folder / file)
        base = base_of(weights[name], bundle.folder)
        config = inference_config(bundle.networks[name], base, file, f"femur_{name}")
        ending = "" if name == order[0] else f"_{name}"
        _write_json(folder / "configs" / f"inference{ending}.json", config)
    (folder / "docs" / "README.md").write_text(_readme(bundle, order), encoding="utf-8")
    (folder / "docs" / "license.txt").write_text(_licences(bundle.document), encoding="utf-8")


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _readme(bundle: ModelBundle, order: list[str]) -> str:
    document, main = bundle.document, order[0]
    lines = [
        f"# {document['title']}",
        "",
        f"{document['intended_use']}",
        "",
        f"Exported from the bundle {bundle.model_id} {bundle.version} of OsteoScreen.",
        "`pip install 'osteoscreen[train]' fire` brings the network's class and MONAI's command.",
        "Put CTs (NIfTI) into `images` and run, in this folder:",
        "",
    ]
    for name in order:
        config = f"configs/inference{'' if name == main else '_' + name}.json"
        lines.append(f"    python -m monai.bundle run --config_file {config}    # {_WHAT.get(name, name)}")
    lines += [
        "",
        "These run one network each, for MONAI's own tools. The masks of OsteoScreen come from both networks in turn,",
        "with checks: `osteoscreen segment`. This bundle becomes one of OsteoScreen again by",
        "`osteoscreen train import-monai`.",
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in document["limits"]),
    ]
    return "\n".join(lines) + "\n"


_WHAT = {
    "coarse": "both femora in a whole scan, coarsely",
    "fine": "one femur in a scan of one left hip, or of a right hip mirrored left to right",
}


def _licences(document: Mapping[str, Any]) -> str:
    lines = [f"Weights: {document['licence']}", "", "Trained on:"]
    for source in document["training_data"]:
        lines.append(f"- {source['name']} ({source['licence']}). {source.get('citation', '')}".rstrip())
    return "\n".join(lines) + "\n"
