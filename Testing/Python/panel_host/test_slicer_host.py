"""The stand-in for Slicer's window behaves as its own rules say: loud about what it does not know, gone afterwards."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.needs_module("slicer"), pytest.mark.needs_module("PySide6")]
if sys.platform.startswith("linux"):
    pytestmark.append(pytest.mark.needs_library("EGL", "libegl1"))

FORM = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0"><class>Form</class><widget class="QWidget" name="Form">
<layout class="QVBoxLayout" name="layout"><item><widget class="{kind}" name="inner"/></item></layout>
</widget></ui>"""


@pytest.fixture
def host() -> Any:
    from slicer_host.host import SlicerHost

    with SlicerHost() as host:
        yield host


@pytest.fixture
def qt(host: Any) -> Any:
    return sys.modules["qt"]


def test_properties_are_attributes_and_unknown_ones_are_refused(qt):
    button = qt.QPushButton("Go")
    button.text = "Stop"
    assert (button.text, button.enabled) == ("Stop", True)
    with pytest.raises(AttributeError):
        button.txet = "Stop"
    with pytest.raises(AttributeError):
        _ = button.txet
    with pytest.raises(TypeError):
        button.text()


def test_a_slot_gets_as_many_values_as_it_takes_and_a_wrong_signal_is_refused(qt):
    button, heard = qt.QPushButton("Go"), []
    button.connect("clicked(bool)", lambda: heard.append("none"))
    button.connect("clicked(bool)", lambda checked: heard.append(checked))
    button.click()
    assert heard == ["none", False]
    with pytest.raises(AttributeError, match="no signal"):
        button.connect("clickd(bool)", print)


def test_an_exception_in_a_slot_ends_the_test(repository):
    from slicer_host.host import SlicerHost

    def fail() -> None:
        raise ValueError("in a slot")

    def in_a_host() -> None:
        with SlicerHost():
            button = sys.modules["qt"].QPushButton("Go")
            button.connect("clicked(bool)", fail)
            button.click()

    with pytest.raises(ValueError, match="in a slot"):
        in_a_host()


def test_a_form_with_an_unknown_widget_is_refused(host, tmp_path):
    from slicer_host.form import load_form

    for kind, known in (("QLabel", True), ("ctkRangeWidget", False)):
        path = tmp_path / f"{kind}.ui"
        path.write_text(FORM.format(kind=kind), encoding="utf-8")
        if known:
            form = load_form(str(path))
            assert kind in [child.className() for child in form.children()]
        else:
            with pytest.raises(NotImplementedError, match=kind):
                load_form(str(path))


def test_the_selector_follows_the_scene(host):
    from slicer_host.node_combo_box import qMRMLNodeComboBox

    box, told = qMRMLNodeComboBox(), []
    box.nodeTypes, box.noneEnabled, box.addEnabled = ["vtkMRMLTableNode"], True, True
    box.setMRMLScene(host.scene)
    box.currentNodeChanged.connect(told.append)
    node = host.scene.AddNewNodeByClass("vtkMRMLTableNode", "Mine")
    host.scene.AddNewNodeByClass("vtkMRMLModelNode", "Not a table")
    assert [box.itemText(n) for n in range(box.count())] == ["None", "Mine", "Create new Table"]
    host.choose(box, "Mine")
    assert box.currentNode() is node
    host.scene.RemoveNode(node)
    assert box.currentNode() is None
    assert told == [node, None]
    host.choose(box, "Create new Table")
    assert box.currentNode().GetClassName() == "vtkMRMLTableNode"
    box.setMRMLScene(None)


def test_the_parameter_node_keeps_nodes_and_values_in_the_scene(host):
    import slicer
    from slicer_host.parameter_node import parameterNodeWrapper

    fields = {"volume": slicer.vtkMRMLScalarVolumeNode, "smooth": bool}
    kind = parameterNodeWrapper(type("Parameters", (), {"__annotations__": fields, "smooth": True}))
    node = host.scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    volume = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    first = kind(node)
    assert (first.volume, first.smooth) == (None, True)
    first.volume, first.smooth = volume, False
    assert (kind(node).volume, kind(node).smooth) == (volume, False)
    with pytest.raises(TypeError):
        first.volume = host.scene.AddNewNodeByClass("vtkMRMLTableNode")
    with pytest.raises(AttributeError):
        first.volumen = volume


def test_nothing_of_the_stand_ins_is_left_when_the_host_closes(repository: Path):
    import slicer
    from slicer_host.host import SlicerHost

    before = {name for name in ("qt", "ctk", "slicer.parameterNodeWrapper") if name in sys.modules}
    scene = getattr(slicer, "mrmlScene", None)
    with SlicerHost() as host:
        assert slicer.mrmlScene is host.scene
        assert "qt" in sys.modules
    assert {name for name in ("qt", "ctk", "slicer.parameterNodeWrapper") if name in sys.modules} == before
    assert getattr(slicer, "mrmlScene", None) is scene


def test_a_disabled_button_cannot_be_clicked(host, qt):
    button = qt.QPushButton("Go")
    button.enabled = False
    button.show()
    with pytest.raises(AssertionError, match="disabled"):
        host.click(button)
    button.close()


def test_another_thread_may_ask_neither_the_application_nor_a_widget(host, qt):
    import slicer

    label, refused = qt.QLabel("Here"), []

    def ask() -> None:
        for question in (lambda: slicer.app.temporaryPath, lambda: label.text, lambda: setattr(label, "text", "There")):
            try:
                question()
            except RuntimeError as error:
                refused.append(str(error))

    ask()
    assert refused == []
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert len(refused) == 3
    assert "slicer.app.temporaryPath" in refused[0]
