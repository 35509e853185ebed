"""Where model bundles lie: those that come with OsteoScreen, and those that the user installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "OSTEOSCREEN_MODELS"
"""Environment variable that names another folder for the user's models."""

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_folder() -> Path | None:
    """The folder of the bundles that come with OsteoScreen; None where there is none.

    Installed, from a wheel or in Slicer, they lie inside the library's own folder; in a checkout beside it.
    """
    installed, checkout = _PACKAGE / "Resources" / "Models", _PACKAGE.parent / "Resources" / "Models"
    if installed.is_dir():
        return installed
    # Beside an installed library lie other people's packages; only a checkout has our project file there.
    if (_PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir():
        return checkout
    return None


def user_folder() -> Path:
    """The folder of the user's own models, whether it exists yet or not.

    ``OSTEOSCREEN_MODELS`` where it is set; else where the system keeps data of programs: ``%LOCALAPPDATA%`` on Windows,
    ``~/Library/Application Support`` on macOS, ``$XDG_DATA_HOME`` or ``~/.local/share`` elsewhere (XDG Base Directory
    Specification: a relative path there counts as unset).
    """
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "OsteoScreen" / "Models"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "OsteoScreen" / "Models"
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (data if data.is_absolute() else Path.home() / ".local" / "share") / "osteoscreen" / "models"
