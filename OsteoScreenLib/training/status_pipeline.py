"""The scikit-learn pipeline of a bone-status model, unfitted; everything that learns from cases is a step of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from OsteoScreenLib.status.calibration import log_scores
from OsteoScreenLib.status.feature_names import RADIOMICS
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.status_recipe import Recipe

PROBABILITY, DECISION = "probability", "decision"


def make_pipeline(matrix: FeatureMatrix, recipe: Recipe, stable: Collection[str] | None = None) -> Any:
    """Imputation by the median, selection, standardisation, classifier.

    Trees need no standardisation, and without it they split in single precision, as scikit-learn's own trees do: the
    exported graph then answers the same to the last digit.

    Args:
        matrix: gives the names of the columns; its values are not looked at.
        stable: names of the features that an ICC table calls stable; None where there is no such table.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    from OsteoScreenLib.training.select_features import SelectFeatures

    candidates = matrix.of_kind(RADIOMICS) if recipe.select_radiomics else ()
    select = SelectFeatures(
        candidates=tuple(matrix.positions(candidates)),
        kept=tuple(matrix.positions(recipe.kept)),
        stable=None if stable is None else tuple(matrix.positions([n for n in candidates if n in stable])),
        correlation_limit=recipe.correlation_limit,
        mrmr_features=recipe.mrmr_features[0],
        selector=recipe.selector,
        most_features=recipe.most_features,
        seed=recipe.seed,
    )
    return Pipeline(
        [
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("select", select),
            ("scale", "passthrough" if recipe.classifier in ("forest", "boosting") else StandardScaler()),
            ("classify", _classifier(recipe)),
        ]
    )


def _classifier(recipe: Recipe) -> Any:
    """Classes are weighted by the inverse of their frequency, so that rare ones are learnt; calibration corrects it.

    Gradient boosting takes no such weights.
    """
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    if recipe.classifier == "forest":
        return RandomForestClassifier(recipe.trees, class_weight="balanced_subsample", random_state=recipe.seed)
    if recipe.classifier == "logistic":
        return LogisticRegression(class_weight="balanced", max_iter=2000)
    if recipe.classifier == "svm":
        return SVC(class_weight="balanced", decision_function_shape="ovr", random_state=recipe.seed)
    return GradientBoostingClassifier(learning_rate=0.05, max_depth=2, subsample=0.8, random_state=recipe.seed)


def score_kind(recipe: Recipe) -> str:
    """What the classifier answers: ``probability``, or the ``decision`` values of a support vector machine."""
    return DECISION if recipe.classifier == "svm" else PROBABILITY


def raw_scores(pipeline: Any, values: np.ndarray) -> np.ndarray:
    """Scores (cases, classes) of a fitted pipeline: logarithms of probabilities, or decision values."""
    if hasattr(pipeline, "predict_proba"):
        return log_scores(pipeline.predict_proba(values))
    return np.asarray(pipeline.decision_function(values), dtype=np.float64)


def macro_auc(scores: np.ndarray, classes: np.ndarray) -> float:
    """Mean over the classes of the area under the ROC curve of one class against the others."""
    from sklearn.metrics import roc_auc_score

    present = [k for k in range(scores.shape[1]) if 0 < np.sum(classes == k) < len(classes)]
    return float(np.mean([roc_auc_score(classes == k, scores[:, k]) for k in present]))
