"""ScreenedCase: a case's result together with the masks it speaks of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.segmentation.femur_masks import FemurMasks


@dataclass(frozen=True, eq=False)
class ScreenedCase:
    """A case's result together with the masks it speaks of.

    Attributes:
        result: what was learnt; what is written as JSON.
        masks: the femora on the grid of the volume; None where no mask was asked for or could be made.
        regions: (z, y, x) uint8 on the same grid, the regions that were measured, numbered as in
            ``densitometry/region_labels.py``; None where none was asked for or found.
    """

    result: CaseResult
    masks: FemurMasks | None = None
    regions: np.ndarray | None = None
