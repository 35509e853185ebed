"""osteoscreen models: list, show, install, verify, remove."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from factory.bundles import document, make_bundle, network_entry

from OsteoScreenLib.models import places, store


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of models, not yet made."""
    folder = tmp_path / "users"
    monkeypatch.setenv(places.VARIABLE, str(folder))
    return folder


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of shipped models, empty."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    monkeypatch.setattr(store, "shipped_folder", lambda: folder)
    return folder


def test_without_models_the_list_says_so_and_where_they_would_be(osteoscreen, users: Path) -> None:
    ended = osteoscreen("models", "list")
    assert ended.code == 0
    assert "There is no model." in ended.out
    assert str(users) in ended.out.replace("\n", "")


def test_the_list_names_models_and_what_is_wrong_with_a_broken_one(osteoscreen, shipped: Path, users: Path) -> None:
    make_bundle(shipped / "a", demonstration=False, title="A fine network")
    make_bundle(users / "b", version="0.2.0")
    make_bundle(users / "c")
    (users / "c" / "model.json").write_text("{")
    ended = osteoscreen("models", "list")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert any("small-net" in line and "0.2.0" in line and "user" in line and "demonstration" in line for line in lines)
    assert any("0.1.0" in line and "A fine network" in line and "demonstration" not in line for line in lines)
    assert any("cannot be used: model.json is not valid JSON" in line for line in lines)


def test_the_list_as_json_tells_a_program_the_same(osteoscreen, shipped: Path, users: Path) -> None:
    make_bundle(shipped / "a")
    (users / "broken").mkdir(parents=True)
    good, bad = json.loads(osteoscreen("models", "list", "--json").out)
    assert (good["id"], good["version"], good["origin"], good["problem"]) == ("small-net", "0.1.0", "shipped", None)
    assert good["demonstration"] is True
    assert (bad["id"], bad["version"], bad["origin"], bad["problem"]) == ("broken", None, "user", "missing_file")


def test_the_card_tells_in_words_what_must_be_known(osteoscreen, shipped: Path) -> None:
    bundle = make_bundle(shipped / "a")
    ended = osteoscreen("models", "show", "small-net")
    assert ended.code == 0
    for text in (
        "A small network",
        "small-net 0.1.0, for femur segmentation",
        "its answers mean nothing",
        "Nothing, 3 cases (CC0). Nobody 2026",
        "dsc.mean: 0.5123",
        "- Finds nothing.",
        "Apache-2.0",
        "voxels of 1.5 mm, -500 to 1500 HU",
        "the right side is mirrored",
        bundle.sha256,
    ):
        assert text in ended.out, text


def test_the_card_of_a_model_that_says_little_says_that(osteoscreen, shipped: Path) -> None:
    entry = network_entry()
    del entry["mirrored_side"]
    make_bundle(shipped / "a", demonstration=False, limits=[], training_data=[], metrics={}, networks={"coarse": entry})
    ended = osteoscreen("models", "show", "small-net")
    for text in ("None are stated.", "This is not stated.", "Nothing is stated."):
        assert text in ended.out
    for text in ("mirrored", "mean nothing"):
        assert text not in ended.out


def test_a_card_cannot_write_to_the_terminal(osteoscreen, shipped: Path) -> None:
    make_bundle(shipped / "a", limits=["a\x1b[2Jb"], metrics={"x\x07": ["\x1b]0;title\x07", True, None, {"a": 1}]})
    ended = osteoscreen("models", "show", "small-net")
    assert ended.code == 0
    assert "\x1b" not in ended.out
    assert "\x07" not in ended.out
    assert "a\\x1b[2Jb" in ended.out


def test_the_card_as_json_is_the_whole_document(osteoscreen, shipped: Path) -> None:
    make_bundle(shipped / "a")
    data = json.loads(osteoscreen("models", "show", "small-net", "--version", "0.1.0", "--json").out)
    assert {key: data[key] for key in document()} == document()
    assert len(data["sha256"]) == 64


def test_a_model_that_there_is_not_is_a_wrong_call(osteoscreen) -> None:
    for arguments in (("show", "x"), ("remove", "x"), ("verify", "x"), ("install", "absent.zip")):
        ended = osteoscreen("models", *arguments)
        assert ended.code == 2, arguments
        assert ended.err.startswith("Error: ")


def test_a_model_is_installed_from_a_zip_verified_and_removed(osteoscreen, tmp_path: Path, users: Path) -> None:
    make_bundle(tmp_path / "source")
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as archive:
        for file in (tmp_path / "source").iterdir():
            archive.write(file, f"small-net/{file.name}")
    ended = osteoscreen("models", "install", tmp_path / "net.zip")
    assert ended.code == 0
    assert "small-net 0.1.0 is installed" in ended.out
    assert "demonstration" in ended.out
    assert osteoscreen("models", "verify").code == 0
    assert osteoscreen("models", "verify", "small-net").code == 0
    ended = osteoscreen("models", "remove", "small-net")
    assert ended.code == 0
    assert str(users / "small-net-0.1.0") in ended.out
    assert list(users.iterdir()) == []


def test_a_hostile_bundle_is_not_installed_and_the_reason_is_told(osteoscreen, tmp_path: Path, users: Path) -> None:
    make_bundle(tmp_path / "source")
    (tmp_path / "source" / "net.pkl").write_bytes(b"x")
    ended = osteoscreen("models", "install", tmp_path / "source")
    assert ended.code == 2
    assert "can run code when it is opened" in ended.err
    assert not users.exists()


def test_verify_fails_for_a_changed_file_and_still_looks_at_the_others(osteoscreen, shipped: Path, users: Path) -> None:
    make_bundle(shipped / "a")
    make_bundle(users / "b", version="0.2.0")
    (users / "b" / "fine.onnx").write_bytes(b"\x3a\x01")
    ended = osteoscreen("models", "verify")
    assert ended.code == 1
    assert "small-net 0.1.0" in ended.out
    assert "small-net 0.2.0: A file of the bundle was damaged or changed" in ended.err


def test_verify_without_models_is_no_failure(osteoscreen) -> None:
    ended = osteoscreen("models", "verify")
    assert (ended.code, ended.out.strip()) == (0, "There is no model.")


def test_a_shipped_model_is_not_removed(osteoscreen, shipped: Path) -> None:
    make_bundle(shipped / "a")
    ended = osteoscreen("models", "remove", "small-net")
    assert ended.code == 2
    assert "part of OsteoScreen" in ended.err
    assert (shipped / "a" / "model.json").is_file()


def test_help_of_models_names_what_can_be_done(osteoscreen) -> None:
    ended = osteoscreen("models", "--help")
    assert ended.code == 0
    for word in ("list", "show", "install", "verify", "remove"):
        assert word in ended.out
    assert "models" in osteoscreen("--help").out


def test_doctor_tells_models_and_engines_and_which_is_used(osteoscreen, shipped: Path, users: Path) -> None:
    make_bundle(shipped / "a")
    make_bundle(users / "b", version="0.2.0")
    (users / "b" / "fine.onnx").write_bytes(b"\x3a\x01")
    ended = osteoscreen("doctor")
    assert "small-net 0.1.0; your own are looked for in" in ended.out
    assert "small-net cannot be used: A file of the bundle was damaged" in ended.out
    facts = json.loads(osteoscreen("doctor", "--json").out)
    assert [(model["version"], model["problem"] is None) for model in facts["models"]] == [
        ("0.2.0", False),
        ("0.1.0", True),
    ]
    assert facts["engine_used"] in facts["engines"]


def test_doctor_says_where_no_engine_is_installed(osteoscreen, monkeypatch) -> None:
    from OsteoScreenLib.models import engines

    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    assert "none: networks cannot run" in osteoscreen("doctor").out
