"""What the two networks say of the quality of one side's mask."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.segmentation.coarse_stage import CoarseResult
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS
from OsteoScreenLib.segmentation.fine_stage import FineFemur
from OsteoScreenLib.segmentation.grids import box_of, slices_of
from OsteoScreenLib.segmentation.mask_features import NetworkFeatures, boundary_entropy
from OsteoScreenLib.segmentation.resample import FULL, to_input_region


def network_features(coarse: CoarseResult, fine: FineFemur, side: str) -> NetworkFeatures:
    """Agreement of the two stages, doubt at the surface, and pieces of one side's answer.

    Args:
        coarse: with labels. fine: of the same side. side: ``left`` or ``right``.
    """
    from scipy import ndimage

    mask = fine.probability > 0.5
    return NetworkFeatures(
        coarse_fine_dsc=_agreement(coarse, fine, side),
        boundary_entropy=boundary_entropy(fine.probability, mask, fine.grid.spacing_xyz_mm[::-1]),
        n_components=int(ndimage.label(mask)[1]),
    )


def _agreement(coarse: CoarseResult, fine: FineFemur, side: str) -> float | None:
    """Dice similarity coefficient of the two stages on the coarse grid, where the fine stage looked."""
    if coarse.grid is None or coarse.labels is None:
        return None
    part = slices_of(box_of(fine.grid), coarse.grid)
    if part is None:
        return None
    first = coarse.labels[part] == SIDE_LABELS[side]
    second = to_input_region(fine.probability, fine.grid, coarse.grid, part) > FULL // 2
    total = np.count_nonzero(first) + np.count_nonzero(second)
    return 2.0 * float(np.count_nonzero(first & second)) / total if total else None
