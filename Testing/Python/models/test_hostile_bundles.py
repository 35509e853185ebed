"""Bundles that lie, or were damaged: each is refused for what is wrong with it, and nothing of it is opened."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factory.bundles import add_file, make_bundle, network_entry, rewrite

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.models import document as document_module
from OsteoScreenLib.models.bundle import load_bundle

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="Windows allows links to administrators only")


def says(**changes: Any) -> Callable[[Path], None]:
    """Make model.json say something else."""
    return lambda folder: rewrite(folder, lambda data: data.update(changes))


def network_says(**changes: Any) -> Callable[[Path], None]:
    return lambda folder: rewrite(folder, lambda data: data["networks"]["fine"].update(changes))


def without(key: str) -> Callable[[Path], None]:
    return lambda folder: rewrite(folder, lambda data: data.pop(key))


def lists(name: str, **entry: Any) -> Callable[[Path], None]:
    """Make model.json list a further file."""
    whole = {"sha256": "0" * 64, "size": 1, **entry}
    return lambda folder: rewrite(folder, lambda data: data["files"].update({name: whole}))


def text(content: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "model.json").write_text(content, encoding="utf-8")


def linked(folder: Path) -> None:
    (folder / "fine.onnx").rename(folder.parent / "fine.onnx")
    (folder / "fine.onnx").symlink_to(folder.parent / "fine.onnx")


def linked_document(folder: Path) -> None:
    (folder / "model.json").rename(folder.parent / "model.json")
    (folder / "model.json").symlink_to(folder.parent / "model.json")


def twice(folder: Path) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text().replace('"demonstration": true', '"demonstration": true, "demonstration": false'))


HOSTILE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "without model.json": (lambda f: (f / "model.json").unlink(), "missing_file"),
    "model.json is no JSON": (text("{"), "damaged"),
    "model.json is nested without end": (text("[" * 100_000), "damaged"),
    "model.json is not UTF-8": (lambda f: (f / "model.json").write_bytes(b"\xff\xfe{}"), "damaged"),
    "model.json is huge": (text(" " * ((1 << 20) + 1)), "too_large"),
    "model.json is a list": (text("[]"), "invalid_field"),
    "model.json says a thing twice": (twice, "damaged"),
    "a number that is none": (text('{"schema_version": NaN}'), "damaged"),
    "a number beyond all bounds": (network_says(spacing_mm=10**400), "invalid_field"),
    "a form of the future": (says(schema_version=2), "unknown_schema"),
    "a form that is a word": (says(schema_version="1"), "unknown_schema"),
    "a form that is true": (says(schema_version=True), "unknown_schema"),
    "without a form": (without("schema_version"), "unknown_schema"),
    "an id that is a path": (says(id="../../etc"), "invalid_field"),
    "a version that is a word": (says(version="newest"), "invalid_field"),
    "a title with control characters": (says(title="a\x1b[2Jb"), "invalid_field"),
    "without a licence": (without("licence"), "invalid_field"),
    "without a word on demonstration": (without("demonstration"), "invalid_field"),
    "a demonstration that is a word": (says(demonstration="false"), "invalid_field"),
    "without limits": (without("limits"), "invalid_field"),
    "training data that are a word": (says(training_data="hips"), "invalid_field"),
    "training data without a licence": (says(training_data=[{"name": "hips"}]), "invalid_field"),
    "without networks": (says(networks={}), "invalid_field"),
    "a network that is a word": (says(networks={"fine": "fine.onnx"}), "invalid_field"),
    "a slip in the name of a field": (network_says(mirrored_sid="left"), "invalid_field"),
    "a side that there is not": (network_says(mirrored_side="both"), "invalid_field"),
    "a window upside down": (network_says(hu_window=[1500, -500]), "invalid_field"),
    "a patch that is no multiple": (network_says(patch_zyx=[8, 8, 13]), "invalid_field"),
    "a patch of two sizes": (network_says(patch_zyx=[8, 8]), "invalid_field"),
    "a spacing of zero": (network_says(spacing_mm=0), "invalid_field"),
    "a spacing that is true": (network_says(spacing_mm=True), "invalid_field"),
    "two channels of one name": (network_says(channels=["femur", "femur"]), "invalid_field"),
    "no channel": (network_says(channels=[]), "invalid_field"),
    "a network without a file": (says(networks={"fine": network_entry(file="absent.onnx")}), "missing_file"),
    "a network outside of the folder": (network_says(file="../fine.onnx"), "missing_file"),
    "a listed path upwards": (lists("../fine.onnx"), "unsafe_path"),
    "a listed path from the root": (lists("/etc/passwd"), "unsafe_path"),
    "a listed path of Windows": (lists("C:\\fine.onnx"), "unsafe_path"),
    "a listed file in a folder": (lists("sub/fine.onnx"), "unsafe_path"),
    "a listed device": (lists("NUL.onnx"), "unsafe_path"),
    "a listed hidden file": (lists(".profile"), "unsafe_path"),
    "a listed name with a zero": (lists("fine\0.onnx"), "unsafe_path"),
    "names that differ in capitals": (lists("FINE.onnx"), "unsafe_path"),
    "model.json lists itself": (lists("model.json"), "unsafe_path"),
    "a size below zero": (lists("more.onnx", size=-1), "invalid_field"),
    "a size beyond all bounds": (lists("more.onnx", size=1 << 40), "too_large"),
    "sizes beyond all bounds together": (lambda f: [lists(f"{i}a.onnx", size=1 << 30)(f) for i in "12"], "too_large"),
    "more files than a bundle has": (lambda f: [lists(f"{i}a.onnx")(f) for i in range(65)], "too_large"),
    "a digest that is none": (lists("more.onnx", sha256="abc"), "invalid_field"),
    "a listed file that is absent": (lists("more.onnx"), "missing_file"),
    "a file that nobody listed": (lambda f: add_file(f, "more.onnx", b"x", listed=False), "unlisted_file"),
    "a folder that nobody listed": (lambda f: (f / "sub").mkdir(), "unsafe_path"),
    "a pickle that is listed": (lambda f: add_file(f, "net.pt", pickle.dumps(1), listed=True), "forbidden_file"),
    "a pickle that nobody listed": (lambda f: add_file(f, "net.PKL", pickle.dumps(1), listed=False), "forbidden_file"),
    "a pickle as the network": (
        lambda f: (add_file(f, "net.joblib", b"x", listed=True), network_says(file="net.joblib")(f)),
        "forbidden_file",
    ),
    "a network that is no ONNX by name": (
        lambda f: (add_file(f, "net.txt", b"x", listed=True), network_says(file="net.txt")(f)),
        "invalid_field",
    ),
    "a changed bit": (lambda f: (f / "fine.onnx").write_bytes(b"\x3a\x01"), "checksum_mismatch"),
    "a byte more": (lambda f: (f / "fine.onnx").write_bytes(b"\x3a\x00\x00"), "checksum_mismatch"),
    "a byte less": (lambda f: (f / "fine.onnx").write_bytes(b"\x3a"), "checksum_mismatch"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_bundle(tmp_path / "b")
    return tmp_path / "b"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are opened from now on."""
    names: list[str] = []
    real = Path.open

    def note(path: Path, *arguments: Any, **options: Any) -> Any:
        names.append(path.name)
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", note)
    return names


def test_the_bundle_that_the_others_are_made_from_is_accepted(folder: Path) -> None:
    assert load_bundle(folder).model_id == "small-net"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_is_refused_for_what_is_wrong_with_it(folder: Path, name: str) -> None:
    spoil, code = HOSTILE[name]
    spoil(folder)
    with pytest.raises(ModelError) as refused:
        load_bundle(folder)
    assert refused.value.code == code
    assert refused.value.next_step.endswith(".")
    assert len(str(refused.value)) < 1000
    assert str(refused.value).isprintable()


@needs_links
@pytest.mark.parametrize("spoil", [linked, linked_document])
def test_a_link_is_refused_even_where_it_leads_to_the_right_file(folder: Path, spoil) -> None:
    spoil(folder)
    with pytest.raises(ModelError) as refused:
        load_bundle(folder)
    assert refused.value.code == "unsafe_path"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_place_of_a_network_does_not_hang(folder: Path) -> None:
    (folder / "fine.onnx").unlink()
    os.mkfifo(folder / "fine.onnx")
    with pytest.raises(ModelError) as refused:
        load_bundle(folder)
    assert refused.value.code == "unsafe_path"


def test_no_file_is_read_before_every_name_is_found_harmless(folder: Path, opened: list[str]) -> None:
    add_file(folder, "net.pt", b"x", listed=False)
    opened.clear()
    with pytest.raises(ModelError):
        load_bundle(folder)
    assert opened == ["model.json"]
    (folder / "net.pt").unlink()
    load_bundle(folder)
    assert opened == ["model.json", "model.json", "fine.onnx"]


def test_a_size_that_differs_is_seen_without_reading_the_file(folder: Path, opened: list[str]) -> None:
    (folder / "fine.onnx").write_bytes(b"0" * 100)
    opened.clear()
    with pytest.raises(ModelError, match="100 bytes and should have 2"):
        load_bundle(folder)
    assert opened == ["model.json"]


def test_a_folder_that_is_absent_or_a_file_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(ModelError) as refused:
            load_bundle(path)
        assert refused.value.code in ("missing_file", "unreadable")


def test_every_field_of_a_network_but_the_side_must_be_there(folder: Path) -> None:
    whole = (folder / "model.json").read_text(encoding="utf-8")
    for key in network_entry():
        data = json.loads(whole)
        del data["networks"]["fine"][key]
        if key == "mirrored_side":
            document_module.check_document(data, folder)
            continue
        with pytest.raises(ModelError) as refused:
            document_module.check_document(data, folder)
        assert refused.value.code == "invalid_field", key
