"""Tables of discrimination, comparison and classification of a bone-status study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from OsteoScreenLib.evaluation.accuracy import Accuracy
from OsteoScreenLib.evaluation.auc import Auc, auc_of, compare, holm, mean_auc
from OsteoScreenLib.evaluation.classification import (
    brier_of_each,
    one_against_rest,
    ranked_probability_of_each,
    scores_of,
)
from OsteoScreenLib.evaluation.estimate import Estimate
from OsteoScreenLib.evaluation.model_arrays import ModelArrays
from OsteoScreenLib.evaluation.result_table import Column, ResultTable
from OsteoScreenLib.evaluation.stratified_bootstrap import bootstrap, drawn_auc

COMPLETE, INTENTION = "complete cases", "intention to diagnose"
MACRO = "macro"

_MODEL, _CLASS, _VIEW, _N = Column("model", "Model"), Column("class", "Class"), Column("view", "View"), Column("n", "n")
_INTENTION_NOTE = (
    "Complete cases: those with a status. Intention to diagnose: withheld cases too, each as the wrong answer."
)


def targets(arrays: ModelArrays) -> list[tuple[str, int]]:
    """Classes that are looked at against the rest, and their numbers; of two classes the second alone."""
    return enumerate_names(arrays.classes)


def enumerate_names(classes: Sequence[str]) -> list[tuple[str, int]]:
    """Names and numbers of the classes to report; of two classes the second alone, since the first mirrors it."""
    named = [(name, index) for index, name in enumerate(classes)]
    return named if len(named) > 2 else named[1:]


def areas_of(arrays: ModelArrays, worst: bool = False) -> dict[str, Auc]:
    """AUC of each class against the rest, and their macro average where there are several and all are defined."""
    found = {}
    for name, which in targets(arrays):
        positive = arrays.truth == which
        if positive.any() and not positive.all():
            scores = arrays.worst_scores(which) if worst else arrays.probabilities[:, which]
            found[name] = auc_of(positive, scores)
    if len(found) == len(arrays.classes) > 2:
        found[MACRO] = mean_auc(list(found.values()))
    return found


def views_of(arrays: ModelArrays) -> list[tuple[str, ModelArrays]]:
    """Complete cases, and where any is withheld the intention to diagnose."""
    views = [(COMPLETE, arrays.answered)]
    return [*views, (INTENTION, arrays)] if arrays.withheld.any() else views


def resampled(arrays: ModelArrays, seed: int, resamples: int) -> dict[str, tuple[float, float] | None]:
    """Bootstrap intervals of everything of one model that has no interval of its own; complete cases."""
    cases = arrays.answered
    if not len(cases):
        return {}

    def statistics(drawn: np.ndarray) -> Mapping[str, np.ndarray]:
        n = drawn.sum(axis=1)
        areas = {
            name: drawn_auc(cases.truth == which, cases.probabilities[:, which], drawn)
            for name, which in targets(cases)
        }
        return {
            **scores_of(cases.drawn_matrices(drawn)),
            **{f"auc_{name}": values for name, values in areas.items()},
            f"auc_{MACRO}": np.mean(list(areas.values()), axis=0),
            "brier": drawn @ brier_of_each(cases.truth, cases.probabilities) / n,
            "rps": drawn @ ranked_probability_of_each(cases.truth, cases.probabilities) / n,
        }

    return bootstrap(statistics, cases.truth, cases.patients, seed, resamples)


def discrimination(models: Sequence[ModelArrays], intervals: Mapping[str, Mapping[str, Any]]) -> ResultTable:
    """AUC of each class and macro, by model and view."""
    rows = []
    for arrays in models:
        for view, cases in views_of(arrays):
            for name, area in areas_of(cases, worst=view == INTENTION).items():
                drawn = intervals[arrays.model].get(f"auc_{name}") if view == COMPLETE else None
                rows.append(
                    {
                        "model": arrays.model,
                        "view": view,
                        "class": name,
                        "n": len(cases),
                        "n_class": None if name == MACRO else area.n_positive,
                        "auc": area.estimate(cases.patients),
                        "bootstrap_low": drawn[0] if drawn else None,
                        "bootstrap_high": drawn[1] if drawn else None,
                    }
                )
    columns = (
        *(_MODEL, _VIEW, _CLASS, _N, Column("n_class", "with class"), Column("auc", "AUC (DeLong)", estimate=True)),
        *(Column("bootstrap_low", "bootstrap from"), Column("bootstrap_high", "to")),
    )
    notes = (
        "AUC of each class against the rest; macro: their plain mean. 95 % intervals: DeLong on the logit scale, cases "
        "of one patient together; bootstrap of patients within the classes, percentiles.",
        "An AUC of 0 or 1 has DeLong variance 0; its interval is that of Newcombe's method 5.",
        _INTENTION_NOTE,
    )
    return ResultTable("discrimination", "Discrimination", columns, tuple(rows), notes)


def comparisons(models: Sequence[ModelArrays], reference: str | None = None) -> ResultTable:
    """Paired DeLong tests between models, Holm-adjusted within each class.

    Args:
        reference: compare the others with this model only; None: every pair.
    """
    pairs = [(a, b) for a, b in combinations(models, 2) if reference is None or reference in (a.model, b.model)]
    rows: list[dict[str, Any]] = []
    for first, second in pairs:
        both = ~(first.withheld | second.withheld)
        a, b = first.subset(both), second.subset(both)
        left, right = areas_of(a), areas_of(b)
        for name in left:
            test = compare(left[name], right[name], a.patients)
            rows.append(
                {
                    "class": name,
                    "model_a": first.model,
                    "model_b": second.model,
                    "n": len(a),
                    "auc_a": left[name].value,
                    "auc_b": right[name].value,
                    "difference": test.difference,
                    "z": test.z,
                    "p_value": test.p,
                }
            )
    for name in {row["class"] for row in rows}:
        family = [row for row in rows if row["class"] == name]
        for row, adjusted in zip(family, holm([row["p_value"] for row in family]), strict=True):
            row["p_value_holm"] = adjusted
    order = list(dict.fromkeys(row["class"] for row in rows))
    columns = (
        *(_CLASS, Column("model_a", "Model A"), Column("model_b", "Model B"), _N),
        *(Column("auc_a", "AUC A"), Column("auc_b", "AUC B"), Column("difference", "A - B", estimate=True)),
        *(Column("z", "z", 2), Column("p_value", "p"), Column("p_value_holm", "p (Holm)")),
    )
    notes = (
        "Paired DeLong test, two-sided, on the cases with a status from both models; cases of one patient together.",
        "Holm's adjustment is over the pairs of models within a class.",
    )
    ordered = sorted(rows, key=lambda row: order.index(row["class"]))
    return ResultTable("comparisons", "Comparison of models", columns, tuple(ordered), notes)


def accuracy_table(models: Sequence[ModelArrays]) -> ResultTable:
    """Sensitivity, specificity, PPV and NPV of each class, by operating point and view."""
    rows = []
    for arrays in models:
        for name, which in targets(arrays):
            for point, view, counts in counts_of(arrays, which):
                rows.append(
                    {
                        "model": arrays.model,
                        "operating_point": point,
                        "view": view,
                        "class": name,
                        "tp": counts.tp,
                        "fp": counts.fp,
                        "fn": counts.fn,
                        "tn": counts.tn,
                        "sensitivity": counts.sensitivity,
                        "specificity": counts.specificity,
                        "ppv": counts.ppv,
                        "npv": counts.npv,
                    }
                )
    columns = (
        *(_MODEL, Column("operating_point", "Operating point"), _VIEW, _CLASS),
        *(Column(name, name.upper()) for name in ("tp", "fp", "fn", "tn")),
        *(Column(name, name.capitalize(), estimate=True) for name in ("sensitivity", "specificity")),
        *(Column(name, name.upper(), estimate=True) for name in ("ppv", "npv")),
    )
    notes = [
        "Each class against the rest: of the predicted class, and where given at the frozen threshold of each class. "
        "95 % intervals: Clopper-Pearson, for independent cases. PPV and NPV hold at the prevalence of this study.",
        _INTENTION_NOTE,
    ]
    if several := [arrays.model for arrays in models if len(np.unique(arrays.patients)) < len(arrays)]:
        notes.append(f"Some patients have several cases ({', '.join(several)}): these intervals are too narrow.")
    return ResultTable("accuracy", "Accuracy at the operating points", columns, tuple(rows), tuple(notes))


PREDICTED, THRESHOLDS = "predicted class", "thresholds"


def counts_of(arrays: ModelArrays, which: int) -> list[tuple[str, str, Accuracy]]:
    """Operating point, view and counts of a class: of the predicted class, and of frozen thresholds where given."""
    found = []
    for view, cases in views_of(arrays):
        found.append((PREDICTED, view, Accuracy(*one_against_rest(cases.matrix(), which))))
    if arrays.positive is not None:
        for view, cases in views_of(arrays):
            found.append((THRESHOLDS, view, threshold_counts(cases, which)))
    return found


def threshold_counts(cases: ModelArrays, which: int) -> Accuracy:
    """Counts of a class at its frozen threshold; withheld cases are wrong answers."""
    if cases.positive is None:
        raise ValueError("the model has no one-against-rest thresholds")
    with_class = cases.truth == which
    called = np.where(cases.withheld, ~with_class, cases.positive[:, which])
    pairs = ((called, with_class), (called, ~with_class), (~called, with_class), (~called, ~with_class))
    return Accuracy(*(int((call & truth).sum()) for call, truth in pairs))


def predictive_values(models: Sequence[ModelArrays], prevalence: Mapping[str, float]) -> ResultTable:
    """PPV and NPV at the prevalence that the user states for some classes."""
    rows = []
    for arrays in models:
        for name, which in targets(arrays):
            if name not in prevalence:
                continue
            for point, view, counts in counts_of(arrays, which):
                ppv, npv = counts.predictive_values(prevalence[name])
                rows.append(
                    {
                        "model": arrays.model,
                        "operating_point": point,
                        "view": view,
                        "class": name,
                        "prevalence": prevalence[name],
                        "ppv": ppv,
                        "npv": npv,
                    }
                )
    columns = (
        *(_MODEL, Column("operating_point", "Operating point"), _VIEW, _CLASS, Column("prevalence", "Prevalence")),
        *(Column("ppv", "PPV", estimate=True), Column("npv", "NPV", estimate=True)),
    )
    notes = (
        "By Bayes' rule from sensitivity and specificity; 95 % intervals on the logit scale (Mercaldo 2007).",
        "Sensitivity and specificity are taken to be the same there, which another mix of patients may not grant.",
    )
    return ResultTable("predictive_values", "Predictive values at your prevalence", columns, tuple(rows), notes)


def classification_table(models: Sequence[ModelArrays], intervals: Mapping[str, Mapping[str, Any]]) -> ResultTable:
    """Accuracy, F1 three ways and of each class, quadratic kappa."""
    rows = []
    for arrays in models:
        for view, cases in views_of(arrays):
            scores = {name: float(value) for name, value in scores_of(cases.matrix()).items()}
            if view == INTENTION:
                scores["kappa"] = float("nan")  # an answer that is missing has no place on its scale
            drawn = intervals[arrays.model] if view == COMPLETE else {}
            rows.append(
                {
                    "model": arrays.model,
                    "view": view,
                    "n": len(cases),
                    **{name: Estimate(value, *(drawn.get(name) or (None, None))) for name, value in scores.items()},
                }
            )
    classes = models[0].classes
    of_class = [(f"f1_{index}", f"F1, {name}") for name, index in enumerate_names(classes)]
    ways = [("f1_macro", "F1, macro"), ("f1_micro", "F1, micro"), ("f1_weighted", "F1, weighted")]
    titles = [("accuracy", "Accuracy"), *ways, *of_class, ("kappa", "Quadratic kappa")]
    columns = (_MODEL, _VIEW, _N, *(Column(name, title, estimate=True) for name, title in titles))
    notes = (
        "Of the predicted class. Macro: plain mean over classes; micro: all classes counted together (equal to "
        "accuracy where nothing is withheld); weighted: by the cases of each class. 95 % bootstrap intervals.",
        _INTENTION_NOTE,
    )
    return ResultTable("classification", "Classification", columns, tuple(rows), notes)


def confusion_table(models: Sequence[ModelArrays]) -> ResultTable:
    """Truth against prediction, with a column for the withheld."""
    rows = []
    for arrays in models:
        for name, counts in zip(arrays.classes, arrays.matrix(), strict=True):
            cells = {f"predicted_{index}": int(count) for index, count in enumerate(counts[:-1])}
            rows.append({"model": arrays.model, "truth": name, **cells, "withheld": int(counts[-1])})
    classes = models[0].classes
    columns = (
        *(_MODEL, Column("truth", "Truth")),
        *(Column(f"predicted_{index}", f"predicted {name}") for index, name in enumerate(classes)),
        Column("withheld", "withheld"),
    )
    return ResultTable("confusion_matrix", "Truth against prediction", columns, tuple(rows))
