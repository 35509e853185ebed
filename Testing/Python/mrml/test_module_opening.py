"""Opening the module is quick, imports nothing heavy, installs nothing and asks for nothing: in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from factory.host_marks import IN_THE_HOST

pytestmark = IN_THE_HOST

OPENS_WITHIN_S = 1.0

PROGRAM = """
import json, sys, time
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
import numpy, vtk, slicer, slicer.util
from slicer_host.host import SlicerHost

with SlicerHost() as host:
    before = set(sys.modules)
    wall, cpu = time.perf_counter(), time.process_time()
    panel = host.open(Path(sys.argv[3]))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    exec(sys.argv[4])
    new = {name.partition(".")[0] for name in set(sys.modules) - before}
    told = {"wall_s": wall, "cpu_s": cpu, "new": sorted(new), "dialogs": host.dialogs, "sections": len(panel.sections)}
print("TOLD " + json.dumps(told))
"""


def opened(repository: Path, then: str = "") -> dict[str, Any]:
    """Open the module in a fresh Python, and say how long that took and what was imported for it."""
    host, module = repository / "Testing" / "SlicerHost", repository / "OsteoScreen" / "OsteoScreen.py"
    command = [sys.executable, "-I", "-c", PROGRAM, str(host), str(repository), str(module), then]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("TOLD ")]
    return json.loads(line.removeprefix("TOLD "))


def third_party(told: dict[str, Any]) -> set[str]:
    """Imported packages that are neither Python's, nor the window's, nor ours."""
    window = {"slicer", "vtk", "vtkmodules", "PySide6", "shiboken6", "shibokensupport", "slicer_host", "qt", "ctk"}
    names = set(told["new"]) - set(sys.stdlib_module_names) - window
    return {name for name in names if not name.startswith(("OsteoScreen", "SegmentEditor", "vtk", "_"))}


def test_the_module_opens_in_less_than_a_second_and_imports_no_package(repository):
    told = opened(repository)
    # Of this process alone, in seconds of a processor: a busy machine makes no difference.
    assert told["cpu_s"] < OPENS_WITHIN_S, told
    assert third_party(told) == set()
    assert told["dialogs"] == []
    assert told["sections"] >= 8


def test_what_would_be_too_heavy_is_noticed(repository):
    told = opened(repository, "import pydicom")
    assert third_party(told) >= {"pydicom"}


RELOAD = """
import OsteoScreenLib.mrml.panel_words
import vtk
from slicer_host.pythonqt import unwrap
old, words, section = panel, OsteoScreenLib.mrml.panel_words, type(panel.sections[0])
old.onReload()
panel = slicer.modules.OsteoScreenWidget
assert panel is not old
assert type(panel.sections[0]) is not section, "the section's file was not read anew"
assert sys.modules["OsteoScreenLib.mrml.panel_words"] is not words, "the library was not read anew"
node = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Hip")
host.pump()
host.choose(panel.ui.inputSelector, "Hip")
assert panel.ui.screenButton.enabled
assert panel.ui.segmentEditorWidget.mrmlSegmentEditorNode() is not None, "the new panel was not entered"
assert not old.ui.screenButton.enabled and old.ui.segmentEditorWidget.mrmlSegmentEditorNode() is None
assert not unwrap(old.ui.screenButton).isVisible() and unwrap(panel.ui.screenButton).isVisible()
"""


def test_a_developers_reload_reads_sections_and_library_anew_and_the_old_panel_hears_no_more(repository):
    assert opened(repository, RELOAD)["sections"] >= 8
