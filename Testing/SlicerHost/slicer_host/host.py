"""SlicerHost: opens a scripted module in a window that is never shown, and plays its user."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6 import QtCore, QtTest, QtWidgets

from slicer_host import (
    editing_effects,
    parameter_node,
    pythonqt,
    sample_data,
    scripted_module,
    segment_editor_effect,
    slicer_source,
)
from slicer_host.desktop import Desktop
from slicer_host.form import load_form
from slicer_host.scene import Scene
from slicer_host.views import Views

WIDTH = 460


class _Application(SimpleNamespace):
    """``slicer.app``; another thread than the main one must not ask it."""

    def __getattribute__(self, name: str) -> Any:
        pythonqt.main_thread_only(f"slicer.app.{name}")
        return super().__getattribute__(name)


class SlicerHost:
    """A test host, not Slicer. Use as a context: the stand-ins are in place inside it, and gone after it.

    Attributes:
        scene: the real ``vtkMRMLScene``. views: its layout, which can be drawn.
        dialogs: (kind, text) of each dialog that the module asked for; none is shown. Questions are answered yes.
        status: each message of the status bar.
        desktop: what file dialogs answer, and what the system was asked to open.
    """

    def __init__(self) -> None:
        self._source = slicer_source.checkout()
        self.application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["slicer-host"])
        self.application.setStyle("Fusion")
        self.dialogs: list[tuple[str, str]] = []
        self.status: list[str] = []
        self.desktop = Desktop()
        self._around = Scene()
        self.scene = self._around.scene
        self.views = Views(self._around)
        ini = QtCore.QSettings.Format.IniFormat
        self._settings = QtCore.QSettings(f"{self._around.temporary.name}/settings.ini", ini)
        self._at_startup: list[Callable[[], None]] = []
        self._stack = ExitStack()
        self._parents: list[scripted_module.Parent] = []

    def __enter__(self) -> SlicerHost:
        import slicer
        import slicer.util

        pythonqt.errors.clear()
        modules: dict[str, ModuleType] = {"qt": pythonqt.make_qt_module(), "ctk": slicer_source.Ctk("ctk")}
        self.desktop.put_into(modules["qt"])
        modules |= scripted_module.make_modules()
        modules["slicer.parameterNodeWrapper"] = parameter_node.make_module()
        modules["SampleData"] = sample_data.make_module()
        modules |= segment_editor_effect.make_modules()
        for name, module in modules.items():
            self._put_module(name, module)
        of_slicer: dict[str, Any] = {
            name.partition(".")[2]: module for name, module in modules.items() if name.startswith("slicer.")
        }
        of_slicer |= {"mrmlScene": self.scene, "modules": self._around.modules, "app": self._app()}
        of_slicer |= segment_editor_effect.names_in_slicer()
        for name, value in of_slicer.items():
            self._stack.enter_context(mock.patch.object(slicer, name, value, create=True))
        for name in ("errorDisplay", "warningDisplay", "infoDisplay"):
            self._stack.enter_context(mock.patch.object(slicer.util, name, self._dialog(name)))
        for name in ("confirmOkCancelDisplay", "confirmYesNoDisplay"):
            self._stack.enter_context(mock.patch.object(slicer.util, name, self._dialog(name, answer=True)))
        self._stack.enter_context(mock.patch.object(slicer.util, "loadUI", load_form))
        status = mock.patch.object(slicer.util, "showStatusMessage", lambda text, ms=0: self.status.append(text))
        self._stack.enter_context(status)
        self._put_originals(slicer)
        self._stack.callback(segment_editor_effect.forget)
        editing_effects.register()
        return self

    def _put_originals(self, slicer: ModuleType) -> None:
        """Slicer's own Python files in place of the stand-ins, where the environment names a checkout of them."""
        folder = self._source
        if folder is None:
            return
        self._stack.callback(slicer_source.forget)
        for name, value in slicer_source.names_in_slicer(folder, slicer).items():
            self._stack.enter_context(mock.patch.object(slicer, name, value, create=True))
        for name, module in slicer_source.load_originals(folder, self._put_module).items():
            self._stack.enter_context(mock.patch.object(slicer, name.partition(".")[2], module))

    def __exit__(self, *raised: object) -> None:
        for parent in self._parents:
            parent.panel.cleanup()
            parent.qt_widget().deleteLater()
        self.pump()
        self._stack.close()
        self._around.close()
        errors, pythonqt.errors[:] = list(pythonqt.errors), []
        if errors:
            raise errors[0]

    def open(self, path: Path) -> Any:
        """Load a module from its file and open its panel; returns the panel (the object of class ``...Widget``)."""
        self.start(path.parent)
        name = f"{path.stem}Widget"

        def make(parent: scripted_module.Parent) -> Any:
            panel = getattr(sys.modules[path.stem], name)(parent)
            setattr(self._around.modules, name, panel)
            return panel

        parent = scripted_module.Parent(pythonqt.wrap(QtWidgets.QWidget()), make)
        QtWidgets.QVBoxLayout(parent.qt_widget())
        getattr(self._around.modules, path.stem.lower()).widgetRepresentation = lambda: parent
        parent.reload()
        self._parents.append(parent)
        parent.isEntered = True
        parent.panel.enter()
        parent.qt_widget().resize(WIDTH, 900)
        parent.qt_widget().show()
        self.pump()
        return parent.panel

    def start(self, folder: Path) -> dict[str, ModuleType]:
        """Load every module of a folder, as Slicer does when it starts, and say that it has started."""
        modules = {path.stem: self.load(path) for path in sorted(folder.glob("*.py"))}
        for name, module in modules.items():
            known = SimpleNamespace(path=module.__file__)
            self._stack.enter_context(mock.patch.object(self._around.modules, name.lower(), known, create=True))
            getattr(module, name)(SimpleNamespace(path=module.__file__))
        self._start_up()
        return modules

    def load(self, path: Path) -> ModuleType:
        """Import a module's file under its own name, for as long as the host is open."""
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        self._put_module(path.stem, module)
        self._put_folder(path.parent)
        spec.loader.exec_module(module)
        return module

    def _put_folder(self, folder: Path) -> None:
        """Slicer puts a module's folder on the path. What is imported from there is forgotten with the stand-ins."""
        sys.path.insert(0, str(folder))

        def forget() -> None:
            sys.path.remove(str(folder))
            names = {entry.stem for entry in folder.iterdir() if (entry / "__init__.py").is_file()}
            for name in [name for name in sys.modules if name.partition(".")[0] in names - {"OsteoScreenLib"}]:
                del sys.modules[name]

        self._stack.callback(forget)

    def _put_module(self, name: str, module: ModuleType) -> None:
        """Into sys.modules until the host closes. What the module under test imports besides stays imported."""
        before = sys.modules.get(name)
        sys.modules[name] = module
        if before is None:
            self._stack.callback(sys.modules.pop, name, None)
        else:
            self._stack.callback(sys.modules.__setitem__, name, before)

    def pump(self) -> None:
        """Let Qt handle what waits to be handled."""
        for _ in range(3):
            self.application.processEvents()

    def wait_until(self, true: Callable[[], bool], limit_s: float = 60.0) -> None:
        """Let Qt run until something is true.

        Raises:
            TimeoutError: it does not come true.
        """
        until = time.monotonic() + limit_s
        while not true():
            if time.monotonic() > until:
                raise TimeoutError("what the test waits for does not come true")
            self.application.processEvents()
            time.sleep(0.002)
        self.pump()

    def turns_until(self, true: Callable[[], bool], limit_s: float = 60.0) -> list[float]:
        """Let Qt run until something is true; returns how long each turn of its event loop took, in seconds.

        Raises:
            TimeoutError: it does not come true.
        """
        until, turns = time.monotonic() + limit_s, []
        while not true():
            if time.monotonic() > until:
                raise TimeoutError("what the test waits for does not come true")
            started = time.perf_counter()
            self.application.processEvents()
            turns.append(time.perf_counter() - started)
            time.sleep(0.002)
        return turns

    def click(self, widget: Any) -> None:
        """A click of the left mouse button in the middle of a widget, or on its box.

        Raises:
            AssertionError: the widget is hidden or disabled: no user could click it.
        """
        button = pythonqt.unwrap(widget)
        assert button.isVisible(), f"{button.objectName()} is hidden"
        assert button.isEnabled(), f"{button.objectName()} is disabled"
        at = button.rect().center()
        if isinstance(button, QtWidgets.QCheckBox):
            at.setX(min(at.x(), 10))  # the box itself: beside a short text there is nothing to click
        QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton, pos=at)
        self.pump()

    def choose(self, selector: Any, text: str) -> None:
        """Choose an entry of a combo box as a user does.

        Raises:
            AssertionError: there is no such entry.
        """
        box = pythonqt.unwrap(selector)
        index = box.findText(text)
        entries = [box.itemText(n) for n in range(box.count())]
        assert index >= 0, f"{text!r} is not among {entries}"
        box.setCurrentIndex(index)
        box.activated.emit(index)
        self.pump()

    def picture(self, panel: Any, path: Path, scale: float = 1.0) -> None:
        """Write the panel as a PNG, as large as its content wants to be."""
        widget = panel.parent.qt_widget()
        widget.resize(WIDTH, max(widget.sizeHint().height(), widget.heightForWidth(WIDTH)))
        self.pump()
        size = widget.size() * scale
        from PySide6 import QtGui

        pixmap = QtGui.QPixmap(size)
        pixmap.setDevicePixelRatio(scale)
        pixmap.fill(widget.palette().color(QtGui.QPalette.ColorRole.Window))
        widget.render(pixmap)
        assert pixmap.save(str(path)), f"the picture cannot be written to {path}"

    def _app(self) -> SimpleNamespace:
        """``slicer.app``, the parts that the module and ``slicer.util`` use."""
        return _Application(
            applicationLogic=lambda: self._around.application,
            processEvents=self.application.processEvents,
            temporaryPath=self._around.temporary.name,
            testingEnabled=lambda: False,
            applicationVersion="test host",
            translate=lambda context, text: text,
            moduleManager=slicer_source.ModuleManager,
            clipboard=lambda: pythonqt.wrap(self.application.clipboard()),
            setOverrideCursor=lambda cursor: None,
            restoreOverrideCursor=lambda: None,
            layoutManager=lambda: self.views,
            userSettings=lambda: pythonqt.wrap(self._settings),
            cachePath=f"{self._around.temporary.name}/cache",
            connect=self._connect,
        )

    def _connect(self, signature: str, slot: Callable[[], None]) -> None:
        """The application's own signals; the one that modules wait for comes when they are all loaded."""
        if signature != "startupCompleted()":
            raise NotImplementedError(f"the test host's application has no signal {signature}")
        self._at_startup.append(slot)

    def _start_up(self) -> None:
        waiting, self._at_startup = self._at_startup, []
        for slot in waiting:
            slot()

    def _dialog(self, kind: str, answer: Any = None) -> Callable[..., Any]:
        def show(text: str, *_: Any, **__: Any) -> Any:
            self.dialogs.append((kind, text))
            return answer

        return show
