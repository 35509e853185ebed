"""The box around all that is not air, from a coarse look at a volume."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.segmentation.grids import Slices

BODY_HU = -400.0
"""Halfway between air or lung and fat."""
_STEP_MM = 5.0
_LEAST = 4
"""Samples above the threshold that a plane must hold to count: a single one is noise or a cable."""


def body_slices(hu: np.ndarray, geometry: Geometry) -> Slices | None:
    """The part of a volume that holds the body (and a table); None where there is only air.

    Args:
        hu: (z, y, x). geometry: of it.
    """
    steps = [max(1, round(_STEP_MM / s)) for s in geometry.spacing_xyz_mm[::-1]]
    dense = hu[:: steps[0], :: steps[1], :: steps[2]] > BODY_HU
    ends = []
    for axis, step in enumerate(steps):
        count = np.count_nonzero(dense, axis=tuple(other for other in range(3) if other != axis))
        planes = np.flatnonzero(count >= min(_LEAST, dense.size // dense.shape[axis]))
        if planes.size == 0:
            return None
        first, last = (int(planes[0]) - 1) * step, (int(planes[-1]) + 1) * step
        ends.append(slice(max(0, first), min(hu.shape[axis], last + 1)))
    return ends[0], ends[1], ends[2]
