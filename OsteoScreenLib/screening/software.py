"""Which software made a result."""

from __future__ import annotations

import platform
from importlib import metadata

import OsteoScreenLib

_RECORDED = ("numpy", "SimpleITK", "pydicom", "scipy", "onnxruntime", "openvino")


def software_versions() -> dict[str, str]:
    """Versions of OsteoScreen, Python and the packages a result depends on; a package that is absent is left out."""
    versions = {"osteoscreen": OsteoScreenLib.__version__, "python": platform.python_version()}
    for package in _RECORDED:
        try:
            versions[package.lower()] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    versions["platform"] = f"{platform.system()} {platform.machine()}"
    return versions
