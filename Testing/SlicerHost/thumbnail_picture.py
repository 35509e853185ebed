"""Draw the thumbnail of the digital patient among Slicer's sample data.

    PYTHONPATH=. python Testing/SlicerHost/thumbnail_picture.py OsteoScreen/Resources/Icons/DigitalPatient.png

A coronal slice through the hips in the bone window, cut to the pelvis.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.mrml.case_views import BONE_LEVEL_HU, BONE_WINDOW_HU
from OsteoScreenLib.mrml.sample_patient import sample_patient

SIZE = (240, 160)
KEPT = Path(tempfile.gettempdir()) / "osteoscreen-pictures"
"""The digital patient is kept here between pictures."""


def thumbnail(ct: CTVolume) -> Image.Image:
    """The slice with the most bone among those from front to back, as a picture as wide as Slicer's buttons."""
    part = ct.hu[: ct.hu.shape[0] // 2]
    chosen = int((part > 300).sum(axis=(0, 2)).argmax())
    low = BONE_LEVEL_HU - BONE_WINDOW_HU / 2
    grey = np.clip((part[::-1, chosen].astype(float) - low) / BONE_WINDOW_HU, 0.0, 1.0)
    dx, _, dz = ct.geometry.spacing_xyz_mm
    whole = Image.fromarray((255 * grey).astype(np.uint8))
    whole = whole.resize((round(whole.width * dx), round(whole.height * dz)), Image.Resampling.LANCZOS)
    width = round(min(whole.width, whole.height * SIZE[0] / SIZE[1]))
    height = round(width * SIZE[1] / SIZE[0])
    left = (whole.width - width) // 2
    return whole.crop((left, 0, left + width, height)).resize(SIZE, Image.Resampling.LANCZOS)


def main(arguments: list[str]) -> int:
    """Run as a program; returns the exit status."""
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    thumbnail(sample_patient(KEPT)).save(arguments[0], optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
