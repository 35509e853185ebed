"""``--list-series``: what series an input holds, and which one would be read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from OsteoScreenLib.cli import console
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.ct import reader
from OsteoScreenLib.ct.series import SeriesSummary
from OsteoScreenLib.errors import OsteoScreenError, printable


def list_series_of(inputs: Sequence[Path]) -> int:
    """Print a table of the series of each input on stdout.

    Returns:
        0, or 1 where an input could not be looked through (said on stderr).
    """
    failed = False
    for path in inputs:
        bar = ProgressBar(console.err())
        try:
            series = reader.list_series(path, bar)
        except OsteoScreenError as error:
            if path.is_file() and error.code == "several_images":
                console.say(console.out(), f"{path}: one image file; it has no DICOM series to choose from.")
                continue
            console.say(console.err(), f"Error: {error}", "red")
            failed = True
            continue
        finally:
            bar.close()
        console.say(console.out(), os.fspath(path), "bold")
        _show(series)
    return 1 if failed else 0


def _show(series: Sequence[SeriesSummary]) -> None:
    screen = console.out()
    table = Table(show_edge=False, pad_edge=False)
    for title in ("", "Series", "Modality", "Images", "Plane", "Kernel", "Thickness", "Spacing", "UID", "Why"):
        table.add_column(title, overflow="fold")
    for entry in series:
        mark = console.symbol(screen, "✓", "*") if entry.taken else ""
        facts = (
            *(mark, entry.label, entry.modality, str(entry.n_images), entry.plane, entry.kernel or "not stated"),
            *(_mm(entry.slice_thickness_mm), _mm(entry.slice_spacing_mm), entry.uid, entry.reason),
        )
        table.add_row(*(Text(printable(fact)) for fact in facts), style="green" if entry.taken else None)
    if not screen.is_terminal:
        # A pipe has no width: let the table be as wide as its text, so that no UID is broken.
        screen.width = 400
    screen.print(table)


def _mm(value: float | None) -> str:
    return "not stated" if value is None else f"{value:.3g} mm"
