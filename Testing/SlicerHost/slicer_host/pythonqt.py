"""Qt objects as PythonQt shows them: properties are attributes, signals are connected by their signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

errors: list[BaseException] = []
"""Exceptions that slots raised; Qt would only print them."""


class Wrapped:
    """A QObject as PythonQt shows it. What the object does not have raises AttributeError."""

    __slots__ = ("_object",)

    def __init__(self, wrapped: QtCore.QObject) -> None:
        object.__setattr__(self, "_object", wrapped)

    def __getattr__(self, name: str) -> Any:
        wrapped = object.__getattribute__(self, "_object")
        if name == "name":
            return wrapped.objectName()
        if name == "className":
            return lambda: wrapped.metaObject().className()
        if name == "connect":
            return lambda signature, slot: connect(wrapped, signature, slot)
        if wrapped.metaObject().indexOfProperty(name) >= 0:
            return wrap(wrapped.property(name))
        member = getattr(wrapped, name)
        if isinstance(member, QtCore.SignalInstance):
            raise AttributeError(f"{name} is a signal: connect it by its signature")
        if not callable(member):
            return wrap(member)
        return lambda *arguments: wrap(member(*map(unwrap, arguments)))

    def __setattr__(self, name: str, value: Any) -> None:
        wrapped = object.__getattribute__(self, "_object")
        index = wrapped.metaObject().indexOfProperty(name)
        if index < 0 or not wrapped.metaObject().property(index).isWritable():
            raise AttributeError(f"{wrapped.metaObject().className()} has no property {name} that can be set")
        wrapped.setProperty(name, unwrap(value))

    def __eq__(self, other: object) -> bool:
        return unwrap(other) is unwrap(self)

    def __hash__(self) -> int:
        return hash(unwrap(self))

    def __bool__(self) -> bool:
        return True


class WrappedClass:
    """A class of Qt: called it makes a wrapped object; its attributes (enumerations, static functions) are Qt's own."""

    def __init__(self, of_qt: type) -> None:
        self._class = of_qt

    def __call__(self, *arguments: Any) -> Any:
        return wrap(self._class(*map(unwrap, arguments)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._class, name)


def wrap(value: Any) -> Any:
    """A value that Qt gave, as PythonQt shows it."""
    if isinstance(value, (QtCore.QObject,)):
        return Wrapped(value)
    if isinstance(value, (list, tuple)):
        return type(value)(wrap(entry) for entry in value)
    return value


def unwrap(value: Any) -> Any:
    """The Qt object behind a wrapped one; anything else as it is."""
    return object.__getattribute__(value, "_object") if isinstance(value, Wrapped) else value


def connect(sender: QtCore.QObject, signature: str, slot: Callable[..., Any]) -> bool:
    """Connect a slot to a signal named by its signature, such as ``clicked(bool)``.

    The slot gets as many of the signal's values as it takes. An exception in it is kept in :data:`errors`.

    Raises:
        AttributeError: the object has no signal of that signature.
    """
    name, _, types = signature.rstrip(")").partition("(")
    meta = sender.metaObject()
    known = {meta.method(n).methodSignature().data().decode() for n in range(meta.methodCount())}
    known |= set(getattr(sender, "SIGNATURES", ()))
    if signature.replace(" ", "") not in {entry.replace(" ", "") for entry in known}:
        raise AttributeError(f"{meta.className()} has no signal {signature}")
    n_values = min(len([kind for kind in types.split(",") if kind]), _n_taken(slot))

    def called(*values: Any) -> None:
        try:
            slot(*map(wrap, values))
        except Exception as error:
            errors.append(error)

    # PySide gives a slot as many values as it names, so the three numbers that occur are written out.
    taking = (lambda: called(), lambda first: called(first), lambda first, second: called(first, second))
    getattr(sender, name).connect(taking[n_values])
    return True


def _n_taken(slot: Callable[..., Any]) -> int:
    kinds = [parameter.kind for parameter in inspect.signature(slot).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return 99
    return sum(kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)


def make_qt_module() -> ModuleType:
    """The module ``qt``: every class of QtCore, QtGui and QtWidgets under one name."""
    module = ModuleType("qt")
    for part in (QtCore, QtGui, QtWidgets):
        for name in dir(part):
            entry = getattr(part, name)
            if isinstance(entry, type) and issubclass(entry, QtCore.QObject):
                entry = WrappedClass(entry)
            if not name.startswith("_"):
                setattr(module, name, entry)
    return module
