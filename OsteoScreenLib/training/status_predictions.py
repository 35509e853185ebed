"""Predictions of a model for every case of its cohort, in the form that evaluation reads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from OsteoScreenLib.evaluation.predictions import THREE_CLASSES, Prediction
from OsteoScreenLib.status.status_classifier import StatusClassifier
from OsteoScreenLib.training.cohort import Cohort, CohortCase
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.train_one_status import TrainedStatus


def predict_cohort(
    cohort: Cohort,
    matrix: FeatureMatrix,
    trained: TrainedStatus,
    classifier: StatusClassifier,
    failed: Mapping[str, str] | None = None,
) -> list[Prediction]:
    """A row for each case.

    Cases that were learnt from have the probabilities of models that did not see them; all others are asked of the
    finished bundle, as a user would, and may be withheld.

    Args:
        matrix: features of all cases. classifier: the bundle of ``trained``.
        failed: why a case could not be measured, by case_id; it is withheld for that reason.
    """
    out_of_fold = dict(zip(trained.learnt_from.tolist(), trained.out_of_fold.probabilities, strict=True))
    inputs = matrix.columns(trained.settings.inputs)
    name = trained.recipe.name
    rows = []
    for i, case in enumerate(cohort.cases):
        if i in out_of_fold:
            rows.append(_given(case, name, out_of_fold[i], trained))
            continue
        if failed and case.case_id in failed:
            rows.append(_row(case, name, withheld=failed[case.case_id]))
            continue
        features = dict(zip(inputs.names, (float(v) for v in inputs.values[i]), strict=True))
        answer = classifier.answer(features, case.side, explain=False)
        if answer.status.withheld:
            rows.append(_row(case, name, withheld="; ".join(answer.status.reasons)))
        else:
            probabilities = np.array([answer.status.probabilities[k] for k in THREE_CLASSES])
            rows.append(_given(case, name, probabilities, trained))
    return rows


def _given(case: CohortCase, model: str, probabilities: np.ndarray, trained: TrainedStatus) -> Prediction:
    positive = trained.settings.operating_points.positive(probabilities)
    return _row(
        case,
        model,
        probabilities=(float(probabilities[0]), float(probabilities[1]), float(probabilities[2])),
        predicted=THREE_CLASSES[int(np.argmax(probabilities))],
        positive=(bool(positive[0]), bool(positive[1]), bool(positive[2])),
    )


def _row(
    case: CohortCase,
    model: str,
    probabilities: tuple[float, ...] | None = None,
    predicted: str | None = None,
    positive: tuple[bool, ...] | None = None,
    withheld: str = "",
) -> Prediction:
    return Prediction(
        case_id=case.case_id,
        model=model,
        truth=case.status,
        probabilities=probabilities,
        patient_id=case.group,
        predicted=predicted,
        positive=positive,
        withheld=withheld,
        split="development" if case.is_fitted else case.split,
        sex=case.sex,
        age=case.age,
        site=case.site,
        kvp=case.kvp,
        slice_thickness_mm=case.slice_thickness_mm,
    )
