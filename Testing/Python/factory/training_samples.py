"""Small volumes with femora of plain shape, as training samples. Nothing here imports torch."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.training.sample import TrainingSample

AIR, BONE_LEFT, BONE_RIGHT = -1000, 0, 1000
"""HU of the samples below: linear in the labels, so that a patch's HU tells its occupancy exactly."""


def two_rods(shape: tuple[int, int, int] = (40, 40, 56), spacing_mm: float = 4.0) -> np.ndarray:
    """Labels: a rod on either side, the left one (1) at high x; the right one (2) ends lower."""
    z, y, x = np.indices(shape)
    middle = (shape[1] - 1) / 2
    labels = np.zeros(shape, np.uint8)
    for label, centre, top in ((1, 0.75, 0.9), (2, 0.25, 0.7)):
        inside = np.hypot(y - middle, x - centre * shape[2]) < 6.3
        labels[inside & (z > 4) & (z < top * shape[0])] = label
    return labels


def sample_of(labels: np.ndarray, spacing_mm: float = 4.0, source: str = "real", name: str = "rods") -> TrainingSample:
    """The labels with HU that follow them."""
    hu = np.choose(labels, (AIR, BONE_LEFT, BONE_RIGHT)).astype(np.int16)
    return TrainingSample(hu, labels, (spacing_mm,) * 3, source, name)


def like_a_scan(labels: np.ndarray, spacing_mm: float, name: str, source: str = "real") -> TrainingSample:
    """The labels as bone in noisy soft tissue."""
    rng = np.random.default_rng(len(name))
    hu = np.where(labels > 0, 400.0, 40.0) + rng.normal(0.0, 20.0, labels.shape)
    return TrainingSample(np.rint(hu).astype(np.int16), labels, (spacing_mm,) * 3, source, name)
