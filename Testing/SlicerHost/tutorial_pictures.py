"""Draw the pictures of Docs/tutorial.md anew, with the networks that are installed.

    PYTHONPATH=. python Testing/SlicerHost/tutorial_pictures.py Docs/Pictures

They show a digital patient in the stand-in for Slicer's window: the module's own form, code and words, the views as
Slicer's own displayable managers draw them. A picture is given 256 colours, which keeps all of them below 1.5 MB.
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
from slicer_host.window import draw_section, draw_window

from OsteoScreenLib.mrml.sample_patient import sample_patient

NAMES = (
    "tutorial-open.png",
    "tutorial-screened.png",
    "tutorial-flags.png",
    "tutorial-edited.png",
    "tutorial-export.png",
)
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
    erase_some(panel)
    host.click(panel.ui.rescoreButton)
    host.wait_until(lambda: not panel.ui.progressBar.visible, limit_s=1800.0)
    panel.views.show("left")
    draw_window(host, panel, out / NAMES[3], height=HEIGHT)
    for box in (panel.ui.exportSegmentationCheckBox, panel.ui.exportTablesCheckBox, panel.ui.exportSceneCheckBox):
        host.click(box)
    host.click(panel.ui.exportButton)
    host.wait_until(lambda: not panel.ui.progressBar.visible, limit_s=1800.0)
    draw_section(host, panel, "exportCollapsibleButton", out / NAMES[4])


def make_small(path: Path) -> None:
    """Fewer colours."""
    picture = Image.open(path).convert("RGB")
    picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


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
        make_small(out / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
