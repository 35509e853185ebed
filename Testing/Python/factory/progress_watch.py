"""A progress bar that remembers, and that may act as a user who presses Ctrl-C."""

from __future__ import annotations

import math


class ProgressWatch:
    """Takes the place of the command line's bar.

    Attributes:
        told: (fraction, message) in order. closed: whether the bar was taken away.
    """

    def __init__(self, interrupt_from: float = math.inf) -> None:
        self.told: list[tuple[float, str]] = []
        self.closed = False
        self._interrupt_from = interrupt_from

    def __call__(self, fraction: float, message: str) -> None:
        """Remember, and raise KeyboardInterrupt where the work has come so far."""
        self.told.append((fraction, message))
        if fraction >= self._interrupt_from:
            raise KeyboardInterrupt

    def close(self) -> None:
        """Remember it."""
        self.closed = True
