"""Bundles of classifiers, which take measured features where networks take images."""

from __future__ import annotations

import pytest
from factory.bundles import document
from factory.networks import MINIMAL

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.model_card import model_card
from OsteoScreenLib.models.store import verify_folder
from OsteoScreenLib.models.write_bundle import write_bundle

FILES = {"status.onnx": MINIMAL, "status.json": b"{}\n"}
ENTRY = {"file": "status.onnx", "settings": "status.json"}


def classifier_document(**changes):
    return document(**{"networks": {}, "classifiers": {"status": ENTRY}, "task": "bone_status", **changes})


def test_a_bundle_may_hold_a_classifier_and_no_network(tmp_path):
    bundle = write_bundle(tmp_path / "bundle", classifier_document(), FILES)
    spec = load_bundle(bundle.folder).classifiers["status"]
    assert (spec.file, spec.settings) == ("status.onnx", "status.json")
    assert {len(spec.sha256), len(spec.settings_sha256)} == {64}
    assert verify_folder(bundle.folder).networks == {}
    lines = [line for line, _ in model_card(bundle)]
    assert "  - status: status.onnx, status.json" in lines
    assert not any(line.startswith("Made from") for line in lines)


def test_the_card_names_the_model_that_this_one_was_made_from(tmp_path):
    parent = {"id": "bone-status-radiomics", "version": "0.1.0", "sha256": "ab" * 32}
    bundle = write_bundle(tmp_path / "bundle", classifier_document(parent=parent), FILES)
    assert f"Made from bone-status-radiomics 0.1.0 (sha256 {'ab' * 32})" in [line for line, _ in model_card(bundle)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"classifiers": {}}, "networks must be an object with at least one network"),
        ({"classifiers": ["status"]}, "classifiers must be an object"),
        ({"classifiers": {"status": {"file": "status.onnx"}}}, "an object with file and settings"),
        ({"classifiers": {"status": {**ENTRY, "run": "x"}}}, "an object with file and settings"),
        ({"classifiers": {"status": {**ENTRY, "file": "other.onnx"}}}, "a file that is listed"),
        ({"classifiers": {"status": {**ENTRY, "file": "status.json"}}}, "ends with .onnx"),
        ({"classifiers": {"status": {**ENTRY, "settings": "../status.json"}}}, "a file that is listed"),
        ({"classifiers": {"status": {**ENTRY, "settings": ["status.json"]}}}, "a file that is listed"),
    ],
)
def test_a_classifier_with_a_slip_is_refused(tmp_path, changes, why):
    with pytest.raises(ModelError, match=why):
        write_bundle(tmp_path / "bundle", classifier_document(**changes), FILES)


def test_a_classifier_whose_file_is_no_onnx_is_not_verified(tmp_path):
    bundle = write_bundle(tmp_path / "bundle", classifier_document(), {**FILES, "status.onnx": b"\x08\x08nothing"})
    with pytest.raises(ModelError):
        verify_folder(bundle.folder)
    assert verify_folder(write_bundle(tmp_path / "sound", classifier_document(), FILES).folder)


def test_settings_that_were_changed_are_noticed(tmp_path):
    bundle = write_bundle(tmp_path / "bundle", classifier_document(), FILES)
    (bundle.folder / "status.json").write_bytes(b"{ }\n"[:3])
    with pytest.raises(ModelError) as caught:
        load_bundle(bundle.folder)
    assert caught.value.code == "checksum_mismatch"
