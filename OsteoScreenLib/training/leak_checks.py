"""Whether features or cases carry the answer along; and whether this check would notice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from OsteoScreenLib.training.cohort import Cohort
from OsteoScreenLib.training.feature_matrix import FeatureMatrix

TOO_GOOD = 0.985
"""|Spearman correlation| of one feature with the T-score. CT-aBMD and DXA correlate by 0.94 to 0.97 (Cann 2014; Uemura
2023), so what is nearer is the reference standard itself. Own choice."""


def leak_findings(matrix: FeatureMatrix, cohort: Cohort) -> list[str]:
    """What looks like a leak, in sentences: a feature that is the reference standard, a case that is another's copy.

    Args:
        matrix: of all cases of the cohort.
    """
    scores = np.array([case.t_score for case in cohort.cases])
    found = [
        f"{name} follows the T-score almost exactly (Spearman {rho:+.3f}): is it made from the reference standard?"
        for name, rho in zip(matrix.names, _spearman(matrix.values, scores), strict=True)
        if abs(rho) > TOO_GOOD
    ]
    names = [case.case_id for case in cohort.cases]
    found += [
        f"the cases {names[i]} and {names[j]} of different patients have the same features"
        for i, j in _copies(matrix.values, cohort.groups)
    ]
    return found


def planted_leak_is_caught(matrix: FeatureMatrix, cohort: Cohort, seed: int = 0) -> bool:
    """Whether the T-score with a little noise, put among the features under another name, is found, and it alone."""
    rng = np.random.default_rng(seed)
    scores = np.array([case.t_score for case in cohort.cases])
    noisy = scores + rng.normal(0.0, 0.03 * scores.std(), len(scores))
    planted = matrix.beside(FeatureMatrix(("planted_leak",), noisy[:, None]))
    new = set(leak_findings(planted, cohort)) - set(leak_findings(matrix, cohort))
    return len(new) == 1 and next(iter(new)).startswith("planted_leak ")


def _spearman(values: np.ndarray, scores: np.ndarray) -> Sequence[float]:
    from scipy.stats import rankdata

    found = []
    for column in values.T:
        known = np.isfinite(column)
        if known.sum() < 10 or np.ptp(column[known]) == 0 or np.ptp(scores[known]) == 0:
            found.append(0.0)
            continue
        found.append(float(np.corrcoef(rankdata(column[known]), rankdata(scores[known]))[0, 1]))
    return found


def _copies(values: np.ndarray, groups: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of cases of different groups with the same values; cases without any value are no copies."""
    first: dict[bytes, int] = {}
    found = []
    if values.shape[1] < 3:  # two patients may well share age and sex
        return []
    for i, row in enumerate(values):
        if not np.isfinite(row).any():
            continue
        earlier = first.setdefault(row.tobytes(), i)
        if groups[earlier] != groups[i]:
            found.append((earlier, i))
    return found
