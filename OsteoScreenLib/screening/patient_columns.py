"""What a table says of its patients: the columns ``sex``, ``age`` and ``contrast``, where it has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from OsteoScreenLib.densitometry.scores import PatientFacts

_Known = TypeVar("_Known", str, bool)
_NAMES: Mapping[str, tuple[str, ...]] = {
    "sex": ("sex",),
    "age_years": ("age", "age_years"),
    "contrast": ("contrast",),
}
_SEXES = {"f": "F", "female": "F", "m": "M", "male": "M"}
_YES_NO = {"yes": True, "no": False}


def patient_columns(header: Sequence[str]) -> dict[str, int]:
    """Place of each fact's column in the first line of a table; one that is absent is left out.

    Args:
        header: names in small letters, without blanks around them.

    Raises:
        ValueError: two columns for the same fact.
    """
    found = {}
    for fact, names in _NAMES.items():
        places = [place for place, name in enumerate(header) if name in names]
        if len(places) > 1:
            raise ValueError(f"two columns speak of the same: {header[places[0]]} and {header[places[1]]}")
        if places:
            found[fact] = places[0]
    return found


def facts_in(row: Sequence[str], columns: Mapping[str, int]) -> PatientFacts | None:
    """What one row says of its patient; None where it says nothing. An empty cell is not known.

    Raises:
        ValueError: a cell says something else than a sex, an age or whether a contrast agent was given.
    """
    said = {fact: row[place].strip() for fact, place in columns.items() if place < len(row)}
    cells = {fact: text for fact, text in said.items() if text}
    if not cells:
        return None
    return PatientFacts(
        sex=_one_of(_SEXES, cells["sex"], "sex", "F or M") if "sex" in cells else None,
        age_years=_age(cells["age_years"]) if "age_years" in cells else None,
        contrast=_one_of(_YES_NO, cells["contrast"], "contrast", "yes or no") if "contrast" in cells else None,
    )


def _one_of(known: Mapping[str, _Known], text: str, name: str, words: str) -> _Known:
    value = known.get(text.casefold())
    if value is None:
        raise ValueError(f"{name} is {words}, not {text[:40]!r}")
    return value


def _age(text: str) -> float:
    try:
        years = float(text)
    except ValueError:
        years = float("nan")
    if not 0.0 <= years <= 130.0:
        raise ValueError(f"age is a number of years from 0 to 130, not {text[:40]!r}")
    return years
