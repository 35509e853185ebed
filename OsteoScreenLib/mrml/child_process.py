"""ChildProcess: a program that runs beside Slicer, tells JSON lines, and never outlives it."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import OsteoScreenLib
from OsteoScreenLib.errors import OsteoScreenError, printable
from OsteoScreenLib.mrml.process_tree import end_tree, without_window

LOG_FILE = "log.txt"
_LOG_TAIL_BYTES = 16_384
_LINE_CHARACTERS = 300
_PATIENCE_S = 1.0
"""How long after a child's end its last lines are waited for, where a process it left behind keeps the pipe open."""
_REAP_S = 0.5
_NICENESS = 5
"""The window comes first: a child that computes on every processor must not hold it up."""

_living: weakref.WeakSet[ChildProcess] = weakref.WeakSet()


class ChildProcess:
    """A program that is followed without ever waiting for it.

    What it writes to stdout is read in a thread, line by line; what it writes to stderr goes into a log file. It leads
    a process group of its own, and is ended with everything it started when Python ends.

    Args:
        command: program and arguments; no shell reads them.
        folder: an existing folder; working directory of the program and place of its log.
        environment: all of its environment variables.
    """

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._command = list(command)
        self._folder = folder
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader: threading.Thread | None = None
        self._ended: float | None = None

    @property
    def pid(self) -> int | None:
        """Number of the process; None before :meth:`start`."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the program.

        Raises:
            OsteoScreenError: it cannot be started (``program_not_started``).
        """
        try:
            with (self._folder / LOG_FILE).open("wb") as log:
                process = subprocess.Popen(
                    self._command,
                    cwd=self._folder,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=os.name == "posix",
                    creationflags=_creation_flags(),
                )
        except OSError as error:
            raise OsteoScreenError(
                f"{Path(self._command[0]).name} cannot be started: {error.strerror or error}",
                next_step="Check that there is free memory and disk space, then try again.",
                code="program_not_started",
            ) from error
        self._process = process
        _end_with_python(self)
        _let_the_window_come_first(process.pid)
        self._reader = threading.Thread(target=self._read, name="OsteoScreen child", daemon=True)
        self._reader.start()

    def poll(self) -> int | None:
        """Exit code once the program has ended and all its lines can be had from :meth:`events`; None before that."""
        if self._process is None or self._process.poll() is None:
            return None
        if self._ended is None:
            self._ended = time.monotonic()
        reading = self._reader is not None and self._reader.is_alive()
        if reading and time.monotonic() - self._ended < _PATIENCE_S:
            return None
        _living.discard(self)
        return self._process.returncode

    def events(self, wait_s: float = 0.0) -> list[dict[str, Any]]:
        """The JSON objects that arrived since the last call, in order; lines that are none are left out.

        Args:
            wait_s: how long to wait for the first one. A program that embeds Python may let its threads run only while
                Python waits here; see :mod:`OsteoScreenLib.mrml.background_job`.
        """
        lines = []
        with contextlib.suppress(queue.Empty):
            lines.append(self._lines.get(timeout=wait_s) if wait_s > 0 else self._lines.get_nowait())
            while True:
                lines.append(self._lines.get_nowait())
        found = []
        for line in lines:
            with contextlib.suppress(ValueError, RecursionError):
                event = json.loads(line)
                if isinstance(event, dict):
                    found.append(event)
        return found

    def last_words(self, n_lines: int = 5) -> str:
        """The last lines of the log that are not empty, on one line, separated by slashes."""
        try:
            with (self._folder / LOG_FILE).open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
                text = log.read().decode("utf-8", "replace")
        except OSError:
            return ""
        lines = [" ".join(line.split())[:_LINE_CHARACTERS] for line in text.splitlines() if line.strip()]
        return printable(" / ".join(lines[-n_lines:]))

    def end(self) -> None:
        """End the program and everything it started, at once; nothing happens where it has ended or never began."""
        process = self._process
        if process is not None and process.poll() is None:
            end_tree(process.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_REAP_S)
        _living.discard(self)

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError), self._process.stdout as stream:
            for line in stream:
                self._lines.put(line)


def started_in_new_folder(command: Sequence[str], directory: str | None = None) -> tuple[ChildProcess, Path]:
    """Start a program in a temporary folder of its own, which the caller removes when the program has ended.

    Args:
        command: program and arguments. directory: where the folder is made; None: where the system keeps such folders.

    Raises:
        OSError: no folder can be made. OsteoScreenError: the program cannot be started; the folder is gone then.
    """
    folder = Path(tempfile.mkdtemp(prefix="osteoscreen-", dir=directory))
    child = ChildProcess(command, folder, child_environment(folder))
    try:
        child.start()
    except OsteoScreenError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return child, folder


def python_program() -> str:
    """The Python that a child runs: Slicer's own program for that (``PythonSlicer``), else the one that runs us.

    Raises:
        OsteoScreenError: neither is there (``no_python``).
    """
    found = shutil.which("PythonSlicer") or shutil.which("PythonSlicer", path=os.path.dirname(sys.executable or ""))  # noqa: PTH120
    if found is not None:
        return found
    if sys.executable and "python" in Path(sys.executable).name.lower():
        return sys.executable
    # Embedded, sys.executable may name the embedding program: to start that would open a second Slicer.
    raise OsteoScreenError(
        "Slicer's Python program (PythonSlicer) cannot be found",
        next_step="Install Slicer again, or screen with the osteoscreen command.",
        code="no_python",
    )


def osteoscreen_program() -> list[str]:
    """The ``osteoscreen`` command in Slicer's Python.

    Raises:
        OsteoScreenError: there is no Python to run it (``no_python``).
    """
    return [python_program(), "-m", "OsteoScreenLib.cli"]


def child_environment(temporary: Path) -> dict[str, str]:
    """Environment in which a child's Python finds this library first, nothing of the user's site, and a place to write.

    Args:
        temporary: an existing folder for temporary files of the child; whoever made it removes it.
    """
    found = dict(os.environ)
    library = str(Path(OsteoScreenLib.__file__).resolve().parents[1])
    others = [entry for entry in found.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != library]
    found["PYTHONPATH"] = os.pathsep.join([library, *others])
    found |= {"PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}
    found |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    for name in ("PYTHONINSPECT", "PYTHONSTARTUP"):
        found.pop(name, None)
    return found


def _creation_flags() -> int:
    """Windows: no console window, a group of its own, and a priority below that of the window."""
    names = ("CREATE_NEW_PROCESS_GROUP", "BELOW_NORMAL_PRIORITY_CLASS")
    return without_window() | sum(int(getattr(subprocess, name, 0)) for name in names)


def _let_the_window_come_first(pid: int) -> None:
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS)


def _end_with_python(child: ChildProcess) -> None:
    atexit.unregister(_end_all)
    atexit.register(_end_all)
    _living.add(child)


def _end_all() -> None:
    for child in list(_living):
        child.end()
