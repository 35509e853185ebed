"""What the tissues of a digital patient consist of: mass fractions of elements, density, iodine by contrast phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PHASES = ("none", "arterial", "portal_venous")
"""Contrast phases: unenhanced, late arterial (about 35 s) and portal venous (about 70 s after the injection)."""


@dataclass(frozen=True)
class Material:
    """A homogeneous material.

    Attributes:
        density_g_cm3: mass per volume.
        elements: mass fraction of each element; they are scaled to a sum of 1 where they are used.
    """

    density_g_cm3: float
    elements: Mapping[str, float]


def _made_of(density_g_cm3: float, **percent: float) -> Material:
    total = sum(percent.values())
    return Material(density_g_cm3, MappingProxyType({name: value / total for name, value in percent.items()}))


# ICRU Report 46 (1992), appendix A, adult tissues, unless another source is given: percent of mass, and density.
# Fat is "adipose tissue 3" of Woodard and White (1986, Br J Radiol 59:1209), whose density of 0.93 gives the -100 HU
# that CT shows; ICRU's mean adipose tissue (0.95) would lie at -80 HU.
_BLOOD = {
    "H": 10.2, "C": 11.0, "N": 3.3, "O": 74.5, "Na": 0.1, "P": 0.1, "S": 0.2, "Cl": 0.3, "K": 0.2, "Fe": 0.1,
}  # fmt: skip
_KIDNEY = {
    "H": 10.3, "C": 13.2, "N": 3.0, "O": 72.4, "Na": 0.2, "P": 0.2, "S": 0.2, "Cl": 0.2, "K": 0.2, "Ca": 0.1,
}  # fmt: skip
_BOWEL = {"H": 10.6, "C": 11.5, "N": 2.2, "O": 75.1, "Na": 0.1, "P": 0.1, "S": 0.1, "Cl": 0.2, "K": 0.1}
_CONNECTIVE = {"H": 9.4, "C": 20.7, "N": 6.2, "O": 62.2, "Na": 0.6, "S": 0.6, "Cl": 0.3}
_AIR = _made_of(0.00121, N=75.5, O=23.2, Ar=1.3)

MATERIALS: Mapping[str, Material] = MappingProxyType(
    {
        "air": _AIR,
        "gas": _AIR,
        # Inflated lung; ICRU's 0.26 is the mean of a breathing lung, 0.16 that of a breath held in.
        "lung": _made_of(0.16, H=10.3, C=10.5, N=3.1, O=74.9, Na=0.2, P=0.2, S=0.3, Cl=0.3, K=0.2),
        "fat": _made_of(0.93, H=11.6, C=68.1, N=0.2, O=19.8, Na=0.1, S=0.1, Cl=0.1),
        "skin": _made_of(1.09, H=10.0, C=20.4, N=4.2, O=64.5, Na=0.2, P=0.1, S=0.2, Cl=0.3, K=0.1),
        # 1.06 g/cm3: fat-free muscle (Mendez and Keys 1960, Metabolism 9:184); fat between fibres is painted in.
        "muscle": _made_of(1.06, H=10.2, C=14.3, N=3.4, O=71.0, Na=0.1, P=0.2, S=0.3, Cl=0.1, K=0.4),
        "tendon": _made_of(1.10, **_CONNECTIVE),
        # ICRU's cartilage (1.10, with 2.2 % phosphorus) is that of ribs and larynx; articular cartilage holds more
        # water.
        "cartilage": _made_of(1.07, H=10.0, C=9.9, N=2.8, O=75.9, Na=0.5, S=0.6, Cl=0.3),
        "disc": _made_of(1.07, **_CONNECTIVE),
        "water": _made_of(1.0, H=11.19, O=88.81),
        "blood": _made_of(1.06, **_BLOOD),
        "blood_venous": _made_of(1.06, **_BLOOD),
        "liver": _made_of(1.06, H=10.2, C=13.9, N=3.0, O=71.6, Na=0.2, P=0.3, S=0.3, Cl=0.2, K=0.3),
        "spleen": _made_of(1.055, H=10.3, C=11.3, N=3.2, O=74.1, Na=0.1, P=0.3, S=0.2, Cl=0.2, K=0.3),
        "kidney": _made_of(1.04, **_KIDNEY),
        "kidney_cortex": _made_of(1.04, **_KIDNEY),
        "pancreas": _made_of(1.045, H=10.6, C=16.9, N=2.2, O=69.4, Na=0.2, P=0.2, S=0.1, Cl=0.2, K=0.2),
        "bowel_wall": _made_of(1.04, **_BOWEL),
        "bowel_contents": _made_of(1.02, **_BOWEL),
        "stool": _made_of(1.05, **_BOWEL),
        "bladder_urine": _made_of(1.007, H=11.0, C=0.5, N=1.0, O=86.8, Na=0.3, Cl=0.3, K=0.1),
        "prostate_uterus": _made_of(1.04, H=10.5, C=8.9, N=2.5, O=77.4, Na=0.2, P=0.1, S=0.2, K=0.2),
        "spinal_cord": _made_of(1.04, H=10.7, C=14.5, N=2.2, O=71.2, Na=0.2, P=0.4, S=0.2, Cl=0.3, K=0.3),
        "csf": _made_of(1.007, H=11.1, O=88.0, Na=0.4, Cl=0.4),
        "red_marrow": _made_of(1.03, H=10.5, C=41.4, N=3.4, O=43.9, P=0.1, S=0.2, Cl=0.2, K=0.2, Fe=0.1),
        # ICRU gives 0.98, which lies at -50 HU; CT shows -80 to -100 HU in fatty shafts, so the density of fat is
        # taken.
        "yellow_marrow": _made_of(0.95, H=11.5, C=64.4, N=0.7, O=23.1, Na=0.1, S=0.1, Cl=0.1),
        "table_foam": _made_of(0.06, C=67.0, H=6.0, O=20.0, N=7.0),
        "table_shell": _made_of(1.0, C=92.0, H=3.0, O=5.0),
        "titanium": _made_of(4.43, Ti=90.0, Al=6.0, V=4.0),
        "cobalt_chromium": _made_of(8.3, Co=64.0, Cr=28.5, Mo=6.0, Fe=0.75, Mn=0.75),
        "steel": _made_of(7.95, Fe=65.0, Cr=18.0, Ni=14.0, Mo=2.5, Mn=0.5),
    }
)

# Ca10(PO4)6(OH)2 and K2HPO4. The density of hydroxyapatite is that of the crystal.
HYDROXYAPATITE = _made_of(3.16, Ca=39.89, P=18.50, O=41.41, H=0.20)
DIPOTASSIUM_PHOSPHATE = _made_of(2.44, K=44.90, P=17.78, O=36.74, H=0.58)
K2HPO4_WATER_DISPLACED_ML_PER_G = 0.2174
"""Water that 1 g of K2HPO4 takes the place of in a solution (QCT PRO user guide, Mindways, 2011): less than the
crystal's 1 / 2.44 ml, because the ions bind the water around them."""

CORTICAL_BONE = _made_of(1.92, H=3.4, C=15.5, N=4.2, O=43.5, Na=0.1, Mg=0.2, P=10.3, S=0.3, Ca=22.5)

# Iodine in mg/ml by material: (late arterial, portal venous). Set so that at 120 kVp the aorta lies near 300 and 155
# HU, the liver gains some 10 and 50 HU, the spleen 75 and 70, the renal cortex 130 and 140, and L1 the 14 and 20-25 HU
# of the ESR abstract on contrast and opportunistic screening (late arterial +14.4, portal venous +25.7 HU); the
# marrow's share is set a little below, because other series (Jang 2019) found hardly any effect.
IODINE_MG_ML: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "blood": (10.0, 4.2),
        "blood_venous": (0.4, 3.8),
        "liver": (0.5, 2.0),
        "spleen": (2.9, 2.7),
        "kidney": (1.3, 4.2),
        "kidney_cortex": (5.0, 5.4),
        "pancreas": (2.4, 1.8),
        "bowel_wall": (1.2, 1.6),
        "prostate_uterus": (0.6, 1.4),
        "muscle": (0.2, 0.6),
        "skin": (0.2, 0.5),
        "red_marrow": (1.0, 1.7),
        "yellow_marrow": (0.05, 0.1),
    }
)
