"""The lines that README and documentation give for Slicer's Python console do what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from densitometry.bodies import body
from factory.femur_segmenters import BoxSegmenter
from factory.geometric_body import make_geometric_body

from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.mrml.measures_table import measures_of
from OsteoScreenLib.mrml.segmentation_node import write_masks
from OsteoScreenLib.mrml.volume import write_volume_node

PAGE = "Docs/tested-without-slicer.md"
FENCED = re.compile(r"^```python\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
CHECK, SCREEN, DENSITY, SEGMENT = 0, 1, 2, 3


def recipes_in(page: Path) -> list[str]:
    """The Python blocks of a page that are meant for Slicer's console."""
    blocks = [match["code"] for match in FENCED.finditer(page.read_text(encoding="utf-8"))]
    return [block for block in blocks if "slicer." in block]


def run(repository: Path, number: int) -> dict[str, Any]:
    """Run one of README's recipes; what its names are at the end."""
    import slicer.util

    names: dict[str, Any] = {"slicer": slicer}
    exec(compile(recipes_in(repository / "README.md")[number], "README.md", "exec"), names)
    return names


@pytest.fixture
def volume(new_node):
    node = new_node("vtkMRMLScalarVolumeNode", "CT")
    write_volume_node(make_geometric_body(), node)
    return node


@pytest.fixture
def boxes():
    """Puts a source of masks that answers at once where the networks would be opened."""
    from OsteoScreenLib.mrml.femur_segmentation_logic import FemurSegmentationLogic

    with mock.patch.object(FemurSegmentationLogic, "segmenter", BoxSegmenter()):
        yield


@pytest.mark.needs_module("slicer")
def test_checking_leaves_a_table_of_flags(repository, scene, volume, capsys):
    result = run(repository, CHECK)["result"]
    table = scene.GetFirstNodeByClass("vtkMRMLTableNode")
    assert table.GetName() == "Scan flags"
    assert table.GetNumberOfRows() == len(result.quality)
    assert capsys.readouterr().out.startswith(str(result.withheld))


@pytest.mark.needs_module("slicer")
def test_screening_leaves_a_segmentation_and_a_table_of_measures(repository, scene, volume, boxes, capsys):
    result = run(repository, SCREEN)["result"]
    assert scene.GetFirstNodeByClass("vtkMRMLTableNode").GetNumberOfRows() == len(measures_of(result)) > 5
    assert scene.GetFirstNodeByClass("vtkMRMLSegmentationNode").GetName() == "CT femora"
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        [side, femur.presence] for side, femur in result.femurs.items()
    ]


@pytest.mark.needs_module("slicer")
def test_measuring_density_gives_the_measures_of_the_patient_that_is_named(repository, scene, new_node, capsys):
    node = new_node("vtkMRMLScalarVolumeNode", "CT")
    write_volume_node(body().ct, node)
    write_masks(body().labels, node, new_node("vtkMRMLSegmentationNode", "CT femora"))
    measured = run(repository, DENSITY)["measured"]
    assert measured.facts == PatientFacts("F", 67)
    assert measured.femora["left"].status.status is not None
    assert capsys.readouterr().out.startswith("left {'status'")


@pytest.mark.needs_module("slicer")
def test_segmenting_gives_the_node_and_the_array(repository, scene, volume, boxes, capsys):
    labels = run(repository, SEGMENT)["labels"]
    assert set(np.unique(labels)) == {0, 1}
    assert capsys.readouterr().out.startswith("CT femora")


def test_there_are_four_recipes_of_five_lines(repository):
    lengths = [len(recipe.strip().splitlines()) for recipe in recipes_in(repository / "README.md")]
    assert lengths == [5, 5, 5, 5]


def test_the_page_on_testing_gives_the_first_of_them(repository):
    assert recipes_in(repository / PAGE) == [recipes_in(repository / "README.md")[CHECK]]
