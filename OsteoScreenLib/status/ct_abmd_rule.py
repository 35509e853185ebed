"""The CT-aBMD rule: the WHO class of a femur's T-score equivalent, as a bone status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from OsteoScreenLib.densitometry.bone_frame import SIDES
from OsteoScreenLib.densitometry.densitometry_result import Densitometry, FemurDensitometry
from OsteoScreenLib.densitometry.settings import Settings
from OsteoScreenLib.densitometry.status_rule import RuleStatus
from OsteoScreenLib.status.bone_status import BoneStatus

MODEL = "ct-abmd-rule"


def statuses_by_rule(measured: Densitometry, settings: Settings) -> tuple[BoneStatus, ...]:
    """The status of each femur; left and right are never made one.

    Args:
        measured: of the case. settings: the table that it was measured by.
    """
    point: dict[str, float | str] = {
        "osteoporosis_at_most_t": settings.number("status.osteoporosis_t"),
        "normal_at_least_t": settings.number("status.normal_t"),
        "sites": ", ".join(settings["status.sites"]),
        "reference": str(settings["reference.name"]),
    }
    found = []
    for side in SIDES:
        rule = _rule_of(measured, side)
        found.append(BoneStatus(MODEL, side, rule.status, dict(rule.probabilities), point, rule.reasons))
    return tuple(found)


def without_status(measured: Densitometry, reasons: Sequence[str]) -> Densitometry:
    """The same measures without a class: what forbids a status from the scan forbids it here too."""
    if not reasons:
        return measured
    femora = {side: replace(femur, status=_forbidden(femur.status, reasons)) for side, femur in measured.femora.items()}
    return replace(measured, femora=femora)


def _forbidden(status: RuleStatus | None, reasons: Sequence[str]) -> RuleStatus | None:
    if status is None:
        return None
    return replace(status, status=None, probabilities={}, reasons=(*reasons, *status.reasons))


def _rule_of(measured: Densitometry, side: str) -> RuleStatus:
    """What the rule says of a side; a withheld status where nothing was measured."""
    femur: FemurDensitometry | None = measured.femora.get(side)
    if femur is not None and femur.status is not None:
        return femur.status
    why = measured.withheld or (femur.withheld if femur is not None else "") or "nothing was measured on this side"
    return RuleStatus(None, reasons=(why,))
