"""Draw the whole window with a digital patient screened by the networks that are installed, as a PNG.

    PYTHONPATH=. python Testing/SlicerHost/panel_picture.py window.png [--scale 2] [--dark] [--panel-only]

What is drawn is the module's own form and code in the stand-in for Slicer's window, and the views as Slicer's own
displayable managers draw them; it is not Slicer. Where no model is installed, the picture says so, as the panel does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from slicer_host.host import SlicerHost
from slicer_host.window import dark_palette, draw_panel, draw_window

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.mrml.sample_patient import NAME, add_sample_patient, sample_patient

MODULE = Path(__file__).resolve().parents[2] / "OsteoScreen" / "OsteoScreen.py"
KEPT = Path(tempfile.gettempdir()) / "osteoscreen-pictures"
"""The digital patient is kept here between pictures."""

FOLDER = "Documents"
"""Shown as the folder of the export: a picture tells nothing of the machine that it was made on."""


def open_patient(host: SlicerHost, ct: CTVolume) -> Any:
    """The panel with the digital patient chosen."""
    host.views.open_3d()
    panel = host.open(MODULE)
    node = add_sample_patient(host.scene, ct)
    host.views.show(node)
    panel.ui.exportDirectoryButton.directory = FOLDER
    host.pump()
    host.choose(panel.ui.inputSelector, NAME)
    return panel


def screen(host: SlicerHost, panel: Any) -> None:
    """Click *Screen* and wait for the end."""
    host.click(panel.ui.screenButton)
    host.wait_until(lambda: not panel.ui.progressBar.visible, limit_s=1800.0)


def main(arguments: list[str]) -> int:
    """Run as a program; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--panel-only", action="store_true")
    chosen = parser.parse_args(arguments)
    ct = sample_patient(KEPT)
    with SlicerHost() as host:
        if chosen.dark:
            host.application.setPalette(dark_palette())
        panel = open_patient(host, ct)
        screen(host, panel)
        draw = draw_panel if chosen.panel_only else draw_window
        draw(host, panel, chosen.picture, chosen.scale)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
