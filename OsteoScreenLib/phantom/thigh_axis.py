"""How far a patient's femoral shaft lies from where the tables of the thigh take it to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.phantom.femur_shape import draw_femur_shape
from OsteoScreenLib.phantom.femur_solid import FemurSolid
from OsteoScreenLib.phantom.plan import BodyPlan

STANDARD_Z = (-420.0, -240.0, -150.0, -100.0, -40.0)
STANDARD_X = (92.0, 108.0, 119.0, 126.0, 131.0)
"""Where the tables of thigh muscles take the middle of the left shaft to be, x by z, in the standard skeleton."""
DEPTHS_MM = (0.0, 40.0, 80.0, 130.0, 180.0, 240.0, 310.0, 400.0)
"""Levels on the shaft below the metaphysis."""


@dataclass(frozen=True)
class ThighAxis:
    """How much further outwards than in the tables a shaft lies.

    Attributes:
        z_mm: heights, ascending. outwards_mm: at these heights; constant beyond them.
    """

    z_mm: tuple[float, ...]
    outwards_mm: tuple[float, ...]

    def outwards(self, z: float | np.ndarray) -> np.ndarray:
        """At heights in mm."""
        return np.asarray(np.interp(z, self.z_mm, self.outwards_mm))


def thigh_axis(plan: BodyPlan, side: str) -> ThighAxis:
    """Follow the shaft of one side downwards; the femora converge towards the knees, each at its own angle."""
    femur = FemurSolid(draw_femur_shape(plan, side))
    points = [femur.frame.to_lps(*femur.shaft_middle(depth), femur.centre[2] - depth) for depth in DEPTHS_MM]
    x, _, z = np.array(points[::-1]).T
    standard = plan.hip_half_mm + (np.interp(z / plan.scale, STANDARD_Z, STANDARD_X) - 89.0) * plan.scale
    return ThighAxis(tuple(z.tolist()), tuple((np.abs(x) - standard).tolist()))
