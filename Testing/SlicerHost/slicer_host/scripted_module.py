"""Stand-ins for slicer.ScriptedLoadableModule, slicer.i18n and slicer.packaging."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from slicer_host.pythonqt import unwrap


class ScriptedLoadableModule:
    """What the module list shows; ``parent`` takes any attribute, as Slicer's own takes title, categories and so on."""

    def __init__(self, parent: SimpleNamespace) -> None:
        self.parent = parent


class ScriptedLoadableModuleWidget:
    """The panel's base: a widget to fill, and the way to the module's resources."""

    def __init__(self, parent: Any = None) -> None:
        self.parent = parent
        self.layout = parent.layout()
        self.moduleName = type(self).__name__.removesuffix("Widget")

    def setup(self) -> None:
        """Nothing: Slicer puts the developer's buttons here."""

    def onReload(self) -> None:
        """The developer's button Reload; how a module is read again is Slicer's own code."""
        import slicer.util

        slicer.util.reloadScriptedModule(self.moduleName)

    def resourcePath(self, name: str) -> str:
        import sys

        folder = Path(sys.modules[type(self).__module__].__file__ or "").parent
        return str(folder / "Resources" / name)


class ScriptedLoadableModuleLogic:
    """The logic's base: the scene's one parameter node of the module."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self) -> Any:
        import slicer

        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node.SetModuleName(self.moduleName)
            node.SetName(self.moduleName)
            node = slicer.mrmlScene.AddNode(node)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """The self-test's base."""

    def runTest(self) -> None:
        """Overridden by the module."""
        raise NotImplementedError("the module's self-test has no runTest")

    def delayDisplay(self, message: str, *_: Any) -> None:
        """Slicer shows the message for a moment."""


class Parent:
    """The widget that Slicer hands to a panel: a wrapped Qt widget that also knows whether the panel is open.

    Args:
        widget: the wrapped widget.
        make: makes the panel for it, from the module as it is then.
    """

    def __init__(self, widget: Any, make: Callable[[Parent], Any]) -> None:
        self.widget, self.isEntered, self.panel, self._make = widget, False, None, make

    def reload(self) -> None:
        """Make the panel and set it up. As in Slicer, a panel that is made anew is not entered again."""
        self.panel = self._make(self)
        self.panel.setup()

    def children(self) -> Any:
        return self.widget.children()

    def layout(self) -> Any:
        return self.widget.layout()

    def qt_widget(self) -> Any:
        return unwrap(self.widget)


def make_modules() -> dict[str, ModuleType]:
    """The modules by their names."""
    base = ModuleType("slicer.ScriptedLoadableModule")
    for kind in (
        ScriptedLoadableModule,
        ScriptedLoadableModuleWidget,
        ScriptedLoadableModuleLogic,
        ScriptedLoadableModuleTest,
    ):
        setattr(base, kind.__name__, kind)
    words = ModuleType("slicer.i18n")
    words.tr = lambda text: text  # type: ignore[attr-defined]
    words.translate = lambda context, text: text  # type: ignore[attr-defined]
    packaging = ModuleType("slicer.packaging")
    packaging.load_requirements = _load_requirements  # type: ignore[attr-defined]
    packaging.pip_ensure = _pip_ensure  # type: ignore[attr-defined]
    return {module.__name__: module for module in (base, words, packaging)}


def _load_requirements(path: str) -> list[str]:
    lines = (line.split("#")[0].strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def _pip_ensure(requirements: list[str], requester: str = "") -> None:
    """Slicer's own does nothing where it is being tested; this one sees that the packages are there."""
    import importlib.metadata
    import re

    for requirement in requirements:
        importlib.metadata.version(re.split(r"[<>=!~]", requirement)[0])
