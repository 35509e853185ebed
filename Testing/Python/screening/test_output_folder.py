from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from OsteoScreenLib.errors import OutputError
from OsteoScreenLib.screening.output_folder import case_folder, output_error, prepare_output, refuse_foreign_folder


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_a_case_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    with case_folder(tmp_path, "one") as folder:
        (folder / "result.json").write_text("{}")
        assert not (tmp_path / "one").exists()
    assert names(tmp_path) == {"one"}
    assert names(tmp_path / "one") == {"result.json"}


@pytest.mark.parametrize("problem", [RuntimeError("x"), KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
def test_a_case_that_ends_badly_leaves_nothing_and_keeps_the_earlier_result(tmp_path: Path, problem) -> None:
    with case_folder(tmp_path, "one") as folder:
        (folder / "result.json").write_text("earlier")

    def write_and_fail() -> None:
        with case_folder(tmp_path, "one") as folder:
            (folder / "result.json").write_text("later")
            raise problem

    with pytest.raises((RuntimeError, KeyboardInterrupt, OutputError)):
        write_and_fail()
    assert names(tmp_path) == {"one"}
    assert (tmp_path / "one" / "result.json").read_text() == "earlier"


def test_a_new_result_replaces_the_whole_earlier_one(tmp_path: Path) -> None:
    with case_folder(tmp_path, "one") as folder:
        (folder / "result.json").write_text("earlier")
        (folder / "features.csv").write_text("earlier")
    with case_folder(tmp_path, "one") as folder:
        (folder / "result.json").write_text("later")
    assert names(tmp_path) == {"one"}
    assert names(tmp_path / "one") == {"result.json"}


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".one.partial").mkdir()
    (tmp_path / ".one.partial" / "old").write_text("")
    with case_folder(tmp_path, "one") as folder:
        assert names(folder) == set()
        (folder / "result.json").write_text("{}")
    assert names(tmp_path) == {"one"}


def test_a_folder_that_holds_other_files_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "STS_036").mkdir()
    (tmp_path / "STS_036" / "slice1.dcm").write_text("the user's own scan")
    with pytest.raises(OutputError) as caught, case_folder(tmp_path, "STS_036"):
        pass
    assert caught.value.code == "foreign_folder"
    assert names(tmp_path / "STS_036") == {"slice1.dcm"}


def test_a_result_with_a_users_file_beside_it_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "result.json").write_text("{}")
    refuse_foreign_folder(tmp_path / "one")
    (tmp_path / "one" / "my notes.txt").write_text("")
    with pytest.raises(OutputError):
        refuse_foreign_folder(tmp_path / "one")


def test_an_empty_folder_may_be_taken_and_a_link_or_file_may_not(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refuse_foreign_folder(tmp_path / "empty")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        refuse_foreign_folder(tmp_path / "file")
    try:
        (tmp_path / "link").symlink_to(tmp_path / "empty", target_is_directory=True)
    except OSError:
        pytest.skip("this system does not let a user make links")
    with pytest.raises(OutputError):
        refuse_foreign_folder(tmp_path / "link")


def test_an_output_folder_is_made_and_left_clean(tmp_path: Path) -> None:
    prepare_output(tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == set()


def test_an_output_folder_that_is_a_file_is_refused_with_a_next_step(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError) as caught:
        prepare_output(tmp_path / "out")
    assert caught.value.code == "not_a_folder"
    assert caught.value.next_step


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_output_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(OutputError) as caught:
        prepare_output(tmp_path / "out")
    assert caught.value.code == "no_permission"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EROFS, "read_only_output"),
        (errno.EACCES, "no_permission"),
        (errno.EIO, "unwritable_output"),
    ],
)
def test_each_refusal_of_the_system_has_its_own_code_and_advice(number: int, code: str) -> None:
    error = output_error(OSError(number, os.strerror(number)), "somewhere")
    assert error.code == code
    assert "somewhere" in str(error)
    assert error.next_step.endswith(".")
