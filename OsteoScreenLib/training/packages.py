"""The Python packages that a training of bone-status models needs beside those of the program itself."""

from __future__ import annotations

import importlib
import importlib.util

NEEDED = {"sklearn": "scikit-learn", "skl2onnx": "skl2onnx"}
"""Name of each module, and of the package that holds it."""


def missing_packages() -> tuple[str, ...]:
    """Those that this Python lacks; nothing is imported to find out."""
    importlib.invalidate_caches()
    return tuple(package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None)
