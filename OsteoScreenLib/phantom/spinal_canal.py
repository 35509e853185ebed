"""The end of the dural sac within the sacral canal."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.plan import BodyPlan
from OsteoScreenLib.phantom.shapes import rod
from OsteoScreenLib.phantom.tissue_canvas import Mixture, TissueCanvas


def paint_sacral_sac(canvas: TissueCanvas, plan: BodyPlan) -> None:
    """Fluid and nerve roots down to S2, where the sac ends in most adults (Binokay 2006, Acta Radiol 47:397)."""
    s, (_, y, z) = plan.scale, plan.sacral_endplate
    slope = np.radians(plan.sacral_slope_deg)
    back, down = np.array((0.0, np.cos(slope), np.sin(slope))), np.array((0.0, np.sin(slope), -np.cos(slope)))
    start = np.array((0.0, y, z)) + 21.0 * s * back
    end = start + 34.0 * s * down
    content = Mixture("csf", "spinal_cord", 0.35)
    sac = rod(start.tolist(), end.tolist(), 6.5 * s, 3.0 * s)
    canvas.paint(sac, content, only_labels=(LABEL["spinal_canal"],))
