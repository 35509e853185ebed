"""ScreeningFollower: what a running ``osteoscreen screen --progress json`` says, in words for the panel."""

from __future__ import annotations

import signal
import time
from typing import Any

from OsteoScreenLib.errors import OsteoScreenError, printable
from OsteoScreenLib.mrml.screening_files import CASE, ScreeningFolder
from OsteoScreenLib.mrml.time_left import TimeLeft
from OsteoScreenLib.progress import ProgressCallback


class ScreeningFollower:
    """What a screening program says, and how long it will still take.

    Args:
        progress: told ``(fraction, message)`` where there is something new to say.
    """

    def __init__(self, progress: ProgressCallback) -> None:
        self._progress = progress
        self._time_left: TimeLeft | None = None
        self._word: tuple[float, str] = (0.0, "Starting")
        self._case: dict[str, Any] = {}
        self._shown: tuple[float, str] | None = None

    def begin(self) -> None:
        """The program was started now."""
        self._time_left = TimeLeft(time.monotonic())
        self.hear([])

    def hear(self, events: list[dict[str, Any]]) -> None:
        """Take in events, and tell progress where there is something new to say."""
        now = time.monotonic()
        for event in events:
            if event.get("event") == "progress":
                self._note(now, event)
            elif event.get("event") == "case":
                self._case = event
        fraction, message = self._word
        left = self._time_left.words(now) if self._time_left is not None else ""
        shown = (fraction, f"{message} ({left})" if left else message)
        if shown != self._shown:
            self._shown = shown
            self._progress(*shown)

    def why_it_failed(self, code: int, log: str, folder: ScreeningFolder) -> OsteoScreenError | None:
        """Why there is no answer; None where there is one.

        Args:
            code: the program's exit code. log: its last words. folder: whose path nobody needs to read.
        """
        state, message = self._case.get("state"), str(self._case.get("message") or "")
        if code == 0 and state in ("done", "withheld"):
            return None
        if state == "failed" and message:
            said = message.replace(f" ({printable(str(folder.image))})", "")
            said = said.replace(f" ({printable(str(folder.mask))})", "")
            return OsteoScreenError(said, code=str(self._case.get("error_code") or "failed"))
        words = f". Its last words: {log}" if log else ""
        return OsteoScreenError(
            f"The screening program {_how_it_ended(code)}{words}",
            next_step="Close other programs and try again. If it happens again, report these words.",
            code="screening_crashed",
        )

    def _note(self, now: float, event: dict[str, Any]) -> None:
        fraction, message = event.get("fraction"), event.get("message")
        if isinstance(fraction, (int, float)) and isinstance(message, str):
            self._word = (min(1.0, max(0.0, fraction)), message.removeprefix(f"{CASE}: "))
            if self._time_left is not None:
                self._time_left.note(now, self._word[0])


def _how_it_ended(code: int) -> str:
    """An exit code in words; POSIX gives a negative one where a signal ended the program."""
    if code >= 0:
        # Windows' own codes for a crash are large, and known by their hexadecimal form.
        shown = str(code) if code < 0x80000000 else f"0x{code:X}"
        return "ended without an answer" if code == 0 else f"ended with code {shown}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    memory = ", most often because the memory was full" if name == "SIGKILL" else ""
    return f"was ended by the system ({name}{memory})"
