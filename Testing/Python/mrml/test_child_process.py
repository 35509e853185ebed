"""A child process tells JSON lines, leaves its last words, and never outlives who started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from factory.processes import soon_gone

import OsteoScreenLib
from OsteoScreenLib.errors import OsteoScreenError
from OsteoScreenLib.mrml import child_process
from OsteoScreenLib.mrml.child_process import ChildProcess, child_environment, python_program

TALKS = """
import sys
print('{"event": "progress", "fraction": 0.5}', flush=True)
print("not JSON", flush=True)
print("[1, 2]")
print('{"event": "\\u00e9"}')
print("first word", file=sys.stderr)
print("", file=sys.stderr)
print("  last   word ", file=sys.stderr)
sys.exit(3)
"""
SLEEPS = "import time; print('{}', flush=True); time.sleep(60)"


def child_of(program: str, folder: Path) -> ChildProcess:
    return ChildProcess([sys.executable, "-I", "-S", "-c", program], folder, os.environ)


def run_to_the_end(child: ChildProcess, limit_s: float = 20.0) -> tuple[int, list[dict[str, Any]]]:
    events, until = [], time.monotonic() + limit_s
    while True:
        code = child.poll()
        events += child.events(0.02)
        if code is not None:
            return code, events
        assert time.monotonic() < until, "the child does not end"


def test_its_json_lines_arrive_in_order_and_what_is_none_is_left_out(tmp_path):
    child = child_of(TALKS, tmp_path)
    child.start()
    code, events = run_to_the_end(child)
    assert code == 3
    assert events == [{"event": "progress", "fraction": 0.5}, {"event": "\u00e9"}]
    assert child.events() == []


def test_its_last_words_are_the_last_lines_of_what_it_wrote_to_stderr(tmp_path):
    child = child_of(TALKS, tmp_path)
    assert child.last_words() == ""
    child.start()
    run_to_the_end(child)
    assert child.last_words() == "first word / last word"
    assert child.last_words(1) == "last word"


def test_polling_and_asking_for_events_never_wait_longer_than_was_said(tmp_path):
    child = child_of(SLEEPS, tmp_path)
    child.start()
    started = time.perf_counter()
    assert child.poll() is None
    child.events(0.0)
    assert time.perf_counter() - started < 1.0
    child.end()


def test_it_is_ended_at_once_and_a_second_time_is_no_error(tmp_path):
    child = child_of(SLEEPS, tmp_path)
    child.end()
    child.start()
    while not child.events(0.02):
        pass
    child.end()
    child.end()
    code, _ = run_to_the_end(child)
    assert code != 0


def test_a_program_that_is_not_there_is_an_error_with_its_name(tmp_path):
    child = ChildProcess([str(tmp_path / "no-such-program")], tmp_path, os.environ)
    with pytest.raises(OsteoScreenError, match="no-such-program cannot be started") as caught:
        child.start()
    assert caught.value.code == "program_not_started"
    assert child.poll() is None


def test_it_ends_when_the_python_that_started_it_ends(tmp_path, repository):
    program = f"""
import os, sys
sys.path.insert(0, {str(repository)!r})
from pathlib import Path
from OsteoScreenLib.mrml.child_process import ChildProcess
child = ChildProcess([sys.executable, "-I", "-S", "-c", {SLEEPS!r}], Path({str(tmp_path)!r}), os.environ)
child.start()
while not child.events(0.02):
    pass
print(child.pid)
"""
    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert soon_gone(int(ran.stdout))


def test_its_python_finds_this_library_and_writes_where_it_is_told(tmp_path):
    environment = child_environment(tmp_path)
    program = "import OsteoScreenLib, site, tempfile; print(OsteoScreenLib.__file__, tempfile.gettempdir(), sep='\\n')"
    command = [python_program(), "-c", f"{program}; print(site.ENABLE_USER_SITE)"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert ran.returncode == 0, ran.stderr
    library, temporary, user_site = ran.stdout.splitlines()
    assert Path(library).samefile(OsteoScreenLib.__file__)
    assert Path(temporary).samefile(tmp_path)
    assert user_site == "False"


def test_what_would_change_its_python_is_not_passed_on_and_the_rest_is(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/elsewhere", ""]))
    monkeypatch.setenv("PYTHONINSPECT", "1")
    monkeypatch.setenv("OSTEOSCREEN_MODELS", "/models")
    environment = child_environment(tmp_path)
    library = str(Path(OsteoScreenLib.__file__).resolve().parents[1])
    assert environment["PYTHONPATH"].split(os.pathsep) == [library, "/elsewhere"]
    assert "PYTHONINSPECT" not in environment
    assert environment["OSTEOSCREEN_MODELS"] == "/models"


def program_in(folder: Path, name: str) -> str:
    path = folder / (f"{name}.exe" if os.name == "nt" else name)
    path.write_text("", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_slicers_own_python_program_is_taken_where_it_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert python_program() == sys.executable
    found = program_in(tmp_path, "PythonSlicer")
    assert python_program() == found
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(child_process.sys, "executable", str(tmp_path / "SlicerApp-real"))
    assert python_program() == found


def test_a_program_that_embeds_python_is_never_started_in_its_place(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    for embedding in (str(tmp_path / "SlicerApp-real"), ""):
        monkeypatch.setattr(child_process.sys, "executable", embedding)
        with pytest.raises(OsteoScreenError, match="PythonSlicer"):
            python_program()


@pytest.mark.skipif(os.name == "nt", reason="ends a program as POSIX does")
def test_a_program_that_tells_of_itself_ends_when_the_one_that_listens_was_killed(tmp_path, repository):
    tells = "import time\nwhile True: print('{}', flush=True); time.sleep(0.01)"
    program = f"""
import os, signal, sys
sys.path.insert(0, {str(repository)!r})
from pathlib import Path
from OsteoScreenLib.mrml.child_process import ChildProcess
child = ChildProcess([sys.executable, "-I", "-S", "-c", {tells!r}], Path({str(tmp_path)!r}), os.environ)
child.start()
while not child.events(0.02):
    pass
print(child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60)
    assert ran.returncode == -9, ran.stderr
    assert soon_gone(int(ran.stdout))
