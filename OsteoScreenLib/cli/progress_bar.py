"""Progress on the command line: a bar for people, JSON lines for programs, silence for pipes."""

from __future__ import annotations

import json
import sys
import time
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from OsteoScreenLib.cli import console as consoles
from OsteoScreenLib.errors import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SHOW_AFTER_S = 2.0
"""Work shorter than this shows no bar."""

_JSON_EVERY_S = 0.1


class ProgressKind(str, Enum):
    """How progress is told."""

    BAR = "bar"
    JSON = "json"
    NONE = "none"


ProgressOption = Annotated[
    ProgressKind,
    typer.Option("--progress", help="A bar on a terminal, one JSON object per line on stdout, or nothing."),
]


class ProgressBar:
    """A bar on stderr that appears when the work has taken two seconds, and only on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID

    def __call__(self, fraction: float, message: str) -> None:
        """Show how far the work is."""
        if not self._console.is_terminal:
            return
        if self._bar is None:
            if time.monotonic() - self._started < SHOW_AFTER_S:
                return
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn())
            text = TextColumn("{task.description}", markup=False)
            self._bar = Progress(*columns, text, console=self._console, transient=True)
            self._task = self._bar.add_task("", total=1.0)
            self._bar.start()
        self._bar.update(self._task, completed=fraction, description=printable(message))

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class JsonLines:
    """One JSON object per line on stdout, flushed, for a program that follows the run.

    Events: ``progress`` (fraction, message; at most ten a second), ``case`` (CaseOutcome.to_dict), ``outcome`` (of a
    training), ``failed`` (message) and ``end`` (exit_code, message).
    """

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, fraction: float, message: str) -> None:
        """Write a ``progress`` event, unless the last one is too fresh."""
        now = time.monotonic()
        if now - self._last >= _JSON_EVERY_S or fraction >= 1.0:
            self._last = now
            self.event("progress", fraction=round(fraction, 4), message=message)

    def event(self, name: str, **values: Any) -> None:
        """Write one event."""
        sys.stdout.write(json.dumps({"event": name, **values}, ensure_ascii=True) + "\n")
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing to take away."""


class Silent:
    """No progress at all."""

    def __call__(self, fraction: float, message: str) -> None:
        """Tell nobody."""

    def close(self) -> None:
        """Nothing to take away."""


Teller = ProgressBar | JsonLines | Silent


def teller_of(kind: ProgressKind) -> Teller:
    """What tells progress in this way."""
    if kind is ProgressKind.JSON:
        return JsonLines()
    return ProgressBar(consoles.err()) if kind is ProgressKind.BAR else Silent()
