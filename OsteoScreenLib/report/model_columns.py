"""The columns of installed bone-status models in ``results.csv``: made for the models that a run asked."""

from __future__ import annotations

from collections.abc import Iterable

from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.status.bone_status import CLASSES
from OsteoScreenLib.status.status_answer import StatusAnswer

_SIDES = ("left", "right")
_OF_SIDE = (
    *("status", *(f"p_{name}" for name in CLASSES)),
    *("positive_for", "prediction_set", "withheld_because"),
)


def model_columns(results: Iterable[CaseResult]) -> tuple[str, ...]:
    """Names of the columns, in order: for each model its version and warning, then each side."""
    names = dict.fromkeys(_prefix(answer) for result in results for answer in result.model_status)
    return tuple(
        column
        for name in names
        for column in (
            f"{name}_version",
            f"{name}_warning",
            *(f"{side}_{name}_{what}" for side in _SIDES for what in _OF_SIDE),
        )
    )


def model_row(result: CaseResult) -> dict[str, object]:
    """Values by column; a withheld answer leaves its cells empty but for ``withheld`` and its reasons."""
    row: dict[str, object] = {}
    for answer in result.model_status:
        name, status = _prefix(answer), answer.status
        row[f"{name}_version"], row[f"{name}_warning"] = answer.model.version, answer.warning
        start = f"{status.side or 'patient'}_{name}"
        row[f"{start}_status"] = status.bone_class or "withheld"
        row.update({f"{start}_p_{label}": value for label, value in status.probabilities.items()})
        row[f"{start}_positive_for"] = ";".join(label for label in CLASSES if answer.positive.get(label))
        row[f"{start}_prediction_set"] = ";".join(answer.prediction_set)
        row[f"{start}_withheld_because"] = "; ".join(status.reasons)
    return row


def _prefix(answer: StatusAnswer) -> str:
    """The model's id; of a demonstration so marked, that its columns are never taken for another's."""
    return f"demonstration_{answer.status.model}" if answer.status.demonstration_model else answer.status.model
