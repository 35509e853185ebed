"""Status by rule: the WHO class of a T-score equivalent, with the probability of each class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import Settings

NORMAL, OSTEOPENIA, OSTEOPOROSIS = "normal", "osteopenia", "osteoporosis"


@dataclass(frozen=True)
class RuleStatus:
    """Bone status by rule of one femur.

    Attributes:
        status: the class of the T-score itself; None where withheld.
        probabilities: of each class, given the uncertainty of the T-score; empty where there is no T-score.
        site, t_score, t_sd: what it goes by. interval: of the T-score, at the coverage of the settings.
        borderline: whether a limit lies within the usual distance of CT from DXA.
        reasons: why it is withheld; empty where it is not.
        rule: in words.
    """

    status: str | None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    site: str | None = None
    t_score: float | None = None
    t_sd: float | None = None
    interval: tuple[float, float] | None = None
    borderline: bool | None = None
    reasons: tuple[str, ...] = ()
    rule: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {
            "status": self.status,
            "probabilities": dict(self.probabilities),
            "site": self.site,
            "t_score": self.t_score,
            "t_sd": self.t_sd,
            "interval": None if self.interval is None else list(self.interval),
            "borderline": self.borderline,
            "reasons": list(self.reasons),
            "rule": self.rule,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RuleStatus:
        """Read what :meth:`to_dict` wrote. Raises KeyError or TypeError where malformed."""
        interval = data["interval"]
        return cls(
            **{
                **data,
                "interval": None if interval is None else (float(interval[0]), float(interval[1])),
                "reasons": tuple(data["reasons"]),
                "probabilities": dict(data["probabilities"]),
            }
        )


def who_class(t: float, settings: Settings) -> str:
    """WHO class of a T-score; both limits belong to the outer classes."""
    if t <= settings.number("status.osteoporosis_t"):
        return OSTEOPOROSIS
    return NORMAL if t >= settings.number("status.normal_t") else OSTEOPENIA


def class_probabilities(t: float, sd: float, settings: Settings) -> dict[str, float]:
    """Probability of each class for a normally distributed error."""
    low, high = settings.number("status.osteoporosis_t"), settings.number("status.normal_t")
    if sd <= 0:
        return {name: float(name == who_class(t, settings)) for name in (NORMAL, OSTEOPENIA, OSTEOPOROSIS)}
    error = NormalDist(t, sd)
    below, above = error.cdf(low), 1.0 - error.cdf(high)
    return {NORMAL: above, OSTEOPENIA: max(1.0 - below - above, 0.0), OSTEOPOROSIS: below}


def status_by_rule(t_scores: Mapping[str, Measure], facts: PatientFacts, settings: Settings) -> RuleStatus:
    """The class by the lowest T-score of the sites that the settings name.

    Withheld where no such site has one, where the patient is too young for T-scores, and where the interval holds both
    limits, so that every class is possible.
    """
    sites = list(settings["status.sites"])
    rule = f"WHO class by the T-score equivalent of {' and '.join(sites).replace('_', ' ')}"
    rule += f" ({settings['reference.name']})"
    absent = [site for site in sites if t_scores[site].value is None]
    if absent:
        # A site that is asked for and missing might be the lowest.
        missing = tuple(f"{site.replace('_', ' ')}: {t_scores[site].withheld}" for site in absent)
        return RuleStatus(None, reasons=missing, rule=rule)
    site = min(sites, key=lambda name: _value(t_scores[name]))
    t, sd = _value(t_scores[site]), math.hypot(t_scores[site].sd or 0.0, settings.number("status.dxa_scatter_t"))
    width = NormalDist().inv_cdf(0.5 + settings.number("status.interval") / 2.0) * sd
    low, high = settings.number("status.osteoporosis_t"), settings.number("status.normal_t")
    reasons: list[str] = []
    youngest = settings.number("status.youngest_years")
    if facts.age_years is not None and facts.age_years < youngest:
        reasons.append(f"WHO classes are for {youngest:g} years and more; under that Z-scores are read")
    if t - width <= low and t + width >= high:
        reasons.append(f"the uncertainty of the T-score ({t - width:.1f} to {t + width:.1f}) spans all three classes")
    near = settings.number("status.borderline_t")
    return RuleStatus(
        status=None if reasons else who_class(t, settings),
        probabilities=class_probabilities(t, sd, settings),
        site=site,
        t_score=t,
        t_sd=sd,
        interval=(t - width, t + width),
        borderline=min(abs(t - low), abs(t - high)) <= near,
        reasons=tuple(reasons),
        rule=rule,
    )


def _value(measure: Measure) -> float:
    assert measure.value is not None
    return measure.value
