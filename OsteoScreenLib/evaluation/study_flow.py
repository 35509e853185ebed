"""From the cases of the table to those with a status: what STARD asks a flow diagram to show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from OsteoScreenLib.evaluation.model_arrays import ModelArrays
from OsteoScreenLib.evaluation.predictions import PredictionTable
from OsteoScreenLib.evaluation.result_table import Column, ResultTable


@dataclass(frozen=True)
class Flow:
    """Cases of one model.

    Attributes:
        model: its name. n_cases, n_patients: in the table.
        n_without_truth: cases without a reference standard; in no other count.
        by_class: for each class of the truth, cases with a status and cases withheld.
        reasons: withheld cases by reason, the most frequent first.
        results: for each predicted class, cases by class of the truth.
    """

    model: str
    n_cases: int
    n_patients: int
    n_without_truth: int
    by_class: dict[str, tuple[int, int]]
    reasons: tuple[tuple[str, int], ...]
    results: dict[str, dict[str, int]]

    @property
    def n_answered(self) -> int:
        """Cases with a truth and a status."""
        return sum(answered for answered, _ in self.by_class.values())

    @property
    def n_withheld(self) -> int:
        """Cases with a truth and no status."""
        return sum(withheld for _, withheld in self.by_class.values())


def flow_of(table: PredictionTable, arrays: ModelArrays) -> Flow:
    """Count the cases of one model."""
    rows = table.of_model(arrays.model)
    matrix = arrays.matrix()
    return Flow(
        model=arrays.model,
        n_cases=len(rows),
        n_patients=len({row.patient for row in rows}),
        n_without_truth=len(rows) - len(arrays),
        by_class={
            name: (int(matrix[index, :-1].sum()), int(matrix[index, -1])) for index, name in enumerate(arrays.classes)
        },
        reasons=tuple(Counter(row.withheld for row in arrays.rows if row.withheld).most_common()),
        results={
            called: {name: int(matrix[true, column]) for true, name in enumerate(arrays.classes)}
            for column, called in enumerate(arrays.classes)
        },
    )


def flow_table(flows: Sequence[Flow]) -> ResultTable:
    """One line for each step of each model, with the cases by class of the truth."""
    classes = list(flows[0].by_class)
    rows = []
    for flow in flows:
        answered = {name: pair[0] for name, pair in flow.by_class.items()}
        withheld = {name: pair[1] for name, pair in flow.by_class.items()}
        both = {name: sum(pair) for name, pair in flow.by_class.items()}
        steps = [
            (f"cases, of {flow.n_patients} patients", flow.n_cases, {}),
            ("without reference standard", flow.n_without_truth, {}),
            ("with reference standard", sum(both.values()), both),
            ("withheld", flow.n_withheld, withheld),
            *((f"withheld: {reason}", count, {}) for reason, count in flow.reasons),
            ("with a status", flow.n_answered, answered),
            *((f"status: {called}", sum(by.values()), by) for called, by in flow.results.items()),
        ]
        for step, count, by_class in steps:
            counts = {f"truth_{index}": by_class.get(name) for index, name in enumerate(classes)}
            rows.append({"model": flow.model, "step": step, "n": count, **counts})
    columns = (
        *(Column("model", "Model"), Column("step", "Step"), Column("n", "n")),
        *(Column(f"truth_{index}", f"truth {name}") for index, name in enumerate(classes)),
    )
    return ResultTable("flow", "Flow of cases (STARD 2015, items 19 to 23)", columns, tuple(rows))
