"""FemurMasks from labels that something else than our networks made."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.progress import ProgressCallback, no_progress
from OsteoScreenLib.quality.flag import QualityFlag
from OsteoScreenLib.segmentation.borders import FieldOfView
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurFinding, FemurMasks
from OsteoScreenLib.segmentation.findings import finding_of
from OsteoScreenLib.segmentation.mask_flags import side_flag
from OsteoScreenLib.segmentation.mask_quality import mask_parts, rate_femora
from OsteoScreenLib.segmentation.side_check import misplaced_sides


def masks_of_labels(
    ct: CTVolume,
    labels: np.ndarray,
    source: str,
    *,
    models: tuple[Mapping[str, str], ...] = (),
    flags: tuple[QualityFlag, ...] = (),
    timings_s: Mapping[str, float] | None = None,
    progress: ProgressCallback = no_progress,
) -> FemurMasks:
    """Describe and rate labels on the grid of a volume; the labels themselves stay as they are.

    Args:
        ct: the volume. labels: (z, y, x) uint8 on its grid, 1 left and 2 right.
        source: ``given``, ``totalsegmentator`` or ``monai_bundle``.
        models: what made them. flags, timings_s: what is known already.
    """
    started = time.perf_counter()
    progress(0.0, "Describing the femora")
    view, femurs = FieldOfView(ct.hu, ct.geometry), {}
    parts = mask_parts(labels)
    for side in SIDE_LABELS:
        if side in parts:
            femurs[side] = finding_of(ct.hu, ct.geometry, *parts[side], side, view)
        else:
            femurs[side] = FemurFinding("absent", f"The mask holds no {side} femur")
    rated, found, _ = rate_femora(ct, labels, femurs)
    swapped = side_flag(misplaced_sides(labels, ct)) if ct.source.oriented else []
    timings = {**(timings_s or {}), "describe_femora": time.perf_counter() - started}
    progress(1.0, "Femora done")
    return FemurMasks(labels, rated, source, models, (*flags, *swapped, *found), timings)
