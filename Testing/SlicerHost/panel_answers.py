"""How soon the panel answers while a case is screened: each turn of the event loop, from the click to the answer.

    PYTHONPATH=. python Testing/SlicerHost/panel_answers.py [X Y Z]

Makes a volume of X x Y x Z voxels (512 x 512 x 300 where nothing is said) by repeating a coarse digital patient, clicks
*Screen* in the stand-in for Slicer's window, and lets the true program work on it. Prints, for each step that the panel
names, how many turns there were, and their median and longest in milliseconds.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from slicer_host.host import SlicerHost

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.phantom.digital_patient import make_digital_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient

MODULE = Path(__file__).resolve().parents[2] / "OsteoScreen" / "OsteoScreen.py"
COARSE_MM = (4.0, 4.0, 4.0)
LIMIT_S = 3600.0


def fine_volume(shape_xyz: tuple[int, int, int]) -> CTVolume:
    """A digital patient, each voxel repeated so often that the grid is as large as asked, noise added."""
    coarse = make_digital_patient(draw_patient(1), spacing_xyz_mm=COARSE_MM, with_truth=False).ct
    index = [np.arange(wanted) * have // wanted for wanted, have in zip(shape_xyz[::-1], coarse.hu.shape, strict=True)]
    voxels = coarse.hu[np.ix_(*index)]
    voxels = voxels + np.random.default_rng(1).integers(-10, 11, voxels.shape, dtype=np.int16)
    extent = coarse.geometry.extent_xyz_mm
    spacing = tuple(size / n for size, n in zip(extent, shape_xyz, strict=True))
    geometry = replace(coarse.geometry, shape_zyx=voxels.shape, spacing_xyz_mm=spacing)
    return CTVolume(voxels.astype(np.int16), geometry, coarse.acquisition)


def main(arguments: list[str]) -> int:
    """Run as a program; returns the exit status."""
    if len(arguments) not in (0, 3):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    shape = tuple(int(text) for text in arguments) or (512, 512, 300)
    turns: dict[str, list[float]] = {}
    with SlicerHost() as host:
        panel = host.open(MODULE)
        write_volume_node(fine_volume(shape), host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Patient"))
        host.choose(panel.ui.inputSelector, "Patient")
        started = time.perf_counter()
        host.click(panel.ui.screenButton)
        turns["the click itself"] = [time.perf_counter() - started]
        until = time.monotonic() + LIMIT_S
        while panel.ui.progressBar.visible and time.monotonic() < until:
            step = panel.ui.statusLabel.text.partition(" (")[0] or "..."
            turn = time.perf_counter()
            host.application.processEvents()
            seconds = time.perf_counter() - turn
            shown = not panel.ui.progressBar.visible
            turns.setdefault("showing the answer" if shown else step, []).append(seconds)
            time.sleep(0.002)
        took, dialogs = time.perf_counter() - started, host.dialogs
    for step, seconds in [*turns.items(), ("all", [entry for entries in turns.values() for entry in entries])]:
        middle, longest = 1000 * float(np.median(seconds)), 1000 * max(seconds)
        sys.stdout.write(
            f"{step[:60]:<62}{len(seconds):>6} turns, median {middle:7.1f} ms, longest {longest:7.1f} ms\n"
        )
    sys.stdout.write(f"{took:.0f} s in all; dialogs: {dialogs}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
