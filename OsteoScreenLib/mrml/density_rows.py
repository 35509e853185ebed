"""Bone density as rows of the table of measures: value and uncertainty of each side, units in the names."""

from __future__ import annotations

from OsteoScreenLib.densitometry.densitometry_result import FemurDensitometry
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.report.t_ruler import signed
from OsteoScreenLib.report.wording import pretty_unit
from OsteoScreenLib.result.case_result import CaseResult

WITHHELD = "withheld"
"""In the place of a value; the reason stands in the result section and in the result itself."""
_SCORES = ("t_score", "z_score")
_AREAL = (("abmd", "aBMD", 3), ("t_score", "T-score equivalent", 1), ("z_score", "Z-score", 1))
_VOLUMETRIC = (("trabecular_vbmd", "trabecular vBMD", 0), ("trabecular_hu", "trabecular", 0))
_PLACES = (
    ("areal", "femoral_neck", _AREAL),
    ("areal", "total_hip", _AREAL),
    ("regions", "neck", _VOLUMETRIC),
    ("regions", "trochanteric", _VOLUMETRIC),
    ("regions", "total_hip", _VOLUMETRIC),
)


def density_rows(result: CaseResult) -> list[tuple[str, str, str]]:
    """Rows of measure, left, right; empty where no bone density was asked for or nothing at all could be measured.

    Values are given with one standard deviation; a side that was not measured says that it is withheld.
    """
    measured = result.densitometry
    if measured is None or measured.withheld:
        return []
    rows = []
    for group, place, columns in _PLACES:
        for name, title, digits in columns:
            left, right = (_measure(measured.femora.get(side), group, place, name) for side in ("left", "right"))
            given = [measure for measure in (left, right) if measure is not None]
            if not given:
                continue
            unit = "" if name in _SCORES else f" ({pretty_unit(given[0].unit)})"
            label = f"{place.replace('_', ' ').capitalize()} {title}{unit}"
            rows.append((label, _cell(left, name, digits), _cell(right, name, digits)))
    return rows


def _measure(femur: FemurDensitometry | None, group: str, place: str, name: str) -> Measure | None:
    if femur is None or femur.withheld:
        return None
    measure: Measure | None = getattr(femur, group).get(place, {}).get(name)
    return measure


def _cell(measure: Measure | None, name: str, digits: int) -> str:
    if measure is None or measure.value is None:
        return WITHHELD
    value = signed(measure.value, digits) if name in _SCORES else f"{measure.value:.{digits}f}".replace("-", "−")
    return value if measure.sd is None else f"{value} ± {measure.sd:.{digits}f}"
