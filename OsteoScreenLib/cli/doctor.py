"""``osteoscreen doctor``: what is installed, what will be used, what is missing and what for."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from OsteoScreenLib.cli import console
from OsteoScreenLib.cli.environment import environment


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show what is installed, what will be used, and what is missing and what for.

    Exit code 0 where everything required is there (optional packages may be missing), else 1.
    """
    facts = environment()
    missing = [package["name"] for package in facts["packages"] if package["required"] and not package["version"]]
    if as_json:
        typer.echo(json.dumps({**facts, "ready": not missing}, indent=2))
    else:
        _show(facts, missing)
    raise typer.Exit(1 if missing else 0)


def _show(facts: dict[str, Any], missing: list[str]) -> None:
    screen = console.out()
    lines = {
        "OsteoScreen": facts["osteoscreen"],
        "Python": facts["python"],
        "Platform": f"{facts['platform']}",
        "Processors": _known(facts["processors"]),
        "Memory": _known(facts["memory_gb"], " GB"),
        "Temporary files": f"{facts['temporary_folder']}, {_known(facts['temporary_free_gb'], ' GB')} free",
        "Models": _models(facts),
        "Engine": _engine(facts),
    }
    for name, value in lines.items():
        console.say(screen, f"{name:<16}{value}")
    table = Table(show_edge=False, pad_edge=False)
    for title in ("Package", "Version", "Used for"):
        table.add_column(title)
    for package in facts["packages"]:
        table.add_row(package["name"], _state(package), Text(package["purpose"]))
    for model in facts["models"]:
        if model["problem"]:
            console.say(screen, f"{'Broken model':<16}{model['id']} cannot be used: {model['problem']}", "bold red")
    screen.print()
    screen.print(table)
    screen.print()
    if missing:
        console.say(screen, f"Not ready. Run: pip install {' '.join(missing)}", "bold red")
    else:
        console.say(screen, "Ready: CTs can be read, checked and reported. Bone status is not part of this version.")


def _models(facts: dict[str, Any]) -> str:
    names = [f"{model['id']} {model['version']}" for model in facts["models"] if not model["problem"]]
    return f"{', '.join(names) or 'none'}; your own are looked for in {facts['models_folder']}"


def _engine(facts: dict[str, Any]) -> str:
    others = [name for name in facts["engines"] if name != facts["engine_used"]]
    also = f"; also installed: {', '.join(others)}" if others else ""
    return f"{facts['engine_used'] or 'none: networks cannot run'}{also}"


def _state(package: dict[str, Any]) -> Text:
    if package["version"]:
        return Text(package["version"], style="green")
    return Text("missing", style="bold red") if package["required"] else Text("not installed (optional)", style="dim")


def _known(value: Any, unit: str = "") -> str:
    return "unknown" if value is None else f"{value}{unit}"
