"""Two bony hips with known masks, made once: a cortex around spongy bone in soft tissue."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from factory.base import points_of
from factory.geometric_bones import proximal_femur

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.segmentation.borders import FieldOfView
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurFinding
from OsteoScreenLib.segmentation.findings import finding_of
from OsteoScreenLib.segmentation.mask_quality import mask_parts

GRID = Geometry((66, 56, 124), (3.0, 3.0, 3.0), (-184.5, -82.5, -150.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


@lru_cache(maxsize=1)
def hips() -> tuple[CTVolume, np.ndarray]:
    """The scan, and its labels: (z, y, x) uint8, 1 left and 2 right."""
    points = points_of(GRID)
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    body = (x / 175.0) ** 2 + (y / 78.0) ** 2 < 1.0
    hu = np.where(body, 40.0, -1000.0)
    labels = np.zeros(GRID.shape_zyx, np.uint8)
    femur = proximal_femur()
    for side, sign in (("left", 1.0), ("right", -1.0)):
        near = x * sign > 40.0
        depth = -femur.distance(x[near] * sign, y[near], z[near])
        inside = depth > 0
        hu[near] = np.where(inside, np.where(depth < 4.0, 800.0, 200.0), hu[near])
        labels[near] = np.where(inside, SIDE_LABELS[side], labels[near])
    noise = np.random.default_rng(0).normal(0, 15, GRID.shape_zyx)
    return CTVolume(np.rint(hu + noise).astype(np.int16), GRID), labels


def findings(ct: CTVolume, labels: np.ndarray) -> dict[str, FemurFinding]:
    """Findings of both sides; absent where there is no mask."""
    view, parts = FieldOfView(ct.hu, ct.geometry), mask_parts(labels)
    return {
        side: finding_of(ct.hu, ct.geometry, *parts[side], side, view)
        if side in parts
        else FemurFinding("absent", f"The mask holds no {side} femur")
        for side in SIDE_LABELS
    }
