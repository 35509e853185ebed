"""T-scores against published reference populations, and the WHO classes.

Women serve as reference for both sexes, as WHO and the International Society for Clinical Densitometry ask
(Kanis et al. 2008, Bone 42:467; ISCD Official Positions 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REFERENCE: Mapping[str, tuple[float, float, str]] = MappingProxyType(
    {
        # Non-Hispanic white women of 20 to 29 years, Hologic QDR-1000.
        "femoral_neck": (0.858, 0.120, "NHANES III, Looker et al. 1998, Osteoporos Int 8:468"),
        "total_hip": (0.942, 0.122, "NHANES III, Looker et al. 1998, Osteoporos Int 8:468"),
        "spine_L1_L4": (1.047, 0.110, "Hologic reference of white women, L1-L4 (Kelly 1990, J Bone Miner Res 5:S249)"),
    }
)
"""Mean and standard deviation of areal BMD in g/cm2, and where they are published."""

NORMAL, OSTEOPENIA, OSTEOPOROSIS = "normal", "osteopenia", "osteoporosis"
STATUSES = (NORMAL, OSTEOPENIA, OSTEOPOROSIS)


def t_score(site: str, abmd_g_cm2: float) -> float:
    """Standard deviations from the young women's mean. Raises KeyError for an unknown site."""
    mean, deviation, _ = REFERENCE[site]
    return (abmd_g_cm2 - mean) / deviation


def who_status(t: float) -> str:
    """WHO class: normal from -1.0, osteoporosis to -2.5 (WHO Technical Report Series 843, 1994)."""
    if t <= -2.5:
        return OSTEOPOROSIS
    return NORMAL if t >= -1.0 else OSTEOPENIA
