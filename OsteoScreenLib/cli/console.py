"""Where the command line writes: results to stdout, everything else to stderr; never a crash for a name's sake."""

from __future__ import annotations

import io
import sys
from functools import lru_cache

from rich.console import Console

from OsteoScreenLib.errors import printable


def make_streams_forgiving() -> None:
    """Let a terminal that lacks a character show an escape in its place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@lru_cache(maxsize=1)
def out() -> Console:
    """The console of results (stdout)."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False)


@lru_cache(maxsize=1)
def err() -> Console:
    """The console of progress and messages (stderr); one for all, so that a message does not tear the bar."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def say(console: Console, text: str, style: str = "") -> None:
    """Write one line, unbroken, with its control characters shown as escapes."""
    console.print(printable(text), style=style or None, soft_wrap=True)


def symbol(console: Console, wanted: str, plain: str) -> str:
    """A symbol, or its plain form where the terminal's encoding lacks it."""
    try:
        wanted.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return plain
    return wanted
