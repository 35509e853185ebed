"""When the panel turns the views to a femur, and when it leaves them alone; played by clicks in the test host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from factory.femur_segmenters import BoxSegmenter
from factory.geometric_body import make_geometric_body
from factory.host_marks import IN_THE_HOST
from factory.played_screening import PlayedScreening

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.mrml.volume import write_volume_node

pytestmark = IN_THE_HOST


@pytest.fixture(scope="module")
def body() -> CTVolume:
    return make_geometric_body()


@pytest.fixture
def played(tmp_path_factory: Any, body: CTVolume, monkeypatch: pytest.MonkeyPatch) -> PlayedScreening:
    played = PlayedScreening(tmp_path_factory.mktemp("stage"), body, monkeypatch)
    played.source(BoxSegmenter())
    return played


@pytest.fixture
def volume(host: Any, panel: Any, body: CTVolume) -> Any:
    node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Body")
    write_volume_node(body, node)
    host.pump()
    host.choose(panel.ui.inputSelector, "Body")
    return node


def click(host: Any, panel: Any, button: str) -> None:
    host.click(getattr(panel.ui, button))
    host.wait_until(lambda: panel.ui.progressBar.visible is False)


def places(host: Any) -> list[tuple[float, ...]]:
    """What each slice view shows: its matrix and its field of view."""
    found = []
    for number in range(host.scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")):
        node = host.scene.GetNthNodeByClass(number, "vtkMRMLSliceNode")
        matrix = node.GetSliceToRAS()
        place = [matrix.GetElement(row, column) for row in range(3) for column in range(4)]
        found.append((*place, *node.GetFieldOfView()))
    return found


def test_a_screening_turns_the_views_to_the_femur_it_found(host, panel, volume, played):
    import slicer

    before = places(host)
    click(host, panel, "screenButton")
    assert places(host) != before
    middle = panel.ui.segmentationSelector.currentNode().GetSegmentCenterRAS("femur_left")
    red = host.views.sliceWidget("Red").mrmlSliceNode().GetSliceToRAS()
    assert np.allclose([red.GetElement(row, 3) for row in range(3)], middle, atol=1e-6)
    assert host.views.layout == slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView
    assert volume.GetDisplayNode().GetWindow() > 1000.0


def test_scoring_again_and_a_check_never_move_the_views(host, panel, volume, played):
    from OsteoScreenLib.mrml.segmentation_node import read_masks

    click(host, panel, "screenButton")
    host.views.sliceWidget("Red").mrmlSliceNode().JumpSliceByCentering(1.0, 2.0, 3.0)
    before = places(host)
    played.given(read_masks(panel.ui.segmentationSelector.currentNode(), volume))
    played.checks()
    click(host, panel, "rescoreButton")
    assert panel.state().result.segmentation.source == "given"
    click(host, panel, "checkButton")
    assert places(host) == before


def test_the_views_stay_where_the_user_wants_no_turning_and_the_choice_is_remembered(
    host, panel, volume, played, repository
):
    assert panel.ui.showAfterScreeningCheckBox.checked
    before = places(host)
    host.click(panel.ui.showAfterScreeningCheckBox)
    click(host, panel, "screenButton")
    assert places(host) == before
    again = host.open(repository / "OsteoScreen" / "OsteoScreen.py")
    assert not again.ui.showAfterScreeningCheckBox.checked


def test_a_button_shows_a_side_and_there_is_none_for_a_side_that_was_not_found(host, panel, volume, played):
    assert not panel.ui.showLeftButton.enabled
    click(host, panel, "screenButton")
    assert panel.ui.showLeftButton.enabled
    assert not panel.ui.showRightButton.enabled
    host.views.sliceWidget("Red").mrmlSliceNode().JumpSliceByCentering(1.0, 2.0, 3.0)
    before = places(host)
    click(host, panel, "showLeftButton")
    assert places(host) != before


def test_a_screening_that_finds_no_femur_moves_nothing(host, panel, volume, played):
    from factory.femur_segmenters import FailingSegmenter

    from OsteoScreenLib.errors import ModelError

    played.source(FailingSegmenter(ModelError("There is no model")))
    before = places(host)
    click(host, panel, "screenButton")
    assert places(host) == before
