"""The matrix of truth against prediction, and what is counted in it."""

from __future__ import annotations

import numpy as np


def confusion(truth: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts, (n_classes, n_classes + 1): rows are the truth, columns the prediction, the last column the withheld.

    Args:
        truth: (n,) class numbers. predicted: (n,) class numbers, -1 where withheld.
    """
    column = np.where(predicted < 0, n_classes, predicted)
    return np.bincount(truth * (n_classes + 1) + column, minlength=n_classes * (n_classes + 1)).reshape(n_classes, -1)


def one_against_rest(matrix: np.ndarray, which: int) -> tuple[int, int, int, int]:
    """TP, FP, FN, TN of a class in a matrix of :func:`confusion`.

    Withheld cases count against the model (intention to diagnose, Schuetz 2012): FN with the class, FP without it.
    """
    true_positive = int(matrix[which, which])
    false_negative = int(matrix[which].sum()) - true_positive
    others = np.delete(matrix, which, axis=0)
    false_positive = int(others[:, which].sum() + others[:, -1].sum())
    return true_positive, false_positive, false_negative, int(others.sum()) - false_positive


def scores_of(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Accuracy, F1 of each class (``f1_0``, ...), macro, micro and weighted F1, and quadratic weighted kappa.

    A withheld case is a wrong answer: it is missing in every class and none's false alarm, so that micro F1 differs
    from accuracy as soon as there is one. Kappa (Cohen 1968) has no place for an answer outside its order; it is of the
    cases with an answer. NaN where a measure is not defined: F1 of a class that neither occurs nor is predicted,
    kappa of cases that are all of one class.

    Args:
        matrix: (..., classes, classes + 1), one or many as :func:`confusion` counts them; figures have shape (...).
    """
    answers = matrix[..., :-1].astype(float)
    hits = np.diagonal(answers, axis1=-2, axis2=-1)
    support, called = matrix.sum(axis=-1), answers.sum(axis=-2)
    total, correct = support.sum(axis=-1), hits.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * hits / (support + called)
        return {
            "accuracy": correct / total,
            **{f"f1_{index}": f1[..., index] for index in range(f1.shape[-1])},
            "f1_macro": f1.mean(axis=-1),
            "f1_micro": 2 * correct / (total + called.sum(axis=-1)),
            "f1_weighted": (np.where(support > 0, f1, 0) * support).sum(axis=-1) / total,
            "kappa": quadratic_kappa(answers),
        }


def quadratic_kappa(answers: np.ndarray) -> np.ndarray:
    """Quadratic weighted kappa (Cohen 1968) of square matrices of counts, (..., k, k); NaN where it is not defined."""
    answers = np.asarray(answers, dtype=float)
    steps = np.arange(answers.shape[-1])
    weight = (steps[:, None] - steps[None, :]) ** 2
    rows, columns = answers.sum(axis=-1), answers.sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = rows[..., :, None] * columns[..., None, :] / rows.sum(axis=-1)[..., None, None]
        chance = (weight * expected).sum(axis=(-2, -1))
        return np.where(chance > 0, 1 - (weight * answers).sum(axis=(-2, -1)) / chance, np.nan)


def brier_of_each(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Brier score of each case over all classes, 0 to 2 (Brier 1950): squared distance to the truth."""
    return ((probabilities - np.eye(probabilities.shape[1])[truth]) ** 2).sum(axis=1)


def ranked_probability_of_each(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Ranked probability score of each case, 0 to 1 (Epstein 1969): Brier's score of cumulative probabilities in the
    order of the classes, divided by the number of classes less one.
    """
    steps = probabilities.shape[1] - 1
    distance = np.cumsum(probabilities - np.eye(steps + 1)[truth], axis=1)[:, :steps]
    return (distance**2).sum(axis=1) / steps
