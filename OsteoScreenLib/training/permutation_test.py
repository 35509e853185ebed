"""Training on permuted labels: what the same pipeline finds where there is nothing to find."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.progress import CancelToken, never_cancelled, stop_if
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.nested_validation import make_folds
from OsteoScreenLib.training.status_pipeline import macro_auc, make_pipeline, raw_scores
from OsteoScreenLib.training.status_recipe import Recipe


@dataclass(frozen=True)
class PermutationTest:
    """Macro AUC with the true labels and with permuted ones, by the same folds.

    Attributes:
        true_auc: with the labels as they are. mean: of the permuted ones. low, high: where a further one would lie with
            95 % (prediction interval by Student's t).
        p: share of permutations at least as good as the truth, (1 + k) / (1 + n).
        permutations: how many.
    """

    true_auc: float
    mean: float
    low: float
    high: float
    p: float
    permutations: int

    @property
    def is_sound(self) -> bool:
        """Whether the interval of the permuted AUC holds 0.5."""
        return self.low <= 0.5 <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form."""
        return {**self.__dict__, "is_sound": self.is_sound}


def permutation_test(
    matrix: FeatureMatrix,
    classes: np.ndarray,
    groups: np.ndarray,
    recipe: Recipe,
    stable: Collection[str] | None = None,
    permutations: int = 20,
    cancelled: CancelToken = never_cancelled,
) -> PermutationTest:
    """Fit the pipeline, without its search, to permuted labels; the whole of it in every fold.

    Labels move from group to group, so that two hips of a patient still have one.

    Args:
        permutations: two at least; the fewer, the wider the interval.

    Raises:
        InputError: a class has too few patients for the folds. CancelledError: the user asked to stop.
    """
    from scipy.stats import t

    rng = np.random.default_rng(recipe.seed)
    true_auc = _cross_validated(matrix, classes, groups, recipe, stable)
    names, first = np.unique(groups, return_index=True)
    position = np.searchsorted(names, groups)
    found = []
    for _ in range(permutations):
        stop_if(cancelled)
        found.append(_cross_validated(matrix, rng.permutation(classes[first])[position], groups, recipe, stable))
    aucs = np.array(found)
    wide = float(t.ppf(0.975, permutations - 1)) * math.sqrt(1 + 1 / permutations)
    mean, spread = float(aucs.mean()), wide * float(aucs.std(ddof=1))
    p = (1 + int((aucs >= true_auc).sum())) / (1 + permutations)
    return PermutationTest(true_auc, mean, mean - spread, mean + spread, p, permutations)


def _cross_validated(
    matrix: FeatureMatrix, classes: np.ndarray, groups: np.ndarray, recipe: Recipe, stable: Collection[str] | None
) -> float:
    """Mean over the folds of the macro AUC, with the first value of everything that is searched."""
    first = {name: values[0] for name, values in recipe.search.items()}
    aucs = []
    for train, test in make_folds(classes, groups, recipe.outer_folds, recipe.seed + 1):
        pipeline = make_pipeline(matrix, recipe, stable).set_params(**first)
        pipeline.fit(matrix.values[train], classes[train])
        aucs.append(macro_auc(raw_scores(pipeline, matrix.values[test]), classes[test]))
    return float(np.mean(aucs))
