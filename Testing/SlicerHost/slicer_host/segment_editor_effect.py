"""Stand-ins for effects in Python: the object that the Segment Editor gives to them, its factory, their base."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from PySide6 import QtWidgets

from slicer_host import pythonqt
from slicer_host.pythonqt import unwrap, wrap

PROPERTIES = {
    "name": "UnnamedScriptedEffect",
    "title": "",
    "perSegment": True,
    "requireSegments": True,
    "showEffectCursorInSliceView": True,
    "showEffectCursorInThreeDView": False,
}
_MODES = ("ModificationModeSet", "ModificationModeAdd", "ModificationModeRemove", "ModificationModeRemoveAll")


class qSlicerSegmentEditorAbstractEffect:
    """The numbers of the ways to modify a segment."""

    ModificationModeSet, ModificationModeAdd, ModificationModeRemove, ModificationModeRemoveAll = range(4)


class qSlicerSegmentEditorScriptedEffect(qSlicerSegmentEditorAbstractEffect):
    """What an effect written in Python holds as ``scriptedEffect``. Attributes are those of Slicer, and no others.

    Parameters live in the real ``vtkMRMLSegmentEditorNode``. Voxels go through the real logic of the editor.
    """

    _OWN = ("_values", "_python", "_frame", "_editor", "_active")
    loaded: ClassVar[list[str]] = []
    """Names of the modules that effects were loaded as."""

    def __init__(self, parent: None) -> None:
        assert parent is None, "effects are made without a parent"
        self._values = dict(PROPERTIES)
        self._python: Any = None
        self._frame = QtWidgets.QFrame()
        QtWidgets.QFormLayout(self._frame)
        self._editor: Any = None
        self._active = False

    def __getattr__(self, name: str) -> Any:
        if name in PROPERTIES:
            values = self.__dict__["_values"]
            return (values["title"] or values["name"]) if name == "title" else values[name]
        raise AttributeError(f"qSlicerSegmentEditorScriptedEffect has no {name}, or the test host does not know it")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in PROPERTIES:
            if type(value) is not type(PROPERTIES[name]):
                raise TypeError(f"{name} is a {type(PROPERTIES[name]).__name__}")
            self._values[name] = value
        elif name in self._OWN:
            super().__setattr__(name, value)
        else:
            raise AttributeError(f"qSlicerSegmentEditorScriptedEffect has no property {name}")

    def setPythonSource(self, path: str) -> bool:
        """As Slicer: the module is called like the folder, and the class like the file, ending in Effect.

        A file is read only where the module of that name lacks the class, and its module then takes the other's place.
        """
        file = Path(path)
        if "\\" in path or file.suffix != ".py" or not file.is_file():
            raise FileNotFoundError(path)
        class_name = file.stem if file.stem.endswith("Effect") else f"{file.stem}Effect"
        module = sys.modules.get(file.parent.name)
        if not hasattr(module, class_name):
            spec = importlib.util.spec_from_file_location(file.parent.name, file)
            assert spec is not None
            assert spec.loader is not None
            module = sys.modules[file.parent.name] = importlib.util.module_from_spec(spec)
            self.loaded.append(file.parent.name)
            spec.loader.exec_module(module)
        self._python = getattr(module, class_name)(self)
        return True

    def self(self) -> Any:
        return self._python

    def call(self, method: str, *arguments: Any) -> Any:
        """Not of Slicer: the editor calls a method of the Python class, where it has it; Slicer prints exceptions."""
        function = getattr(self._python, method, None)
        try:
            return None if function is None else function(*arguments)
        except Exception as error:
            pythonqt.errors.append(error)
            return None

    def attach(self, editor: Any) -> None:
        """Not of Slicer: the editor that this effect belongs to."""
        self._editor = editor

    def set_active(self, active: bool) -> None:
        """Not of Slicer: the editor says so."""
        self._active = active
        self._frame.setVisible(active)
        if active:
            self.call("updateGUIFromMRML")

    def active(self) -> bool:
        return self._active

    def parameterSetNode(self) -> Any:
        return None if self._editor is None else self._editor.mrmlSegmentEditorNode()

    def scene(self) -> Any:
        node = self.parameterSetNode()
        return None if node is None else node.GetScene()

    def optionsFrame(self) -> Any:
        return wrap(self._frame)

    def addOptionsWidget(self, widget: Any) -> None:
        self._frame.layout().addRow(unwrap(widget))

    def addLabeledOptionsWidget(self, label: str, widget: Any) -> Any:
        self._frame.layout().addRow(label, unwrap(widget))
        return wrap(self._frame.layout().labelForField(unwrap(widget)))

    def parameter(self, name: str) -> str:
        node = self.parameterSetNode()
        return "" if node is None else node.GetAttribute(f"{self.name}.{name}") or node.GetAttribute(name) or ""

    def integerParameter(self, name: str) -> int:
        return int(self.parameter(name) or 0)

    def doubleParameter(self, name: str) -> float:
        return float(self.parameter(name) or 0.0)

    def setParameter(self, name: str, value: str | float) -> None:
        if not isinstance(value, (str, int, float)):
            raise TypeError(f"a parameter is text or a number, not {value!r}")
        node = self.parameterSetNode()
        text = str(int(value)) if isinstance(value, bool) else str(value)
        if node is not None and node.GetAttribute(f"{self.name}.{name}") != text:
            node.SetAttribute(f"{self.name}.{name}", text)
            self._editor.parameters_changed()

    def setParameterDefault(self, name: str, value: str | float) -> None:
        node = self.parameterSetNode()
        if node is not None and node.GetAttribute(f"{self.name}.{name}") is None:
            self.setParameter(name, value)

    def selectEffect(self, name: str) -> None:
        self._editor.setActiveEffectByName(name)

    def saveStateForUndo(self) -> None:
        self._editor.saveStateForUndo()

    def defaultModifierLabelmap(self) -> Any:
        return self._updated("ResetModifierLabelmapToDefault", "GetModifierLabelmap")

    def modifierLabelmap(self) -> Any:
        return self._editor.logic.GetModifierLabelmap()

    def selectedSegmentLabelmap(self) -> Any:
        return self._updated("UpdateSelectedSegmentLabelmap", "GetSelectedSegmentLabelmap")

    def sourceVolumeImageData(self) -> Any:
        return self._updated("UpdateAlignedSourceVolume", "GetAlignedSourceVolume")

    def _updated(self, update: str, get: str) -> Any:
        logic = self._editor.logic
        return getattr(logic, get)() if getattr(logic, update)() else None

    def modifySelectedSegmentByLabelmap(self, labelmap: Any, mode: int, bypassMasking: bool = False) -> None:
        node, logic = self.parameterSetNode(), self._editor.logic
        if not node.GetSelectedSegmentID():
            raise RuntimeError("no segment is selected; Slicer would do nothing")
        if not logic.UpdateMaskLabelmap():
            raise RuntimeError("the mask of the editor cannot be made")
        logic.ModifySegmentByLabelmap(
            node.GetSegmentationNode(),
            node.GetSelectedSegmentID(),
            labelmap,
            getattr(logic, _MODES[mode]),
            bool(self.perSegment),
            bypassMasking,
        )


class qSlicerSegmentEditorEffectFactory:
    """Knows the effects; an editor that is made later clones them."""

    _instance: ClassVar[qSlicerSegmentEditorEffectFactory | None] = None

    SIGNAL = "effectRegistered(QString)"

    def __init__(self) -> None:
        self._effects: list[qSlicerSegmentEditorScriptedEffect] = []
        self._listeners: list[Callable[[str], None]] = []

    def connect(self, signature: str, slot: Callable[[str], None]) -> bool:
        if signature != self.SIGNAL:
            raise AttributeError(f"qSlicerSegmentEditorEffectFactory has no signal {signature}")
        self._listeners.append(slot)
        return True

    def disconnect(self, signature: str, slot: Callable[[str], None]) -> bool:
        if signature != self.SIGNAL:
            raise AttributeError(f"qSlicerSegmentEditorEffectFactory has no signal {signature}")
        self._listeners.remove(slot)
        return True

    @classmethod
    def instance(cls) -> qSlicerSegmentEditorEffectFactory:
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance

    def registerEffect(self, effect: qSlicerSegmentEditorScriptedEffect) -> bool:
        if effect.name in {known.name for known in self._effects}:
            return False
        self._effects.append(effect)
        for slot in list(self._listeners):
            slot(effect.name)
        return True

    def registeredEffects(self) -> list[qSlicerSegmentEditorScriptedEffect]:
        return list(self._effects)


class AbstractScriptedSegmentEditorEffect:
    """The base of effects that are written in Python."""

    def __init__(self, scriptedEffect: qSlicerSegmentEditorScriptedEffect) -> None:
        self.scriptedEffect = scriptedEffect

    def register(self) -> None:
        qSlicerSegmentEditorEffectFactory.instance().registerEffect(self.scriptedEffect)

    def cleanup(self) -> None:
        """The editor is destroyed."""


def make_modules() -> dict[str, ModuleType]:
    """The modules that effects import, by their names."""
    of_effects = ModuleType("qSlicerSegmentationsEditorEffectsPythonQt")
    of_effects.qSlicerSegmentEditorScriptedEffect = qSlicerSegmentEditorScriptedEffect  # type: ignore[attr-defined]
    base = ModuleType("SegmentEditorEffects")
    base.AbstractScriptedSegmentEditorEffect = AbstractScriptedSegmentEditorEffect  # type: ignore[attr-defined]
    return {module.__name__: module for module in (of_effects, base)}


def names_in_slicer() -> dict[str, Any]:
    """What Slicer keeps under its own name ``slicer``."""
    return {
        "qSlicerSegmentEditorAbstractEffect": qSlicerSegmentEditorAbstractEffect,
        "qSlicerSegmentEditorEffectFactory": qSlicerSegmentEditorEffectFactory,
    }


def forget() -> None:
    """Forget every effect, and the modules that they were loaded as."""
    qSlicerSegmentEditorEffectFactory._instance = None
    for name in qSlicerSegmentEditorScriptedEffect.loaded:
        sys.modules.pop(name, None)
    qSlicerSegmentEditorScriptedEffect.loaded.clear()
