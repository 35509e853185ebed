"""The checks that run with every training, and what they warn of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from OsteoScreenLib.progress import CancelToken, never_cancelled
from OsteoScreenLib.training.cohort import Cohort
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.leak_checks import leak_findings, planted_leak_is_caught
from OsteoScreenLib.training.permutation_test import permutation_test
from OsteoScreenLib.training.sample_size import learning_size, prevalence_warnings, validation_warnings
from OsteoScreenLib.training.train_one_status import TrainedStatus


def honesty_report(
    cohort: Cohort,
    matrix: FeatureMatrix,
    trained: TrainedStatus,
    stable: Collection[str] | None = None,
    permutations: int = 20,
    cancelled: CancelToken = never_cancelled,
) -> dict[str, Any]:
    """Of one model: permuted labels, a planted leak, real leaks, cases to learn from.

    Args:
        cohort: split. matrix: features of all its cases. trained: the model, made from them.
        permutations: of the labels; 0 leaves this check out, and a warning says so.

    Raises:
        CancelledError: the user asked to stop.
    """
    index, recipe = trained.learnt_from, trained.recipe
    own = matrix.columns(_features_of(matrix, trained))
    warnings = leak_findings(own, cohort)
    caught = planted_leak_is_caught(own, cohort)
    if not caught:
        warnings.append("a planted leak was not noticed: the check for leaks cannot be relied on here")
    permuted = None
    if permutations > 1:
        permuted = permutation_test(
            matrix.rows(index), cohort.classes[index], cohort.groups[index], recipe, stable, permutations, cancelled
        )
        if not permuted.is_sound:
            warnings.append(f"with permuted labels the AUC is {permuted.low:.2f} to {permuted.high:.2f}, not about 0.5")
    else:
        warnings.append("labels were not permuted")
    counts = trained.fitted.pipeline.named_steps["select"].counts_
    candidates = int(counts.get("stable", counts.get("varying", 0))) + len(recipe.kept)
    size, too_few = learning_size(cohort.classes[index], trained.out_of_fold.probabilities, candidates)
    return {
        "planted_leak_caught": caught,
        "permuted_labels": None if permuted is None else permuted.to_dict(),
        "sample_size": size,
        "warnings": [*warnings, *too_few],
    }


def cohort_warnings(cohort: Cohort) -> list[str]:
    """Of the cohort: its reference standard, cases to validate on, shift of prevalence. In sentences."""
    mixed = "T-scores of DXA and of QCT are mixed: near -1.0 and -2.5 the two put patients into different classes"
    sources = [mixed] if " and " in cohort.t_score_source else []
    return [*sources, *validation_warnings(cohort), *prevalence_warnings(cohort)]


def _features_of(matrix: FeatureMatrix, trained: TrainedStatus) -> tuple[str, ...]:
    """The features that the model could choose from or keeps."""
    select = trained.fitted.pipeline.named_steps["select"]
    return tuple(matrix.names[i] for i in (*select.kept, *select.candidates))
