"""Left and right femur compared over the height that both show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.segmentation.femur_masks import FemurFinding
from OsteoScreenLib.segmentation.grids import Slices

MIN_COMMON_MM = 60.0
"""Own choice: head to about the lesser trochanter; less says little."""


def common_extent_ratio(
    masks: Mapping[str, tuple[np.ndarray, Slices]], geometry: Geometry, femurs: Mapping[str, FemurFinding]
) -> tuple[float, float] | None:
    """Volume of the left by that of the right femur, over the heights (from the centre of each head) that both show.

    Args:
        masks: by side, boolean of the part's shape, and the part of the array.
        geometry: of the array.
        femurs: findings by side.

    Returns:
        (ratio, common height in mm), or None where it would compare unlike things: a side is missing, has no head or an
        implant, meets a border of the scan other than the inferior one, or both share under 60 mm.
    """
    if set(masks) != {"left", "right"}:
        return None
    axis = next(a for a, code in enumerate(geometry.axis_codes[::-1]) if code in "IS")
    step = geometry.spacing_xyz_mm[2 - axis]
    profiles = {}
    for side, (mask, part) in masks.items():
        finding = femurs[side]
        if finding.head_centre_lps_mm is None or finding.implant or set(finding.cut_at) - {"inferior"}:
            return None
        counts = np.count_nonzero(mask, axis=tuple(a for a in range(3) if a != axis))
        head = round(geometry.to_index(finding.head_centre_lps_mm)[2 - axis])
        profiles[side] = {part[axis].start + k - head: int(count) for k, count in enumerate(counts) if count}
    common = sorted(set(profiles["left"]) & set(profiles["right"]))
    height = len(common) * step
    if height < MIN_COMMON_MM:
        return None
    left, right = (sum(profiles[side][level] for level in common) for side in ("left", "right"))
    return left / right, height
