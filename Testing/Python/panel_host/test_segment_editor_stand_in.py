"""The stand-in for the Segment Editor behaves as its own rules say: loud about what it does not know."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from factory.editor_case import EditorCase, centre_ras

pytestmark = [pytest.mark.needs_module("slicer"), pytest.mark.needs_module("PySide6")]
if sys.platform.startswith("linux"):
    pytestmark.append(pytest.mark.needs_library("EGL", "libegl1"))

EFFECT = """
from SegmentEditorEffects import AbstractScriptedSegmentEditorEffect
class {name}Effect(AbstractScriptedSegmentEditorEffect):
    def __init__(self, scriptedEffect):
        scriptedEffect.name = "{name}"
        scriptedEffect.requireSegments = False
        AbstractScriptedSegmentEditorEffect.__init__(self, scriptedEffect)
    def clone(self):
        from qSlicerSegmentationsEditorEffectsPythonQt import qSlicerSegmentEditorScriptedEffect
        effect = qSlicerSegmentEditorScriptedEffect(None)
        effect.setPythonSource(SOURCE)
        return effect
    def helpText(self):
        return ""
    {rest}
"""


@pytest.fixture
def host() -> Any:
    from slicer_host.host import SlicerHost

    with SlicerHost() as host:
        yield host


@pytest.fixture
def add_effect(host: Any, tmp_path: Path) -> Any:
    """Writes an effect into a file and registers it."""

    def add(name: str, rest: str = "") -> Any:
        from slicer_host.segment_editor_effect import qSlicerSegmentEditorScriptedEffect

        path = tmp_path / "TestEffects" / f"{name}Effect.py"
        path.parent.mkdir(exist_ok=True)
        text = EFFECT.format(name=name, rest=rest).replace("SOURCE", repr(path.as_posix()))
        path.write_text(text, encoding="utf-8")
        effect = qSlicerSegmentEditorScriptedEffect(None)
        effect.setPythonSource(path.as_posix())
        effect.self().register()
        return effect

    return add


def test_an_effect_knows_the_members_of_slicer_and_no_others(add_effect):
    effect = add_effect("Known")
    assert effect.title == "Known"  # the name, as long as there is no title
    with pytest.raises(AttributeError, match="no saveStateForUnod"):
        effect.saveStateForUnod()
    with pytest.raises(AttributeError, match="no property perSegments"):
        effect.perSegments = True
    with pytest.raises(TypeError, match="perSegment is a bool"):
        effect.perSegment = "yes"
    with pytest.raises(FileNotFoundError):
        effect.setPythonSource("missing/NoneEffect.py")


def test_of_two_effects_in_one_folder_the_second_takes_the_modules_place_as_in_slicer(add_effect):
    first, second = add_effect("First"), add_effect("Second")
    assert sys.modules["TestEffects"].__file__.endswith("SecondEffect.py")
    assert not hasattr(sys.modules["TestEffects"], "FirstEffect")
    assert (first.name, second.name) == ("First", "Second")
    assert (first.self().clone().name, second.self().clone().name) == ("First", "Second")


def test_the_modules_of_effects_go_with_the_host(repository: Path):
    from slicer_host.host import SlicerHost

    ours = {"SegmentEditorFemurLib", "SegmentEditorSplitFemurLib"}
    with SlicerHost() as host:
        host.start(repository / "OsteoScreen")
        assert ours <= set(sys.modules)
    assert not (ours | {"SegmentEditorEffects"}) & set(sys.modules)


def test_both_effects_of_osteoscreen_are_registered_when_the_modules_have_started(host, repository):
    import slicer

    host.start(repository / "OsteoScreen")
    names = [effect.name for effect in slicer.qSlicerSegmentEditorEffectFactory.instance().registeredEffects()]
    assert names == ["Threshold", "Erase", "FemurVBNet", "SplitProximalFemur"]


def test_the_module_that_registers_the_effects_is_hidden(host, repository):
    from types import SimpleNamespace

    path = repository / "OsteoScreen" / "SegmentEditorFemur.py"
    parent = SimpleNamespace(path=str(path))
    host.load(path).SegmentEditorFemur(parent)
    assert parent.hidden is True
    assert set(parent.dependencies) == {"Segmentations", "OsteoScreen"}


def test_an_exception_in_an_effect_ends_the_test(host, repository, add_effect):
    from slicer_host import pythonqt

    add_effect("Failing", "def activate(self): raise ValueError('in an effect')")
    case = EditorCase(host, repository)
    case.choose("Failing")
    case.close()
    errors, pythonqt.errors[:] = list(pythonqt.errors), []  # else the host raises the first of them as it closes
    assert [str(error) for error in errors] == ["in an effect"]


def test_a_click_is_answered_by_a_bool_or_refused(host, repository, add_effect):
    from slicer_host import pythonqt

    add_effect("Silent", "def processInteractionEvents(self, interactor, event, view): return 1")
    case = EditorCase(host, repository)
    case.choose("Silent")
    case.click_at(centre_ras("left"))
    case.close()
    errors, pythonqt.errors[:] = list(pythonqt.errors), []
    assert [type(error) for error in errors] == [TypeError]


def test_without_view_observations_no_click_reaches_an_effect(host, repository):
    case = EditorCase(host, repository)
    segment_id = case.add_segment()
    threshold = case.choose("Threshold")
    host.click(threshold.applyButton)
    filled = case.mask(segment_id).sum()
    assert filled > 0
    case.choose("Erase")
    case.editor.removeViewObservations()
    case.click_at(centre_ras("left"))
    assert case.mask(segment_id).sum() == filled
    case.editor.setupViewObservations()
    case.click_at(centre_ras("left"))
    assert case.mask(segment_id).sum() < filled
    case.close()


def test_an_editor_without_a_node_and_an_unknown_effect_are_refused(host, repository):
    case = EditorCase(host, repository)
    with pytest.raises(ValueError, match="no effect Pant"):
        case.editor.setActiveEffectByName("Pant")
    case.editor.setMRMLSegmentEditorNode(None)
    with pytest.raises(RuntimeError, match="no segment editor node"):
        case.editor.setSegmentationNode(None)
    case.editor.setMRMLSegmentEditorNode(case.node)
    case.close()


def test_an_effect_that_needs_segments_cannot_be_chosen_without_one(host, repository):
    case = EditorCase(host, repository)
    assert not case.button("Threshold").isEnabled()
    assert case.button("FemurVBNet").isEnabled()
    case.add_segment()
    assert case.button("Threshold").isEnabled()
    case.close()


def test_switching_undo_on_forgets_what_was_kept_and_off_hides_its_buttons_as_in_slicer(host, repository):
    case = EditorCase(host, repository)
    case.add_segment()
    host.click(case.choose("Threshold").applyButton)
    assert case.button("UndoButton").isEnabled()
    case.editor.undoEnabled = False
    assert not case.button("UndoButton").isVisible()
    case.editor.undoEnabled = True
    assert case.button("UndoButton").isVisible()
    assert not case.button("UndoButton").isEnabled()
    case.close()


def test_an_editor_that_is_read_only_lets_go_of_its_effect(host, repository):
    case = EditorCase(host, repository)
    case.add_segment()
    effect = case.choose("Threshold")
    case.editor.readOnly = True
    assert case.editor.activeEffect() is None
    assert not effect.scriptedEffect.active()
    assert not case.button("Threshold").isEnabled()
    case.close()
