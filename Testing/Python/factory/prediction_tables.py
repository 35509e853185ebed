"""Tables of predictions made by a formula, among them one with the counts of the femur paper's test set."""

from __future__ import annotations

import random
from dataclasses import replace

from factory.statistics_sets import three_class_set
from OsteoScreenLib.evaluation.predictions import SEXES, THREE_CLASSES, TWO_CLASSES, Prediction, PredictionTable

PAPER_COUNTS = {"normal": (44, 52, 41, 49), "osteopenia": (23, 30, 53, 71), "osteoporosis": (18, 19, 79, 82)}
"""True positives of how many, true negatives of how many: the only counts that give the paper's intervals."""


def rows_of_model(model: str, number: int, withheld: dict[int, str] | None = None) -> list[Prediction]:
    """101 test cases of as many patients, 52, 30 and 19 of each class; those withheld have no probabilities."""
    cases, facts = three_class_set(number), random.Random("facts")
    rows = []
    for index, (truth, weights) in enumerate(zip(cases.truth, cases.probabilities, strict=True)):
        reason = (withheld or {}).get(index, "")
        rows.append(
            Prediction(
                case_id=f"case_{index:03d}",
                model=model,
                truth=THREE_CLASSES[truth],
                probabilities=None if reason else tuple(float(weight) for weight in weights),
                patient_id=f"P{index:03d}",
                withheld=reason,
                split="test",
                sex=facts.choice(SEXES),
                age=float(facts.randint(50, 89)),
                site=facts.choice(["North", "South"]),
                kvp=facts.choice([100.0, 120.0]),
                slice_thickness_mm=facts.choice([1.0, 2.0, 5.0, 6.0]),
            )
        )
    return rows


def three_models() -> PredictionTable:
    """Three models on the same cases; the first two withhold some."""
    implant = {5: "implant in the femur", 60: "contrast medium", 95: "implant in the femur"}
    return PredictionTable(
        THREE_CLASSES,
        (
            *rows_of_model("forest", 1, implant),
            *rows_of_model("CT-aBMD", 2, {7: "no calibration"}),
            *rows_of_model("mean HU", 3),
        ),
    )


def like_the_paper() -> PredictionTable:
    """One model whose one-against-rest calls have the counts of the femur paper."""
    rows = rows_of_model("paper", 1)
    calls = [[False] * 3 for _ in rows]
    for which, name in enumerate(THREE_CLASSES):
        hits, _, rejected, others = PAPER_COUNTS[name]
        with_class = [index for index, row in enumerate(rows) if row.truth == name]
        without = [index for index, row in enumerate(rows) if row.truth != name]
        for index in (*with_class[:hits], *without[: others - rejected]):
            calls[index][which] = True
    return PredictionTable(
        THREE_CLASSES, tuple(replace(row, positive=tuple(call)) for row, call in zip(rows, calls, strict=True))
    )


def binary() -> PredictionTable:
    """Osteoporosis or not, by one model."""
    rows = [
        replace(
            row,
            truth=TWO_CLASSES[row.truth == "osteoporosis"],
            probabilities=(1 - row.probabilities[2], row.probabilities[2]),
        )
        for row in rows_of_model("CNN", 2)
        if row.probabilities
    ]
    return PredictionTable(TWO_CLASSES, tuple(rows))
