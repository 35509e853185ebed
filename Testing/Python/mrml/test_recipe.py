"""The five lines that the documentation gives for Slicer's Python console do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from factory.geometric_body import make_geometric_body

from OsteoScreenLib.mrml.volume import write_volume_node

PAGE = "Docs/tested-without-slicer.md"
FENCED = re.compile(r"^```python\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)


def recipe_in(page: Path) -> str:
    """The one Python block of a page that is meant for Slicer's console."""
    blocks = [match["code"] for match in FENCED.finditer(page.read_text(encoding="utf-8"))]
    (recipe,) = [block for block in blocks if "slicer." in block]
    return recipe


@pytest.mark.needs_module("slicer")
def test_the_lines_for_the_python_console_run_and_leave_a_table_of_flags(repository, scene, new_node, capsys):
    import slicer.util

    write_volume_node(make_geometric_body(), new_node("vtkMRMLScalarVolumeNode", "CT"))
    names = {"slicer": slicer}
    exec(compile(recipe_in(repository / PAGE), PAGE, "exec"), names)
    result, table = names["result"], scene.GetFirstNodeByClass("vtkMRMLTableNode")
    assert table.GetName() == "Scan flags"
    assert table.GetNumberOfRows() == len(result.quality)
    assert capsys.readouterr().out.startswith(str(result.withheld))


def test_the_recipe_is_five_lines(repository):
    assert len(recipe_in(repository / PAGE).strip().splitlines()) == 5


def test_the_readme_gives_the_same_lines(repository):
    assert recipe_in(repository / "README.md") == recipe_in(repository / PAGE)
