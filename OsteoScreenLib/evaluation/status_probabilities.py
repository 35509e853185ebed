"""Tables of what the probabilities of a study are worth: calibration and net benefit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from OsteoScreenLib.evaluation.calibration import (
    CLIP,
    calibration_error,
    calibration_in_the_large,
    calibration_line,
    groups_of,
    n_at_the_ends,
)
from OsteoScreenLib.evaluation.classification import brier_of_each, ranked_probability_of_each
from OsteoScreenLib.evaluation.decision_curve import THRESHOLDS, net_benefit, net_benefit_of_all
from OsteoScreenLib.evaluation.estimate import Estimate
from OsteoScreenLib.evaluation.model_arrays import ModelArrays
from OsteoScreenLib.evaluation.result_table import Column, ResultTable
from OsteoScreenLib.evaluation.status_tables import targets

ALL_CLASSES = "all classes"
_MODEL, _CLASS, _N = Column("model", "Model"), Column("class", "Class"), Column("n", "n")


def calibration_table(models: Sequence[ModelArrays], intervals: Mapping[str, Mapping[str, Any]]) -> ResultTable:
    """Brier score, calibration in the large, slope and calibration error of each class; complete cases."""
    rows: list[dict[str, Any]] = []
    for arrays in models:
        cases = arrays.answered
        if not len(cases):
            continue
        drawn = intervals[arrays.model]
        overall = float(brier_of_each(cases.truth, cases.probabilities).mean())
        shares = np.bincount(cases.truth, minlength=len(cases.classes)) / len(cases)
        chance = float(brier_of_each(cases.truth, np.tile(shares, (len(cases), 1))).mean())
        score = float(ranked_probability_of_each(cases.truth, cases.probabilities).mean())
        rows.append(
            {
                "model": arrays.model,
                "class": ALL_CLASSES,
                "n": len(cases),
                "brier": Estimate(overall, *(drawn.get("brier") or (None, None))),
                "brier_skill": 1 - overall / chance if chance else None,
                "rps": Estimate(score, *(drawn.get("rps") or (None, None))),
            }
        )
        rows += [
            {
                "model": arrays.model,
                "class": name,
                **calibration_of(cases.truth == which, cases.probabilities[:, which]),
            }
            for name, which in targets(cases)
        ]
    columns = (
        *(_MODEL, _CLASS, _N, Column("brier", "Brier", estimate=True), Column("brier_skill", "Brier skill")),
        *(Column("rps", "Ranked probability", estimate=True), Column("intercept", "Intercept", 2, estimate=True)),
        *(Column("slope", "Slope", 2, estimate=True), Column("calibration_error", "Calibration error")),
        *(Column("groups", "groups"), Column("n_at_the_ends", "p = 0 or 1")),
    )
    notes = (
        "Complete cases. Intercept: calibration in the large, slope held at 1; over 0, probabilities are too low. "
        "Slope: of the recalibration line; under 1, they are too extreme. 95 % intervals: Wald, of Brier bootstrap.",
        "Brier of all classes is the sum over classes (0 to 2), of one class the mean square (0 to 1); skill is "
        "against the shares of the classes in this study.",
        f"Probabilities of 0 and 1 were moved by {CLIP:g}, as they have no logit; many of them make the slope "
        "arbitrary. The calibration error is over groups of equally many cases, and above 0 by chance alone with few.",
    )
    return ResultTable("calibration", "Calibration", columns, tuple(rows), notes)


def calibration_of(truth: np.ndarray, probability: np.ndarray) -> dict[str, Any]:
    """The figures of one class against the rest."""
    score, share = float(np.mean((probability - truth) ** 2)), float(truth.mean())
    line, groups = calibration_line(truth, probability), groups_of(truth, probability)
    return {
        "n": len(truth),
        "brier": Estimate(score),
        "brier_skill": 1 - score / (share * (1 - share)) if 0 < share < 1 else None,
        "intercept": calibration_in_the_large(truth, probability),
        "slope": None if line is None else line.slope_estimate(),
        "calibration_error": calibration_error(groups),
        "groups": len(groups),
        "n_at_the_ends": n_at_the_ends(probability),
    }


def calibration_groups(models: Sequence[ModelArrays]) -> ResultTable:
    """The points of the calibration curves."""
    rows = []
    for arrays in models:
        cases = arrays.answered
        for name, which in targets(cases):
            for group in groups_of(cases.truth == which, cases.probabilities[:, which]):
                rows.append(
                    {
                        "model": arrays.model,
                        "class": name,
                        "from": group.low,
                        "to": group.high,
                        "n": group.n,
                        "mean_probability": group.mean_probability,
                        "observed": group.observed,
                    }
                )
    columns = (
        *(_MODEL, _CLASS, Column("from", "From"), Column("to", "To"), _N),
        *(Column("mean_probability", "Mean probability"), Column("observed", "Observed", estimate=True)),
    )
    notes = ("Groups of equally many complete cases; 95 % intervals: Clopper-Pearson.",)
    return ResultTable("calibration_groups", "Calibration curve", columns, tuple(rows), notes, long=True)


def decision_targets(arrays: ModelArrays) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """What one would act on: name, truth and probability. Osteoporosis, and of three classes low bone mass too."""
    last = len(arrays.classes) - 1
    found = [(arrays.classes[last], arrays.truth == last, arrays.probabilities[:, last])]
    if last > 1:
        found.append(("osteopenia or osteoporosis", arrays.truth > 0, 1 - arrays.probabilities[:, 0]))
    return found


def decision_table(models: Sequence[ModelArrays]) -> ResultTable:
    """Net benefit of each model and of acting on all, by threshold; complete cases of each model."""
    rows = []
    for arrays in models:
        cases = arrays.answered
        for name, truth, probability in decision_targets(cases):
            curves = zip(THRESHOLDS, net_benefit(truth, probability), net_benefit_of_all(truth), strict=True)
            for threshold, model, everyone in curves:
                rows.append(
                    {
                        "model": arrays.model,
                        "target": name,
                        "n": len(cases),
                        "threshold": float(threshold),
                        "net_benefit": float(model),
                        "net_benefit_all": float(everyone),
                        "net_benefit_none": 0.0,
                    }
                )
    columns = (
        *(_MODEL, Column("target", "Act on"), _N, Column("threshold", "Threshold", 2)),
        *(Column("net_benefit", "Net benefit", 4), Column("net_benefit_all", "of all", 4)),
        Column("net_benefit_none", "of none", 4),
    )
    notes = ("Vickers and Elkin 2006. A case is acted on where its probability reaches the threshold.",)
    return ResultTable("decision_curve", "Decision curve", columns, tuple(rows), notes, long=True)
