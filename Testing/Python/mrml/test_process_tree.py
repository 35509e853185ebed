"""A process is ended with everything it started, also with what began a session of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from factory.processes import is_alive, soon_gone

from OsteoScreenLib.mrml.process_tree import children_of, end_tree, pairs_of_proc, pairs_of_ps, taskkill_command

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="Windows ends trees by its own program, tested by its arguments"
)

SLEEPS = "import time; time.sleep(60)"
STARTS_OTHERS = f"""
import subprocess, sys
command = [sys.executable, "-I", "-S", "-c", {SLEEPS!r}]
others = [subprocess.Popen(command), subprocess.Popen(command, start_new_session=True)]
print(*(other.pid for other in others), flush=True)
others[0].wait()
"""


def test_a_process_is_ended_with_its_children_in_and_out_of_its_session_and_its_neighbour_lives():
    command = [sys.executable, "-I", "-S", "-c"]
    neighbour = subprocess.Popen([*command, SLEEPS])
    root = subprocess.Popen([*command, STARTS_OTHERS], stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert root.stdout is not None
        others = [int(pid) for pid in root.stdout.readline().split()]
        assert len(others) == 2
        assert sorted(children_of([root.pid])) == sorted(others)
        end_tree(root.pid)
        assert root.wait(10) < 0
        assert [soon_gone(pid) for pid in others] == [True, True]
        assert is_alive(neighbour.pid)
    finally:
        neighbour.kill()
        neighbour.wait()
        root.stdout.close()


def test_a_process_that_has_ended_already_is_no_error():
    root = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""], start_new_session=True)
    while root.poll() is None:
        time.sleep(0.01)
    end_tree(root.pid)
    assert root.returncode == 0


def test_windows_own_program_is_asked_by_its_full_path_to_end_the_tree_by_force(monkeypatch):
    monkeypatch.setenv("SYSTEMROOT", "D:/Windows")
    program, *options = taskkill_command(42)
    assert program.replace("\\", "/") == "D:/Windows/System32/taskkill.exe"
    assert options == ["/F", "/T", "/PID", "42"]


@pytest.mark.needs_program("ps", "procps")
def test_both_ways_to_list_processes_know_this_one_and_its_parent():
    assert (os.getpid(), os.getppid()) in pairs_of_ps()
    if sys.platform.startswith("linux"):
        assert (os.getpid(), os.getppid()) in pairs_of_proc()
