"""A MONAI bundle that holds our networks becomes a bundle of ours. Nothing in it is run, and no object unpickled."""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.document import MAX_DOCUMENT_BYTES, check_document
from OsteoScreenLib.models.write_bundle import write_bundle
from OsteoScreenLib.training.export_onnx import export_onnx
from OsteoScreenLib.training.monai_metadata import OWN_SECTION, problems_of
from OsteoScreenLib.training.onnx_weights import base_of, checked_weights
from OsteoScreenLib.training.segmentation_config import STAGES, StageConfig

METADATA = "configs/metadata.json"
MAX_WEIGHTS_BYTES = 512 << 20
"""Our widest network has about 125 MB; own choice."""
CHANNELS = {"coarse": 3, "fine": 1}
SMALL_PATCH = (32, 32, 32)
_WEIGHTS = re.compile(r"models/[A-Za-z0-9][A-Za-z0-9_.-]{0,60}\.pt")
_ADVICE = "Only a MONAI bundle that OsteoScreen exported, or one trained on from it, can be imported."


def is_monai_bundle(source: Path) -> bool:
    """Whether a folder or a zip file looks like a MONAI bundle; opens no weights."""
    try:
        return _Files(source).has(METADATA)
    except ModelError:
        return False


def import_monai_bundle(source: Path, out: Path) -> Path:
    """Turn a MONAI bundle of our networks into a bundle that can be installed.

    Args:
        source: folder or zip file with ``configs/metadata.json`` and the weights.
        out: folder to be made; it must not exist, or be empty.

    Returns:
        ``out``.

    Raises:
        ModelError: ``missing_file``, ``damaged``, ``too_large``, ``unsafe_path``, ``invalid_field``,
            ``wrong_network`` or ``forbidden_file`` (weights that are more than tensors).
        OutputError: ``out`` holds something or cannot be written.
    """
    files = _Files(source)
    document, named = _our_section(_metadata(files, source), source)
    with tempfile.TemporaryDirectory(prefix="osteoscreen-") as scratch:
        exported = {}
        for stage, entry in document["networks"].items():
            weights = _weights(files, named.get(stage), source)
            path = Path(scratch) / entry["file"]
            weights = checked_weights(weights, len(entry["channels"]), source)
            export_onnx(stage, _config(entry, weights, source), weights, path)
            exported[entry["file"]] = path
        return load_bundle(write_bundle(out, document, dict(exported)).folder).folder


class _Files:
    """The files of a bundle in a folder or a zip file, read whole and only up to a size."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self._members: frozenset[str] | None = None
        self._top = ""
        if source.is_dir():
            return
        try:
            with zipfile.ZipFile(source) as archive:
                names = archive.namelist()
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise ModelError(
                "This is neither a folder nor a zip file", path=source, next_step=_ADVICE, code="damaged"
            ) from error
        self._members = frozenset(names)
        tops = [name[: -len(METADATA)] for name in names if name == METADATA or name.endswith(f"/{METADATA}")]
        self._top = min(tops, key=len, default="")

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        if self._members is not None:
            return self._top + name in self._members
        return (self.source / name).is_file()

    def read(self, name: str, limit: int) -> bytes:
        """The content of a file. Raises ModelError where it is absent, a link, too large or damaged."""
        if not self.has(name):
            raise ModelError(
                f"The MONAI bundle has no {name}", path=self.source, next_step=_ADVICE, code="missing_file"
            )
        try:
            if self._members is None:
                data = self._read_from_folder(name, limit)
            else:
                with zipfile.ZipFile(self.source) as archive, archive.open(self._top + name) as stream:
                    data = stream.read(limit + 1)
        except (OSError, zipfile.BadZipFile, RuntimeError, EOFError, NotImplementedError, ValueError) as error:
            raise ModelError(f"{name} cannot be read", path=self.source, next_step=_ADVICE, code="damaged") from error
        if len(data) > limit:
            raise ModelError(f"{name} is too large", path=self.source, next_step=_ADVICE, code="too_large")
        return data

    def _read_from_folder(self, name: str, limit: int) -> bytes:
        path = self.source / name
        if path.is_symlink() or path.parent.is_symlink():
            raise ModelError(f"{name} is a link", path=self.source, next_step=_ADVICE, code="unsafe_path")
        with path.open("rb") as stream:
            return stream.read(limit + 1)


def _metadata(files: _Files, source: Path) -> dict[str, Any]:
    try:
        metadata = json.loads(files.read(METADATA, MAX_DOCUMENT_BYTES).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{METADATA} is not valid JSON", path=source, next_step=_ADVICE, code="damaged") from error
    if problems := problems_of(metadata):
        raise ModelError(f"{METADATA}: {problems[0]}", path=source, next_step=_ADVICE, code="invalid_field")
    return metadata


def _our_section(metadata: Mapping[str, Any], source: Path) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Our document, and where each network's weights lie."""
    section = metadata.get(OWN_SECTION)
    if not isinstance(section, dict) or not all(isinstance(section.get(k), dict) for k in ("document", "weights")):
        raise ModelError(
            f"This MONAI bundle holds another network: {METADATA} has no section {OWN_SECTION!r}",
            path=source,
            next_step=_ADVICE,
            code="wrong_network",
        )
    document = {**section["document"], "version": metadata["version"]}
    networks = document.get("networks")
    if not isinstance(networks, dict) or not networks or not set(networks) <= set(STAGES):
        raise ModelError("The bundle names other networks", path=source, next_step=_ADVICE, code="wrong_network")
    for stage, entry in networks.items():
        channels = entry.get("channels") if isinstance(entry, dict) else None
        if not isinstance(channels, list) or len(channels) != CHANNELS[stage]:
            raise ModelError(
                f"The {stage} network has other channels", path=source, next_step=_ADVICE, code="wrong_network"
            )
    names = [entry.get("file") if isinstance(entry, dict) else None for entry in networks.values()]
    # With stand-ins for the files' digests, every other field is held to the rules of our own bundles here.
    stand_ins = {name: {"sha256": "0" * 64, "size": 0} for name in names if isinstance(name, str)}
    check_document({**document, "files": stand_ins}, source)
    return document, section["weights"]


def _weights(files: _Files, name: object, source: Path) -> dict[str, torch.Tensor]:
    if not isinstance(name, str) or not _WEIGHTS.fullmatch(name):
        raise ModelError("A network's weights have no plain name", path=source, next_step=_ADVICE, code="unsafe_path")
    data = files.read(name, MAX_WEIGHTS_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_WEIGHTS_BYTES:
                raise ValueError("it would unpack to too much")
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a broken or hostile file makes the reader raise
        raise ModelError(
            f"{name} is damaged or holds more than tensors; it was not opened further",
            path=source,
            next_step=_ADVICE,
            code="forbidden_file",
        ) from error
    if isinstance(state, dict) and isinstance(state.get("model"), dict):
        state = state["model"]  # as MONAI's CheckpointSaver writes it
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ModelError(f"{name} is no state dict", path=source, next_step=_ADVICE, code="wrong_network")
    return state


def _config(entry: Mapping[str, Any], weights: Mapping[str, torch.Tensor], source: Path) -> StageConfig:
    # Export tries the network on one patch. Sizes are free in what comes out: a stranger's size is not tried.
    return StageConfig(entry["spacing_mm"], SMALL_PATCH, base_channels=base_of(weights, source))
