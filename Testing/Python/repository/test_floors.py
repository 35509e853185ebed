"""The import contracts hold the floors of the house: each is shown to fire on a small library, and not to fire."""

import os
import subprocess
import sys

import pytest

ROOMS = ("cli", "mrml", "screening", "report", "training", "segmentation", "quality", "ct")


@pytest.fixture
def library(repository, tmp_path):
    """A library with empty rooms, under the contracts of this repository."""
    text = (repository / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(text[text.index("[tool.importlinter]") :], encoding="utf-8")
    folder = tmp_path / "OsteoScreenLib"
    for room in ("", *ROOMS):
        (folder / room).mkdir(exist_ok=True)
        (folder / room / "__init__.py").touch()
    (folder / "errors.py").touch()
    (folder / "progress.py").write_text("import OsteoScreenLib.errors\n")
    return folder


def contracts_hold(library):
    """Whether import-linter accepts the library; with what it said."""
    environment = {**os.environ, "PYTHONPATH": str(library.parent), "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=library.parent, env=environment, capture_output=True, text=True, check=False)
    assert "Contracts" in done.stdout, done.stderr
    return done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cli/app.py", "from OsteoScreenLib.screening import pipeline"),
        ("quality/checks.py", "from OsteoScreenLib.ct import volume"),
        ("mrml/logic.py", "import slicer, vtk"),
        ("training/fit.py", "import torch, monai, sklearn"),
    ],
)
def test_an_import_from_a_floor_below_is_accepted(library, file, line):
    (library / "screening/pipeline.py").touch()
    (library / "ct/volume.py").touch()
    (library / file).write_text(line + "\n")
    holds, said = contracts_hold(library)
    assert holds, said


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("ct/reader.py", "from OsteoScreenLib import quality"),
        ("quality/checks.py", "def check():\n    import OsteoScreenLib.report"),
        ("report/page.py", "import OsteoScreenLib.screening"),
        ("cli/app.py", "import OsteoScreenLib.mrml"),
        ("errors.py", "import OsteoScreenLib.progress"),
        ("quality/checks.py", "import slicer"),
        ("report/page.py", "import vtk"),
        ("segmentation/network.py", "import torch"),
        ("attic/__init__.py", ""),
    ],
)
def test_an_import_from_above_or_a_room_without_a_floor_is_refused(library, file, line):
    (library / file).parent.mkdir(exist_ok=True)
    (library / file).write_text(line + "\n")
    holds, said = contracts_hold(library)
    assert not holds, said
