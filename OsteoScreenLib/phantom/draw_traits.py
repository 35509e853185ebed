"""Who comes to be scanned: traits of digital patients from published distributions and correlations.

- Age: uniform from 40 to 90 years unless given.
- Height and BMI by sex: adults of the United States (Fryar et al. 2021, Vital Health Stat 3(46), NHANES 2015-2018:
  men 175 +- 7.5 cm, women 161 +- 7 cm, fewer in the old; BMI median 28.7 and 28.3 kg/m2, log-normal).
- Bone density follows from sex, age and BMI in ``bone_density``; ``bone_z`` is what they leave, so it is independent of
  BMI here and bone density still rises with BMI.
- Muscle and bone: correlation 0.3 between ``muscle_z`` and ``bone_z`` (appendicular lean mass and femoral density
  correlate with r 0.2 to 0.4 at given weight: Ho-Pham et al. 2014, J Clin Endocrinol Metab 99:30).
- Findings: hip stems in 1 to 6 % by age (Maradit Kremers et al. 2015, J Bone Joint Surg Am 97:1386), nails and screws
  more rarely; vertebral fractures by age and bone density, near 12 % of the people of 50 to 79 years (O'Neill et al.
  1996, J Bone Miner Res 11:1010); osteophytes and sclerosis rise with age; bone islands in 3 %.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from OsteoScreenLib.phantom.traits import PatientTraits

AGE_YEARS = (40.0, 90.0)
HEIGHT_CM = {"M": (175.5, 7.2), "F": (162.0, 6.6)}
HEIGHT_LOSS_CM_PER_YEAR = {"M": 0.07, "F": 0.10}
"""Beyond 50 years: cohort and ageing together."""

BMI_MEDIAN = {"M": 28.7, "F": 28.3}
BMI_LOG_SD = {"M": 0.17, "F": 0.20}
BMI_RANGE = (17.0, 44.0)
MUSCLE_BONE_R = 0.3

FRACTURE_LEVELS = ("T8", "T11", "T12", "L1", "L2", "L4")
FRACTURE_WEIGHTS = (0.15, 0.12, 0.26, 0.27, 0.12, 0.08)
"""Most fractures lie at the thoracolumbar junction and in the mid-thoracic spine (Nevitt 1999, Bone 25:613)."""


def draw_patient(seed: int, **fixed: Any) -> PatientTraits:
    """Draw one patient; the same for the same arguments.

    Args:
        seed: of the draw and of everything that is drawn for the patient later.
        fixed: traits that are given instead of drawn, by name; ``bmi`` may stand for ``weight_kg``. Giving one does
            not change what is drawn for the others, except where they depend on it.

    Raises:
        TypeError: an unknown trait.
        ValueError: sex is neither ``M`` nor ``F``.
    """
    rng = np.random.default_rng([seed, *b"traits"])
    draw = rng.standard_normal(8)
    chance = rng.random(10)
    sex = fixed.get("sex", "F" if chance[0] < 0.5 else "M")
    if sex not in HEIGHT_CM:
        raise ValueError(f"sex is M or F: {sex!r}")
    age = float(fixed.get("age_years", round(AGE_YEARS[0] + (AGE_YEARS[1] - AGE_YEARS[0]) * chance[1], 1)))
    height = float(fixed.get("height_m", _height(sex, age, draw[0])))
    bmi = float(fixed.pop("bmi", np.clip(BMI_MEDIAN[sex] * math.exp(BMI_LOG_SD[sex] * draw[1]), *BMI_RANGE)))
    bone_z = float(fixed.get("bone_z", np.clip(draw[2], -3.0, 3.0)))
    rest = math.sqrt(1.0 - MUSCLE_BONE_R**2)
    traits = PatientTraits(
        seed=seed,
        sex=sex,
        age_years=age,
        height_m=height,
        weight_kg=round(bmi * height**2, 1),
        bone_z=bone_z,
        fat_z=float(np.clip(draw[3], -2.5, 2.5)),
        muscle_z=float(np.clip(MUSCLE_BONE_R * bone_z + rest * draw[4], -2.5, 2.5)),
        visceral_z=float(np.clip(draw[5], -2.5, 2.5)),
    )
    return replace(_with_findings(traits, chance[2:], draw[6:]), **fixed)


def _height(sex: str, age: float, deviate: float) -> float:
    mean, deviation = HEIGHT_CM[sex]
    mean -= HEIGHT_LOSS_CM_PER_YEAR[sex] * max(age - 50.0, 0.0)
    return round(float(mean + deviation * np.clip(deviate, -2.5, 2.5)) / 100.0, 3)


def _with_findings(traits: PatientTraits, chance: np.ndarray, draw: np.ndarray) -> PatientTraits:
    """Add implants, fractures and degenerative change by chance."""
    implant, side = _implant(traits.age_years, chance[0], chance[1])
    wear = 0.012 * (traits.age_years - 35.0) + 0.25 * float(draw[0])
    return replace(
        traits,
        implant=implant,
        implant_side=side,
        fractured_vertebra=_fracture(traits, chance[2], chance[3]),
        osteophytes=round(float(np.clip(wear, 0.0, 1.0)), 3),
        sclerosis=round(float(np.clip(0.7 * wear - 0.1 + 0.2 * float(draw[1]), 0.0, 1.0)), 3),
        bone_island=bool(chance[4] < 0.03),
    )


def _implant(age: float, chance: float, side: float) -> tuple[str | None, str | None]:
    stem = float(np.interp(age, (40.0, 60.0, 80.0, 90.0), (0.005, 0.02, 0.055, 0.06)))
    nail = float(np.interp(age, (40.0, 65.0, 90.0), (0.003, 0.006, 0.03)))
    screws = 0.006
    kinds = (("stem", stem), ("nail", stem + nail), ("screws", stem + nail + screws))
    kind = next((name for name, limit in kinds if chance < limit), None)
    return kind, None if kind is None else ("L" if side < 0.5 else "R")


def fracture_probability(traits: PatientTraits) -> float:
    """Chance of a compressed vertebra: doubles with every 12 years and with every 0.8 of ``bone_z`` that is lost."""
    odds = 0.09 * 2.0 ** ((traits.age_years - 65.0) / 12.0 - traits.bone_z / 0.8)
    return odds / (1.0 + odds)


def _fracture(traits: PatientTraits, chance: float, level: float) -> str | None:
    if chance >= fracture_probability(traits):
        return None
    return FRACTURE_LEVELS[int(np.searchsorted(np.cumsum(FRACTURE_WEIGHTS), level))]
