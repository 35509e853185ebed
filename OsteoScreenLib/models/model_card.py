"""A model's card in plain words, from its ``model.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from OsteoScreenLib.models.bundle import ModelBundle
from OsteoScreenLib.models.network_spec import NetworkSpec

Line = tuple[str, str]
"""Text and style."""


def model_card(bundle: ModelBundle) -> Iterator[Line]:
    """The lines of the card; control characters are not yet replaced."""
    document = bundle.document
    yield bundle.title, "bold"
    yield f"{bundle.model_id} {bundle.version}, for {bundle.task.replace('_', ' ')}", ""
    parent = document.get("parent")
    if isinstance(parent, Mapping):
        yield f"Made from {parent.get('id')} {parent.get('version')} (sha256 {parent.get('sha256')})", ""
    if bundle.demonstration:
        yield "A demonstration: its answers mean nothing.", "bold yellow"
    yield from _section("Intended use", [document["intended_use"]])
    yield from _section("Limits", [f"- {limit}" for limit in document["limits"]] or ["None are stated."])
    yield from _section("Trained on", _training_data(document["training_data"]) or ["This is not stated."])
    yield from _section("Measured", list(_flattened(document["metrics"])) or ["Nothing is stated."])
    if bundle.networks:
        yield from _section("Networks", [_network(name, spec) for name, spec in bundle.networks.items()])
    if bundle.classifiers:
        files = [f"- {name}: {spec.file}, {spec.settings}" for name, spec in bundle.classifiers.items()]
        yield from _section("Classifiers of measured features", files)
    yield from _section("Licence", [document["licence"]])
    size = sum(file["size"] for file in document["files"].values()) / 1e6
    yield from _section("Files", [f"{bundle.folder}, {size:.1f} MB", f"sha256 {bundle.sha256}"])


def _section(title: str, lines: list[str]) -> Iterator[Line]:
    yield "", ""
    yield title, "bold"
    for line in lines:
        yield f"  {line}", ""


def _training_data(entries: list[Mapping[str, Any]]) -> list[str]:
    lines = []
    for entry in entries:
        cases = f", {_value(entry['cases'])} cases" if "cases" in entry else ""
        citation = f". {_value(entry['citation'])}" if entry.get("citation") else ""
        lines.append(f"- {entry['name']}{cases} ({entry['licence']}){citation}")
    return lines


def _network(name: str, spec: NetworkSpec) -> str:
    low, high = spec.hu_window
    mirrored = f"; the {spec.mirrored_side} side is mirrored" if spec.mirrored_side else ""
    return (
        f"- {name}: voxels of {spec.spacing_mm:g} mm, {low:g} to {high:g} HU, gives {', '.join(spec.channels)}"
        f"{mirrored} ({spec.file})"
    )


def _flattened(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """Nested metrics, a line each, such as ``hips.dsc.mean: 0.97``."""
    if isinstance(value, Mapping) and depth < 8:
        for key, entry in value.items():
            yield from _flattened(entry, f"{name}.{key}" if name else str(key), depth + 1)
    else:
        yield f"{name}: {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not stated"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_value(entry) if not isinstance(entry, (list, dict)) else str(entry) for entry in value)
    return str(value)
