"""Where models lie, on each system and in each way of installing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from factory.bundles import make_bundle

from OsteoScreenLib.models import places


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home without any variable that names another place."""
    for name in (places.VARIABLE, "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(places.Path, "home", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("platform", "below"),
    [
        ("linux", ".local/share/osteoscreen/models"),
        ("darwin", "Library/Application Support/OsteoScreen/Models"),
        ("win32", "AppData/Local/OsteoScreen/Models"),
    ],
)
def test_each_system_has_its_place_for_the_users_models(bare: Path, monkeypatch, platform: str, below: str) -> None:
    monkeypatch.setattr(places.sys, "platform", platform)
    assert places.user_folder() == bare / below


def test_a_variable_names_another_folder_and_an_empty_one_none(bare: Path, monkeypatch) -> None:
    monkeypatch.setenv(places.VARIABLE, str(bare / "mine"))
    assert places.user_folder() == bare / "mine"
    usual = bare / ".local/share/osteoscreen/models"
    monkeypatch.setattr(places.sys, "platform", "linux")
    monkeypatch.setenv(places.VARIABLE, " ")
    assert places.user_folder() == usual
    monkeypatch.setenv("XDG_DATA_HOME", str(bare / "data"))
    assert places.user_folder() == bare / "data" / "osteoscreen" / "models"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert places.user_folder() == usual


def test_the_library_finds_models_inside_itself_first_and_beside_itself_only_in_a_checkout(
    tmp_path: Path, monkeypatch
) -> None:
    library, beside = tmp_path / "OsteoScreenLib", tmp_path / "Resources" / "Models"
    monkeypatch.setattr(places, "_PACKAGE", library)
    assert places.shipped_folder() is None
    beside.mkdir(parents=True)
    assert places.shipped_folder() is None
    (tmp_path / "pyproject.toml").touch()
    assert places.shipped_folder() == beside
    (library / "Resources" / "Models").mkdir(parents=True)
    assert places.shipped_folder() == library / "Resources" / "Models"


BUILD = "import sys; from setuptools import build_meta as b; print(getattr(b, sys.argv[1])(sys.argv[2]))"


@pytest.fixture
def source(repository: Path, tmp_path: Path) -> Path:
    """The files a wheel is made of, of which one room is enough, and a shipped bundle."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE.txt"):
        shutil.copyfile(repository / name, folder / name)
    shutil.copytree(
        repository / "OsteoScreenLib" / "models",
        folder / "OsteoScreenLib" / "models",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("__init__.py", "errors.py"):
        shutil.copyfile(repository / "OsteoScreenLib" / name, folder / "OsteoScreenLib" / name)
    make_bundle(folder / "Resources" / "Models" / "small-net-0.1.0")
    return folder


def build(source: Path, kind: str) -> Path:
    out = source.parent / "out"
    out.mkdir(exist_ok=True)
    command = [sys.executable, "-W", "ignore", "-c", BUILD, f"build_{kind}", str(out)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out / done.stdout.splitlines()[-1]


@pytest.mark.needs_module("setuptools")
def test_a_wheel_carries_the_shipped_models_and_finds_them(source: Path, tmp_path: Path) -> None:
    stale = source / "build" / "lib" / "OsteoScreenLib" / "Resources" / "Models" / "old-0.0.1"
    stale.mkdir(parents=True)
    (stale / "model.json").write_text("{}")
    (source / "Resources" / "Models" / "small-net-0.1.0" / ".DS_Store").write_bytes(b"\0")
    with zipfile.ZipFile(build(source, "wheel")) as wheel:
        shipped = {name for name in wheel.namelist() if "Resources" in name}
        wheel.extractall(tmp_path / "site")
    folder = "OsteoScreenLib/Resources/Models/small-net-0.1.0"
    assert shipped == {f"{folder}/model.json", f"{folder}/fine.onnx"}
    code = "from OsteoScreenLib.models.places import shipped_folder as f; from OsteoScreenLib.models.bundle import *;"
    code += "b = load_bundle(f() / 'small-net-0.1.0'); print(b.folder)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == (tmp_path / "site" / folder).resolve()


@pytest.mark.needs_module("setuptools")
def test_a_source_distribution_carries_the_shipped_models(source: Path) -> None:
    import tarfile

    with tarfile.open(build(source, "sdist")) as archive:
        names = archive.getnames()
    assert [name for name in names if name.endswith("Resources/Models/small-net-0.1.0/fine.onnx")]


@pytest.mark.needs_module("setuptools")
def test_a_wheel_without_shipped_models_is_made_too(source: Path) -> None:
    shutil.rmtree(source / "Resources")
    with zipfile.ZipFile(build(source, "wheel")) as wheel:
        assert not [name for name in wheel.namelist() if "Resources" in name]
