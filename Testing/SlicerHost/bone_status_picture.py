"""Draw the section Bone status as a PNG: a simulated hip, asked of two demonstration models by the true program.

    PYTHONPATH=.:Testing/Python python Testing/SlicerHost/bone_status_picture.py Docs/Pictures/panel-bone-status.png

The models learn from jittered copies of that hip; they show the section and say nothing of a patient.
What is drawn is the module's own form and code in the stand-in for Slicer's window; it is not Slicer.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from densitometry.bodies import body
from factory.status_bundles import make_hip, make_status_bundle
from slicer_host.host import SlicerHost
from slicer_host.window import dark_palette, draw_section

from OsteoScreenLib.models import places
from OsteoScreenLib.models.store import install_model
from OsteoScreenLib.mrml.segmentation_node import write_masks
from OsteoScreenLib.mrml.volume import write_volume_node

MODULE = Path(__file__).resolve().parents[2] / "OsteoScreen" / "OsteoScreen.py"


def install_demonstrations(folder: Path) -> None:
    """Make and install a model of all features and one of age and sex."""
    hip = make_hip(folder)
    for name in ("fusion", "age_sex"):
        install_model(make_status_bundle(folder / name, hip, name, demonstration=True))


def score(host: SlicerHost) -> Any:
    """The panel with the hip, its true outline, and the answers about it."""
    panel = host.open(MODULE)
    volume = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Simulated hip")
    write_volume_node(body().ct, volume)
    femora = host.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Simulated hip femora")
    write_masks(body().labels, volume, femora)
    host.pump()
    host.choose(panel.ui.inputSelector, "Simulated hip")
    panel.ui.editorCollapsibleButton.collapsed = False
    host.pump()
    host.click(panel.ui.rescoreButton)
    host.wait_until(lambda: not panel.ui.progressBar.visible, limit_s=600.0)
    if host.dialogs:
        raise RuntimeError(host.dialogs)
    return panel


def main(arguments: list[str]) -> int:
    """Run as a program; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--dark", action="store_true")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        os.environ[places.VARIABLE] = str(Path(home) / "models")
        install_demonstrations(Path(home))
        with SlicerHost() as host:
            if chosen.dark:
                host.application.setPalette(dark_palette())
            draw_section(host, score(host), "boneStatusCollapsibleButton", chosen.picture, chosen.scale)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
