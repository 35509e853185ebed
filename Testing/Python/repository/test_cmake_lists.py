"""Slicer installs what CMake lists, no more, and stops at what is listed and absent."""

import subprocess

import cmake_lists
import pytest

CMAKE_FILE = """set(MODULE_PYTHON_SCRIPTS
  __init__.py
  ct/reader.py
  )

set(MODULE_PYTHON_RESOURCES
  report/page.html
  )
"""


@pytest.fixture
def tree(tmp_path):
    """A small folder whose lists are right."""
    folder = tmp_path / "Library"
    for name in ("__init__.py", "ct/reader.py", "report/page.html"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (folder / "CMakeLists.txt").write_text(CMAKE_FILE)
    return tmp_path


def as_git_repository(folder):
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


@pytest.mark.parametrize("folder", cmake_lists.FOLDERS)
def test_every_file_on_disk_is_listed_and_every_listed_file_exists(repository, folder):
    assert cmake_lists.differences(repository, folder) == []


def test_right_lists_give_no_complaint(tree):
    assert cmake_lists.differences(tree, "Library") == []


def test_an_unlisted_file_is_named(tree):
    (tree / "Library/ct/write.py").touch()
    assert cmake_lists.differences(tree, "Library") == ["Library/CMakeLists.txt does not list ct/write.py"]


def test_a_listed_file_that_does_not_exist_is_named(tree):
    (tree / "Library/ct/reader.py").unlink()
    assert cmake_lists.differences(tree, "Library") == [
        "Library/CMakeLists.txt lists ct/reader.py, which does not exist"
    ]


def test_a_file_listed_twice_is_named(tree):
    path = tree / "Library/CMakeLists.txt"
    path.write_text(CMAKE_FILE.replace("  __init__.py\n", "  __init__.py\n  __init__.py\n"))
    assert cmake_lists.differences(tree, "Library") == ["Library/CMakeLists.txt lists __init__.py twice"]


def test_a_script_among_the_resources_is_named(tree):
    path = tree / "Library/CMakeLists.txt"
    path.write_text(CMAKE_FILE.replace("  ct/reader.py\n", "").replace("  report", "  ct/reader.py\n  report"))
    assert cmake_lists.differences(tree, "Library") == ["Library/CMakeLists.txt lists ct/reader.py among the resources"]


def test_a_cmake_file_without_its_lists_is_refused(tree):
    (tree / "Library/CMakeLists.txt").write_text("add_subdirectory(ct)\n")
    with pytest.raises(ValueError, match="must set one"):
        cmake_lists.differences(tree, "Library")


@pytest.mark.needs_program("git", "git")
def test_a_file_that_git_ignores_need_not_be_listed_but_a_new_one_must(tree):
    as_git_repository(tree)
    (tree / ".gitignore").write_text("*.log\n")
    (tree / "Library/run.log").touch()
    assert cmake_lists.differences(tree, "Library") == []
    (tree / "Library/new.py").touch()
    assert cmake_lists.differences(tree, "Library") == ["Library/CMakeLists.txt does not list new.py"]


def test_compiled_files_need_not_be_listed(tree):
    (tree / "Library/__pycache__").mkdir()
    (tree / "Library/__pycache__/reader.cpython-311.pyc").touch()
    assert cmake_lists.differences(tree, "Library") == []


def test_rewriting_mends_the_lists_and_says_whether_it_had_to(tree):
    (tree / "Library/ct/write.py").touch()
    (tree / "Library/__init__.py").unlink()
    assert cmake_lists.rewrite(tree, "Library")
    assert cmake_lists.differences(tree, "Library") == []
    assert not cmake_lists.rewrite(tree, "Library")
