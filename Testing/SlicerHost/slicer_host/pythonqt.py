"""Qt objects as PythonQt shows them: properties are attributes, signals are connected by their signature."""

from __future__ import annotations

import ctypes
import inspect
import sys
import threading
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

_MANY = 1 << 30


def _keep_for_ever(*values: object) -> None:
    """Let no count of references to a value run out.

    PySide6 6.12 takes one reference to None away with each call of a method that returns nothing. From Python 3.12 on
    None, True and False are not counted. Before, a process of some thousand such calls ends with "deallocating None",
    or with a crash at any other place.
    """
    if sys.implementation.name != "cpython" or sys.version_info >= (3, 12):
        return
    for value in values:
        before = sys.getrefcount(value)
        count = ctypes.c_ssize_t.from_address(id(value))
        if abs(count.value - before) < 1000:  # it is the count: builds for debugging keep it elsewhere
            count.value += _MANY


_keep_for_ever(None, True, False)

errors: list[BaseException] = []
"""Exceptions that slots raised; Qt would only print them."""


def main_thread_only(name: str) -> None:
    """Qt's widgets and the application belong to the main thread; PythonQt would let a thread break them.

    Raises:
        RuntimeError: another thread asks for something of theirs.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(f"{name} is asked for in another thread than the main one")


class _OfQt(type):
    """Makes the classes of the module ``qt``: called they make a wrapped object, their attributes are Qt's own."""

    _of_qt: type | None = None

    def __call__(cls, *arguments: Any) -> Any:
        if cls._of_qt is None:
            raise TypeError("only classes of Qt are made by a module")
        return wrap(cls._of_qt(*map(unwrap, arguments)))

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls._of_qt, name)


class Wrapped(metaclass=_OfQt):
    """A QObject as PythonQt shows it. What the object does not have raises AttributeError."""

    __slots__ = ("_object",)

    def __getattr__(self, name: str) -> Any:
        wrapped = object.__getattribute__(self, "_object")
        main_thread_only(name)
        if name == "name":
            return wrapped.objectName()
        if name == "className":
            return lambda: wrapped.metaObject().className()
        if name in ("connect", "disconnect"):
            act = connect if name == "connect" else disconnect
            return lambda signature, slot: act(wrapped, signature, slot)
        if wrapped.metaObject().indexOfProperty(name) >= 0:
            return wrap(wrapped.property(name))
        member = getattr(wrapped, name)
        if isinstance(member, QtCore.SignalInstance):
            return WrappedSignal(wrapped, name)
        if not callable(member):
            return wrap(member)
        return lambda *arguments: wrap(member(*map(unwrap, arguments)))

    def __setattr__(self, name: str, value: Any) -> None:
        wrapped = object.__getattribute__(self, "_object")
        main_thread_only(name)
        index = wrapped.metaObject().indexOfProperty(name)
        if index < 0 or not wrapped.metaObject().property(index).isWritable():
            raise AttributeError(f"{wrapped.metaObject().className()} has no property {name} that can be set")
        wrapped.setProperty(name, list(value) if isinstance(value, tuple) else unwrap(value))

    def __eq__(self, other: object) -> bool:
        return unwrap(other) is unwrap(self)

    def __hash__(self) -> int:
        return hash(unwrap(self))

    def __bool__(self) -> bool:
        return True


class WrappedSignal:
    """A signal as an attribute: ``widget.currentNodeChanged.connect(f)``. It can be connected, and nothing else."""

    __slots__ = ("_name", "_sender")

    def __init__(self, sender: QtCore.QObject, name: str) -> None:
        self._sender, self._name = sender, name

    def connect(self, slot: Callable[..., Any]) -> None:
        connect(self._sender, self._signature(), slot)

    def disconnect(self, slot: Callable[..., Any]) -> None:
        disconnect(self._sender, self._signature(), slot)

    def _signature(self) -> str:
        """The signal's only signature; where there are several, one must be named."""
        found = {known for known in _signatures(self._sender) if known.partition("(")[0] == self._name}
        if len(found) != 1:
            raise AttributeError(f"{self._name} is not one signal but {sorted(found)}: connect it by its signature")
        return found.pop()


_classes: dict[type, type] = {}


def class_of(of_qt: type) -> type:
    """The class of wrapped objects of a class of Qt, a subclass of those of its bases: ``qt.QWidget`` and so on."""
    if of_qt not in _classes:
        bases = [base for base in of_qt.__bases__ if issubclass(base, QtCore.QObject)]
        base = class_of(bases[0]) if bases else Wrapped
        _classes[of_qt] = _OfQt(of_qt.__name__, (base,), {"__slots__": (), "_of_qt": of_qt})
    return _classes[of_qt]


def wrap(value: Any) -> Any:
    """A value that Qt gave, as PythonQt shows it."""
    if isinstance(value, QtCore.QObject):
        wrapped = object.__new__(class_of(type(value)))
        object.__setattr__(wrapped, "_object", value)
        return wrapped
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
    if signature.replace(" ", "") not in {entry.replace(" ", "") for entry in _signatures(sender)}:
        raise AttributeError(f"{sender.metaObject().className()} has no signal {signature}")
    n_values = min(len([kind for kind in types.split(",") if kind]), _n_taken(slot))

    def called(*values: Any) -> None:
        try:
            slot(*map(wrap, values))
        except Exception as error:
            errors.append(error)

    # PySide gives a slot as many values as it names, so the three numbers that occur are written out.
    taking = (lambda: called(), lambda first: called(first), lambda first, second: called(first, second))
    connection = getattr(sender, name).connect(taking[n_values])
    _connections[:] = [entry for entry in _connections if entry[0]() is not None]
    _connections.append((weakref.ref(sender), name, slot, connection))
    return True


def disconnect(sender: QtCore.QObject, signature: str, slot: Callable[..., Any]) -> bool:
    """Undo :func:`connect`; says whether there was anything to undo, as Qt does."""
    name = signature.partition("(")[0]
    found = [entry for entry in _connections if entry[0]() is sender and entry[1] == name and entry[2] == slot]
    for entry in found:
        QtCore.QObject.disconnect(entry[3])
        _connections.remove(entry)
    return bool(found)


_connections: list[tuple[Any, str, Callable[..., Any], Any]] = []
"""(reference to the sender, signal, slot, connection) of every connection whose sender is still there."""


def _signatures(sender: QtCore.QObject) -> set[str]:
    """Signatures of an object's methods; a stand-in names its own where Qt shows them in another way."""
    meta = sender.metaObject()
    own = set(getattr(sender, "SIGNATURES", ()))
    named = {signature.partition("(")[0] for signature in own}
    known = {meta.method(n).methodSignature().data().decode() for n in range(meta.methodCount())}
    return own | {signature for signature in known if signature.partition("(")[0] not in named}


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
                entry = class_of(entry)
            if not name.startswith("_"):
                setattr(module, name, entry)
    return module
