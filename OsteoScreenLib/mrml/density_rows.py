"""Bone density as rows of the table of measures: value and uncertainty of each side, units in the names, reasons."""

from __future__ import annotations

from OsteoScreenLib.densitometry.bone_frame import SIDES
from OsteoScreenLib.densitometry.densitometry_result import Densitometry, FemurDensitometry
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.report.t_ruler import signed
from OsteoScreenLib.report.wording import pretty_unit
from OsteoScreenLib.result.case_result import CaseResult

WITHHELD = "withheld"
"""In the place of a value; the reason stands in the last column."""
_SCORES = ("t_score", "z_score")
_AREAL = (("abmd", "aBMD", 2), ("t_score", "T-score equivalent", 1), ("z_score", "Z-score", 1))
_DENSITY = ("trabecular_vbmd", "trab. vBMD", 0)
_PLACES = (
    ("areal", "femoral_neck", _AREAL),
    ("areal", "total_hip", (*_AREAL, ("bmc", "mineral content", 1))),
    ("regions", "head", (_DENSITY,)),
    ("regions", "neck", (_DENSITY, ("trabecular_hu", "trab.", 0), ("cortical_thickness", "cortex", 1))),
    ("regions", "trochanteric", (_DENSITY,)),
    ("regions", "intertrochanteric", (_DENSITY, ("cortical_thickness", "cortex", 1))),
    ("regions", "total_hip", (_DENSITY,)),
)

Row = tuple[str, str, str, str]
"""Measure, left, right, and why what is withheld is withheld."""


def density_rows(result: CaseResult) -> list[Row]:
    """Rows on status, calibration, density and form; empty where no bone density was asked for.

    Values are given with one standard deviation. Where nothing at all was measured, the status alone has a row.
    """
    measured = result.densitometry
    if measured is None:
        return []
    rows = [_status(result)]
    if measured.withheld:
        return rows
    rows.append(_calibration(measured))
    for group, place, columns in _PLACES:
        for name, title, digits in columns:
            row = _row(measured, group, place, name, title, digits)
            rows += [] if row is None else [row]
    return [*rows, _angle(measured)]


def _status(result: CaseResult) -> Row:
    found = {status.side: status for status in result.status}
    cells, reasons = [], []
    for side in SIDES:
        status = found.get(side)
        cells.append(WITHHELD if status is None or status.bone_class is None else status.bone_class)
        reasons.append("; ".join(status.reasons) if status is not None else "")
    return "Bone status by T-score equivalent", cells[0], cells[1], _joined(reasons)


def _calibration(measured: Densitometry) -> Row:
    name, line = "Calibration (SD at 100 mg/cm³)", measured.calibration
    if line is None:
        return name, WITHHELD, WITHHELD, measured.no_calibration
    said = f"{line.method} ± {line.uncertainty_mg_cm3:.0f}"
    return name, said, said, ""


def _row(measured: Densitometry, group: str, place: str, name: str, title: str, digits: int) -> Row | None:
    """A measure of both sides; None where neither side has such a measure, be it withheld."""
    femora = [measured.femora.get(side) for side in SIDES]
    measures = [_measure(femur, group, place, name) for femur in femora]
    unit = next((measure.unit for measure in measures if measure is not None), None)
    if unit is None:
        return None
    label = f"{place.replace('_', ' ').capitalize()} {title}"
    label += "" if name in _SCORES else f" ({pretty_unit(unit)})"
    left, right = (_cell(measure, name, digits) for measure in measures)
    return label, left, right, _joined([_why(*pair) for pair in zip(femora, measures, strict=True)])


def _angle(measured: Densitometry) -> Row:
    cells, reasons = [], []
    for side in SIDES:
        femur = measured.femora.get(side)
        marks = None if femur is None else femur.landmarks
        angle = None if marks is None else marks.neck_shaft_angle_deg
        cells.append(WITHHELD if angle is None else f"{angle:.0f}")
        reasons.append(_why(femur, None) if marks is None else marks.withheld.get("neck_shaft_angle_deg", ""))
    return "Neck-shaft angle (°)", cells[0], cells[1], _joined(reasons)


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


def _why(femur: FemurDensitometry | None, measure: Measure | None) -> str:
    if measure is not None:
        return measure.withheld
    return "nothing was measured on this side" if femur is None else femur.withheld


def _joined(reasons: list[str]) -> str:
    """The reasons of left and right; said once where they are the same."""
    left, right = (reason.rstrip(".") for reason in reasons)
    if left == right:
        return left
    return "; ".join(f"{side}: {reason}" for side, reason in zip(SIDES, (left, right), strict=True) if reason)
