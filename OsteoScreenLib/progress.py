"""How long work talks to whoever waits for it: one progress callback, one cancel token."""

from __future__ import annotations

from collections.abc import Callable

from OsteoScreenLib.errors import CancelledError

ProgressCallback = Callable[[float, str], None]
"""``progress(fraction, message)``; fraction in [0, 1]."""

CancelToken = Callable[[], bool]
"""``cancelled() -> bool``; asked often, must be cheap."""


def no_progress(fraction: float, message: str) -> None:
    """Tell nobody."""


def never_cancelled() -> bool:
    """Never stop."""
    return False


def stop_if(cancelled: CancelToken) -> None:
    """Raise CancelledError where the user asked to stop."""
    if cancelled():
        raise CancelledError("Stopped on request")


def part_of(progress: ProgressCallback, start: float, end: float) -> ProgressCallback:
    """A callback for a step that makes up the interval [start, end] of the whole."""
    return lambda fraction, message: progress(start + (end - start) * fraction, message)
