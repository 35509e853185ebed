"""Reading and checking ``model.json``, with nothing in it trusted."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from OsteoScreenLib.errors import ModelError, printable
from OsteoScreenLib.models.classifier_spec import ClassifierSpec
from OsteoScreenLib.models.file_rules import MAX_BYTES, MAX_FILES, check_file_name
from OsteoScreenLib.models.network_spec import NetworkSpec

DOCUMENT = "model.json"
SCHEMA_VERSION = 1
MAX_DOCUMENT_BYTES = 1 << 20

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_VERSION = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}(?:-[0-9a-z.]{1,32})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NETWORK_KEYS = frozenset(NetworkSpec.__dataclass_fields__) - {"sha256"}
_OPTIONAL_NETWORK_KEYS = frozenset({"mirrored_side"})
_ADVICE = "Get the bundle again from where it came, or make it anew."


def is_id(text: str) -> bool:
    """Whether a model may have this id."""
    return _ID.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """Whether a model may have this version."""
    return _VERSION.fullmatch(text) is not None


@dataclass(frozen=True)
class ListedFile:
    """Size in bytes and hexadecimal SHA-256 of a file, as ``model.json`` states them."""

    size: int
    sha256: str


def read_document(path: str | os.PathLike[str]) -> tuple[dict[str, Any], bytes]:
    """Read ``model.json``.

    Returns:
        What it says, checked, and its bytes.

    Raises:
        ModelError: ``missing_file``, ``unsafe_path`` (it is a link), ``too_large``, ``damaged`` (not JSON),
            ``unknown_schema``, ``invalid_field``, or what :func:`check_document` raises.
    """
    path = Path(path)
    if path.is_symlink():
        raise ModelError(f"{DOCUMENT} is a link", path=path, next_step=_ADVICE, code="unsafe_path")
    if not path.is_file():
        raise ModelError(
            f"This is no model bundle: it has no {DOCUMENT}",
            path=path.parent,
            next_step="Give the folder or the zip file that a bundle came as.",
            code="missing_file",
        )
    with path.open("rb") as stream:
        data = stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(data) > MAX_DOCUMENT_BYTES:
        raise ModelError(
            f"{DOCUMENT} is larger than {MAX_DOCUMENT_BYTES} bytes", path=path, next_step=_ADVICE, code="too_large"
        )
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{DOCUMENT} is not valid JSON: {printable(str(error))[:200]}", path=path, next_step=_ADVICE, code="damaged"
        ) from error
    check_document(document, path)
    return document, data


def check_document(document: Any, path: str | os.PathLike[str]) -> None:
    """Check every field that the program relies on.

    Raises:
        ModelError: ``unknown_schema``, ``invalid_field``, ``unsafe_path`` (a file name that is not plain),
            ``forbidden_file`` (a kind that may run code when it is opened), ``too_large`` or ``missing_file`` (a
            network's file that is not listed).
    """
    if not isinstance(document, dict):
        _invalid("the whole", "an object", path)
    schema = document.get("schema_version")
    if schema != SCHEMA_VERSION or isinstance(schema, bool):
        raise ModelError(
            f"The bundle is written in form {printable(repr(schema))[:40]}; this version of OsteoScreen reads form"
            f" {SCHEMA_VERSION}",
            path=path,
            next_step="Update OsteoScreen, or get a bundle made for this version.",
            code="unknown_schema",
        )
    for key, pattern in (("id", _ID), ("version", _VERSION)):
        if not (isinstance(document.get(key), str) and pattern.fullmatch(document[key])):
            _invalid(key, "such as femur-vbnet" if key == "id" else "three numbers such as 0.1.0", path)
    for key in ("task", "title", "licence", "intended_use"):
        _check_text(document.get(key), key, path)
    if not isinstance(document.get("demonstration"), bool):
        _invalid("demonstration", "true or false", path)
    limits = document.get("limits")
    if not isinstance(limits, list) or not all(isinstance(limit, str) for limit in limits):
        _invalid("limits", "a list of sentences", path)
    if not isinstance(document.get("metrics"), dict):
        _invalid("metrics", "an object", path)
    _check_training_data(document.get("training_data"), path)
    files = listed_files(document, path)
    networks, classifiers = document.get("networks"), document.get("classifiers", {})
    if not isinstance(classifiers, dict):
        _invalid("classifiers", "an object", path)
    if not isinstance(networks, dict) or not (networks or classifiers):
        _invalid("networks", "an object with at least one network, or an empty one beside classifiers", path)
    for name, data in networks.items():
        _check_text(name, "networks", path)
        _network(name, data, files, path)
    for name, data in classifiers.items():
        _check_text(name, "classifiers", path)
        _classifier(name, data, files, path)


def listed_files(document: Mapping[str, Any], path: str | os.PathLike[str]) -> dict[str, ListedFile]:
    """The files that a document lists, each with a safe name and a size within bounds. Raises ModelError."""
    entries = document.get("files")
    if not isinstance(entries, dict) or not entries:
        _invalid("files", "an object that lists every file of the bundle", path)
    if len(entries) > MAX_FILES:
        raise ModelError(f"The bundle lists {len(entries)} files", path=path, next_step=_ADVICE, code="too_large")
    files = {}
    for name, entry in entries.items():
        check_file_name(name, path)
        where = f"files[{name}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
            _invalid(where, "an object with sha256 and size", path)
        if not _SHA256.fullmatch(entry["sha256"]):
            _invalid(f"{where}.sha256", "64 digits of 0-9 and a-f", path)
        size = _whole(entry.get("size"), f"{where}.size", 0, MAX_BYTES, path)
        files[name] = ListedFile(size, entry["sha256"])
    if len({name.casefold() for name in files} | {DOCUMENT}) != len(files) + 1:
        raise ModelError(
            "Two files of the bundle differ in capital letters only, or one has the name of model.json",
            path=path,
            next_step=_ADVICE,
            code="unsafe_path",
        )
    total = sum(file.size for file in files.values())
    if total > MAX_BYTES:
        raise ModelError(f"The bundle lists {total} bytes", path=path, next_step=_ADVICE, code="too_large")
    return files


def networks_of(document: Mapping[str, Any], path: str | os.PathLike[str]) -> dict[str, NetworkSpec]:
    """The networks of a checked document, each with the digest of its file. Raises ModelError as the check does."""
    files = listed_files(document, path)
    return {name: _network(name, data, files, path) for name, data in document["networks"].items()}


def classifiers_of(document: Mapping[str, Any], path: str | os.PathLike[str]) -> dict[str, ClassifierSpec]:
    """The classifiers of a checked document, with the digests of their files. Raises ModelError as the check does."""
    files = listed_files(document, path)
    return {name: _classifier(name, data, files, path) for name, data in document.get("classifiers", {}).items()}


def _classifier(name: str, data: Any, files: Mapping[str, ListedFile], path: str | os.PathLike[str]) -> ClassifierSpec:
    where = f"classifiers.{name}"
    if not isinstance(data, dict) or set(data) != {"file", "settings"}:
        _invalid(where, "an object with file and settings", path)
    for key, ending in (("file", ".onnx"), ("settings", ".json")):
        if not isinstance(data[key], str) or not data[key].endswith(ending) or data[key] not in files:
            _invalid(f"{where}.{key}", f"a file that is listed and ends with {ending}", path)
    file, settings = data["file"], data["settings"]
    return ClassifierSpec(file, settings, files[file].sha256, files[settings].sha256)


def _network(name: str, data: Any, files: Mapping[str, ListedFile], path: str | os.PathLike[str]) -> NetworkSpec:
    where = f"networks.{name}"
    if not isinstance(data, dict):
        _invalid(where, "an object", path)
    absent, unknown = _NETWORK_KEYS - _OPTIONAL_NETWORK_KEYS - set(data), set(data) - _NETWORK_KEYS
    if absent or unknown:
        # A field with a slip in its name would be lost in silence; mirrored_side decides left from right.
        _invalid(where, f"an object; fields absent: {sorted(absent)}, unknown: {sorted(unknown)[:5]}", path)
    file = data["file"]
    if not isinstance(file, str) or file not in files:
        raise ModelError(
            f"The file of the network {printable(name)} is not among the files that {DOCUMENT} lists",
            path=path,
            next_step=_ADVICE,
            code="missing_file",
        )
    if not file.endswith(".onnx"):
        _invalid(f"{where}.file", "an .onnx file", path)
    if data.get("mirrored_side") not in (None, "left", "right"):
        _invalid(f"{where}.mirrored_side", "left, right or null", path)
    multiple = _whole(data["multiple_of"], f"{where}.multiple_of", 1, 256, path)
    patch = tuple(_whole(size, f"{where}.patch_zyx", 1, 1024, path) for size in _three(data["patch_zyx"], where, path))
    if any(size % multiple for size in patch):
        _invalid(f"{where}.patch_zyx", f"three multiples of {multiple}", path)
    return NetworkSpec(
        file=file,
        spacing_mm=_number(data["spacing_mm"], f"{where}.spacing_mm", 0.05, 50.0, path),
        hu_window=_window(data["hu_window"], where, path),
        input=_check_text(data["input"], f"{where}.input", path),
        output=_check_text(data["output"], f"{where}.output", path),
        channels=_channels(data["channels"], where, path),
        multiple_of=multiple,
        patch_zyx=(patch[0], patch[1], patch[2]),
        mirrored_side=data.get("mirrored_side"),
        sha256=files[file].sha256,
    )


def _window(value: Any, where: str, path: str | os.PathLike[str]) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        _invalid(f"{where}.hu_window", "two numbers", path)
    low, high = (_number(limit, f"{where}.hu_window", -32768, 32767, path) for limit in value)
    if low >= high:
        _invalid(f"{where}.hu_window", "a low and a high value", path)
    return low, high


def _channels(value: Any, where: str, path: str | os.PathLike[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= 256:
        _invalid(f"{where}.channels", "a list of names", path)
    names = tuple(_check_text(name, f"{where}.channels", path) for name in value)
    if len(set(names)) != len(names):
        _invalid(f"{where}.channels", "a list of names that differ", path)
    return names


def _check_training_data(value: Any, path: str | os.PathLike[str]) -> None:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        _invalid("training_data", "a list of objects", path)
    for entry in value:
        for key in ("name", "licence"):
            _check_text(entry.get(key), f"training_data[].{key}", path)


def _check_text(value: Any, where: str, path: str | os.PathLike[str]) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 4000 or printable(value) != value:
        _invalid(where, "a line of text", path)
    return value


def _three(value: Any, where: str, path: str | os.PathLike[str]) -> list[Any]:
    if not isinstance(value, list) or len(value) != 3:
        _invalid(f"{where}.patch_zyx", "three whole numbers", path)
    return value


def _whole(value: Any, where: str, low: int, high: int, path: str | os.PathLike[str]) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        _invalid(where, "a whole number", path)
    if not low <= value <= high:
        code = "too_large" if where.endswith(".size") and value > high else "invalid_field"
        _invalid(where, f"a whole number from {low} to {high}", path, code)
    return value


def _number(value: Any, where: str, low: float, high: float, path: str | os.PathLike[str]) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
        _invalid(where, f"a number from {low} to {high}", path)
    return float(value)


def _invalid(where: str, wanted: str, path: str | os.PathLike[str], code: str = "invalid_field") -> NoReturn:
    message = f"{DOCUMENT}: {printable(where)[:120]} must be {printable(wanted)[:300]}"
    raise ModelError(message, path=path, next_step=_ADVICE, code=code)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return data


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")
