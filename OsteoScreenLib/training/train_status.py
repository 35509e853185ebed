"""From a split cohort and its features to the ladder of models, their bundles and their predictions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from OsteoScreenLib.errors import InputError, OutputError
from OsteoScreenLib.evaluation.predictions import THREE_CLASSES, Prediction, PredictionTable
from OsteoScreenLib.evaluation.predictions_file import write_predictions
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, part_of
from OsteoScreenLib.status.status_classifier import StatusClassifier
from OsteoScreenLib.training.cohort import Cohort
from OsteoScreenLib.training.feature_file import write_features
from OsteoScreenLib.training.feature_matrix import FeatureMatrix, clinical_features
from OsteoScreenLib.training.honesty import cohort_warnings, honesty_report
from OsteoScreenLib.training.ladder import RUNGS, ladder
from OsteoScreenLib.training.status_bundle import CardFacts, status_document, write_status_bundle
from OsteoScreenLib.training.status_metrics import card_metrics
from OsteoScreenLib.training.status_predictions import predict_cohort
from OsteoScreenLib.training.status_recipe import Recipe
from OsteoScreenLib.training.train_one_status import OperatingRule, TrainedStatus, train_one_status


@dataclass(frozen=True)
class TrainingOptions:
    """What a user may choose.

    Attributes:
        base: recipe of the models of radiomics and fusion. rungs: of the ladder.
        operating: rule of the operating points. permutations: of the labels. facts: for the cards.
        feature_settings: how the features were measured.
    """

    base: Recipe = field(default_factory=lambda: Recipe("radiomics"))
    rungs: tuple[str, ...] = RUNGS
    operating: OperatingRule = field(default_factory=OperatingRule)
    permutations: int = 20
    facts: CardFacts = field(default_factory=CardFacts)
    feature_settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingOutcome:
    """Where everything lies, and what to know of it.

    Attributes:
        bundles: folder of each model's bundle, by name. predictions: table of all models and cases.
        report: JSON file. left_out: rungs that could not be made, and why. warnings: in sentences.
    """

    bundles: Mapping[str, Path]
    predictions: Path
    report: Path
    left_out: Mapping[str, str]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form."""
        return {
            "bundles": {name: str(folder) for name, folder in self.bundles.items()},
            "predictions": str(self.predictions),
            "report": str(self.report),
            "left_out": dict(self.left_out),
            "warnings": list(self.warnings),
        }


def train_status(
    cohort: Cohort,
    features: FeatureMatrix,
    out: Path,
    options: TrainingOptions | None = None,
    *,
    stable: Collection[str] | None = None,
    failed: Mapping[str, str] | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> TrainingOutcome:
    """Train every rung of the ladder, check it, and write bundles, predictions and report into a folder.

    Args:
        cohort: split. features: of all its cases, as measured, without age and sex, which the cohort has.
        out: folder; what an earlier training wrote there gives way.
        options: choices. stable: features that an ICC table calls stable; None without such a table.
        failed: why a case could not be measured, by case_id; it is withheld for that reason, in every model.

    Raises:
        InputError: a class has too few patients, or no rung can be made. UsageError: there is no such rung.
        ModelError: a model cannot be exported. OutputError: the folder cannot be written. CancelledError: to stop.
    """
    options = options or TrainingOptions()
    matrix = clinical_features(cohort).beside(features)
    fitted = matrix.rows(cohort.where(lambda case: case.is_fitted))
    recipes, left_out = ladder(fitted, options.base, options.rungs)
    if not recipes:
        raise InputError(
            f"No model can be made: {'; '.join(f'{name}: {why}' for name, why in left_out.items())}",
            next_step="Bring the features that one of the models needs.",
        )
    bundles: dict[str, Path] = {}
    rows: list[Prediction] = []
    report: dict[str, Any] = {"left_out": left_out, "models": {}}
    warnings = cohort_warnings(cohort)
    _prepare(out)
    for number, recipe in enumerate(recipes):
        share = part_of(progress, number / len(recipes), (number + 1) / len(recipes))
        trained, honesty = _trained_and_checked(cohort, matrix, recipe, options, stable, share, cancelled)
        own, folder, metrics = _finish(cohort, matrix, trained, out, options, honesty, failed)
        bundles[recipe.name] = folder
        rows += own
        warnings += [f"{recipe.name}: {text}" for text in honesty["warnings"]]
        report["models"][recipe.name] = _account(trained, honesty, metrics)
    write_features(matrix, cohort, out / "features.csv")
    predictions = write_predictions(PredictionTable(THREE_CLASSES, tuple(rows)), out / "predictions.csv")
    report["warnings"] = warnings
    return TrainingOutcome(bundles, predictions, _write_report(report, out), left_out, tuple(warnings))


def _trained_and_checked(
    cohort: Cohort,
    matrix: FeatureMatrix,
    recipe: Recipe,
    options: TrainingOptions,
    stable: Collection[str] | None,
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> tuple[TrainedStatus, dict[str, Any]]:
    """One rung, and what the checks of honesty say of it."""
    trained = train_one_status(
        cohort,
        matrix,
        recipe,
        stable=stable,
        operating=options.operating,
        feature_settings=options.feature_settings,
        progress=part_of(progress, 0.0, 0.6),
        cancelled=cancelled,
    )
    progress(0.6, f"{recipe.name}: checks")
    return trained, honesty_report(cohort, matrix, trained, stable, options.permutations, cancelled)


def _finish(
    cohort: Cohort,
    matrix: FeatureMatrix,
    trained: TrainedStatus,
    out: Path,
    options: TrainingOptions,
    honesty: Mapping[str, Any],
    failed: Mapping[str, str] | None,
) -> tuple[list[Prediction], Path, dict[str, Any]]:
    """Bundle and predictions. The card needs figures of the bundle, so a draft of it predicts first."""
    name, facts, settings = trained.recipe.name, options.facts, trained.settings
    folder = out / "bundles" / f"{facts.model_id}-{name.replace('_', '-')}-{facts.version}"
    draft = out / "bundles" / f".{folder.name}.draft"
    limits = [
        "Says nothing of cases unlike those it was made from: they are withheld.",
        "Thresholds and probabilities are of the population it was made from; elsewhere it wants recalibration.",
        *cohort_warnings(cohort),
        *honesty["warnings"],
    ]
    training = {"recipe": trained.recipe.to_dict(), "chosen": trained.fitted.chosen}
    cases = len(trained.learnt_from)
    document = status_document(name, facts, settings, cases, {}, training, limits)
    try:
        bundle = write_status_bundle(draft, document, trained.onnx, settings)
        rows = predict_cohort(cohort, matrix, trained, StatusClassifier(bundle), failed)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    metrics = card_metrics(rows, settings.prediction_sets)
    write_status_bundle(folder, {**document, "metrics": metrics}, trained.onnx, settings)
    return rows, folder, metrics


def _account(trained: TrainedStatus, honesty: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What the report says of one model."""
    select = trained.fitted.pipeline.named_steps["select"]
    times: dict[str, int] = {}
    for inputs in trained.out_of_fold.inputs:
        for name in inputs:
            times[name] = times.get(name, 0) + 1
    return {
        "recipe": trained.recipe.to_dict(),
        "learnt_from": len(trained.learnt_from),
        "inputs": list(trained.settings.inputs),
        "selection": dict(select.counts_),
        "selected_in_outer_folds": dict(sorted(times.items(), key=lambda entry: -entry[1])),
        "chosen": trained.fitted.chosen,
        "outer_fold_auc": [round(auc, 4) for auc in trained.out_of_fold.aucs],
        "operating_points": trained.settings.operating_points.to_dict(),
        "metrics": dict(metrics),
        "honesty": dict(honesty),
    }


def _prepare(out: Path) -> None:
    """An empty folder of bundles: those of an earlier training would not fit the new predictions."""
    try:
        shutil.rmtree(out / "bundles", ignore_errors=True)
        (out / "bundles").mkdir(parents=True)
    except OSError as error:
        raise OutputError(
            f"The folder cannot be written: {error.strerror or error}",
            path=out,
            next_step="Choose a folder that you may write to, with space left.",
        ) from error


def _write_report(report: Mapping[str, Any], out: Path) -> Path:
    path = out / "report.json"
    try:
        path.write_text(json.dumps(report, indent=1, default=_plain) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"The report cannot be written: {error.strerror or error}",
            path=path,
            next_step="Choose a folder that you may write to, with space left.",
        ) from error
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")
