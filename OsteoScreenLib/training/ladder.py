"""The ladder of baselines: what radiomics must beat to be worth its trouble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.status.feature_names import CLINICAL_NAMES, DENSITOMETRY_PREFIX, RADIOMICS
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.status_recipe import Recipe

RUNGS = ("age_sex", "mean_hu", "ct_abmd", "radiomics", "fusion")
MEAN_HU = (f"{DENSITOMETRY_PREFIX}total_hip_mean_hu", "original_firstorder_Mean")
"""The first of these that the features have is the mean HU."""
ABMD = (f"{DENSITOMETRY_PREFIX}femoral_neck_abmd", f"{DENSITOMETRY_PREFIX}total_hip_abmd")


def ladder(
    matrix: FeatureMatrix, base: Recipe, wanted: Sequence[str] = RUNGS
) -> tuple[tuple[Recipe, ...], dict[str, str]]:
    """The recipes of the rungs that these features allow.

    Baselines are logistic regressions on one or two features; ``radiomics`` and ``fusion`` follow the base recipe, and
    ``fusion`` keeps age, sex and the densities beside the features that are selected (early fusion).

    Args:
        matrix: features of the cases to learn from. base: everything but name, features and the baselines' classifier.
        wanted: names of rungs.

    Returns:
        Recipes, and why the other rungs are left out, by name.

    Raises:
        UsageError: there is no such rung.
    """
    if unknown := sorted(set(wanted) - set(RUNGS)):
        raise UsageError(f"There is no model {unknown[0]!r}", next_step=f"Use one of {', '.join(RUNGS)}.")
    clinical = tuple(name for name in CLINICAL_NAMES if _is_known(matrix, name))
    mean_hu = tuple(name for name in MEAN_HU if _is_known(matrix, name))[:1]
    abmd = tuple(name for name in ABMD if _is_known(matrix, name))
    recipes, left_out = [], {}
    for name, kept in (("age_sex", clinical), ("mean_hu", mean_hu), ("ct_abmd", abmd)):
        if name not in wanted:
            continue
        if kept:
            recipes.append(replace(base, name=name, classifier="logistic", select_radiomics=False, kept=kept))
        else:
            left_out[name] = "the features it needs are missing or the same in all cases"
    densities = tuple(name for name in (*mean_hu, *abmd) if matrix.kind(name) != RADIOMICS)
    for name, kept in (("radiomics", ()), ("fusion", (*clinical, *densities))):
        if name not in wanted:
            continue
        if not matrix.of_kind(RADIOMICS):
            left_out[name] = "there are no radiomics features"
        elif name == "fusion" and not kept:
            left_out[name] = "there is nothing to fuse with: neither age and sex nor densities"
        else:
            recipes.append(replace(base, name=name, select_radiomics=True, kept=kept))
    return tuple(recipes), left_out


def _is_known(matrix: FeatureMatrix, name: str) -> bool:
    """Whether a feature is there, known in at least half of the cases, and not the same in all."""
    if name not in matrix.names:
        return False
    column = matrix.values[:, matrix.names.index(name)]
    known = column[np.isfinite(column)]
    return 2 * len(known) >= len(column) and len(known) > 1 and bool(np.ptp(known) > 0)
