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
from OsteoScreenLib.errors import MissingPackageError, OsteoScreenError
from OsteoScreenLib.models.engines import engine_for, engines_installed
from OsteoScreenLib.models.places import user_folder
from OsteoScreenLib.models.store import list_models, verify_folder


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
    ("scipy", "radiomics, statistics, simulating digital patients", True),
    ("PyWavelets", "wavelet bands of radiomics", True),
    ("PyYAML", "parameter files of radiomics", True),
    ("threadpoolctl", "radiomics in few threads", True),
    ("Jinja2", "reports", True),
    ("Pillow", "pictures in reports", True),
    ("typer", "this command line", True),
    ("rich", "tables and progress in the terminal", True),
    ("onnxruntime", "running networks", True),
    ("openvino", "running networks, another engine", False),
    ("matplotlib", "figures of an evaluation", False),
    ("pyradiomics-bhklab", "PyRadiomics, to compare with", False),
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
        "models": models(),
        "models_folder": str(user_folder()),
        "engines": list(engines_installed()),
        "engine_used": _engine_used(),
    }


def models() -> list[dict[str, Any]]:
    """The models there are, each with why it cannot be used, or None; their files are compared with their checksums."""
    found = []
    for entry in list_models():
        problem: OsteoScreenError | None = entry.problem
        try:
            verify_folder(entry.folder)
        except OsteoScreenError as error:
            problem = problem or error
        found.append(
            {
                "id": entry.model_id,
                "version": entry.version or None,
                "origin": entry.origin,
                "problem": None if problem is None else problem.message,
            }
        )
    return found


def _engine_used() -> str | None:
    try:
        return engine_for()
    except MissingPackageError:
        return None


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
