"""What the user knows of a volume's patient, kept as attributes of the volume: never of another one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from OsteoScreenLib.ct.acquisition import Acquisition, names_contrast_agent
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.densitometry_options import first_known

SEX_ATTRIBUTE = "OsteoScreen.sex"
AGE_ATTRIBUTE = "OsteoScreen.ageYears"
CONTRAST_ATTRIBUTE = "OsteoScreen.contrast"
_CONTRAST = {"yes": True, "no": False}


def facts_of(volume_node: Any) -> PatientFacts:
    """What the user said; None for what the user did not say, and then the scan's own header is asked."""
    sex = volume_node.GetAttribute(SEX_ATTRIBUTE)
    try:
        age = age_in(volume_node.GetAttribute(AGE_ATTRIBUTE) or "")
    except UsageError:  # an attribute that somebody else wrote
        age = None
    contrast = _CONTRAST.get(volume_node.GetAttribute(CONTRAST_ATTRIBUTE) or "")
    return PatientFacts(sex if sex in ("F", "M") else None, age, contrast)


def note_facts(facts: PatientFacts, volume_node: Any) -> None:
    """Keep what the user says of the patient; what is None is forgotten."""
    words = {True: "yes", False: "no", None: None}
    age = None if facts.age_years is None else f"{facts.age_years:g}"
    given = {SEX_ATTRIBUTE: facts.sex, AGE_ATTRIBUTE: age, CONTRAST_ATTRIBUTE: words[facts.contrast]}
    for name, value in given.items():
        if value is None:
            volume_node.RemoveAttribute(name)
        else:
            volume_node.SetAttribute(name, value)


def facts_in_scan(acquisition: Acquisition) -> PatientFacts:
    """What a scan itself says; a sex other than F and M, or an age that cannot be, counts as not known.

    That no contrast agent is named does not say that none was given.
    """
    age = acquisition.age_years
    return PatientFacts(
        sex=acquisition.sex if acquisition.sex in ("F", "M") else None,
        age_years=age if age is not None and 0.0 <= age <= 130.0 else None,
        contrast=True if names_contrast_agent(acquisition.contrast_agent) else None,
    )


def measured_with_others(result: CaseResult | None, given: PatientFacts, in_scan: PatientFacts) -> bool:
    """Whether a result's scores go by other facts than those that are known now; measuring again then tells more.

    Args:
        result: of the volume, or None. given: by the user. in_scan: what the scan says.
    """
    measured = None if result is None or result.densitometry is None else result.densitometry.facts
    if measured is None:
        return False
    known = first_known(given, replace(in_scan, contrast=None))  # the scan's own agent is a matter of the checks
    return measured != known


def age_in(text: str) -> float | None:
    """An age in years as somebody types it, with a point or a comma; None for an empty text.

    Raises:
        UsageError: ``wrong_age``, it is no number of years from 0 to 130.
    """
    if not text.strip():
        return None
    try:
        age = float(text.strip().replace(",", "."))
    except ValueError:
        age = math.nan
    if not 0.0 <= age <= 130.0:
        raise UsageError(
            "The age is no number of years from 0 to 130", next_step="Leave it empty if unknown.", code="wrong_age"
        )
    return age
