"""Packages are installed at the moment of use and after consent, by the means each version of Slicer has."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from OsteoScreenLib.errors import MissingPackageError
from OsteoScreenLib.mrml.requirements import ensure_requirements, missing_packages, package_name, read_requirements

ABSENT = "a-package-that-nobody-has>=1.0"


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(f"# a comment\n\n-r other.txt\nnumpy>=1.0  # present\n{ABSENT}\n", encoding="utf-8")
    return path


class Slicer:
    """What ensure_requirements meets of Slicer, old or new; it remembers what was asked of it."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, new: bool, agrees: bool = True, network: bool = True
    ) -> None:
        self.questions: list[str] = []
        self.installed: list[str] = []
        self.agrees, self.network = agrees, network
        slicer, util = types.ModuleType("slicer"), types.ModuleType("slicer.util")
        slicer.util = util
        util.confirmOkCancelDisplay = self.ask
        util.pip_install = self.install
        monkeypatch.setitem(sys.modules, "slicer", slicer)
        monkeypatch.setitem(sys.modules, "slicer.util", util)
        monkeypatch.delitem(sys.modules, "slicer.packaging", raising=False)
        if new:
            packaging = types.ModuleType("slicer.packaging")
            packaging.load_requirements = lambda path: list(read_requirements(path))
            packaging.pip_ensure = self.pip_ensure
            monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)

    def ask(self, question: str, windowTitle: str = "") -> bool:  # noqa: N803  (Slicer's own name)
        self.questions.append(question)
        return self.agrees

    def install(self, packages: list[str]) -> None:
        if not self.network:
            raise OSError("no network")
        self.installed += packages

    def pip_ensure(self, packages: list[str], requester: str) -> None:
        missing = list(missing_packages(tuple(packages)))
        if missing and not self.ask(f"{requester}: {missing}"):
            raise RuntimeError("User declined package installation")
        self.install(missing)


@pytest.fixture(params=[True, False], ids=["Slicer 5.11 and later", "Slicer 5.10"])
def new(request: pytest.FixtureRequest) -> bool:
    return request.param


def test_a_missing_package_is_installed_after_the_user_agrees(new, requirements, monkeypatch):
    slicer = Slicer(monkeypatch, new=new)
    ensure_requirements(requirements)
    assert len(slicer.questions) == 1
    assert "OsteoScreen" in slicer.questions[0]
    assert slicer.installed == [ABSENT]


def test_nothing_is_asked_where_nothing_is_missing(new, tmp_path, monkeypatch):
    path = tmp_path / "requirements.txt"
    path.write_text("numpy>=1.0\n", encoding="utf-8")
    slicer = Slicer(monkeypatch, new=new)
    ensure_requirements(path)
    assert slicer.questions == []
    assert slicer.installed == []


def test_a_refusal_installs_nothing_and_names_the_package(new, requirements, monkeypatch):
    slicer = Slicer(monkeypatch, new=new, agrees=False)
    with pytest.raises(MissingPackageError, match="a-package-that-nobody-has"):
        ensure_requirements(requirements)
    assert slicer.installed == []


def test_a_failed_installation_says_to_look_at_the_network(new, requirements, monkeypatch):
    Slicer(monkeypatch, new=new, network=False)
    with pytest.raises(MissingPackageError) as failed:
        ensure_requirements(requirements)
    assert "network" in failed.value.next_step


def test_what_was_not_installed_is_named_and_what_is_there_is_not(new, requirements, monkeypatch):
    Slicer(monkeypatch, new=new, network=False)
    with pytest.raises(MissingPackageError) as failed:
        ensure_requirements(requirements)
    assert ABSENT in failed.value.message
    assert "numpy" not in failed.value.message


def test_comments_empty_lines_and_options_are_no_requirements(requirements):
    assert read_requirements(requirements) == ("numpy>=1.0", ABSENT)


def test_the_name_of_a_package_ends_where_its_version_begins():
    assert [package_name(text) for text in ("scipy>=1.11", "ruamel.yaml", "a_b[c]<2")] == [
        "scipy",
        "ruamel.yaml",
        "a_b",
    ]
    with pytest.raises(ValueError, match="not a requirement"):
        package_name(">=1.0")
