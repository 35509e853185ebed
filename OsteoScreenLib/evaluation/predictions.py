"""The table that a study of bone status starts from: one row for each case and model, and what must hold of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

THREE_CLASSES = ("normal", "osteopenia", "osteoporosis")
"""Of three-class tables, in the order of severity."""

TWO_CLASSES = ("no osteoporosis", "osteoporosis")
"""Of binary tables: ``truth`` and ``predicted`` are 0 or 1, and ``p_osteoporosis`` is the only probability."""

SPLITS = ("development", "train", "validation", "test", "external")
"""Values of ``split``: development is cross-validated (each case by a model that did not see it), external is other
scanners, another hospital or another time than development."""

SEXES = ("female", "male")

PROBABILITY_COLUMNS = tuple(f"p_{name}" for name in THREE_CLASSES)
POSITIVE_COLUMNS = tuple(f"positive_{name}" for name in THREE_CLASSES)

REQUIRED_COLUMNS = ("case_id", "truth", "p_osteoporosis")
COLUMNS = (
    *("case_id", "patient_id", "model", "truth", *PROBABILITY_COLUMNS, "predicted", *POSITIVE_COLUMNS),
    *("withheld", "split", "sex", "age", "site", "kvp", "slice_thickness_mm"),
)
"""All columns, in the order in which they are written. Those not in ``REQUIRED_COLUMNS`` may be absent."""

SUM_TOLERANCE = 0.01
"""How far the three probabilities of a row may be from a sum of 1: they are often written with few digits."""


@dataclass(frozen=True)
class Prediction:
    """What one model said of one case, beside the truth.

    Attributes:
        case_id: unique within a model.
        model: name of the model.
        truth: a class of the reference standard; None where the case has none (it is counted, and nothing else).
        probabilities: one for each class of the table, in its order; None where the model gave none.
        patient_id: cases of one patient (both hips, repeated scans) are resampled together; the case itself if absent.
        predicted: class at the frozen operating point; None: the most probable class.
        positive: for each class, whether the case is called positive in this class against the others, at the frozen
            one-against-rest threshold of the class; None where there are no such thresholds.
        withheld: why the model gave no status; empty where it gave one.
        split: one of ``SPLITS``. sex: one of ``SEXES``. age: years. site: hospital or scanner. kvp: tube voltage in kV.
        slice_thickness_mm: as acquired. All None where not stated.
    """

    case_id: str
    model: str
    truth: str | None
    probabilities: tuple[float, ...] | None
    patient_id: str | None = None
    predicted: str | None = None
    positive: tuple[bool, ...] | None = None
    withheld: str = ""
    split: str | None = None
    sex: str | None = None
    age: float | None = None
    site: str | None = None
    kvp: float | None = None
    slice_thickness_mm: float | None = None

    @property
    def patient(self) -> str:
        """The patient, or the case where the patient is not stated."""
        return self.patient_id or self.case_id


@dataclass(frozen=True)
class PredictionTable:
    """Rows that belong together: the same cases by one or several models.

    Attributes:
        classes: ``THREE_CLASSES`` or ``TWO_CLASSES``.
        rows: in the order of the file.
    """

    classes: tuple[str, ...]
    rows: tuple[Prediction, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order of their first row."""
        return tuple(dict.fromkeys(row.model for row in self.rows))

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that occur, in the order of ``SPLITS``."""
        found = {row.split for row in self.rows}
        return tuple(name for name in SPLITS if name in found)

    def of_model(self, model: str) -> tuple[Prediction, ...]:
        """Rows of one model, in the order of their case_id, so that models can be compared case by case."""
        return tuple(sorted((row for row in self.rows if row.model == model), key=lambda row: row.case_id))


NO_PROBABILITIES = "there are no probabilities, and withheld gives no reason"


def problems_of(table: PredictionTable) -> list[tuple[int | None, str]]:
    """Everything that is wrong with a table, at once: (index of the row or None, sentence without a full stop).

    A table without problems may be evaluated. The two kinds of problem are those of a row alone and those between rows:
    a case twice in a model, a case that a model lacks, facts of a case that differ between models.
    """
    found: list[tuple[int | None, str]] = []
    for index, row in enumerate(table.rows):
        found += [(index, message) for message in _problems_of_row(row, table.classes)]
    found += _repeated_cases(table.rows) + _contradictions(table.rows) + _missing_cases(table)
    for model in table.models:
        given = {row.positive is not None for row in table.rows if row.model == model and not row.withheld}
        if len(given) > 1:
            found.append((None, f"the model {model!r} has the positive_ columns filled in some rows and not in others"))
    if not table.rows:
        found.append((None, "the table has no rows"))
    elif len({row.split is None for row in table.rows}) > 1:
        found.append((None, "some rows have a split and others have none"))
    return sorted(found, key=lambda entry: -1 if entry[0] is None else entry[0])


def _problems_of_row(row: Prediction, classes: tuple[str, ...]) -> list[str]:
    found = [f"{name} is empty" for name in ("case_id", "model") if not getattr(row, name)]
    for name, value, allowed in (
        ("truth", row.truth, classes),
        ("predicted", row.predicted, classes),
        ("split", row.split, SPLITS),
        ("sex", row.sex, SEXES),
    ):
        if value is not None and value not in allowed:
            found.append(f"{name} is {value!r}, which is none of {', '.join(allowed)}")
    for name, number, low, high in (
        ("age", row.age, 0, 130),
        ("kvp", row.kvp, 20, 200),
        ("slice_thickness_mm", row.slice_thickness_mm, 0.01, 50),
    ):
        if number is not None and not low <= number <= high:
            found.append(f"{name} is {number:g}, which is not between {low:g} and {high:g}")
    if row.positive is not None and len(row.positive) != len(THREE_CLASSES):
        found.append(f"the positive_ columns give {len(row.positive)} values; all of {len(THREE_CLASSES)} are needed")
    return found + _problems_of_probabilities(row, len(classes))


def _problems_of_probabilities(row: Prediction, n_classes: int) -> list[str]:
    if row.probabilities is None:
        return [] if row.withheld else [NO_PROBABILITIES]
    if len(row.probabilities) != n_classes:
        return [f"there are {len(row.probabilities)} probabilities of {n_classes} classes"]
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in row.probabilities):
        return ["a probability is not between 0 and 1"]
    if abs(sum(row.probabilities) - 1) > SUM_TOLERANCE:
        return [f"the probabilities sum to {sum(row.probabilities):.4g}, not to 1"]
    return []


def _repeated_cases(rows: Sequence[Prediction]) -> list[tuple[int | None, str]]:
    seen: set[tuple[str, str]] = set()
    found: list[tuple[int | None, str]] = []
    for index, row in enumerate(rows):
        if (row.model, row.case_id) in seen:
            found.append((index, f"the case {row.case_id!r} occurs twice in the model {row.model!r}"))
        seen.add((row.model, row.case_id))
    return found


def _contradictions(rows: Sequence[Prediction]) -> list[tuple[int | None, str]]:
    """Facts of a case that are not those of the same case in another model."""
    facts = ("patient_id", "truth", "split", "sex", "age", "site", "kvp", "slice_thickness_mm")
    first: dict[str, Prediction] = {}
    found: list[tuple[int | None, str]] = []
    for index, row in enumerate(rows):
        other = first.setdefault(row.case_id, row)
        for name in facts:
            if getattr(row, name) != getattr(other, name):
                found.append((index, f"{name} of the case {row.case_id!r} differs from that of another row of it"))
    return found


def _missing_cases(table: PredictionTable) -> list[tuple[int | None, str]]:
    """Models are compared on the same cases; one that gave no answer has a row that says why."""
    cases = {model: {row.case_id for row in table.rows if row.model == model} for model in table.models}
    every = set().union(*cases.values()) if cases else set()
    found: list[tuple[int | None, str]] = []
    for model, has in cases.items():
        if lacking := sorted(every - has):
            named = ", ".join(lacking[:5]) + (" and others" if len(lacking) > 5 else "")
            found.append((None, f"the model {model!r} has no row for {len(lacking)} of {len(every)} cases ({named})"))
    return found
