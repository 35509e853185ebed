"""The module works from a folder that holds what CMake installs and nothing else, without the checkout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cmake_lists import FOLDERS, lists_in
from factory.host_marks import IN_THE_HOST

pytestmark = IN_THE_HOST

PROGRAM = """
import json, sys
from pathlib import Path

modules, host_folder = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(host_folder))  # the stand-in for Slicer; it is no part of what is installed
from slicer_host.host import SlicerHost

with SlicerHost() as host:
    panel = host.open(modules / "OsteoScreen.py")
    import numpy as np
    from OsteoScreenLib.ct.geometry import Geometry
    from OsteoScreenLib.ct.volume import CTVolume
    from OsteoScreenLib.models.places import shipped_folder
    from OsteoScreenLib.mrml.volume import write_volume_node

    shape = (24, 48, 48)
    hu = np.random.default_rng(1).integers(-1000, 1500, shape).astype(np.int16)
    ct = CTVolume(hu, Geometry(shape, (2.0, 2.0, 3.0), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    write_volume_node(ct, host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Small"))
    host.choose(panel.ui.inputSelector, "Small")
    host.click(panel.ui.checkButton)
    host.wait_until(lambda: panel.work.idle, limit_s=120.0)
    for button in ("modelsCollapsibleButton", "installedCollapsibleButton"):
        getattr(panel.ui, button).collapsed = False
    host.wait_until(lambda: panel.ui.copyInstalledButton.enabled)
    told = {
        "flags": panel.ui.flagsLabel.text,
        "rows": panel.ui.flagsTableSelector.currentNode().GetNumberOfRows(),
        "models": str(shipped_folder()),
        "listed": panel.ui.modelsTable.rowCount,
        "dialogs": host.dialogs,
        "files": [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())],
        "path": sys.path,
    }
print("TOLD " + json.dumps(told))
"""


def install(repository: Path, folder: Path) -> Path:
    """``qt-scripted-modules`` as ``cmake --install`` fills it, from the lists of the CMake files."""
    modules = folder / "lib" / "qt-scripted-modules"
    for source in FOLDERS:
        target = modules / source if source == "OsteoScreenLib" else modules
        lists = lists_in((repository / source / "CMakeLists.txt").read_text(encoding="utf-8"))
        for name in (*lists["SCRIPTS"], *lists["RESOURCES"]):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(repository / source / name, target / name)
    models = repository / "Resources" / "Models"
    if models.is_dir():
        shutil.copytree(models, modules / "OsteoScreenLib" / "Resources" / "Models")
    return modules


def run_in(modules: Path, repository: Path) -> subprocess.CompletedProcess[str]:
    """Play the panel in a fresh Python that knows neither the checkout nor this test's paths."""
    host = modules.parents[1] / "host"
    shutil.copytree(repository / "Testing" / "SlicerHost", host, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-I", "-c", PROGRAM, str(modules), str(host)]
    return subprocess.run(command, capture_output=True, text=True, cwd=modules.parents[1], timeout=300, check=False)


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(repository, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def told(installed: Path, repository: Path) -> dict[str, Any]:
    """What the program said of the installed module."""
    done = run_in(installed, repository)
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("TOLD ")]
    return json.loads(line.removeprefix("TOLD "))


def test_the_panel_opens_and_checks_a_volume_from_the_installed_files(told):
    assert told["dialogs"] == []
    assert told["rows"] > 0
    assert "Withheld" in told["flags"]


def test_nothing_comes_from_the_checkout(told, installed, repository):
    ours = [path for path in told["files"] if "OsteoScreen" in path]
    assert ours
    assert all(Path(path).is_relative_to(installed) for path in ours)
    packages = Path(sys.prefix)  # may lie in the checkout, as make's .venv does
    others = [Path(path) for path in told["files"] if path and not Path(path).is_relative_to(packages)]
    assert not [path for path in others if path.is_relative_to(repository)]
    assert str(repository) not in told["path"]


def test_the_shipped_models_are_found_beside_the_installed_library(told, installed, repository):
    if not (repository / "Resources" / "Models").is_dir():
        pytest.skip("no model is shipped in Resources/Models")
    assert Path(told["models"]) == installed / "OsteoScreenLib" / "Resources" / "Models"
    assert told["listed"] >= len(list((repository / "Resources" / "Models").iterdir()))


@pytest.mark.parametrize("name", ["OsteoScreenPanel/rows.py", "Resources/UI/CohortSection.ui"])
def test_a_file_that_is_not_installed_is_missed(repository, tmp_path, name):
    modules = install(repository, tmp_path)
    (modules / name).unlink()
    done = run_in(modules, repository)
    assert done.returncode != 0
    assert Path(name).stem in done.stderr
