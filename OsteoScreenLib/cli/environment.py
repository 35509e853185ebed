"""What this computer offers: packages, memory, disk."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import OsteoScreenLib


@dataclass(frozen=True)
class Package:
    """A Python package and what OsteoScreen uses it for.

    Attributes:
        name: distribution name.
        purpose: what it is for.
        required: whether the program works without it.
        version: as installed; None where it is not.
    """

    name: str
    purpose: str
    required: bool
    version: str | None


_PACKAGES = (
    ("numpy", "arrays", True),
    ("SimpleITK", "reading and resampling images", True),
    ("pydicom", "reading DICOM headers", True),
    ("scipy", "simulating digital patients", True),
    ("Jinja2", "reports", True),
    ("Pillow", "pictures in reports", True),
    ("typer", "this command line", True),
    ("rich", "tables and progress in the terminal", True),
)


def packages() -> tuple[Package, ...]:
    """The packages OsteoScreen may use, with their versions, looked up without importing them."""
    return tuple(Package(name, purpose, required, _version(name)) for name, purpose, required in _PACKAGES)


def environment() -> dict[str, Any]:
    """Everything ``osteoscreen doctor`` tells, as plain JSON values; None where the system does not say."""
    return {
        "osteoscreen": OsteoScreenLib.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": _processors(),
        "memory_gb": _gb(_memory_bytes()),
        "temporary_folder": tempfile.gettempdir(),
        "temporary_free_gb": _gb(_free_bytes(tempfile.gettempdir())),
        "file_names": sys.getfilesystemencoding(),
        "packages": [asdict(package) for package in packages()],
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processors() -> int | None:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _gb(size: int | None) -> float | None:
    return None if size is None else round(size / 1e9, 1)


def _free_bytes(folder: str) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _memory_bytes() -> int | None:
    """Physical memory."""
    if sys.platform == "win32":
        return _windows_memory_bytes()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def _windows_memory_bytes() -> int | None:
    size_kb = ctypes.c_ulonglong(0)
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - absent on other platforms, so not a plain attribute
    if not kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(size_kb)):
        return None
    return int(size_kb.value) * 1024
