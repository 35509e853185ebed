"""A stand-in for slicer.parameterNodeWrapper: fields that hold nodes or plain values, kept in a real parameter node."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any, get_type_hints

from slicer_host.pythonqt import Wrapped, connect, unwrap, wrap

PROPERTY = "SlicerParameterName"


class ParameterNodeBase:
    """What the decorated class becomes: a view on a ``vtkMRMLScriptedModuleNode``."""

    def __init__(self, node: Any) -> None:
        object.__setattr__(self, "parameterNode", node)
        object.__setattr__(self, "_tags", {})

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.FIELDS:
            raise AttributeError(f"the parameter node has no field {name}")
        super().__setattr__(name, value)

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    def HasObserver(self, *arguments: Any) -> bool:
        return bool(self.parameterNode.HasObserver(*arguments))

    def connectGui(self, ui: Any) -> int:
        """Tie every widget with a SlicerParameterName to its field; returns a tag for :meth:`disconnectGui`."""
        bound = [_Bound(self, widget) for widget in vars(ui).values() if _parameter_of(widget)]
        if {entry.name for entry in bound} - set(self.FIELDS):
            raise ValueError("the form names a parameter that the parameter node does not have")
        for entry in bound:
            entry.show()
        observer = self.parameterNode.AddObserver("ModifiedEvent", lambda *_: [entry.show() for entry in bound])
        self._tags[observer] = bound
        return observer

    def disconnectGui(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)
        for entry in self._tags.pop(tag):
            entry.active = False


class _Bound:
    """One widget and its field, each following the other."""

    def __init__(self, owner: ParameterNodeBase, widget: Wrapped) -> None:
        self.owner, self.widget, self.active = owner, unwrap(widget), True
        self.name = _parameter_of(widget)
        kind = self.widget.metaObject().className()
        signals = {
            "qMRMLNodeComboBox": ("currentNodeChanged(vtkMRMLNode*)", "setCurrentNode", None),
            "QComboBox": ("currentTextChanged(QString)", None, "currentText"),
            "QCheckBox": ("toggled(bool)", None, "checked"),
        }
        if kind not in signals:
            raise NotImplementedError(f"the test host cannot bind a {kind} to a parameter")
        signal, self.method, self.property = signals[kind]
        connect(self.widget, signal, self.changed)

    def changed(self, value: Any) -> None:
        if self.active:
            setattr(self.owner, self.name, value)

    def show(self) -> None:
        value = getattr(self.owner, self.name)
        if self.method:
            getattr(self.widget, self.method)(value)
        elif self.widget.property(self.property) != value:
            self.widget.setProperty(self.property, value)


def _parameter_of(widget: Any) -> str:
    return (unwrap(widget).property(PROPERTY) or "") if isinstance(wrap(widget), Wrapped) else ""


def _node_field(name: str, kind: type) -> property:
    def get(self: Any) -> Any:
        return self.parameterNode.GetNodeReference(name)

    def put(self: Any, node: Any) -> None:
        if node is not None and not isinstance(node, kind):
            raise TypeError(f"{name} holds a {kind.__name__}, not a {type(node).__name__}")
        node_id = None if node is None else node.GetID()
        if node_id != self.parameterNode.GetNodeReferenceID(name):
            self.parameterNode.SetNodeReferenceID(name, node_id)
            self.parameterNode.Modified()

    return property(get, put)


def _value_field(name: str, kind: type, default: Any) -> property:
    def get(self: Any) -> Any:
        text = self.parameterNode.GetParameter(name)
        return kind(json.loads(text)) if text else default

    def put(self: Any, value: Any) -> None:
        if not isinstance(value, kind):
            raise TypeError(f"{name} holds a {kind.__name__}, not a {type(value).__name__}")
        self.parameterNode.SetParameter(name, json.dumps(value))

    return property(get, put)


def parameterNodeWrapper(cls: type) -> type:
    """The decorator."""
    fields: dict[str, property] = {}
    for name, kind in get_type_hints(cls).items():
        if kind in (str, bool, int, float):
            fields[name] = _value_field(name, kind, getattr(cls, name, kind()))
        elif kind.__name__.startswith("vtkMRML"):
            fields[name] = _node_field(name, kind)
        else:
            raise NotImplementedError(f"the test host has no parameter of the kind {kind}")
    return type(cls.__name__, (ParameterNodeBase,), {**fields, "FIELDS": tuple(fields), "__doc__": cls.__doc__})


def make_module() -> ModuleType:
    """The module ``slicer.parameterNodeWrapper``."""
    module = ModuleType("slicer.parameterNodeWrapper")
    module.parameterNodeWrapper = parameterNodeWrapper  # type: ignore[attr-defined]
    return module
