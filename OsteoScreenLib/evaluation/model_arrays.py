"""The rows of one model as arrays: what the statistics of a study work on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.evaluation.classification import confusion
from OsteoScreenLib.evaluation.predictions import Prediction, PredictionTable


@dataclass(frozen=True)
class ModelArrays:
    """Cases with a truth, in the order of their case_id, so that those of two models lie side by side.

    Attributes:
        model: its name. classes: names of the classes.
        rows: what the arrays were made of.
        truth: (n,) class numbers.
        probabilities: (n, classes); NaN where the model gave none.
        predicted: (n,) class numbers at the operating point; -1 where withheld.
        positive: (n, classes) bool at one-against-rest thresholds; None where the table has none.
        patients: (n,) names.
        withheld: (n,) bool.
    """

    model: str
    classes: tuple[str, ...]
    rows: tuple[Prediction, ...]
    truth: np.ndarray
    probabilities: np.ndarray
    predicted: np.ndarray
    positive: np.ndarray | None
    patients: np.ndarray
    withheld: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def subset(self, chosen: np.ndarray) -> ModelArrays:
        """The cases that a (n,) bool mask chooses."""
        return replace(
            self,
            rows=tuple(row for row, keep in zip(self.rows, chosen, strict=True) if keep),
            truth=self.truth[chosen],
            probabilities=self.probabilities[chosen],
            predicted=self.predicted[chosen],
            positive=None if self.positive is None else self.positive[chosen],
            patients=self.patients[chosen],
            withheld=self.withheld[chosen],
        )

    @property
    def answered(self) -> ModelArrays:
        """Complete cases: those with a status."""
        return self.subset(~self.withheld)

    def matrix(self) -> np.ndarray:
        """Truth against prediction, as :func:`confusion` counts it."""
        return confusion(self.truth, self.predicted, len(self.classes))

    def drawn_matrices(self, drawn: np.ndarray) -> np.ndarray:
        """The same of each draw, (draws, classes, classes + 1), from how often each case was drawn, (draws, n)."""
        n_classes = len(self.classes)
        column = np.where(self.predicted < 0, n_classes, self.predicted)
        cells = np.eye(n_classes * (n_classes + 1))[self.truth * (n_classes + 1) + column]
        return (drawn @ cells).reshape(len(drawn), n_classes, n_classes + 1)

    def worst_scores(self, which: int) -> np.ndarray:
        """(n,) probability of a class, and for withheld cases the worst a model can say (intention to diagnose).

        Minus infinity with the class, infinity without it.
        """
        worst = np.where(self.truth == which, -np.inf, np.inf)
        return np.where(self.withheld, worst, self.probabilities[:, which])


def arrays_of(table: PredictionTable, model: str) -> ModelArrays:
    """Arrays of one model, of the cases that have a truth.

    Args:
        table: without problems (:func:`OsteoScreenLib.evaluation.predictions.problems_of`).
    """
    rows = tuple(row for row in table.of_model(model) if row.truth is not None)
    none = (float("nan"),) * len(table.classes)
    probabilities = np.array([row.probabilities or none for row in rows], dtype=float).reshape(len(rows), -1)
    withheld = np.array([bool(row.withheld) for row in rows], dtype=bool)
    number = {name: index for index, name in enumerate(table.classes)}
    predicted = [
        -1 if row.withheld else number[row.predicted] if row.predicted else int(np.argmax(row.probabilities or none))
        for row in rows
    ]
    positive = None
    if rows and all(row.positive is not None or row.withheld for row in rows) and not withheld.all():
        positive = np.array([row.positive or (False,) * len(table.classes) for row in rows], dtype=bool)
    return ModelArrays(
        model=model,
        classes=table.classes,
        rows=rows,
        truth=np.array([number[row.truth] for row in rows if row.truth is not None], dtype=int),
        probabilities=probabilities,
        predicted=np.array(predicted, dtype=int),
        positive=positive,
        patients=np.array([row.patient for row in rows], dtype=str),
        withheld=withheld,
    )
