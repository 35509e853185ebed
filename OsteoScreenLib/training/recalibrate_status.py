"""Recalibration at a site: the same classifier, other probabilities and operating points, as a new bundle."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from OsteoScreenLib.errors import InputError, UsageError
from OsteoScreenLib.evaluation.predictions import THREE_CLASSES
from OsteoScreenLib.models.bundle import ModelBundle, load_bundle
from OsteoScreenLib.models.file_rules import read_checked
from OsteoScreenLib.status.calibration import Calibration
from OsteoScreenLib.status.classifier_settings import ClassifierSettings
from OsteoScreenLib.status.prediction_set import make_prediction_sets
from OsteoScreenLib.status.status_classifier import CLASSIFIER, StatusClassifier
from OsteoScreenLib.training.choose_operating_points import choose_operating_points
from OsteoScreenLib.training.cohort import Cohort
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.fit_calibration import fit_calibration
from OsteoScreenLib.training.nested_validation import make_folds
from OsteoScreenLib.training.status_bundle import write_status_bundle
from OsteoScreenLib.training.train_one_status import OperatingRule

FOLDS = 5


@dataclass(frozen=True)
class Recalibrated:
    """What recalibration did.

    Attributes:
        folder: of the new bundle. cases: it was fitted to. withheld: cases that the model does not answer.
        before, after: mean log loss of these cases; after is cross-fitted, each case by a calibration that did not see
            it.
    """

    folder: Path
    cases: int
    withheld: int
    before: float
    after: float


def recalibrate(
    bundle: Path,
    cohort: Cohort,
    matrix: FeatureMatrix,
    out: Path,
    *,
    site: str,
    slope: bool = False,
    operating: OperatingRule | None = None,
    version: str | None = None,
) -> Recalibrated:
    """Fit intercepts, and a slope where asked for, to a site's cases; choose its operating points and sets anew.

    Args:
        bundle: folder of the parent. cohort: of the site, all of it used. matrix: its features.
        out: folder to write ``<id>-<version>`` into. site: its name, which becomes part of the id.
        slope: also a slope; wants more cases. operating: rule of the operating points.
        version: of the new bundle; the parent's where None.

    Raises:
        InputError: a feature is missing, the reference standard is another one, or a class has too few patients.
        ModelError, OutputError: the parent cannot be used, or the bundle not written.
    """
    parent = load_bundle(bundle)
    classifier = StatusClassifier(parent)
    settings = classifier.settings
    word = re.sub(r"[^a-z0-9]+", "-", site.lower()).strip("-")
    if not word:
        raise UsageError("The site needs a name of letters or digits", next_step="Give another --site.")
    _check_fit(settings, cohort, matrix)
    values = matrix.columns(settings.inputs).values
    index = np.array([i for i in range(len(values)) if not classifier.why_withheld(values[i])], dtype=np.int64)
    classes, groups = cohort.classes[index], cohort.groups[index]
    scores = np.log(np.maximum(classifier.probabilities(values[index]), 1e-12)) if len(index) else np.zeros((0, 3))
    held_out = _cross_fitted(scores, classes, groups, slope)
    rule = operating or OperatingRule()
    made_on = f"{len(index)} cases of {site}, cross-fitted"
    new = replace(
        settings,
        calibration=_normalised(settings.calibration.followed_by(fit_calibration(scores, classes, slope=slope))),
        operating_points=choose_operating_points(held_out, classes, rule.rule, rule.target, chosen_on=made_on),
        prediction_sets=make_prediction_sets(held_out, classes, settings.prediction_sets.coverage, made_on),
        class_shares=tuple(float(share) for share in np.bincount(classes, minlength=3) / len(classes)),
    )
    before, after = (float(-np.log(p[np.arange(len(classes)), classes]).mean()) for p in (np.exp(scores), held_out))
    document = _document(parent, word, site, version)
    document["metrics"]["recalibration"] = {
        "cases": len(index),
        "log_loss_before": round(before, 4),
        "log_loss_cross_fitted": round(after, 4),
    }
    spec = parent.classifiers[CLASSIFIER]
    folder = out / f"{document['id']}-{document['version']}"
    write_status_bundle(folder, document, read_checked(parent.folder / spec.file, spec.sha256), new)
    return Recalibrated(folder, len(index), len(values) - len(index), before, after)


def _cross_fitted(scores: np.ndarray, classes: np.ndarray, groups: np.ndarray, slope: bool) -> np.ndarray:
    """Probabilities of each case by a recalibration that did not see it."""
    held_out = np.zeros_like(scores)
    for train, test in make_folds(classes, groups, FOLDS, seed=0):
        held_out[test] = fit_calibration(scores[train], classes[train], slope=slope).apply(scores[test])
    return held_out


def _document(parent: ModelBundle, word: str, site: str, version: str | None) -> dict[str, Any]:
    return {
        **{name: value for name, value in parent.document.items() if name != "files"},
        "id": f"{parent.model_id}-{word}",
        "version": version or parent.version,
        "title": f"{parent.title}, recalibrated for {site}",
        "parent": parent.reference(),
        "metrics": {"of_the_parent": dict(parent.document["metrics"])},
    }


def _check_fit(settings: ClassifierSettings, cohort: Cohort, matrix: FeatureMatrix) -> None:
    """The site's reference standard and features must be the model's."""
    sources = set(cohort.t_score_source.split(" and ")) - set(settings.label["t_score_source"].split(" and "))
    if sources or cohort.t_score_site != settings.label["t_score_site"]:
        raise InputError(
            f"The model was made for {settings.label['t_score_source']} T-scores of"
            f" {settings.label['t_score_site']}; the table has {cohort.t_score_source} of {cohort.t_score_site}",
            next_step="Recalibrate with the reference standard of the model.",
            code="other_reference",
        )
    absent = [name for name in settings.inputs if name not in matrix.names]
    if absent:
        raise InputError(
            f"The model needs features that the table lacks: {', '.join(absent[:5])}",
            next_step="Measure the features as the model's card says.",
            code="unusable_features",
        )


def _normalised(calibration: Calibration) -> Calibration:
    """The same probabilities, with intercepts that sum to zero, so that two recalibrations can be compared."""
    mean = sum(calibration.intercepts) / len(THREE_CLASSES)
    return Calibration(calibration.slope, tuple(value - mean for value in calibration.intercepts))
