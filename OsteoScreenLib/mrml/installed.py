"""What is installed, as the panel shows it: the facts of ``osteoscreen doctor``, and the application around them."""

from __future__ import annotations

from html import escape
from typing import Any

from OsteoScreenLib.errors import printable
from OsteoScreenLib.mrml.panel_words import lit
from OsteoScreenLib.screening.environment import environment
from OsteoScreenLib.screening.environment_words import (
    READY,
    broken_models,
    environment_lines,
    missing_packages,
    package_state,
    without_home,
)

_PANEL_ASKS_FOR = frozenset(
    {"pydicom", "scipy", "typer", "rich", "Jinja2", "Pillow", "onnxruntime", "PyWavelets", "PyYAML", "threadpoolctl"}
)
"""Packages that the panel itself offers to install; see OsteoScreen/Resources/requirements.txt."""


def installed_facts(version: str) -> dict[str, Any]:
    """Everything ``osteoscreen doctor`` tells, and Slicer's version; nothing of any patient. Any thread may call it.

    Args:
        version: of :func:`slicer_version`.
    """
    return {"slicer": version, **environment()}


def slicer_version() -> str:
    """Version and revision of the application; ``unknown`` outside it. Main thread only."""
    import slicer

    app = getattr(slicer, "app", None)
    parts = (getattr(app, name, "") for name in ("applicationVersion", "revision"))
    return " ".join(str(part) for part in parts if part) or "unknown"


def installed_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and value of each line, the home folder written as ``~``."""
    lines = [("Slicer", facts["slicer"]), *environment_lines(facts).items()]
    return [(name, printable(without_home(str(value)))) for name, value in lines]


def advice(facts: dict[str, Any]) -> list[str]:
    """What is missing and what to do about it, a sentence each; empty where all is well."""
    sentences = []
    missing = missing_packages(facts)
    asked_for = [name for name in missing if name in _PANEL_ASKS_FOR]
    others = [name for name in missing if name not in _PANEL_ASKS_FOR]
    if asked_for:
        sentences.append(f"{', '.join(asked_for)}: missing. The panel asks to install this when it is first needed.")
    if others:
        packages = " ".join(others)
        sentences.append(
            f"{', '.join(others)}: missing. In Slicer's Python console: slicer.util.pip_install('{packages}')"
        )
    if not facts["engine_used"]:
        sentences.append("No engine can run the networks. The panel asks to install one when a scan is screened.")
    broken = broken_models(facts)
    sentences += [printable(f"{sentence}. Remove it under Models, or install it again.") for sentence in broken]
    if len(broken) == len(facts["models"]):
        sentences.append("There is no model that could outline the femora. Install one under Models.")
    return [without_home(sentence) for sentence in sentences]


def installed_html(facts: dict[str, Any]) -> str:
    """The facts as rich text; every value is escaped."""
    said = advice(facts)
    head = "".join(f"<p>{lit('red', sentence)}</p>" for sentence in said) or f"<p>{lit('green', READY)}</p>"
    lines = "".join(_row(name, value) for name, value in installed_lines(facts))
    packages = "".join(_row(entry["name"], package_state(entry), entry["purpose"]) for entry in facts["packages"])
    return f"{head}<table>{lines}</table><p><b>Packages</b></p><table>{packages}</table>"


def installed_text(facts: dict[str, Any]) -> str:
    """The facts as plain text, for a report of a problem."""
    lines = [f"{name:<16}{value}" for name, value in installed_lines(facts)]
    packages = [f"{entry['name']:<16}{package_state(entry):<28}{entry['purpose']}" for entry in facts["packages"]]
    return "\n".join([*lines, "", *packages, "", *(advice(facts) or [READY])]) + "\n"


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f'<td style="padding-right:12px">{escape(cell)}</td>' for cell in cells) + "</tr>"
