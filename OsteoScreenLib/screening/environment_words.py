"""What this computer offers, in words: the same ones on the command line and in the panel."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Facts = Mapping[str, Any]
"""What :func:`OsteoScreenLib.screening.environment.environment` returns."""

READY = "Ready: CTs can be read and checked, femora outlined, and bone density measured."


def environment_lines(facts: Facts) -> dict[str, str]:
    """Name and value of each line, without the packages."""
    return {
        "OsteoScreen": facts["osteoscreen"],
        "Python": facts["python"],
        "Platform": facts["platform"],
        "Processors": _known(facts["processors"]),
        "Memory": _known(facts["memory_gb"], " GB"),
        "Temporary files": f"{facts['temporary_folder']}, {_known(facts['temporary_free_gb'], ' GB')} free",
        "Models": _models(facts),
        "Engine": _engine(facts),
    }


def missing_packages(facts: Facts) -> list[str]:
    """Names of the required packages that are not installed."""
    return [package["name"] for package in facts["packages"] if package["required"] and not package["version"]]


def package_state(package: Mapping[str, Any]) -> str:
    """The version of a package, or what its absence means."""
    if package["version"]:
        return str(package["version"])
    return "missing" if package["required"] else "not installed (optional)"


def broken_models(facts: Facts) -> list[str]:
    """A sentence for each model that cannot be used."""
    return [f"{model['id']} cannot be used: {model['problem']}" for model in facts["models"] if model["problem"]]


def without_home(text: str) -> str:
    """The text with the user's home folder written as ``~``, so that it can be shown to others."""
    home = str(Path.home())
    if len(home) < 2:
        return text
    for separator in {"/", os.sep}:
        text = text.replace(home + separator, "~" + separator)
    return "~" if text == home else text


def _models(facts: Facts) -> str:
    names = [f"{model['id']} {model['version']}" for model in facts["models"] if not model["problem"]]
    return f"{', '.join(names) or 'none'}; your own are looked for in {facts['models_folder']}"


def _engine(facts: Facts) -> str:
    others = [name for name in facts["engines"] if name != facts["engine_used"]]
    also = f"; also installed: {', '.join(others)}" if others else ""
    return f"{facts['engine_used'] or 'none: networks cannot run'}{also}"


def _known(value: Any, unit: str = "") -> str:
    return "unknown" if value is None else f"{value}{unit}"
