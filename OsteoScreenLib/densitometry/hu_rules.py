"""Published rules that read HU directly, each by its name, at the tube voltage it was made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.settings import Settings
from OsteoScreenLib.quality.thresholds import KVP_TOLERANCE


@dataclass(frozen=True)
class RuleAnswer:
    """What one rule says.

    Attributes:
        name, site, source: of the rule. hu: that it read; None where there is none.
        answer: ``osteoporosis``, ``osteopenia``, ``normal``, ``suspicious`` or ``not_suspicious``; None: withheld.
        withheld: why; empty where there is an answer.
    """

    name: str
    site: str
    source: str
    hu: float | None
    answer: str | None
    withheld: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of ``RuleAnswer(**...)``."""
        return asdict(self)


def ask_rules(
    hu_by_site: Mapping[str, Measure], settings: Settings, kvp: float | None, contrast: bool
) -> tuple[RuleAnswer, ...]:
    """Ask every rule whose site was measured; also where it was withheld, to say why."""
    answers = []
    for rule in settings["hu_rules"]:
        measure = hu_by_site.get(rule["site"])
        if measure is None:
            continue
        why = measure.withheld or _why_not(rule, kvp, contrast)
        said = None if why or measure.value is None else _said(rule, measure.value)
        answers.append(RuleAnswer(rule["name"], rule["site"], rule["source"], measure.value, said, why))
    return tuple(answers)


def _why_not(rule: Mapping[str, Any], kvp: float | None, contrast: bool) -> str:
    if kvp is None:
        return "the tube voltage is not known"
    if abs(kvp - rule["kvp"]) > KVP_TOLERANCE:
        return f"the rule was made at {rule['kvp']:g} kVp, the scan at {kvp:g} kVp"
    if contrast:
        return "a contrast agent was given"
    return ""


def _said(rule: Mapping[str, Any], hu: float) -> str:
    if hu <= rule.get("osteoporosis_at_most_hu", -1e9):
        return "osteoporosis"
    if "normal_above_hu" in rule:
        return "normal" if hu > rule["normal_above_hu"] else "osteopenia"
    if "suspicious_at_most_hu" in rule:
        return "suspicious" if hu <= rule["suspicious_at_most_hu"] else "not_suspicious"
    return "not_suspicious"
