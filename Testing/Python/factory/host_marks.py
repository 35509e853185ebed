"""What every test needs that opens the test host (which is not Slicer)."""

from __future__ import annotations

import sys

import pytest

IN_THE_HOST = [pytest.mark.needs_module("slicer"), pytest.mark.needs_module("PySide6")]
if sys.platform.startswith("linux"):
    IN_THE_HOST.append(pytest.mark.needs_library("EGL", "libegl1"))
