"""Draw the panel with a digital patient screened, by the networks that are installed, as a PNG.

    PYTHONPATH=. python Testing/SlicerHost/panel_picture.py panel.png [scale]

What is drawn is the module's own form and code in the stand-in for Slicer's window, not Slicer. Where no model is
installed, the picture says so, as the panel does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from slicer_host.host import SlicerHost

from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.phantom.digital_patient import make_digital_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient

MODULE = Path(__file__).resolve().parents[2] / "OsteoScreen" / "OsteoScreen.py"
SPACING_MM = (1.5, 1.5, 2.0)


def main(arguments: list[str]) -> int:
    """Run as a program; returns the exit status."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    patient = make_digital_patient(draw_patient(1), spacing_xyz_mm=SPACING_MM, with_truth=False).ct
    with SlicerHost() as host:
        panel = host.open(MODULE)
        write_volume_node(patient, host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Digital patient"))
        host.choose(panel.ui.inputSelector, "Digital patient")
        host.click(panel.ui.screenButton)
        host.wait_until(lambda: not panel.ui.progressBar.visible, limit_s=1800.0)
        host.picture(panel, Path(arguments[0]), float(arguments[1]) if len(arguments) == 2 else 1.0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
