"""Whether the femur that is named left lies on the patient's left."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality.body import body_mask, midline_mm
from OsteoScreenLib.quality.coarse import coarse_grid
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS

SURE_MM = 30.0
"""Own choice: a femur lies 60 to 130 mm beside the midline, so less than this is no evidence of a side."""


def misplaced_sides(labels: np.ndarray, ct: CTVolume) -> tuple[str, ...]:
    """Sides whose femur lies on the other side of the patient.

    Two femora are compared with each other. One femur is compared with the midline of the body; where the image shows
    only one hip there is no midline, and then nothing is claimed.

    Args:
        labels: (z, y, x), 1 left and 2 right, on the grid of the volume.
        ct: the volume; its orientation must be known for the answer to mean anything.
    """
    axis, sign = _left_axis(ct)
    places = {}
    for side, label in SIDE_LABELS.items():
        across = np.count_nonzero(labels == label, axis=tuple(a for a in range(3) if a != axis))
        if across.any():
            centre = float(np.average(np.arange(len(across)), weights=across)) + 0.5
            places[side] = (centre if sign > 0 else len(across) - centre) * ct.geometry.spacing_xyz_mm[2 - axis]
    if len(places) == 2:
        return ("left", "right") if places["right"] - places["left"] > SURE_MM else ()
    grid = coarse_grid(ct)
    midline = midline_mm(grid, body_mask(grid)) if places else None
    if midline is None:
        return ()
    wrong = {"left": -1.0, "right": 1.0}
    return tuple(side for side, place in places.items() if (place - midline) * wrong[side] > SURE_MM)


def _left_axis(ct: CTVolume) -> tuple[int, int]:
    """Array axis along which left and right lie, and +1 where its index grows towards the patient's left."""
    codes = ct.geometry.axis_codes[::-1]
    axis = next(i for i, code in enumerate(codes) if code in "LR")
    return axis, 1 if codes[axis] == "L" else -1
