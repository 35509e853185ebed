"""How good the masks of the femora are, without knowing the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality.flag import QualityFlag
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurFinding
from OsteoScreenLib.segmentation.grids import Slices
from OsteoScreenLib.segmentation.mask_features import MaskFeatures, NetworkFeatures, mask_features
from OsteoScreenLib.segmentation.mask_flags import MaskRating, asymmetry_flag, mask_flags, rating_of
from OsteoScreenLib.segmentation.mask_model import DscModel, estimate_dsc
from OsteoScreenLib.segmentation.mask_symmetry import common_extent_ratio


def rate_femora(
    ct: CTVolume,
    labels: np.ndarray,
    femurs: Mapping[str, FemurFinding],
    network: Mapping[str, NetworkFeatures] | None = None,
    models: tuple[DscModel, ...] | None = None,
) -> tuple[dict[str, FemurFinding], tuple[QualityFlag, ...], dict[str, MaskFeatures]]:
    """Rate the masks of both sides: an estimated Dice similarity coefficient for each, and flags.

    Args:
        ct: the volume. labels: (z, y, x) uint8 on its grid, 1 left and 2 right.
        femurs: findings of both sides.
        network: by side, what the networks say; absent sides and masks from elsewhere have nothing.
        models: of the estimate; None for those that come with OsteoScreen.

    Returns:
        The findings with ``estimated_dsc`` (None where it cannot be estimated); the flags; and the features by side.
    """
    parts = mask_parts(labels)
    features: dict[str, MaskFeatures] = {}
    ratings: dict[str, MaskRating] = {}
    rated = dict(femurs)
    for side, (mask, part) in parts.items():
        if femurs[side].presence == "absent":
            continue
        found = mask_features(ct, mask, part, side, femurs[side], (network or {}).get(side))
        if found is None:
            continue
        features[side] = found
        estimated, reasons = estimate_dsc(found, models)
        ratings[side] = rating_of(found, estimated, reasons)
        rated[side] = replace(femurs[side], estimated_dsc=estimated)
    judged = {side: parts[side] for side in ratings}
    flags = [*mask_flags(rated, ratings), *asymmetry_flag(common_extent_ratio(judged, ct.geometry, rated))]
    return rated, tuple(flags), features


def mask_parts(labels: np.ndarray) -> dict[str, tuple[np.ndarray, Slices]]:
    """By side, the boolean mask in the smallest part of the array that holds it, and that part; none for no mask."""
    from scipy.ndimage import find_objects

    found: dict[str, tuple[np.ndarray, Slices]] = {}
    objects = find_objects(labels, max_label=max(SIDE_LABELS.values()))
    for side, label in SIDE_LABELS.items():
        part = objects[label - 1]
        if part is not None:
            z, y, x = part
            found[side] = (labels[part] == label, (z, y, x))
    return found
