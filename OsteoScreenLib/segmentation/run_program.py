"""Running another program: its words into a file, stopped when the user asks, never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from OsteoScreenLib.errors import OsteoScreenError, printable
from OsteoScreenLib.progress import CancelToken, stop_if

_LOOK_EVERY_S = 0.1
_PATIENCE_S = 5.0
_LAST_CHARACTERS = 300


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, and the end of what it said on one line."""

    code: int
    last_words: str


def run_program(command: Sequence[str], environment: Mapping[str, str], log: Path, cancelled: CancelToken) -> Ended:
    """Run a program to its end.

    Args:
        command: program and arguments; no shell reads them.
        environment: all of its environment variables.
        log: file for what it writes to stdout and stderr.
        cancelled: asked ten times a second; the program and those it started are then ended.

    Raises:
        CancelledError: the user asked to stop.
        OsteoScreenError: it cannot be started (``program_not_started``).
    """
    with log.open("wb") as stream:
        try:
            process = subprocess.Popen(
                list(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            raise OsteoScreenError(
                f"{Path(command[0]).name} cannot be started: {error.strerror or error}",
                next_step="Check that it is installed and runs by itself.",
                code="program_not_started",
            ) from error
        try:
            while process.poll() is None:
                stop_if(cancelled)
                time.sleep(_LOOK_EVERY_S)
        finally:
            _end(process)
    return Ended(int(process.returncode), _last_words(log))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and its children; on POSIX they are one group that it leads."""
    if process.poll() is not None:
        return
    for name in ("SIGTERM", "SIGKILL"):
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(process.pid, getattr(signal, name))
            else:
                process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_S)
            return


def _last_words(log: Path) -> str:
    text = log.read_bytes()[-4000:].decode("utf-8", "replace")
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    return printable(" / ".join(lines[-3:])[-_LAST_CHARACTERS:])
