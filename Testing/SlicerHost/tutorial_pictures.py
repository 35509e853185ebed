"""Draw the pictures of Docs/tutorial.md anew, with the networks that are installed.

    PYTHONPATH=. python Testing/SlicerHost/tutorial_pictures.py Docs/Pictures

They show a digital patient in the stand-in for Slicer's window: the module's own form, code and words, the views as
Slicer's own displayable managers draw them. Those with views are given 256 colours, which keeps all of them below 2 MB.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from panel_picture import FOLDER, KEPT, open_patient, screen
from PIL import Image
from slicer_host.host import SlicerHost
from slicer_host.window import WIDTH, draw_section, draw_window

from OsteoScreenLib.mrml.sample_patient import sample_patient

NAMES = (
    "tutorial-open.png",
    "tutorial-screened.png",
    "tutorial-flags.png",
    "tutorial-density.png",
    "tutorial-landmarks.png",
    "tutorial-edited.png",
    "tutorial-export.png",
)
WINDOWS = tuple(
    name for name in NAMES if name not in ("tutorial-flags.png", "tutorial-density.png", "tutorial-export.png")
)
"""Large, with views; the others keep all of their colours, some of which mean something."""
HEIGHT = 820
"""Of the window; the panel below that is scrolled to."""
ERASED_SLICES = 12


def erase_some(panel: Any) -> None:
    """What a reader might do in the Segment Editor: take the lowest slices of the left femur away."""
    from OsteoScreenLib.mrml.segmentation_node import read_masks, write_masks

    state = panel.state()
    labels = read_masks(state.nodes.segmentation, state.volumeNode).copy()
    first = int((labels == 1).any(axis=(1, 2)).argmax())
    part = labels[first : first + ERASED_SLICES]
    part[part == 1] = 0
    write_masks(labels, state.volumeNode, state.nodes.segmentation)


def draw_all(host: SlicerHost, out: Path) -> None:
    """One picture after the other, as the tutorial goes."""
    panel = open_patient(host, sample_patient(KEPT))
    draw_window(host, panel, out / NAMES[0], height=HEIGHT)
    screen(host, panel)
    panel.views.show("left")
    draw_window(host, panel, out / NAMES[1], height=HEIGHT)
    draw_section(host, panel, "scanCollapsibleButton", out / NAMES[2])
    host.click(panel.ui.showDensityCheckBox)
    draw_section(host, panel, "resultCollapsibleButton", out / NAMES[3])
    draw_window(host, panel, out / NAMES[4], height=HEIGHT)
    leave_out_panel(out / NAMES[4])
    host.click(panel.ui.showDensityCheckBox)
    erase_some(panel)
    host.click(panel.ui.rescoreButton)
    host.wait_until(lambda: not panel.ui.progressBar.visible, limit_s=1800.0)
    panel.views.show("left")
    draw_window(host, panel, out / NAMES[5], height=HEIGHT)
    for box in (panel.ui.exportSegmentationCheckBox, panel.ui.exportTablesCheckBox, panel.ui.exportSceneCheckBox):
        host.click(box)
    host.click(panel.ui.exportButton)
    host.wait_until(lambda: not panel.ui.progressBar.visible, limit_s=1800.0)
    draw_section(host, panel, "exportCollapsibleButton", out / NAMES[6])


def leave_out_panel(path: Path) -> None:
    """The views alone."""
    picture = Image.open(path)
    picture.crop((WIDTH, 0, *picture.size)).save(path)


def make_small(path: Path, colours: int | None) -> None:
    """As few bytes as can be; fewer colours where a number of them is given."""
    picture = Image.open(path).convert("RGB")
    if colours is not None:
        picture = picture.quantize(colours, dither=Image.Dither.FLOYDSTEINBERG)
    picture.save(path, optimize=True)


def main(arguments: list[str]) -> int:
    """Run as a program; returns the exit status."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write(f"{__doc__}\n")
        return 2
    out = Path(arguments[0]).resolve()
    with tempfile.TemporaryDirectory() as home, SlicerHost() as host:
        (Path(home) / FOLDER).mkdir()
        os.chdir(home)  # so that the folder of the export is told without any place of this machine
        draw_all(host, out)
        os.chdir(out)
    for name in NAMES:
        make_small(out / name, 256 if name in WINDOWS else None)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
