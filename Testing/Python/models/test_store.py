"""The store: which models there are, the newest first, and installing and removing them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from factory.bundles import make_bundle

from OsteoScreenLib.errors import ModelError, OutputError
from OsteoScreenLib.models import store
from OsteoScreenLib.models.store import (
    find_model,
    install_model,
    list_models,
    remove_model,
    verify_model,
    version_key,
)

pytestmark = pytest.mark.usefixtures("shipped", "users")


def code_of(call, *arguments) -> str:
    with pytest.raises(ModelError) as refused:
        call(*arguments)
    return refused.value.code


def test_a_store_without_models_is_empty_and_says_how_to_see_where_it_looked(users: Path) -> None:
    assert list_models() == ()
    with pytest.raises(ModelError) as refused:
        find_model("small-net")
    assert refused.value.code == "not_found"
    assert "osteoscreen doctor" in refused.value.next_step
    assert str(users) not in str(refused.value), "results quote this error, and a folder may name its user"


def test_models_are_listed_by_name_with_the_newest_version_first(shipped: Path, users: Path) -> None:
    for folder, changes in {
        shipped / "a": {"version": "0.9.0"},
        users / "b": {"version": "0.10.0"},
        users / "c": {"version": "0.10.0-beta.2"},
        shipped / "d": {"id": "another-net"},
    }.items():
        make_bundle(folder, **changes)
    found = [(entry.model_id, entry.version, entry.origin) for entry in list_models()]
    assert found == [
        ("another-net", "0.1.0", "shipped"),
        ("small-net", "0.10.0", "user"),
        ("small-net", "0.10.0-beta.2", "user"),
        ("small-net", "0.9.0", "shipped"),
    ]
    assert find_model("small-net").version == "0.10.0"
    assert find_model("small-net", "0.9.0").folder == shipped / "a"
    assert code_of(find_model, "small-net", "0.11.0") == "not_found"


def test_versions_are_ordered_as_numbers_and_a_release_follows_its_trials() -> None:
    ordered = ["0.9.0", "0.10.0-alpha", "0.10.0-beta.2", "0.10.0-beta.10", "0.10.0", "0.10.1", "1.0.0"]
    mixed = ordered[3:] + ordered[:3]
    assert sorted(mixed, key=version_key) == ordered


def test_a_broken_bundle_is_listed_with_its_reason_and_hides_no_other(shipped: Path, users: Path) -> None:
    make_bundle(shipped / "good")
    make_bundle(users / "bad")
    (users / "bad" / "model.json").write_text("{")
    (users / "empty").mkdir()
    (users / ".hidden").mkdir()
    (users / "notes.txt").write_text("mine")
    found = {entry.folder.name: entry.problem and entry.problem.code for entry in list_models()}
    assert found == {"good": None, "bad": "damaged", "empty": "missing_file"}
    assert find_model("small-net").folder == shipped / "good"
    assert code_of(find_model, "bad") == "damaged"


def test_a_damaged_newest_version_is_an_error_and_not_replaced_by_an_older_one(shipped: Path, users: Path) -> None:
    make_bundle(shipped / "a", version="0.1.0")
    make_bundle(users / "b", version="0.2.0")
    (users / "b" / "fine.onnx").write_bytes(b"\x3a\x01")
    assert code_of(find_model, "small-net") == "checksum_mismatch"
    assert code_of(verify_model, "small-net") == "checksum_mismatch"
    assert verify_model("small-net", "0.1.0").version == "0.1.0"


def test_verifying_looks_through_the_networks_too(users: Path) -> None:
    make_bundle(users / "a", network=b"no network at all")
    assert find_model("small-net").version == "0.1.0"
    assert code_of(verify_model, "small-net") == "damaged"


def test_a_bundle_is_installed_from_its_folder_and_found(tmp_path: Path, users: Path) -> None:
    source = make_bundle(tmp_path / "source")
    (tmp_path / "source" / ".DS_Store").write_bytes(b"\0")
    installed = install_model(tmp_path / "source")
    assert installed.folder == users / "small-net-0.1.0"
    assert installed.sha256 == source.sha256 == find_model("small-net").sha256
    assert {path.name for path in installed.folder.iterdir()} == {"model.json", "fine.onnx"}
    assert [path.name for path in users.iterdir()] == ["small-net-0.1.0"]


def test_installing_the_same_bundle_again_changes_nothing(tmp_path: Path, shipped: Path, users: Path) -> None:
    make_bundle(tmp_path / "source")
    assert install_model(tmp_path / "source").folder == install_model(tmp_path / "source").folder
    make_bundle(shipped / "x", version="0.3.0")
    make_bundle(tmp_path / "other", version="0.3.0")
    assert install_model(tmp_path / "other").folder == shipped / "x"
    assert len(list(users.iterdir())) == 1


@pytest.mark.parametrize("where", ["shipped", "users"])
def test_another_bundle_of_the_same_name_and_version_is_refused(tmp_path: Path, request, where: str) -> None:
    make_bundle(request.getfixturevalue(where) / "x")
    make_bundle(tmp_path / "source", title="Another")
    with pytest.raises(ModelError) as refused:
        install_model(tmp_path / "source")
    assert refused.value.code == "version_taken"
    assert ("remove small-net" in refused.value.next_step) == (where == "users")


def test_something_in_the_way_is_not_written_over(tmp_path: Path, users: Path) -> None:
    make_bundle(tmp_path / "source")
    (users / "small-net-0.1.0").mkdir(parents=True)
    (users / "small-net-0.1.0" / "mine.txt").write_text("mine")
    assert code_of(install_model, tmp_path / "source") == "version_taken"
    assert (users / "small-net-0.1.0" / "mine.txt").read_text() == "mine"


def test_a_bundle_of_the_users_own_gives_way_only_where_that_is_asked_for(tmp_path: Path, users: Path) -> None:
    make_bundle(users / "x", title="Old")
    make_bundle(tmp_path / "source", title="New")
    assert code_of(install_model, tmp_path / "source") == "version_taken"
    assert find_model("small-net").title == "Old"
    install_model(tmp_path / "source", replace=True)
    assert find_model("small-net").title == "New"
    assert [path.name for path in users.iterdir()] == ["small-net-0.1.0"]


def test_a_broken_bundle_gives_way_too_and_a_shipped_one_never(tmp_path: Path, shipped: Path, users: Path) -> None:
    make_bundle(tmp_path / "source", title="New")
    (users / "small-net-0.1.0").mkdir(parents=True)
    install_model(tmp_path / "source", replace=True)
    (users / "small-net-0.1.0" / "fine.onnx").write_bytes(b"damaged")
    assert code_of(install_model, tmp_path / "source") == "version_taken"
    install_model(tmp_path / "source", replace=True)
    assert find_model("small-net").title == "New"
    make_bundle(shipped / "x", title="Shipped", version="0.2.0")
    make_bundle(tmp_path / "other", title="New", version="0.2.0")
    with pytest.raises(ModelError, match="Another bundle"):
        install_model(tmp_path / "other", replace=True)


def test_a_replacement_that_fails_brings_the_old_bundle_back(tmp_path: Path, users: Path, monkeypatch) -> None:
    make_bundle(users / "x", title="Old")
    make_bundle(tmp_path / "source", title="New")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OutputError):
        install_model(tmp_path / "source", replace=True)
    assert find_model("small-net").title == "Old"
    assert [path.name for path in users.iterdir()] == ["x"]


def test_an_installation_that_fails_leaves_nothing(tmp_path: Path, users: Path, monkeypatch) -> None:
    make_bundle(tmp_path / "source")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.shutil, "copyfile", full)
    with pytest.raises(OutputError, match="No space left"):
        install_model(tmp_path / "source")
    assert list(users.iterdir()) == []


def test_a_bundle_that_changes_while_it_is_copied_is_refused(tmp_path: Path, users: Path, monkeypatch) -> None:
    make_bundle(tmp_path / "source")
    real = shutil.copyfile

    def exchanged(source: Path, target: Path) -> None:
        real(source, target)
        if target.name == "fine.onnx":
            target.write_bytes(b"\x3a\x01")

    monkeypatch.setattr(store.shutil, "copyfile", exchanged)
    assert code_of(install_model, tmp_path / "source") == "checksum_mismatch"
    assert list(users.iterdir()) == []


def test_what_is_neither_a_folder_nor_a_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.onnx").write_bytes(b"\x3a\x00")
    assert code_of(install_model, tmp_path / "weights.onnx") == "not_a_bundle"
    assert code_of(install_model, tmp_path / "absent") == "not_a_bundle"


def test_an_installed_model_is_removed(tmp_path: Path, users: Path) -> None:
    make_bundle(tmp_path / "source")
    install_model(tmp_path / "source")
    assert remove_model("small-net") == users / "small-net-0.1.0"
    assert list(users.iterdir()) == []
    assert code_of(remove_model, "small-net") == "not_found"


def test_a_shipped_model_is_not_removed_but_a_newer_one_of_the_user_is(shipped: Path, users: Path) -> None:
    make_bundle(shipped / "a")
    make_bundle(users / "b", version="0.2.0")
    assert remove_model("small-net") == users / "b"
    assert code_of(remove_model, "small-net") == "shipped_model"
    assert find_model("small-net").version == "0.1.0"


def test_of_several_versions_one_must_be_named_to_be_removed(users: Path) -> None:
    make_bundle(users / "a")
    make_bundle(users / "b", version="0.2.0")
    assert code_of(remove_model, "small-net") == "several_versions"
    assert remove_model("small-net", "0.1.0") == users / "a"


def test_a_broken_bundle_is_removed_by_the_name_of_its_folder(users: Path) -> None:
    (users / "broken").mkdir(parents=True)
    assert remove_model("broken") == users / "broken"
    assert list(users.iterdir()) == []


def test_a_folder_that_is_a_link_is_not_used_and_only_the_link_is_removed(tmp_path: Path, users: Path) -> None:
    make_bundle(tmp_path / "elsewhere")
    users.mkdir(parents=True)
    try:
        (users / "linked").symlink_to(tmp_path / "elsewhere")
    except OSError:
        pytest.skip("this system allows no links")
    assert code_of(find_model, "linked") == "unsafe_path"
    remove_model("linked")
    assert (tmp_path / "elsewhere" / "model.json").is_file()
    assert list(users.iterdir()) == []
