"""What every test may ask for: the shared data, and the means to say what a test needs from its surroundings.

A test that needs something says so with a marker and is skipped, with the reason, where that is absent. On a build
server (environment variable CI) the same test fails instead: there, a missing package is a broken server, not a reason
to look away. The shared data are the exception. They are too large for a server and may be absent anywhere.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED_DATA = Path(os.environ.get("OSTEOSCREEN_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the working tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the shared CTs; skips the test where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the shared data are absent (no folder {SHARED_DATA}; OSTEOSCREEN_SHARED_DATA names another one)")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _no_shipped_model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory) -> None:
    """Tests see no shipped model, unless they are marked ``shipped_model`` or are about models.

    Whatever screens a scan would run the networks otherwise: seconds each time, and another answer with every revision
    of the weights.
    """
    if request.node.get_closest_marker("shipped_model") or request.node.path.parent.name == "models":
        return
    empty = tmp_path_factory.getbasetemp() / "no-models"
    monkeypatch.setattr("OsteoScreenLib.models.store.shipped_folder", lambda: empty)


def what_is_missing(item: pytest.Item) -> str | None:
    """The first thing this test says it needs and this machine lacks, as a sentence; None where all is here."""
    for marker in item.iter_markers("needs_module"):
        if importlib.util.find_spec(marker.args[0]) is None:
            return f"the Python package {marker.args[0]} is not installed"
    for marker in item.iter_markers("needs_program"):
        if shutil.which(marker.args[0]) is None:
            return f"the program {marker.args[0]} is not installed (package {marker.args[1]})"
    for marker in item.iter_markers("needs_library"):
        if ctypes.util.find_library(marker.args[0]) is None:
            return f"the library {marker.args[0]} is not installed (package {marker.args[1]})"
    return None


def reference_missing(item: pytest.Item) -> str | None:
    """The other program that this test compares with and that is not here, as a sentence; None where it is here.

    Unlike a need, this may be absent on a build server too: it wants a compiler, and figures recorded from it are
    compared in other tests.
    """
    for marker in item.iter_markers("beside"):
        if not _is_there(marker.args[0]):
            return f"{marker.args[1]}, to compare with, is not installed"
    return None


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is not there
        return False


def on_a_build_server() -> bool:
    """Whether the environment says so, as build servers do."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose needs are not met, with the reason."""
    missing = what_is_missing(item) or reference_missing(item)
    if missing is not None:
        pytest.skip(missing)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """On a build server, a test that says what it needs may not be skipped."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and on_a_build_server() and what_is_missing(item):
        report.outcome = "failed"
        report.longrepr = f"skipped on a build server: {what_is_missing(item)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    """On a build server, a whole file may not be skipped: its tests must say one by one what they need."""
    report = yield
    if report.skipped and on_a_build_server():
        report.outcome = "failed"
        report.longrepr = f"a whole file was skipped on a build server: {report.longrepr}"
    return report
