"""Small model bundles, good ones and hostile ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from factory.networks import MINIMAL
from OsteoScreenLib.models.bundle import ModelBundle
from OsteoScreenLib.models.write_bundle import write_bundle


def network_entry(**changes: Any) -> dict[str, Any]:
    """What model.json says of one network."""
    return {
        "file": "fine.onnx",
        "spacing_mm": 1.5,
        "hu_window": [-500, 1500],
        "input": "image",
        "output": "logits",
        "channels": ["background", "femur"],
        "multiple_of": 4,
        "patch_zyx": [8, 8, 12],
        "mirrored_side": "right",
        **changes,
    }


def document(**changes: Any) -> dict[str, Any]:
    """What model.json says, without the files."""
    return {
        "schema_version": 1,
        "id": "small-net",
        "version": "0.1.0",
        "task": "femur_segmentation",
        "title": "A small network",
        "networks": {"fine": network_entry()},
        "training_data": [{"name": "Nothing", "licence": "CC0", "citation": "Nobody 2026", "cases": 3}],
        "metrics": {"dsc": {"mean": 0.51234, "n": 2}},
        "licence": "Apache-2.0",
        "intended_use": "Tests.",
        "limits": ["Finds nothing."],
        "demonstration": True,
        **changes,
    }


def make_bundle(folder: Path, network: bytes = MINIMAL, **changes: Any) -> ModelBundle:
    """A bundle of one network on disk."""
    return write_bundle(folder, document(**changes), {"fine.onnx": network})


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a bundle's model.json says, as somebody who knows how to fill in digests would."""
    path = folder / "model.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")


def add_file(folder: Path, name: str, content: bytes, *, listed: bool) -> None:
    """Put a further file into a bundle, honestly listed or not."""
    (folder / name).write_bytes(content)
    if listed:
        entry = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        rewrite(folder, lambda data: data["files"].update({name: entry}))
