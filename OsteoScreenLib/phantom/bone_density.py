"""How much mineral a digital patient's bone holds: one level for the skeleton, and what follows from it.

The level is near 1 for the average young woman. It is set so that the areal density of the femoral neck, projected from
the painted mineral, follows published norms: the young adults' means and deviations of NHANES III (Looker et al. 1998,
Osteoporos Int 8:468: women 0.858 +- 0.120, men 0.934 +- 0.137 g/cm2 at 20-29 years) and a smooth decline with age
that leaves women of 80 years near T = -2 and men of 80 near T = -1 on the women's scale. This tunes a simulator to
norms; it is not a measurement. All densities are hydroxyapatite in mg/cm3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from OsteoScreenLib.phantom.lattice_noise import lattice_noise
from OsteoScreenLib.phantom.tissue_canvas import Field, Mixture
from OsteoScreenLib.phantom.traits import PatientTraits

# Age in years and mean areal density of the femoral neck in g/cm2. First column anchored by NHANES III; the decline is
# steepest after the menopause (Looker 1998; Warming 2002, Osteoporos Int 13:105).
_AGES = (20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
_WOMEN = (0.862, 0.852, 0.828, 0.782, 0.712, 0.656, 0.608, 0.570)
_MEN = (0.944, 0.910, 0.873, 0.840, 0.808, 0.778, 0.742, 0.705)

RESIDUAL_SD_G_CM2 = 0.105
"""Of femoral neck density among people of one sex, age and BMI; with BMI and bone size the total comes near 0.12."""
BMI_SLOPE_G_CM2 = 0.0075
"""Gain per kg/m2; femoral density and BMI correlate with r near 0.3 to 0.4 (Felson 1993, J Bone Miner Res 8:567)."""
MEAN_BMI = 26.0

# Areal density of the neck that level 1 gives the average femur of each sex, and the exponent of the level in it:
# measured on six painted femora of each sex at 25 years, and at 65 years over bone_z of -2 to 2.
_ABMD_AT_LEVEL_1 = {"F": 0.840, "M": 0.912}
_ABMD_EXPONENT = 1.16

# Exponents of the level. Trabecular bone loses first; the shell thins less and its matrix changes little
# (Riggs 2008, J Bone Miner Res 23:205; Johannesdottir 2011, Bone 48:1268).
_TRABECULAR, _THICKNESS, _MATRIX = 1.7, 0.75, 0.2

# Density where the level is 1, as a whole region's mean; the femur's own pattern of trabeculae goes around these.
TRABECULAR_DENSITY = {
    "femoral_head": 235.0,
    "femoral_neck": 150.0,
    "trochanter": 105.0,
    "intertrochanteric": 120.0,
    "vertebra": 185.0,
    "posterior_elements": 150.0,
    "sacrum": 140.0,
    "ilium": 150.0,
    "acetabulum": 230.0,
    "ischium": 140.0,
    "pubis": 120.0,
    "rib": 110.0,
}

# Fat in the marrow: share at 25 years and its gain to 85 years (Kugel 2001, J Magn Reson Imaging 13:263 for vertebrae;
# Griffith 2009, J Magn Reson Imaging 29:1465 for the femur: head above neck and shaft above vertebra).
MARROW_FAT = {
    "femoral_head": (0.88, 0.06),
    "femoral_neck": (0.68, 0.18),
    "trochanter": (0.88, 0.06),
    "intertrochanteric": (0.62, 0.22),
    "femoral_shaft": (0.66, 0.24),
    "vertebra": (0.27, 0.33),
    "posterior_elements": (0.40, 0.30),
    "sacrum": (0.38, 0.32),
    "ilium": (0.40, 0.30),
    "acetabulum": (0.55, 0.28),
    "ischium": (0.52, 0.28),
    "pubis": (0.52, 0.28),
    "rib": (0.30, 0.28),
}


def expected_neck_abmd(traits: PatientTraits) -> float:
    """Areal density of the femoral neck in g/cm2 that a patient's sex, age, BMI and ``bone_z`` ask for."""
    mean = np.interp(traits.age_years, _AGES, _MEN if traits.sex == "M" else _WOMEN)
    value = mean + BMI_SLOPE_G_CM2 * (min(traits.bmi, 42.0) - MEAN_BMI) + RESIDUAL_SD_G_CM2 * traits.bone_z
    return float(max(value, 0.28))


def bone_level(traits: PatientTraits) -> float:
    """The skeleton's level, 1 for the average young woman or man; rises with the expected areal density."""
    return float((expected_neck_abmd(traits) / _ABMD_AT_LEVEL_1[traits.sex]) ** (1.0 / _ABMD_EXPONENT))


def bone_tissue(traits: PatientTraits) -> BoneTissue:
    """Bone as this patient has it, the same in every bone."""
    return BoneTissue(bone_level(traits), traits.age_years, traits.sex, traits.seed)


@dataclass(frozen=True)
class BoneTissue:
    """Density, shell and marrow of one patient's bones.

    Attributes:
        level: 1 for the average young adult. age_years, sex: porosity and marrow fat depend on them.
        seed: of the trabecular texture.
    """

    level: float
    age_years: float
    sex: str
    seed: int

    @property
    def cortical_density(self) -> float:
        """Of compact bone with its pores: about 1150 mg/cm3 in the young, below 1050 in the old."""
        porosity = 0.0012 * max(self.age_years - 40.0, 0.0)
        return 1150.0 * self.level**_MATRIX * (1.0 - porosity)

    def trabecular(self, region: str) -> float:
        """Mean trabecular density of a region of :data:`TRABECULAR_DENSITY`. Raises KeyError."""
        return TRABECULAR_DENSITY[region] * self.level**_TRABECULAR

    def loss(self, exponent: float) -> float:
        """Share of a structure's young density that is left; secondary groups have higher exponents than primary."""
        return self.level**exponent

    def thickness(self, young_mm: float | np.ndarray) -> float | np.ndarray:
        """Cortical thickness that is left of a young adult's; a shell below half a millimetre thins no further."""
        scale = self.level**_THICKNESS
        return young_mm * scale if isinstance(young_mm, np.ndarray) else max(young_mm * scale, min(young_mm, 0.35))

    def marrow_fat(self, region: str) -> float:
        """Share of fat in the marrow of a region of :data:`MARROW_FAT`: more in the old and where bone was lost."""
        young, gain = MARROW_FAT[region]
        aged = young + gain * float(np.clip((self.age_years - 25.0) / 60.0, 0.0, 1.1))
        return float(np.clip(aged + 0.12 * (1.0 - self.level), 0.05, 0.97))

    def marrow(self, region: str) -> Mixture:
        """Red and yellow marrow of a region, with patches of red."""
        mean = self.marrow_fat(region)
        spread = 0.35 * min(mean, 1.0 - mean)

        def share(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
            return np.clip(mean + spread * self.patches(x, y, z), 0.0, 1.0)

        return Mixture("red_marrow", "yellow_marrow", share)

    @cached_property
    def texture(self) -> Field:
        """Noise of unit deviation at the scale of trabeculae that a CT resolves, 1 to 2 mm."""
        # Longer along the body, as most trabeculae stand upright.
        fine, coarse = (
            lattice_noise(self.seed * 7 + 11, (1.1, 1.1, 1.9)),
            lattice_noise(self.seed * 7 + 12, (1.9, 1.9, 4.0)),
        )
        return lambda x, y, z: 0.80 * fine(x, y, z) + 0.60 * coarse(x, y, z)

    @cached_property
    def patches(self) -> Field:
        """Noise of unit deviation over about 9 mm: regional unevenness of trabeculae and marrow."""
        return lattice_noise(self.seed * 7 + 13, 9.0)

    def spongy(self, density: float | np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Trabecular density with its texture: relative deviation 0.24, more where bone is rare."""
        rough = 0.20 + 0.08 * max(1.0 - self.level, 0.0)
        return np.maximum(density * (1.0 + rough * self.texture(x, y, z) + 0.10 * self.patches(x, y, z)), 0.0)


def shell_share(depth: np.ndarray, thickness: float | np.ndarray, voxel_mm: float) -> np.ndarray:
    """Share of cortex in the part of a voxel that lies inside the bone.

    A voxel counts as a layer of its own width along the surface's normal, so a shell thinner than a voxel keeps its
    mass at any spacing.

    Args:
        depth: mm below the surface, negative outside. thickness: of the shell, mm. voxel_mm: width of a voxel.
    """
    half = 0.5 * voxel_mm
    top = np.maximum(depth - half, 0.0)
    bottom = np.maximum(depth + half, 1e-3)
    return np.clip((np.minimum(bottom, thickness) - top) / (bottom - top), 0.0, 1.0)


def bone_mineral(
    depth: np.ndarray,
    thickness: float | np.ndarray,
    cortical: float | np.ndarray,
    spongy: float | np.ndarray,
    voxel_mm: float,
    transition_mm: float = 0.6,
) -> np.ndarray:
    """Mineral of a shell over spongy bone, with a soft inner border where compact bone turns into trabeculae.

    Args:
        depth: mm below the surface. thickness: of the shell. cortical, spongy: densities, mg/cm3.
        voxel_mm: width of a voxel. transition_mm: width of the inner border.
    """
    share = shell_share(depth, thickness, float(np.hypot(voxel_mm, transition_mm)))
    return spongy + share * (cortical - spongy)
