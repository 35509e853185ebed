"""From K2HPO4-equivalent density to bone mineral: what fat and collagen in the voxel would mislead.

A voxel of bone is taken as two things: bone tissue (ICRU 46, 1083 mg/cm3 of hydroxyapatite) and marrow, of an assumed
share of fat. Both are linear in HU, so mineral is linear in density; the share of fat that is assumed is part of the
uncertainty. The published method (Michalski 2020) does the same with K2HPO4 and triglyceride.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.densitometry.attenuation import k2hpo4_hu, marrow_hu, tissue_hu
from OsteoScreenLib.densitometry.settings import Settings


@dataclass(frozen=True)
class MineralModel:
    """mineral = gain (density - zero), in mg/cm3 of hydroxyapatite by mg/cm3 of K2HPO4.

    Attributes:
        gain: mg of mineral per mg of density. zero: density of what fills the pores.
        zero_sd: by the share of fat in the marrow that is not known.
    """

    gain: float
    zero: float
    zero_sd: float = 0.0

    @classmethod
    def in_marrow(cls, settings: Settings, region: str, kev: float) -> MineralModel:
        """Bone tissue in the marrow of a region of the femur. Raises KeyError for an unknown region."""
        fat = float(settings["mineral.marrow_fat_share"][region])
        step, width = k2hpo4_hu(settings, kev), settings.number("mineral.marrow_fat_sd")
        pores = marrow_hu(settings, fat, kev)
        by_fat = (marrow_hu(settings, 1.0, kev) - marrow_hu(settings, 0.0, kev)) / step
        return cls(_gain(settings, pores, kev), pores / step, abs(by_fat) * width)

    def of(self, density: np.ndarray | float) -> np.ndarray | float:
        """Mineral, mg/cm3 of hydroxyapatite, by density in mg/cm3 of K2HPO4."""
        return self.gain * (density - self.zero)

    def sd(self, density_sd: float) -> float:
        """Standard deviation of mineral by that of density."""
        return float(self.gain * np.hypot(density_sd, self.zero_sd))


def _gain(settings: Settings, pores_hu: float, kev: float) -> float:
    bone = tissue_hu(settings, "cortical_bone", kev)
    return settings.number("mineral.largest_bone_mg_cm3") * k2hpo4_hu(settings, kev) / (bone - pores_hu)
