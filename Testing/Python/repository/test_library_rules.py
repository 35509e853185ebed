"""House rules of the library's source, each shown to fire and not to fire."""

import pytest
from repository.library_rules import heavy_imports, pickles, prints, too_long

RULES = [heavy_imports, prints, pickles, too_long]


def library_sources(repository):
    library = repository / "OsteoScreenLib"
    for path in sorted(library.rglob("*.py")):
        yield path.relative_to(library).as_posix(), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_library_keeps_the_rule(repository, rule):
    found = [problem for name, source in library_sources(repository) for problem in rule(name, source)]
    assert found == []


@pytest.mark.parametrize("rule", [prints, pickles, too_long], ids=lambda rule: rule.__name__)
def test_the_slicer_module_keeps_the_rule(repository, rule):
    paths = sorted((repository / "OsteoScreen").rglob("*.py"))
    assert [problem for path in paths for problem in rule(path.name, path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (heavy_imports, "ct/reader.py", "import SimpleITK as sitk"),
        (heavy_imports, "ct/reader.py", "from pydicom.tag import Tag"),
        (heavy_imports, "ct/reader.py", "try:\n    import scipy.ndimage\nexcept ImportError:\n    pass"),
        (heavy_imports, "ct/reader.py", "class Reader:\n    import torch"),
        (heavy_imports, "report/page.py", "import rich"),
        (prints, "quality/checks.py", "def check():\n    print('done')"),
        (pickles, "status/model.py", "def load():\n    import pickle"),
        (pickles, "status/model.py", "from joblib import load"),
        (pickles, "status/model.py", "numpy.load(path, allow_pickle=True)"),
        (pickles, "status/model.py", "numpy.load(path, allow_pickle=flag)"),
        (too_long, "ct/reader.py", "x = 1\n" * 401),
        (too_long, "ct/reader.py", "def read():\n" + "    x = 1\n" * 50),
        (too_long, "ct/reader.py", 'def read():\n    """One\n    two."""\n' + "    x = 1\n" * 50),
    ],
)
def test_the_rule_fires_where_it_is_broken(rule, name, source):
    assert len(rule(name, source)) == 1


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (
            heavy_imports,
            "ct/reader.py",
            "import json\nimport numpy as np\nfrom OsteoScreenLib.errors import InputError",
        ),
        (heavy_imports, "ct/reader.py", "def read():\n    import SimpleITK as sitk"),
        (heavy_imports, "ct/reader.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pydicom"),
        (heavy_imports, "cli/app.py", "import typer\nfrom rich.progress import Progress"),
        (heavy_imports, "mrml/volume.py", "import slicer\nimport vtk"),
        (prints, "cli/doctor.py", "print('ready')"),
        (prints, "quality/checks.py", "table.print()"),
        (pickles, "status/model.py", "numpy.load(path, allow_pickle=False)"),
        (too_long, "ct/reader.py", "x = 1\n" * 400),
        (too_long, "ct/reader.py", "def read():\n" + "    x = 1\n" * 49),
        (too_long, "ct/reader.py", 'def read():\n    """One\n    two."""\n' + "    x = 1\n" * 49),
    ],
)
def test_the_rule_is_silent_where_it_is_kept(rule, name, source):
    assert rule(name, source) == []
