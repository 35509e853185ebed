"""The same figures in parts of the study: by sex, decade of age, site, tube voltage and slice thickness."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from OsteoScreenLib.evaluation.accuracy import Accuracy
from OsteoScreenLib.evaluation.classification import one_against_rest
from OsteoScreenLib.evaluation.model_arrays import ModelArrays
from OsteoScreenLib.evaluation.predictions import Prediction
from OsteoScreenLib.evaluation.result_table import Column, ResultTable
from OsteoScreenLib.evaluation.status_tables import MACRO, areas_of

NOT_STATED = "not stated"

_THICKNESS_MM = (1.5, 3.0, 5.0)


def _decade(row: Prediction) -> str | None:
    if row.age is None:
        return None
    start = int(row.age // 10) * 10
    return f"{start} to {start + 9} years"


def _voltage(row: Prediction) -> str | None:
    return None if row.kvp is None else f"{row.kvp:g} kV"


def _thickness(row: Prediction) -> str | None:
    if row.slice_thickness_mm is None:
        return None
    low = 0.0
    for high in _THICKNESS_MM:
        if row.slice_thickness_mm <= high:
            return f"up to {high:g} mm" if low == 0 else f"over {low:g} to {high:g} mm"
        low = high
    return f"over {low:g} mm"


FACTORS: dict[str, Callable[[Prediction], str | None]] = {
    "sex": lambda row: row.sex,
    "age": _decade,
    "site": lambda row: row.site,
    "tube voltage": _voltage,
    "slice thickness": _thickness,
}


def subgroup_table(models: Sequence[ModelArrays]) -> ResultTable:
    """AUC, sensitivity and specificity of the most severe class in each subgroup of each model.

    A factor that no case states is left out; cases that do not state it are a subgroup of their own.
    """
    rows = []
    for arrays in models:
        for factor, of_row in FACTORS.items():
            level = np.array([of_row(row) or NOT_STATED for row in arrays.rows], dtype=str)
            if set(level) <= {NOT_STATED}:
                continue
            for name in sorted(set(level), key=_order):
                rows.append({"factor": factor, "subgroup": name, **_figures(arrays.subset(level == name))})
    which = models[0].classes[-1]
    columns = (
        *(Column("model", "Model"), Column("factor", "By"), Column("subgroup", "Subgroup"), Column("n", "n")),
        *(Column("n_class", f"with {which}"), Column("withheld", "withheld")),
        *(
            Column(name, title, estimate=True)
            for name, title in (("auc", f"AUC, {which}"), ("auc_macro", "AUC, macro"))
        ),
        *(Column(name, name.capitalize(), estimate=True) for name in ("sensitivity", "specificity")),
    )
    notes = (
        f"AUC (DeLong), sensitivity and specificity (Clopper-Pearson, predicted class) of {which} against the rest, in "
        "complete cases. A dash: a class has no cases there. Subgroups are small; their differences are not tested.",
    )
    return ResultTable("subgroups", "Subgroups", columns, tuple(rows), notes)


def _figures(part: ModelArrays) -> dict[str, object]:
    cases, last = part.answered, len(part.classes) - 1
    areas = areas_of(cases) if len(cases) else {}
    counts = Accuracy(*one_against_rest(cases.matrix(), last))
    severe, macro = areas.get(part.classes[last]), areas.get(MACRO)
    return {
        "model": part.model,
        "n": len(part),
        "n_class": int((part.truth == last).sum()),
        "withheld": int(part.withheld.sum()),
        "auc": severe.estimate(cases.patients) if severe else None,
        "auc_macro": macro.estimate(cases.patients) if macro else None,
        "sensitivity": counts.sensitivity,
        "specificity": counts.specificity,
    }


def _order(name: str) -> tuple[bool, float, str]:
    """Numbers in their order, "up to" before "over", what is not stated last."""
    words = name.split()
    numbers = [float(word) for word in words if word.replace(".", "", 1).isdigit()]
    first = numbers[0] if numbers else 0.0
    return name == NOT_STATED, first + (0.01 if words[:1] == ["over"] else 0), name
