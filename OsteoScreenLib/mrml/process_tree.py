"""Ending a process together with everything that it started, and at once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

_TASKKILL_S = 10.0


def end_tree(pid: int) -> None:
    """End a process and its descendants, also those that began a session of their own; no process may refuse.

    The caller must not have waited for the process yet, so that its number cannot belong to another one by now.
    """
    if os.name == "nt":
        _end_on_windows(pid)
    else:
        _end_on_posix(pid)


def children_of(parents: Iterable[int]) -> list[int]:
    """Numbers of the processes that any of these started and that still live (POSIX)."""
    wanted = set(parents)
    return [pid for pid, parent in _pairs() if parent in wanted]


def taskkill_command(pid: int) -> list[str]:
    """Windows' own program that ends a process (``/PID``) and its descendants (``/T``) by force (``/F``)."""
    program = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "taskkill.exe"
    return [str(program), "/F", "/T", "/PID", str(pid)]


def without_window() -> int:
    """Creation flag that keeps Windows from opening a console for a program; 0 on other systems."""
    return int(getattr(subprocess, "CREATE_NO_WINDOW", 0))


def _end_on_posix(root: int) -> None:
    # A stopped process starts no other one, so the list is complete when it grows no more.
    known: list[int] = []
    new = [root]
    while new:
        for pid in new:
            _signal(pid, signal.SIGSTOP)
        known += new
        new = [pid for pid in children_of(known) if pid not in known]
    for pid in known:
        _signal(pid, signal.SIGKILL)
    # What a descendant left behind when it ended belongs to nobody in the list, but still to the group.
    with contextlib.suppress(OSError):
        if os.getpgid(root) == root:
            os.killpg(root, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):  # gone already
        os.kill(pid, number)


def _pairs() -> list[tuple[int, int]]:
    """(process, its parent) of every process."""
    return pairs_of_proc() if Path("/proc/self/stat").is_file() else pairs_of_ps()


def pairs_of_ps() -> list[tuple[int, int]]:
    """(process, its parent) of every process, as the program ``ps`` lists them: on macOS."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=False)
    rows = (line.split() for line in listed.stdout.splitlines())
    return [(int(row[0]), int(row[1])) for row in rows if len(row) == 2]


def pairs_of_proc() -> list[tuple[int, int]]:
    """(process, its parent) of every process, as the files in ``/proc`` say: on Linux."""
    pairs = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):  # it ended while we looked
            # "pid (name) state ppid ...": the name may hold blanks and brackets, so what follows the last bracket.
            fields = Path(entry.path, "stat").read_text(errors="replace").rpartition(")")[2].split()
            pairs.append((int(entry.name), int(fields[1])))
    return pairs


def _end_on_windows(pid: int) -> None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            taskkill_command(pid),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=without_window(),
            timeout=_TASKKILL_S,
            check=False,
        )
