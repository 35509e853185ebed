"""The features of one co-occurrence matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEATURES = (
    *("Autocorrelation", "ClusterProminence", "ClusterShade", "ClusterTendency", "Contrast", "Correlation"),
    *("DifferenceAverage", "DifferenceEntropy", "DifferenceVariance", "Id", "Idm", "Idmn", "Idn", "Imc1", "Imc2"),
    *("InverseVariance", "JointAverage", "JointEnergy", "JointEntropy", "MCC", "MaximumProbability"),
    *("SumAverage", "SumEntropy", "SumSquares"),
)
NOT_COMPUTED = ("Dissimilarity", "Homogeneity1", "Homogeneity2", "SumVariance")
"""Names that PyRadiomics knows and no longer computes, as another feature is equal to each."""

_EPS = float(np.spacing(1))


def features_of(matrix: np.ndarray, present: np.ndarray) -> dict[str, float]:
    """Every feature but MCC of one matrix.

    Args:
        matrix: (L, L) probabilities that sum to 1.
        present: (L,) the grey levels of its rows and columns.

    Returns:
        By name; NaN where a feature is not defined.
    """
    level = present.astype(np.float64)
    highest = int(present[-1])
    row, column = matrix.sum(axis=1), matrix.sum(axis=0)
    flat = matrix.ravel()
    sums = np.bincount((present[:, None] + present[None, :]).ravel(), weights=flat, minlength=2 * highest + 1)[2:]
    differences = np.bincount(np.abs(present[:, None] - present[None, :]).ravel(), weights=flat, minlength=highest)
    joint_entropy = -float(np.sum(flat * np.log2(flat + _EPS)))
    return {
        "Autocorrelation": float(level @ matrix @ level),
        "JointEnergy": float(flat @ flat),
        "JointEntropy": joint_entropy,
        "MaximumProbability": float(flat.max()),
        **_of_margins(matrix, row, column, level),
        **_of_sums(sums, row @ level, column @ level),
        **_of_differences(differences, highest),
        **_of_information(matrix, row, column, joint_entropy),
    }


def _of_margins(matrix: np.ndarray, row: np.ndarray, column: np.ndarray, level: np.ndarray) -> dict[str, float]:
    off_row, off_column = level - row @ level, level - column @ level
    variance = float(row @ off_row**2)
    deviations = variance**0.5 * float(column @ off_column**2) ** 0.5
    correlation = 1.0 if deviations == 0 else float(off_row @ matrix @ off_column) / (deviations + _EPS)
    return {"JointAverage": float(row @ level), "SumSquares": variance, "Correlation": correlation}


def _of_sums(sums: np.ndarray, mean_row: float, mean_column: float) -> dict[str, float]:
    """Features of the distribution of i + j; ``sums`` starts at 2."""
    value = np.arange(2, len(sums) + 2, dtype=np.float64)
    off = value - mean_row - mean_column
    return {
        "ClusterProminence": float(sums @ off**4),
        "ClusterShade": float(sums @ off**3),
        "ClusterTendency": float(sums @ off**2),
        "SumAverage": float(sums @ value),
        "SumEntropy": -float(np.sum(sums * np.log2(sums + _EPS))),
    }


def _of_differences(differences: np.ndarray, highest: int) -> dict[str, float]:
    """Features of the distribution of |i - j|; ``differences`` starts at 0."""
    value = np.arange(len(differences), dtype=np.float64)
    average = float(differences @ value)
    return {
        "Contrast": float(differences @ value**2),
        "DifferenceAverage": average,
        "DifferenceEntropy": -float(np.sum(differences * np.log2(differences + _EPS))),
        "DifferenceVariance": float(differences @ (value - average) ** 2),
        "Id": float(np.sum(differences / (1 + value))),
        "Idm": float(np.sum(differences / (1 + value**2))),
        "Idn": float(np.sum(differences / (1 + value / highest))),
        "Idmn": float(np.sum(differences / (1 + value**2 / highest**2))),
        "InverseVariance": float(np.sum(differences[1:] / value[1:] ** 2)),
    }


def _of_information(matrix: np.ndarray, row: np.ndarray, column: np.ndarray, joint_entropy: float) -> dict[str, float]:
    """Informational measures of correlation (Haralick et al. 1973, f12 and f13)."""
    independent = row[:, None] * column[None, :]
    logarithm = np.log2(independent + _EPS)
    largest = max(-float(np.sum(margin * np.log2(margin + _EPS))) for margin in (row, column))
    first = joint_entropy + float(np.sum(matrix * logarithm))
    gain = -float(np.sum(independent * logarithm)) - joint_entropy
    # A gain that rounding makes negative has no root; like PyRadiomics, such a direction is left out of the mean.
    second = float(np.sqrt(1 - np.exp(-2 * gain))) if gain >= 0 else float("nan")
    return {"Imc1": first / largest if largest != 0 else 0.0, "Imc2": second}


def maximal_correlations(matrices: Sequence[np.ndarray]) -> list[float]:
    """Maximal correlation coefficient of each matrix: the root of the second largest eigenvalue of Haralick's Q."""
    if len(matrices[0]) < 2:
        return [1.0]
    return [_maximal_correlation(matrix) for matrix in matrices]


def _maximal_correlation(matrix: np.ndarray) -> float:
    row, column = matrix.sum(axis=1), matrix.sum(axis=0)
    q = (matrix / (row[:, None] * column[None, :] + _EPS)) @ matrix.T
    eigenvalues = np.sort_complex(np.linalg.eigvals(q))
    second = eigenvalues[-2]
    return float(np.sqrt(second).real)
