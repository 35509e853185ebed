from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

import OsteoScreenLib
from OsteoScreenLib.cli import app, console, progress_bar

COMMAND = (sys.executable, "-m", "OsteoScreenLib.cli")


def test_the_version_is_that_of_the_library(osteoscreen) -> None:
    ended = osteoscreen("--version")
    assert (ended.code, ended.out.strip()) == (0, f"osteoscreen {OsteoScreenLib.__version__}")


def test_help_names_every_command_and_that_it_is_for_research(osteoscreen) -> None:
    ended = osteoscreen("--help")
    assert ended.code == 0
    for text in ("screen", "doctor", "phantom", "--install-completion", "Not a medical device"):
        assert text in ended.out


@pytest.mark.parametrize(
    ("problem", "code"), [(KeyboardInterrupt(), 130), (ZeroDivisionError("x"), 1), (BrokenPipeError(), 1)]
)
def test_no_error_leaves_the_command_as_a_traceback(osteoscreen, monkeypatch, problem, code) -> None:
    def broken(**_: object) -> None:
        raise problem

    monkeypatch.setattr(app, "app", broken)
    if isinstance(problem, BrokenPipeError):
        monkeypatch.setattr(sys, "stderr", Path(os.devnull).open("w"))  # noqa: SIM115 - the command closes it
    ended = osteoscreen("doctor")
    assert ended.code == code
    assert "Traceback" not in ended.err


def environment_of(repository: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(repository), **more}


def test_a_terminal_that_knows_only_ascii_gets_plain_symbols(repository: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [*COMMAND, "screen", str(tmp_path / "ü"), "--out", str(tmp_path / "out")],
        env=environment_of(repository, PYTHONIOENCODING="ascii", PYTHONUTF8="0"),
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 1
    assert b"x failed" in ended.stdout
    assert b"Traceback" not in ended.stderr
    (ended.stdout + ended.stderr).decode("ascii")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
def test_a_process_that_is_told_to_end_stops_tidily(repository: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "phantom", "--out", str(tmp_path / "p"), "--count", "500"],
        env=environment_of(repository),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "p" / "body-0001").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Stopped" in err
    assert b"Traceback" not in err
    assert not list((tmp_path / "p").glob(".*"))


def test_a_bar_appears_on_a_terminal_only_and_only_for_long_work(monkeypatch) -> None:
    def shown(*, terminal: bool, after: float) -> str:
        monkeypatch.setattr(progress_bar, "SHOW_AFTER_S", after)
        screen = Console(force_terminal=terminal, width=100, record=True, file=Path(os.devnull).open("w"))  # noqa: SIM115
        bar = progress_bar.ProgressBar(screen)
        bar(0.5, "body: Reading \x1b[31m")
        bar.close()
        return screen.export_text()

    assert "body: Reading \\x1b[31m" in shown(terminal=True, after=0.0)
    assert shown(terminal=True, after=60.0) == ""
    assert shown(terminal=False, after=0.0) == ""


def test_a_symbol_gives_way_where_the_encoding_lacks_it(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w", encoding="ascii") as plain, (tmp_path / "u").open("w", encoding="utf-8") as full:
        assert console.symbol(Console(file=plain), "✓", "+") == "+"
        assert console.symbol(Console(file=full), "✓", "+") == "✓"


def test_loading_every_command_loads_no_heavy_package(repository: Path) -> None:
    heavy = ("SimpleITK", "scipy", "jinja2", "PIL")
    load = "import sys; from OsteoScreenLib.cli.app import program; program()"
    code = f"{load}; print([m for m in {heavy} if m in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment_of(repository), capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"


def test_a_named_command_is_loaded_alone_and_help_knows_all(repository: Path) -> None:
    code = "import sys; from OsteoScreenLib.cli.app import program; program(sys.argv[1:]); print(*sorted(sys.modules))"

    def loaded(*arguments: str) -> set[str]:
        ended = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=environment_of(repository),
            capture_output=True,
            text=True,
            check=True,
        )
        return {name for name in ended.stdout.split() if name.startswith("OsteoScreenLib.cli.")}

    commands = {f"OsteoScreenLib.cli.{name}" for name in ("screen", "radiomics", "doctor", "models", "train")}
    assert loaded("doctor", "--json") & commands == {"OsteoScreenLib.cli.doctor"}
    assert loaded("models", "list") & commands == {"OsteoScreenLib.cli.models"}
    for arguments in (("--help",), ("-v", "doctor"), ()):
        assert commands <= loaded(*arguments)
