"""The body on the coarse grid, without table and sheets, and its midline."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.coarse import CoarseGrid
from OsteoScreenLib.quality.regions import components, opened


def body_mask(grid: CoarseGrid) -> np.ndarray:
    """(z, y, x) mask of all parts of the body over 30 ml; thin things such as a table are not in it."""
    mask = opened(grid.mean_hu > t.BODY_EDGE_HU, t.BODY_MIN_THICKNESS_BLOCKS)
    labels, count = components(mask, int(np.ceil(t.BODY_MIN_PART_ML / grid.block_ml)))
    return labels > 0 if count else np.zeros(mask.shape, bool)


def midline_mm(grid: CoarseGrid, body: np.ndarray) -> float | None:
    """Middle of the body along the right-to-left axis, in mm from the right border of the volume.

    The median over the levels at which the body is at least 200 mm wide and touches neither the left nor the right
    border. None where fewer than a fifth of its levels are such: in a crop of one hip no side can be named.
    """
    axis, levels = grid.axis_of("left"), grid.axis_of("superior")
    across = np.asarray(body.any(axis=next(i for i in range(3) if i not in (axis, levels))))
    if axis < levels:
        across = across.T
    size = grid.spacing_zyx_mm[axis]
    first = across.argmax(axis=1)
    last = across.shape[1] - 1 - across[:, ::-1].argmax(axis=1)
    present = across.any(axis=1)
    whole = present & ~across[:, 0] & ~across[:, -1] & ((last - first + 1) * size >= t.TRUNK_MIN_WIDTH_MM)
    if np.count_nonzero(whole) < max(1.0, t.TRUNK_MIN_LEVELS * np.count_nonzero(present)):
        return None
    middle = float(np.median((first + last + 1)[whole])) / 2 * size
    return middle if grid.axis_sides[axis] == ("right", "left") else across.shape[1] * size - middle
