"""Making one bone-status model: validated, fitted, calibrated, its operating points frozen, exported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.status.classifier_settings import ClassifierSettings
from OsteoScreenLib.status.feature_names import RADIOMICS
from OsteoScreenLib.status.prediction_set import make_prediction_sets
from OsteoScreenLib.training.choose_operating_points import choose_operating_points
from OsteoScreenLib.training.cohort import Cohort
from OsteoScreenLib.training.export_status import OUTPUTS, export_onnx
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.fit_envelope import fit_envelope
from OsteoScreenLib.training.nested_validation import FittedStatus, OutOfFold, fit_status, validate_nested
from OsteoScreenLib.training.status_pipeline import score_kind
from OsteoScreenLib.training.status_recipe import Recipe

LARGEST_MISSING_SHARE = 0.1
"""Of the inputs that may be imputed at prediction. Own choice."""


@dataclass(frozen=True)
class OperatingRule:
    """How operating points are chosen; see ``choose_operating_points``."""

    rule: str = "youden"
    target: float = 0.9


@dataclass(frozen=True, eq=False)
class TrainedStatus:
    """One model.

    Attributes:
        recipe: how it was made. learnt_from: positions in the cohort of the cases it learnt from.
        out_of_fold: of these cases. fitted: the final model. onnx: its file. settings: beside it.
    """

    recipe: Recipe
    learnt_from: np.ndarray
    out_of_fold: OutOfFold
    fitted: FittedStatus
    onnx: bytes
    settings: ClassifierSettings


def learnable(cohort: Cohort, matrix: FeatureMatrix, recipe: Recipe) -> np.ndarray:
    """Positions of the cases that this model may learn from.

    Those of the fitted splits with all kept features and, where radiomics take part, at most the share of missing ones
    that is imputed at prediction. A feature that none of them has does not count.
    """
    fitted = cohort.where(lambda case: case.is_fitted)
    known = np.isfinite(matrix.values[:, matrix.positions(recipe.kept)]).all(axis=1)
    if recipe.select_radiomics:
        there = np.isfinite(matrix.columns(matrix.of_kind(RADIOMICS)).values)
        there = there[:, there[fitted].any(axis=0)]
        known &= (~there).mean(axis=1) <= LARGEST_MISSING_SHARE
    return np.array([i for i in fitted if known[i]], dtype=np.int64)


def train_one_status(
    cohort: Cohort,
    matrix: FeatureMatrix,
    recipe: Recipe,
    *,
    stable: Collection[str] | None = None,
    operating: OperatingRule | None = None,
    feature_settings: Mapping[str, Any] | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> TrainedStatus:
    """Make a model from the cases that are there to learn from; no other case is looked at.

    Args:
        cohort: split. matrix: features of all its cases, as measured. recipe: how.
        stable: features that an ICC table calls stable; None without such a table.
        operating: rule of the operating points; None for Youden's.
        feature_settings: how the features were measured, for the bundle.

    Raises:
        InputError: a class has too few patients. ModelError: the exported graph differs from scikit-learn.
        CancelledError: the user asked to stop.
    """
    index = learnable(cohort, matrix, recipe)
    rows, classes, groups = matrix.rows(index), cohort.classes[index], cohort.groups[index]
    out_of_fold = validate_nested(rows, classes, groups, recipe, stable, progress, cancelled)
    progress(0.95, f"{recipe.name}: final model")
    fitted = fit_status(rows, classes, groups, recipe, stable)
    kind = score_kind(recipe)
    inputs = rows.columns(fitted.inputs).values
    rule = operating or OperatingRule()
    made_on = f"{len(index)} development cases, out of fold"
    settings = ClassifierSettings(
        inputs=fitted.inputs,
        never_imputed=recipe.kept,
        largest_missing_share=LARGEST_MISSING_SHARE,
        score=kind,
        output=OUTPUTS[kind],
        typical=np.nanmedian(inputs, axis=0),
        calibration=fitted.calibration,
        operating_points=choose_operating_points(
            out_of_fold.probabilities, classes, rule.rule, rule.target, chosen_on=made_on
        ),
        prediction_sets=make_prediction_sets(out_of_fold.probabilities, classes, recipe.coverage, made_on),
        envelope=fit_envelope(fitted.inputs, inputs, groups),
        label={"t_score_source": cohort.t_score_source, "t_score_site": cohort.t_score_site},
        class_shares=tuple(float(share) for share in np.bincount(classes, minlength=3) / len(classes)),
        feature_settings=dict(feature_settings or {}),
    )
    progress(1.0, f"{recipe.name}: done")
    return TrainedStatus(recipe, index, out_of_fold, fitted, export_onnx(fitted, kind, rows.values), settings)
