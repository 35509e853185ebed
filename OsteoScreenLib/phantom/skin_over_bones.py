"""Makes room for the iliac crests in the outline of lean people: skin and fat always cover bone."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.phantom.hip_bone import wing_points
from OsteoScreenLib.phantom.plan import BodyPlan
from OsteoScreenLib.phantom.shapes import blend

COVER_MM = 6.0
"""Least thickness of skin and fat over a bone; partial volume and blur take about 1 mm of it."""
SPREAD_MM = 26.0
"""How wide the skin bulges over a bony point."""
REACH_MM = 28.0


def cover_bones(
    plan: BodyPlan, z: np.ndarray, angle: np.ndarray, middle: np.ndarray, skin: np.ndarray, fascia: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Radii of skin and fascia that keep outside of the iliac wings.

    Args:
        plan: of the patient.
        z: (n,) heights. angle: (m,) directions, 0 in front. middle: (n,) y of the points the radii start from, mm.
        skin, fascia: (n, m) radii, mm.
    """
    needed = np.full(skin.shape, -1e3)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        for x, y, level, radius in wing_points(plan, side):
            rows = slice(*np.searchsorted(z, (level - REACH_MM, level + REACH_MM)).tolist())
            if rows.start == rows.stop:
                continue
            dy = y - middle[rows, None]
            away = np.hypot(x, dy)
            turn = np.arctan2(sign * x, -dy)
            across = away * np.sin(np.clip(angle[None, :] - turn, -np.pi / 3, np.pi / 3))
            drop = (across**2 + (z[rows, None] - level) ** 2) / (2 * SPREAD_MM)
            np.maximum(needed[rows], away + radius - drop, out=needed[rows])
    return -blend(-skin, -(needed + COVER_MM), 5.0), -blend(-fascia, -(needed + 0.5), 3.0)
