"""The columns of bone density in ``results.csv``: left and right apart, units in the names."""

from __future__ import annotations

from collections.abc import Mapping

from OsteoScreenLib.densitometry.densitometry_result import FemurDensitometry
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.result.case_result import CaseResult

_SIDES = ("left", "right")
_AREAL = {
    "neck_abmd_g_cm2": ("femoral_neck", "abmd"),
    "neck_t_score_equivalent": ("femoral_neck", "t_score"),
    "total_hip_abmd_g_cm2": ("total_hip", "abmd"),
    "total_hip_t_score_equivalent": ("total_hip", "t_score"),
}
_VOLUMETRIC = {
    "total_hip_trabecular_vbmd_mg_cm3": ("total_hip", "trabecular_vbmd"),
    "neck_trabecular_hu": ("neck", "trabecular_hu"),
}
_STATUS = ("status", "p_normal", "p_osteopenia", "p_osteoporosis", "density_withheld_because")
_MEASURED = tuple(column for name in (*_AREAL, *_VOLUMETRIC) for column in (name, f"{name}_sd"))

DENSITY_COLUMNS = (
    *("calibration", "calibration_uncertainty_mg_cm3"),
    *(f"{side}_{name}" for side in _SIDES for name in (*_MEASURED, *_STATUS)),
    *("vertebra", "vertebra_trabecular_hu", "vertebra_rules"),
)
"""Names of the columns, in order; ``..._sd`` is one standard deviation in the unit of the column before it."""


def density_row(result: CaseResult) -> dict[str, object]:
    """Values by column. A measure that is withheld leaves its cell empty, and ``density_withheld_because`` says why."""
    measured = result.densitometry
    if measured is None:
        return {}
    row: dict[str, object] = {"calibration": "none" if not measured.withheld else None}
    if measured.calibration is not None:
        row["calibration"] = measured.calibration.method + (" (weak)" if measured.calibration.weak else "")
        row["calibration_uncertainty_mg_cm3"] = measured.calibration.uncertainty_mg_cm3
    for side in _SIDES:
        femur = measured.femora.get(side)
        row.update(_side(side, femur, measured.withheld))
    for status in result.status:
        if status.side is not None:
            row[f"{status.side}_status"] = status.bone_class or "withheld"
            row.update({f"{status.side}_p_{name}": value for name, value in status.probabilities.items()})
            said = str(row.get(f"{status.side}_density_withheld_because") or "")
            more = [reason for reason in status.reasons if reason.split(": ", 1)[-1] not in said]
            row[f"{status.side}_density_withheld_because"] = "; ".join(filter(None, (said, *more)))
    row.update(_vertebrae(result))
    return row


def _side(side: str, femur: FemurDensitometry | None, withheld: str) -> dict[str, object]:
    if femur is None or femur.withheld:
        return {f"{side}_density_withheld_because": withheld or (femur.withheld if femur else "")}
    row: dict[str, object] = {}
    why: dict[str, list[str]] = {}
    groups: tuple[tuple[Mapping[str, tuple[str, str]], Mapping[str, Mapping[str, Measure]]], ...] = (
        (_AREAL, femur.areal),
        (_VOLUMETRIC, femur.regions),
    )
    for columns, measures in groups:
        for column, (place, name) in columns.items():
            measure = measures[place][name]
            row[f"{side}_{column}"], row[f"{side}_{column}_sd"] = measure.value, measure.sd
            if measure.withheld:
                why.setdefault(measure.withheld, []).append(place.replace("_", " "))
    reasons = (f"{', '.join(dict.fromkeys(places))}: {reason}" for reason, places in why.items())
    row[f"{side}_density_withheld_because"] = "; ".join(reasons)
    return row


def _vertebrae(result: CaseResult) -> dict[str, object]:
    """The first vertebra that was measured, L1 before others, and what the published rules say of all of them."""
    measured = result.densitometry
    if measured is None or not measured.vertebrae:
        return {}
    first = "L1" if "L1" in measured.vertebrae else next(iter(measured.vertebrae))
    rules = [f"{answer.name}: {answer.answer or answer.withheld}" for answer in measured.hu_rules]
    hu = measured.vertebrae[first]["trabecular_hu"]
    return {"vertebra": first, "vertebra_trabecular_hu": hu.value, "vertebra_rules": "; ".join(rules)}
