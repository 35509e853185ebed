"""T-score equivalents and Z-scores of areal BMD against the reference that the settings state."""

from __future__ import annotations

from dataclasses import dataclass

from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.settings import Settings


@dataclass(frozen=True)
class PatientFacts:
    """What is known of the patient; nothing is assumed.

    Attributes:
        sex: ``F`` or ``M``; None where it is not known or neither. age_years: None where it is not known.
        contrast: whether a contrast agent was given, by who knows; None: header and image are asked.
    """

    sex: str | None = None
    age_years: float | None = None
    contrast: bool | None = None

    def __post_init__(self) -> None:
        if self.sex not in (None, "F", "M"):
            raise ValueError(f"a sex is F, M or None, not {self.sex!r}")
        if self.age_years is not None and not 0.0 <= self.age_years <= 130.0:
            raise ValueError(f"an age lies between 0 and 130 years, not at {self.age_years!r}")


def t_score(abmd: Measure, site: str, facts: PatientFacts, settings: Settings) -> Measure:
    """T-score equivalent: standard deviations from the young women's mean, for women and men alike (ISCD).

    Withheld where sex or age is not known: nobody could say whether a T-score is the right scale.
    """
    if abmd.value is None:
        return Measure.without("SD", abmd.withheld)
    unknown = [word for word, value in (("sex", facts.sex), ("age", facts.age_years)) if value is None]
    if unknown:
        return Measure.without("SD", f"the patient's {' and '.join(unknown)} is not known")
    mean, deviation = settings.pair(f"reference.{site}")
    return Measure((abmd.value - mean) / deviation, "SD", None if abmd.sd is None else abmd.sd / deviation)


def z_score(abmd: Measure, site: str, facts: PatientFacts, settings: Settings) -> Measure:
    """Z-score: against people of the same age and sex, where the settings hold such a reference."""
    if abmd.value is None:
        return Measure.without("SD", abmd.withheld)
    if facts.sex is None or facts.age_years is None:
        return Measure.without("SD", "age and sex are needed")
    rows = settings["reference.by_age"].get(site, {}).get(facts.sex, [])
    for age_from, age_to, mean, deviation in rows:
        if age_from <= facts.age_years < age_to:
            return Measure((abmd.value - mean) / deviation, "SD", None if abmd.sd is None else abmd.sd / deviation)
    if rows:
        return Measure.without("SD", "the reference by age does not reach this age")
    return Measure.without("SD", "no reference by age is set for this site and sex")
