"""Small scans of two rods of bone in muscle under fat, with masks: quick to measure, and no anatomy."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import write_image, write_labels

GEOMETRY = Geometry((30, 40, 60), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))


def rods(bone_hu: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """HU (int16) and labels (z, y, x): the left rod, 1, lies at greater x; the right one, 2, is 60 HU denser."""
    _, y, x = np.mgrid[:30, :40, :60]
    depth = (y - 20) ** 2 / 340 + (x - 30) ** 2 / 800
    hu = np.where(depth < 0.7, 50.0, np.where(depth < 1, -100.0, -1000.0))
    labels = np.zeros(hu.shape, np.uint8)
    for label, middle in ((1, 42), (2, 18)):
        rod = (y - 20) ** 2 + (x - middle) ** 2 < 49
        labels[rod] = label
        hu[rod] = bone_hu + 60 * (label - 1)
    return (hu + np.random.default_rng(seed).normal(0, 15, hu.shape)).astype(np.int16), labels


def write_rods(folder: Path, name: str, bone_hu: float, seed: int) -> tuple[Path, Path]:
    """Write ``<name>.nii.gz`` and ``<name>_mask.nii.gz``: (image, mask)."""
    hu, labels = rods(bone_hu, seed)
    image, mask = folder / f"{name}.nii.gz", folder / f"{name}_mask.nii.gz"
    write_image(CTVolume(hu, GEOMETRY), image)
    write_labels(labels, GEOMETRY, mask)
    return image, mask
