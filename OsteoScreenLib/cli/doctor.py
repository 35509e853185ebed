"""``osteoscreen doctor``: what is installed, what will be used, what is missing and what for."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from OsteoScreenLib.cli import console
from OsteoScreenLib.screening.environment import environment
from OsteoScreenLib.screening.environment_words import (
    READY,
    broken_models,
    environment_lines,
    missing_packages,
    package_state,
)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show what is installed, what will be used, and what is missing and what for.

    Exit code 0 where everything required is there (optional packages may be missing), else 1.
    """
    facts = environment()
    missing = missing_packages(facts)
    if as_json:
        typer.echo(json.dumps({**facts, "ready": not missing}, indent=2))
    else:
        _show(facts, missing)
    raise typer.Exit(1 if missing else 0)


def _show(facts: dict[str, Any], missing: list[str]) -> None:
    screen = console.out()
    for name, value in environment_lines(facts).items():
        console.say(screen, f"{name:<16}{value}")
    table = Table(show_edge=False, pad_edge=False)
    for title in ("Package", "Version", "Used for"):
        table.add_column(title)
    for package in facts["packages"]:
        table.add_row(package["name"], Text(package_state(package), style=_style(package)), Text(package["purpose"]))
    for sentence in broken_models(facts):
        console.say(screen, f"{'Broken model':<16}{sentence}", "bold red")
    screen.print()
    screen.print(table)
    screen.print()
    if missing:
        console.say(screen, f"Not ready. Run: pip install {' '.join(missing)}", "bold red")
    else:
        console.say(screen, READY)


def _style(package: dict[str, Any]) -> str:
    if package["version"]:
        return "green"
    return "bold red" if package["required"] else "dim"
