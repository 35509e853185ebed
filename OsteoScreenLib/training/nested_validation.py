"""Fitting a bone-status model with its search, and validating all of it on patients that it did not see.

The only ways in are features as they were measured and a :class:`Recipe` of plain values, so nothing that was fitted to
other cases can come along.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.evaluation.predictions import THREE_CLASSES
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if
from OsteoScreenLib.status.calibration import Calibration
from OsteoScreenLib.training.cohort import Cohort
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.fit_calibration import fit_calibration
from OsteoScreenLib.training.status_pipeline import macro_auc, make_pipeline, raw_scores
from OsteoScreenLib.training.status_recipe import Recipe


@dataclass(frozen=True, eq=False)
class FittedStatus:
    """A model that was fitted.

    Attributes:
        pipeline: scikit-learn's, fitted to all cases given. names: of the pipeline's columns.
        calibration: fitted to scores of the inner folds. chosen: what the search chose. inner_auc: macro AUC of it.
    """

    pipeline: Any
    names: tuple[str, ...]
    calibration: Calibration
    chosen: dict[str, Any]
    inner_auc: float

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the features that the classifier takes."""
        return tuple(self.names[i] for i in self.pipeline.named_steps["select"].columns_)

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """Calibrated probabilities (cases, classes) of all features (cases, columns)."""
        return self.calibration.apply(raw_scores(self.pipeline, values))


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of cases by models that did not see them, nor another case of their group.

    Attributes:
        probabilities: calibrated, (cases, classes). fold: outer fold of each case.
        aucs: macro AUC of each outer fold. inputs: features selected in each. chosen: by the search in each.
    """

    probabilities: np.ndarray
    fold: np.ndarray
    aucs: tuple[float, ...]
    inputs: tuple[tuple[str, ...], ...]
    chosen: tuple[dict[str, Any], ...]


def fit_status(
    matrix: FeatureMatrix,
    classes: np.ndarray,
    groups: np.ndarray,
    recipe: Recipe,
    stable: Collection[str] | None = None,
) -> FittedStatus:
    """Search by inner folds, calibrate by their scores, fit to all cases.

    Args:
        matrix: of the cases to learn from. classes: index of each case's class. groups: never parted by a fold.

    Raises:
        InputError: a class has too few patients for the folds.
    """
    from sklearn.model_selection import GridSearchCV, cross_val_predict

    folds = make_folds(classes, groups, recipe.inner_folds, recipe.seed)
    search = GridSearchCV(
        make_pipeline(matrix, recipe, stable), recipe.search, scoring=_scorer, cv=folds, refit=True, error_score="raise"
    )
    search.fit(matrix.values, classes)
    best = search.best_estimator_
    method = "predict_proba" if hasattr(best, "predict_proba") else "decision_function"
    answers = cross_val_predict(best, matrix.values, classes, cv=folds, method=method)
    scores = raw_scores(_Answers(method, answers), matrix.values)
    return FittedStatus(
        best, matrix.names, fit_calibration(scores, classes), dict(search.best_params_), float(search.best_score_)
    )


def validate_nested(
    matrix: FeatureMatrix,
    classes: np.ndarray,
    groups: np.ndarray,
    recipe: Recipe,
    stable: Collection[str] | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> OutOfFold:
    """Nested cross-validation: everything :func:`fit_status` does, in every outer fold by itself.

    Raises:
        InputError: a class has too few patients for the folds. CancelledError: the user asked to stop.
    """
    folds = make_folds(classes, groups, recipe.outer_folds, recipe.seed + 1)
    probabilities = np.full((len(classes), len(THREE_CLASSES)), np.nan)
    fold_of = np.zeros(len(classes), dtype=np.int64)
    aucs, inputs, chosen = [], [], []
    for number, (train, test) in enumerate(folds):
        stop_if(cancelled)
        progress(number / len(folds), f"{recipe.name}: fold {number + 1} of {len(folds)}")
        fitted = fit_status(matrix.rows(train), classes[train], groups[train], recipe, stable)
        probabilities[test] = fitted.probabilities(matrix.values[test])
        fold_of[test] = number
        aucs.append(macro_auc(probabilities[test], classes[test]))
        inputs.append(fitted.inputs)
        chosen.append(fitted.chosen)
    return OutOfFold(probabilities, fold_of, tuple(aucs), tuple(inputs), tuple(chosen))


def refuse_too_few(cohort: Cohort, recipe: Recipe) -> None:
    """Say that a cohort is too small before hours go into measuring it.

    Raises:
        InputError: a class has fewer patients to learn from than outer and inner folds need.
    """
    fitted = cohort.where(lambda case: case.is_fitted)
    classes, groups = cohort.classes[fitted], cohort.groups[fitted]
    need = recipe.outer_folds
    while need - math.ceil(need / recipe.outer_folds) < recipe.inner_folds:
        need += 1
    for k, name in enumerate(THREE_CLASSES):
        count = len(set(groups[classes == k]))
        if count < need:
            raise InputError(
                f"Of the class {name} there are {count} patients to learn from; nested cross-validation with"
                f" {recipe.outer_folds} and {recipe.inner_folds} folds needs {need}, and a useful model far more",
                next_step="Bring more cases of this class.",
                code="too_few_cases",
            )


def make_folds(classes: np.ndarray, groups: np.ndarray, n: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Folds (learn, test) with the classes in proportion and every group in one.

    Raises:
        InputError: a class has fewer groups than there are folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    for k, name in enumerate(THREE_CLASSES):
        count = len(set(groups[classes == k]))
        if count < n:
            raise InputError(
                f"Of the class {name} there are {count} patients to learn from, and {n} folds need {n}",
                next_step="Bring more cases of this class.",
                code="too_few_cases",
            )
    splitter = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(classes)), classes, groups))


def _scorer(pipeline: Any, values: np.ndarray, classes: np.ndarray) -> float:
    return macro_auc(raw_scores(pipeline, values), classes)


class _Answers:
    """Answers that were computed out of fold, in the place of a pipeline."""

    def __init__(self, method: str, answers: np.ndarray) -> None:
        setattr(self, method, lambda values: answers)
