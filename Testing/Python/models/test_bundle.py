"""Bundles: what is written comes back the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from factory.bundles import add_file, document, make_bundle, network_entry
from factory.networks import MINIMAL

from OsteoScreenLib.errors import ModelError, OutputError
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.network_spec import NetworkSpec
from OsteoScreenLib.models.write_bundle import write_bundle


def test_a_bundle_that_is_written_is_read_back_with_all_that_it_says(tmp_path: Path) -> None:
    written = make_bundle(tmp_path / "b")
    bundle = load_bundle(tmp_path / "b")
    digest = hashlib.sha256(MINIMAL).hexdigest()
    assert bundle.document == {**document(), "files": {"fine.onnx": {"sha256": digest, "size": len(MINIMAL)}}}
    assert (bundle.model_id, bundle.version, bundle.task) == ("small-net", "0.1.0", "femur_segmentation")
    assert bundle.demonstration is True
    assert bundle.folder == written.folder == tmp_path / "b"
    assert bundle.sha256 == written.sha256
    assert bundle.reference() == {"id": "small-net", "version": "0.1.0", "sha256": bundle.sha256}


def test_a_network_of_a_bundle_has_its_window_its_side_and_the_digest_of_its_file(tmp_path: Path) -> None:
    spec = make_bundle(tmp_path / "b").networks["fine"]
    assert spec == NetworkSpec(
        file="fine.onnx",
        spacing_mm=1.5,
        hu_window=(-500.0, 1500.0),
        input="image",
        output="logits",
        channels=("background", "femur"),
        multiple_of=4,
        patch_zyx=(8, 8, 12),
        mirrored_side="right",
        sha256=hashlib.sha256(MINIMAL).hexdigest(),
    )
    assert spec.to_dict() == network_entry()


def test_a_network_for_both_sides_has_no_mirrored_side(tmp_path: Path) -> None:
    entry = network_entry()
    del entry["mirrored_side"]
    spec = make_bundle(tmp_path / "b", networks={"coarse": entry}).networks["coarse"]
    assert spec.mirrored_side is None
    assert spec.to_dict() == entry


def test_the_digest_of_a_bundle_changes_with_any_of_its_files_and_with_what_it_says(tmp_path: Path) -> None:
    first = make_bundle(tmp_path / "a").sha256
    assert make_bundle(tmp_path / "b").sha256 == first
    assert make_bundle(tmp_path / "c", network=MINIMAL + b"\x3a\x00").sha256 != first
    assert make_bundle(tmp_path / "d", title="Another title").sha256 != first


def test_a_file_to_be_copied_may_be_given_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(MINIMAL)
    bundle = write_bundle(tmp_path / "b", document(), {"fine.onnx": tmp_path / "net.onnx"})
    assert (bundle.folder / "fine.onnx").read_bytes() == MINIMAL


def test_a_text_beside_the_networks_may_be_listed_and_what_a_file_manager_leaves_is_passed_over(tmp_path: Path) -> None:
    make_bundle(tmp_path / "b")
    add_file(tmp_path / "b", "CARD.md", b"# Card\n", listed=True)
    (tmp_path / "b" / ".DS_Store").write_bytes(b"\0")
    assert set(load_bundle(tmp_path / "b").document["files"]) == {"fine.onnx", "CARD.md"}


def test_a_field_that_this_version_does_not_know_is_kept(tmp_path: Path) -> None:
    assert make_bundle(tmp_path / "b", training={"hours": 4}).document["training"] == {"hours": 4}


@pytest.mark.parametrize("files", [{}, {"coarse.onnx": MINIMAL}, {"fine.onnx": MINIMAL, "weights.pt": b"x"}])
def test_nothing_is_left_behind_where_a_bundle_cannot_be_written(tmp_path: Path, files) -> None:
    with pytest.raises(ModelError):
        write_bundle(tmp_path / "b", document(), files)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        make_bundle(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    assert make_bundle(tmp_path / "b").model_id == "small-net"


def test_a_file_to_copy_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_bundle(tmp_path / "b", document(), {"fine.onnx": tmp_path / "absent.onnx"})


def test_the_document_is_readable_text_of_unix_lines(tmp_path: Path) -> None:
    make_bundle(tmp_path / "b", title="Schenkelhals, größer")
    data = (tmp_path / "b" / "model.json").read_bytes()
    assert b"\r" not in data
    assert data.endswith(b"}\n")
    assert "größer".encode() in data
    assert json.loads(data)["title"] == "Schenkelhals, größer"
