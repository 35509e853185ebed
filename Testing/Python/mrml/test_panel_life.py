"""What Slicer does around an open panel: it reads scenes, lends keys, learns effects later. In the test host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from factory.editor_case import two_femora
from factory.host_marks import IN_THE_HOST

pytestmark = IN_THE_HOST


def add_volume(host: Any, name: str) -> Any:
    from OsteoScreenLib.mrml.volume import write_volume_node

    node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    write_volume_node(two_femora(), node)
    node.CreateDefaultDisplayNodes()
    host.pump()
    return node


def names(panel: Any) -> list[str]:
    """Names of the chosen nodes, as the selectors show them."""
    ui = panel.ui
    selectors = (ui.inputSelector, ui.segmentationSelector, ui.measuresTableSelector, ui.flagsTableSelector)
    nodes = [selector.currentNode() for selector in selectors]
    return ["" if node is None else node.GetName() for node in nodes]


def saved_choice(host: Any, panel: Any, folder: Path) -> str:
    """A scene with two volumes; the second is chosen, with a segmentation and a table that the user made."""
    add_volume(host, "First")
    chosen = panel.logic.getParameterNode()
    chosen.inputVolume = add_volume(host, "Second")
    chosen.segmentation = host.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Mine")
    chosen.measuresTable = host.scene.AddNewNodeByClass("vtkMRMLTableNode", "My table")
    bundle = str(folder / "case.mrb")
    assert host.scene.WriteToMRB(bundle, None, None)
    host.scene.Clear()
    host.pump()
    return bundle


def test_a_scene_that_is_read_while_the_panel_is_open_shows_what_was_chosen_in_it(host, panel, tmp_path):
    bundle = saved_choice(host, panel, tmp_path)
    assert names(panel) == ["", "", "", ""]
    assert host.scene.ReadFromMRB(bundle, False)
    assert names(panel) == ["Second", "Mine", "My table", ""]
    assert panel.ui.screenButton.enabled
    assert panel.ui.lightLabel.visible


def test_a_scene_that_is_read_over_another_volume_keeps_the_nodes_that_were_chosen_in_it(host, panel, tmp_path):
    bundle = saved_choice(host, panel, tmp_path)
    add_volume(host, "Third")
    host.choose(panel.ui.inputSelector, "Third")
    panel.ui.exportLabel.text = "Written to a folder of Third"
    assert host.scene.ReadFromMRB(bundle, False)
    assert names(panel) == ["Second", "Mine", "My table", ""]
    assert panel.ui.exportLabel.text == ""


def test_a_scene_that_is_read_while_the_panel_is_left_does_not_wake_it(host, panel, tmp_path):
    bundle = saved_choice(host, panel, tmp_path)
    panel.exit()
    panel.parent.isEntered = False
    assert host.scene.ReadFromMRB(bundle, False)
    assert not panel.ui.screenButton.enabled


def test_keys_belong_to_the_editor_only_while_it_is_seen(panel):
    from slicer_host.pythonqt import unwrap

    editor, section = unwrap(panel.ui.segmentEditorWidget), panel.ui.editorCollapsibleButton
    assert not editor.keys
    section.collapsed = False
    assert editor.keys
    panel.exit()
    assert not editor.keys
    panel.enter()
    assert editor.keys
    section.collapsed = True
    assert not editor.keys


def test_an_effect_that_is_registered_later_is_in_the_editor(panel):
    from slicer_host.editing_effects import EraseEffect, made

    class Late(EraseEffect):
        NAME = "Paint"

    editor = panel.ui.segmentEditorWidget
    assert "Paint" not in editor.availableEffectNames()
    made(Late).self().register()
    assert "Paint" in editor.availableEffectNames()


def test_the_panels_editor_is_not_saved_so_that_no_effect_comes_back_active(panel):
    node = panel.ui.segmentEditorWidget.mrmlSegmentEditorNode()
    assert not node.GetSaveWithScene()


def test_parts_of_slicers_widgets_are_not_taken_for_widgets_of_the_panel(panel, repository):
    import qt
    import slicer

    from OsteoScreenPanel.section import widgetsOf

    form = str(repository / "OsteoScreen" / "Resources" / "UI" / "EditorSection.ui")
    root = slicer.util.loadUI(form)
    editor = slicer.util.childWidgetVariables(root).segmentEditorWidget
    for name in ("progressBar", "inputVolumeOfAnotherExtension"):
        part = qt.QLabel(editor)
        part.setObjectName(name)
        part.setProperty("SlicerParameterName", "unknown")
    assert {"progressBar", "segmentEditorWidget"} <= vars(slicer.util.childWidgetVariables(root)).keys()
    expected = {"editorCollapsibleButton", "segmentEditorWidget", "editedLabel", "rescoreButton", "changesLabel"}
    assert vars(widgetsOf(root, form)).keys() == expected
    assert set(dir(panel.ui)) & {"undo", "Erase"} == set()


@pytest.mark.parametrize("name", ["FemurVBNet", "SplitProximalFemur"])
def test_an_effect_whose_editor_is_destroyed_is_kept_alive_by_no_connection(panel, name):
    from slicer_host import pythonqt

    effect = panel.ui.segmentEditorWidget.effectByName(name)
    owners = [effect.self(), getattr(effect.self(), "work", effect.self())]

    def connected() -> list[str]:
        slots = [slot for _, _, slot, _ in pythonqt._connections]
        return [slot.__name__ for slot in slots if any(getattr(slot, "__self__", None) is owner for owner in owners)]

    assert "onApplyButton" in connected()
    effect.call("cleanup")
    assert connected() == []
