"""The Makefile explains itself, and its scripts say what to do where Python or a system package is missing."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import system_packages

on_unix = pytest.mark.skipif(os.name == "nt", reason="Windows has neither make nor bash; it runs pip and pytest itself")


def executable(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def make_venv(repository, folder, python, path=None):
    script = repository / "Testing/tools/make_venv.sh"
    environment = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}" if path else os.environ["PATH"]}
    command = ["bash", str(script), str(folder), str(python)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@on_unix
@pytest.mark.needs_program("make", "make")
def test_make_alone_lists_every_target_with_what_it_does(repository):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "-C", str(repository), "--no-print-directory"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    for target in ("demo", "test", "train", "lint", "bench", "clean", "help", "cmake-lists"):
        assert re.search(rf"^  make {target} +\w", said, re.MULTILINE), target


@on_unix
def test_no_python_at_all_is_said_with_the_next_step(repository, tmp_path):
    done = make_venv(repository, tmp_path / "venv", "")
    assert done.returncode == 1
    assert "make PYTHON=" in done.stderr


@on_unix
def test_a_python_that_is_too_old_is_refused_with_its_version(repository, tmp_path):
    old = executable(tmp_path / "python", 'case "$2" in *print*) echo 3.9;; *"3, 10"*) exit 1;; esac\n')
    done = make_venv(repository, tmp_path / "venv", old)
    assert done.returncode == 1
    assert "is Python 3.9; OsteoScreen needs 3.10 or newer" in done.stderr


@on_unix
def test_a_python_without_ensurepip_names_the_package_to_install(repository, tmp_path):
    executable(tmp_path / "id", "echo 1000\n")
    bare = executable(tmp_path / "python", 'case "$2" in *print*) echo 3.11;; *ensurepip*) exit 1;; esac\n')
    done = make_venv(repository, tmp_path / "venv", bare, path=tmp_path)
    assert done.returncode == 1
    assert "sudo apt install python3.11-venv" in done.stderr


@on_unix
def test_root_on_debian_gets_the_missing_package_installed(repository, tmp_path):
    executable(tmp_path / "id", "echo 0\n")
    executable(tmp_path / "apt-get", f'echo "$@" >> {tmp_path}/asked\n')
    bare = executable(
        tmp_path / "python",
        'case "$2" in *print*) echo 3.11;; *ensurepip*) exit 1;; venv) mkdir -p "$4"; echo made "$4";; esac\n',
    )
    done = make_venv(repository, tmp_path / "venv", bare, path=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "install -y -qq --no-install-recommends python3.11-venv" in (tmp_path / "asked").read_text()
    assert f"made {tmp_path / 'venv'}" in done.stdout


@on_unix
def test_an_environment_of_the_right_version_is_kept(repository, tmp_path):
    here = tmp_path / "venv" / "bin"
    here.mkdir(parents=True)
    executable(here / "python", "echo 3.11\n")
    python = executable(tmp_path / "python", 'case "$2" in *print*) echo 3.11;; venv) echo made;; esac\n')
    done = make_venv(repository, tmp_path / "venv", python)
    assert (done.returncode, done.stdout) == (0, "")
    executable(here / "python", "echo 3.12\n")
    assert "made" in make_venv(repository, tmp_path / "venv", python).stdout


def test_a_missing_system_package_is_named_and_its_tests_left_to_skip(monkeypatch, capsys):
    need = system_packages.Need("program", "a-program-nobody-has", "nobody-has", "the tests of nothing")
    monkeypatch.setattr(system_packages, "NEEDS", (need,))
    monkeypatch.setattr(system_packages.sys, "platform", "linux")
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 1000, raising=False)
    assert system_packages.main() == 0
    said = capsys.readouterr().out
    assert "nobody-has is missing; needed by the tests of nothing" in said
    assert "sudo apt install nobody-has" in said


def test_root_on_debian_gets_the_system_package_installed(monkeypatch):
    asked = []
    need = system_packages.Need("library", "a_library_nobody_has", "libnobody1", "the tests of nothing")
    monkeypatch.setattr(system_packages, "NEEDS", (need,))
    monkeypatch.setattr(system_packages.sys, "platform", "linux")
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(system_packages.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(system_packages.subprocess, "run", lambda command, **_: asked.append(command))
    assert system_packages.main() == 0
    assert [command[1] for command in asked] == ["update", "install"]
    assert asked[1][-1] == "libnobody1"


def test_nothing_is_said_where_nothing_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(system_packages, "NEEDS", (system_packages.Need("program", "sh", "dash", "everything"),))
    monkeypatch.setattr(system_packages.shutil, "which", lambda name: f"/bin/{name}")
    assert system_packages.main() == 0
    assert capsys.readouterr().out == ""


@on_unix
def test_the_scripts_may_be_run(repository):
    assert os.access(repository / ".ci/run", os.X_OK)
    assert [path.name for path in Path(repository / "Testing/tools").glob("*.sh") if not os.access(path, os.X_OK)] == []
