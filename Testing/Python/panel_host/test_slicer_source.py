"""The stand-in for Slicer's window may use Slicer's own Python files from a checkout, and then behaves the same."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.needs_module("slicer"), pytest.mark.needs_module("PySide6")]
if sys.platform.startswith("linux"):
    pytestmark.append(pytest.mark.needs_library("EGL", "libegl1"))

VARIABLE = "OSTEOSCREEN_SLICER_SOURCE"


@pytest.fixture
def source() -> Path:
    """A checkout of Slicer's sources; skips the test where the environment names none."""
    if not os.environ.get(VARIABLE):
        pytest.skip(f"{VARIABLE} names no checkout of Slicer's sources")
    return Path(os.environ[VARIABLE])


@pytest.fixture
def qt() -> Any:
    from slicer_host.host import SlicerHost

    with SlicerHost():
        yield sys.modules["qt"]


def test_classes_of_qt_are_types_that_their_objects_belong_to(qt):
    box = qt.QCheckBox("Go")
    assert type(box) is qt.QCheckBox
    assert isinstance(box, qt.QWidget)
    assert not isinstance(box, qt.QLabel)
    assert qt.QTimer is not qt.QObject
    with pytest.raises(AttributeError):
        _ = qt.QCheckBox.noSuchName


def test_a_signal_is_connected_as_an_attribute_too_and_disconnected_again(qt):
    edit, heard = qt.QLineEdit(), []
    edit.textChanged.connect(heard.append)
    edit.text = "a"
    edit.textChanged.disconnect(heard.append)
    edit.text = "b"
    edit.connect("textChanged(QString)", heard.append)
    edit.text = "c"
    assert edit.disconnect("textChanged(QString)", heard.append)
    edit.text = "d"
    assert heard == ["a", "c"]
    assert not edit.disconnect("textChanged(QString)", heard.append)


def test_a_signal_of_several_forms_must_be_named_by_its_signature(qt):
    button = qt.QPushButton("Go")
    with pytest.raises(AttributeError, match="not one signal"):
        button.clicked.connect(print)


def test_a_long_session_does_not_run_out_of_references_to_none(qt):
    if sys.version_info >= (3, 12):
        pytest.skip("None is not counted in this version of Python")
    label, before = qt.QLabel(), sys.getrefcount(None)
    for _ in range(100):
        label.update()
    assert before - sys.getrefcount(None) < 1000
    assert sys.getrefcount(None) > 1 << 29


def test_a_folder_that_is_no_checkout_is_refused(tmp_path, monkeypatch):
    from slicer_host import slicer_source
    from slicer_host.host import SlicerHost

    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no checkout of Slicer"), SlicerHost():
        pass
    monkeypatch.setenv(VARIABLE, " ")
    assert slicer_source.checkout() is None


def test_without_a_checkout_the_stand_ins_are_used(monkeypatch):
    from slicer_host import parameter_node
    from slicer_host.host import SlicerHost

    monkeypatch.delenv(VARIABLE, raising=False)
    with SlicerHost():
        import slicer.parameterNodeWrapper as used

        assert used.parameterNodeWrapper is parameter_node.parameterNodeWrapper


def test_with_a_checkout_its_own_files_are_used_and_forgotten_afterwards(source, repository):
    from slicer_host.host import SlicerHost

    names = ("slicer.i18n", "slicer.ScriptedLoadableModule", "slicer.parameterNodeWrapper")
    with SlicerHost() as host:
        panel = host.open(repository / "OsteoScreen" / "OsteoScreen.py")
        for name in names:
            assert Path(sys.modules[name].__file__).is_relative_to(source)
        assert Path(sys.modules[type(panel).__mro__[1].__module__].__file__).is_relative_to(source)
        base = sys.modules["SegmentEditorEffects"].AbstractScriptedSegmentEditorEffect
        assert Path(sys.modules[base.__module__].__file__).is_relative_to(source)
        node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Small")
        host.choose(panel.ui.inputSelector, "Small")
        assert panel.logic.getParameterNode().inputVolume is node
    assert not [name for name in sys.modules if name.startswith("slicer.parameterNodeWrapper")]


def test_a_class_of_ctk_that_the_host_lacks_cannot_be_made():
    from slicer_host.slicer_source import Ctk

    ctk = Ctk("ctk")
    assert ctk.ctkSliderWidget is ctk.ctkSliderWidget
    with pytest.raises(NotImplementedError, match="ctkSliderWidget"):
        ctk.ctkSliderWidget()
    with pytest.raises(AttributeError):
        _ = ctk.somethingElse
