"""How texture matrices are counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.radiomics.neighbours import Offset


@dataclass(frozen=True)
class TextureOptions:
    """PyRadiomics' settings of the texture classes, under our names.

    Attributes:
        distances: of the neighbours, in voxels; for GLCM, GLDM and NGTDM.
        flat_axis: axis (0 z, 1 y, 2 x) that is left out where features are two-dimensional (``force2D``).
        symmetrical: whether a GLCM counts each pair both ways.
        weighting_norm: ``manhattan``, ``euclidean``, ``infinity``, ``no_weighting`` or None (matrices stay apart).
        dependence: largest difference of grey levels that counts as dependent (``gldm_a``).
    """

    distances: tuple[int, ...] = (1,)
    flat_axis: int | None = None
    symmetrical: bool = True
    weighting_norm: str | None = None
    dependence: int = 0

    def length(self, offset: Offset, spacing_zyx_mm: tuple[float, float, float]) -> float:
        """Length of an offset in mm by the weighting norm; what PyRadiomics' norm makes of ``no_weighting`` is 0."""
        steps = np.abs(offset) * np.asarray(spacing_zyx_mm)
        if self.weighting_norm == "infinity":
            return float(steps.max())
        if self.weighting_norm == "euclidean":
            return float(np.sqrt((steps**2).sum()))
        if self.weighting_norm == "manhattan":
            return float(steps.sum())
        return 0.0
