"""Steps of feature selection. Each takes the features of the training cases alone and gives columns to keep.

Only ``SelectFeatures`` calls them, inside the pipeline that is fitted anew in every fold.
"""

from __future__ import annotations

import numpy as np

_BORUTA_ROUNDS = 20
_BORUTA_TREES = 100


def varying(values: np.ndarray) -> np.ndarray:
    """Columns whose standard deviation is more than rounding: int64."""
    spread = values.std(axis=0)
    return np.flatnonzero(spread > 1e-9 * np.maximum(1.0, np.abs(values).max(axis=0, initial=0.0)))


def relevance(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """F statistic of each column between the classes (one-way analysis of variance): float64 (features,)."""
    groups = [values[classes == k] for k in np.unique(classes)]
    mean = values.mean(axis=0)
    between = sum(len(g) * (g.mean(axis=0) - mean) ** 2 for g in groups) / max(1, len(groups) - 1)
    within = sum(((g - g.mean(axis=0)) ** 2).sum(axis=0) for g in groups) / max(1, len(values) - len(groups))
    return np.asarray(between / np.maximum(within, np.finfo(float).tiny))


def uncorrelated(values: np.ndarray, importance: np.ndarray, limit: float) -> np.ndarray:
    """Columns none of which correlates with another by more than ``limit`` (|Pearson r|); the more important one stays.

    Args:
        values: (cases, features), none constant. importance: (features,), by which the better of two is chosen.
    """
    r = np.abs(correlations(values))
    kept: list[int] = []
    for column in np.argsort(-importance, kind="stable"):
        if not kept or r[column, kept].max() <= limit:
            kept.append(int(column))
    return np.array(sorted(kept), dtype=np.int64)


def mrmr(values: np.ndarray, classes: np.ndarray, count: int) -> np.ndarray:
    """Minimum redundancy, maximum relevance: F statistic over mean |r| with those chosen before, one column at a time.

    The "FCQ" scheme of Ding and Peng 2005 (J Bioinform Comput Biol 3:185), as in Zhao, Anand and Wang 2019.

    Returns:
        At most ``count`` columns, in the order in which they were chosen.
    """
    score = relevance(values, classes)
    r = np.abs(correlations(values))
    chosen = [int(np.argmax(score))] if len(score) else []
    redundancy = np.zeros(len(score))
    while len(chosen) < min(count, len(score)):
        redundancy += r[chosen[-1]]
        gain = score / np.maximum(redundancy / len(chosen), 1e-3)
        gain[chosen] = -np.inf
        chosen.append(int(np.argmax(gain)))
    return np.array(chosen, dtype=np.int64)


def lasso(values: np.ndarray, classes: np.ndarray, most: int) -> np.ndarray:
    """Columns with a coefficient in the LASSO (Tibshirani 1996) of the class's rank, the penalty chosen by BIC.

    The classes are ordered, so that their rank 0, 1, 2 is a number that can be regressed on.

    Returns:
        At most ``most`` columns, those with the largest standardised coefficients; the first one where all are zero.
    """
    from sklearn.linear_model import LassoLarsIC
    from sklearn.preprocessing import StandardScaler

    scaled = StandardScaler().fit_transform(values)
    weight = np.abs(LassoLarsIC(criterion="bic").fit(scaled, classes.astype(float)).coef_)
    order = np.argsort(-weight, kind="stable")[:most]
    found = order[weight[order] > 0]
    return np.sort(found) if len(found) else np.array([0], dtype=np.int64)


def boruta(values: np.ndarray, classes: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Columns more important to a forest than shuffled copies (Boruta: Kursa and Rudnicki 2010, J Stat Softw 36/11).

    Simplified: a fixed number of rounds, and one binomial test with Bonferroni's correction at the end.

    Returns:
        At most ``most`` columns, the most often better ones; the best one where none passes.
    """
    from scipy.stats import binom
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(seed)
    n = values.shape[1]
    hits = np.zeros(n, dtype=np.int64)
    for _ in range(_BORUTA_ROUNDS):
        shadows = rng.permuted(values, axis=0)
        forest = RandomForestClassifier(
            _BORUTA_TREES, max_depth=5, class_weight="balanced", random_state=int(rng.integers(2**31))
        )
        importance = forest.fit(np.hstack([values, shadows]), classes).feature_importances_
        hits += importance[:n] > importance[n:].max()
    passed = binom.sf(hits - 1, _BORUTA_ROUNDS, 0.5) < 0.05 / n
    order = np.argsort(-hits, kind="stable")
    found = [column for column in order if passed[column]][:most]
    return np.sort(np.array(found or [order[0]], dtype=np.int64))


def correlations(values: np.ndarray) -> np.ndarray:
    """Pearson's r of all pairs of columns (features, features); 0 with a constant one."""
    centred = values - values.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(length > 0, length, 1.0)
    return np.asarray(unit.T @ unit)
