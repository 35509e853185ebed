"""Slicer's own Python files from a checkout of its sources, in place of the stand-ins for them.

Nothing of them belongs to this project. They are read where they lie, for a cross-check of the stand-ins.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from slicer_host import pythonqt
from slicer_host.form import STAND_INS

VARIABLE = "OSTEOSCREEN_SLICER_SOURCE"
"""Environment variable that names the checkout; where it is not set, the stand-ins are used."""

BASE = Path("Base", "Python", "slicer")
EFFECTS = Path("Modules", "Loadable", "Segmentations", "EditorEffects", "Python", "SegmentEditorEffects")
EFFECT_BASE = "AbstractScriptedSegmentEditorEffect"
FILES = {
    "slicer.i18n": BASE / "i18n.py",
    "slicer.ScriptedLoadableModule": BASE / "ScriptedLoadableModule.py",
    "slicer.parameterNodeWrapper": BASE / "parameterNodeWrapper" / "__init__.py",
}
"""Modules and their files, in the order in which they need each other."""

_OF_SLICER = re.compile(r"\bslicer\.(q[A-Z]\w+)")


def checkout() -> Path | None:
    """The checkout that the environment names; None where it names none.

    Raises:
        FileNotFoundError: it is not a checkout of Slicer's sources.
    """
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        return None
    folder = Path(named).expanduser()
    for path in (*FILES.values(), EFFECTS / f"{EFFECT_BASE}.py"):
        if not (folder / path).is_file():
            raise FileNotFoundError(f"{VARIABLE} names {folder}, which is no checkout of Slicer: it lacks {path}")
    return folder


class Ctk(ModuleType):
    """The module ``ctk``: the stand-ins' classes, and for each other name a class that cannot be made."""

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("ctk"):
            raise AttributeError(f"the test host has no ctk.{name}")
        made = pythonqt.class_of(STAND_INS[name]) if name in STAND_INS else _absent(name)
        setattr(self, name, made)
        return made


def names_in_slicer(folder: Path, slicer: ModuleType) -> dict[str, Any]:
    """What the originals look for under the name ``slicer`` and the package lacks: the classes of its widgets."""
    texts = [path.read_text(encoding="utf-8") for path in _sources(folder)]
    wanted = {name for text in texts for name in _OF_SLICER.findall(text)}
    return {
        name: pythonqt.class_of(STAND_INS[name]) if name in STAND_INS else _absent(name)
        for name in sorted(wanted)
        if not hasattr(slicer, name)
    } | {"selfTests": {}}


def load_originals(folder: Path, put: Callable[[str, ModuleType], None]) -> dict[str, ModuleType]:
    """Load the originals; everything they import must be in place.

    Args:
        folder: the checkout.
        put: makes a module known to Python under its name.

    Returns:
        The modules by their names.
    """
    loaded = {}
    for name, path in FILES.items():
        package = [str((folder / path).parent)] if path.name == "__init__.py" else None
        loaded[name] = _load(name, folder / path, put, package)
    effect = _load(f"SegmentEditorEffects.{EFFECT_BASE}", folder / EFFECTS / f"{EFFECT_BASE}.py", put)
    setattr(sys.modules["SegmentEditorEffects"], EFFECT_BASE, getattr(effect, EFFECT_BASE))
    return loaded


def forget() -> None:
    """Forget what the originals imported of their own packages."""
    for name in [name for name in sys.modules if name.startswith("slicer.parameterNodeWrapper.")]:
        del sys.modules[name]


class ModuleManager:
    """``slicer.app.moduleManager()``: says when a module is about to be unloaded, which never happens here."""

    SIGNAL = "moduleAboutToBeUnloaded(QString)"

    def connect(self, signature: str, slot: Callable[..., Any]) -> bool:
        if signature != self.SIGNAL:
            raise AttributeError(f"qSlicerModuleManager has no signal {signature}, or the test host does not know it")
        return True

    disconnect = connect


def _load(
    name: str, path: Path, put: Callable[[str, ModuleType], None], package: list[str] | None = None
) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=package)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    put(name, module)
    spec.loader.exec_module(module)
    return module


def _sources(folder: Path) -> Iterator[Path]:
    yield from sorted((folder / BASE / "parameterNodeWrapper").glob("*.py"))
    yield folder / BASE / "ScriptedLoadableModule.py"


def _absent(name: str) -> type:
    def refuse(self: Any, *_: Any) -> None:
        raise NotImplementedError(f"the test host has no stand-in for {name}")

    return type(name, (), {"__init__": refuse})
