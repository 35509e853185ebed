"""``osteoscreen models``: which models there are, what they are, and installing, checking and removing them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from OsteoScreenLib.cli import console
from OsteoScreenLib.errors import ModelError, OsteoScreenError, printable
from OsteoScreenLib.models import store
from OsteoScreenLib.models.model_card import model_card
from OsteoScreenLib.models.places import VARIABLE, user_folder

Model = Annotated[str, typer.Argument(metavar="MODEL", show_default=False, help="Name of a model, as the list shows.")]
Version = Annotated[
    str | None, typer.Option("--version", metavar="VERSION", help="This version instead of the newest.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def list_models(as_json: AsJson = False) -> None:
    """List the models that come with OsteoScreen or were installed.

    Files are not compared with their checksums here; `osteoscreen models verify` does that.
    """
    entries = store.list_models()
    if as_json:
        typer.echo(json.dumps([_facts(entry) for entry in entries], indent=2))
        return
    screen = console.out()
    if not entries:
        console.say(screen, "There is no model.")
    else:
        screen.print(_table(entries))
    console.say(screen, f"Your own models: {user_folder()} ({VARIABLE} names another folder)", "dim")


def show(model: Model, version: Version = None, as_json: AsJson = False) -> None:
    """Show what a model is: its training data, what was measured, its limits and its licence."""
    bundle = store.find_model(model, version)
    if as_json:
        typer.echo(json.dumps({**bundle.document, "sha256": bundle.sha256, "folder": str(bundle.folder)}, indent=2))
        return
    screen = console.out()
    for line, style in model_card(bundle):
        # No break within a word or a digest in a pipe; on a terminal lines are broken between words.
        screen.print(printable(line), style=style or None, soft_wrap=not screen.is_terminal)


def install(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", show_default=False, help="The bundle: a folder or a zip file.")
    ],
) -> None:
    """Check a model bundle and copy it into your folder of models. Nothing is downloaded."""
    bundle = store.install_model(path)
    console.say(console.out(), f"{bundle.model_id} {bundle.version} is installed in {bundle.folder}")
    if bundle.demonstration:
        console.say(console.out(), "It is a demonstration: its answers mean nothing.", "yellow")


def verify(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", show_default=False, help="One model; without it, all.")
    ] = None,
    version: Version = None,
) -> None:
    """Compare the files of models with their sizes and checksums.

    Exit code 0: all are as their makers wrote them. 1: one is not; the message says which, and why.
    """
    entries = [entry for entry in store.list_models() if model is None or entry.answers_to(model, version)]
    if model is not None and not entries:
        store.find_model(model, version)  # says where models are looked for
    failed = False
    for entry in entries:
        name = f"{entry.model_id} {entry.version}".strip()
        try:
            bundle = store.verify_folder(entry.folder)
            console.say(console.out(), f"{_mark('✓', '+')} {name}: sha256 {bundle.sha256}", "green")
        except ModelError as error:
            failed = True
            console.say(console.err(), f"{_mark('✕', 'x')} {name}: {error}", "bold red")
    if not entries:
        console.say(console.out(), "There is no model.")
    raise typer.Exit(1 if failed else 0)


def remove(model: Model, version: Version = None) -> None:
    """Remove a model that you installed; the ones that come with OsteoScreen stay."""
    folder = store.remove_model(model, version)
    console.say(console.out(), f"Removed {folder}")


COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_models,
    "show": show,
    "install": install,
    "verify": verify,
    "remove": remove,
}


def _table(entries: tuple[store.ModelEntry, ...]) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    for title in ("Model", "Version", "For", "From", "What it is"):
        table.add_column(title, overflow="fold")
    for entry in entries:
        document = entry.document
        if document is None:
            what = Text(f"cannot be used: {_why(entry.problem)}", style="bold red")
            table.add_row(Text(printable(entry.model_id)), "", "", entry.origin, what)
            continue
        title = document["title"] + (" (demonstration)" if document["demonstration"] else "")
        task = document["task"].replace("_", " ")
        table.add_row(*(Text(printable(t)) for t in (entry.model_id, entry.version, task, entry.origin, title)))
    return table


def _facts(entry: store.ModelEntry) -> dict[str, Any]:
    document = entry.document or {}
    return {
        "id": entry.model_id,
        "version": entry.version or None,
        "task": document.get("task"),
        "title": document.get("title"),
        "demonstration": document.get("demonstration"),
        "origin": entry.origin,
        "folder": str(entry.folder),
        "problem": None if entry.problem is None else entry.problem.code,
    }


def _why(problem: OsteoScreenError | None) -> str:
    return "" if problem is None else printable(problem.message)


def _mark(wanted: str, plain: str) -> str:
    return console.symbol(console.out(), wanted, plain)
