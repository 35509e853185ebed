"""The logic behind the panel's list of models: words, cards, installing and removing, on a store of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from factory.bundles import make_bundle

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.models import places, store
from OsteoScreenLib.mrml.models_logic import ModelsLogic, may_be_replaced


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home" / "models"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv(places.VARIABLE, str(folder))
    return folder


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shipped"
    folder.mkdir()
    monkeypatch.setattr(store, "shipped_folder", lambda: folder)
    return folder


def test_the_rows_say_what_each_model_is_and_where_it_lies(shipped: Path, users: Path) -> None:
    make_bundle(shipped / "a", demonstration=False)
    make_bundle(users / "b", version="0.2.0")
    (users / "broken").mkdir()
    newest, older, broken = ModelsLogic().rows()
    assert (newest.model_id, newest.version, newest.task) == ("small-net", "0.2.0", "femur segmentation")
    assert (newest.shipped, newest.demonstration, newest.problem) == (False, True, "")
    assert newest.where.startswith("~")
    assert newest.where.endswith("b")
    assert (older.shipped, older.demonstration) == (True, False)
    assert (broken.model_id, broken.version, broken.demonstration) == ("broken", "", None)
    assert "no model.json" in broken.problem


def test_verifying_gives_the_digest_of_a_sound_bundle_and_the_reason_of_a_damaged_one(users: Path) -> None:
    bundle = make_bundle(users / "b")
    logic = ModelsLogic()
    (row,) = logic.rows()
    assert logic.verify(row) == bundle.sha256
    (users / "b" / "fine.onnx").write_bytes(b"x" * (users / "b" / "fine.onnx").stat().st_size)
    with pytest.raises(ModelError) as damaged:
        logic.verify(row)
    assert damaged.value.code == "checksum_mismatch"


def test_nothing_in_a_card_is_taken_for_markup(shipped: Path) -> None:
    evil = "<img src='file:///etc/passwd'>"
    make_bundle(shipped / "a", title=evil, limits=[evil, "a\x1b[2J"], metrics={"<b>": "<script>"}, licence="A & B")
    logic = ModelsLogic()
    card = logic.card(logic.rows()[0])
    assert "<img" not in card
    assert "<script" not in card
    assert "\x1b" not in card
    for text in ("&lt;img", "&lt;script&gt;", "A &amp; B", "<b>Limits</b>", "its answers mean nothing"):
        assert text in card


def test_a_model_of_the_users_own_is_replaced_where_that_is_asked_for(tmp_path: Path, users: Path) -> None:
    logic = ModelsLogic()
    make_bundle(tmp_path / "old", title="Old")
    make_bundle(tmp_path / "new", title="New")
    assert logic.install(tmp_path / "old").folder.parent == users
    with pytest.raises(ModelError) as taken:
        logic.install(tmp_path / "new")
    assert may_be_replaced(taken.value)
    assert logic.install(tmp_path / "new", replace=True).title == "New"


def test_a_shipped_model_is_neither_replaced_nor_removed(tmp_path: Path, shipped: Path) -> None:
    logic = ModelsLogic()
    make_bundle(shipped / "a")
    make_bundle(tmp_path / "new", title="New")
    with pytest.raises(ModelError) as taken:
        logic.install(tmp_path / "new")
    assert not may_be_replaced(taken.value)
    with pytest.raises(ModelError) as refused:
        logic.remove(logic.rows()[0])
    assert refused.value.code == "shipped_model"
    assert (shipped / "a").is_dir()


def test_removing_takes_the_row_that_is_meant_and_no_other(users: Path) -> None:
    make_bundle(users / "x")
    make_bundle(users / "y", version="0.2.0")
    (users / "broken").mkdir()
    logic = ModelsLogic()
    for gone in ("x", "broken"):
        logic.remove(next(row for row in logic.rows() if row.folder.name == gone))
    assert [path.name for path in users.iterdir()] == ["y"]
