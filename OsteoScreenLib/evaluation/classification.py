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


def scores_of(matrix: np.ndarray) -> dict[str, float]:
    """Accuracy, F1 of each class (``f1_0``, ...), macro, micro and weighted F1, and quadratic weighted kappa.

    A withheld case is a wrong answer: it is missing in every class and none's false alarm, so that micro F1 differs
    from accuracy as soon as there is one. Kappa (Cohen 1968) has no place for an answer outside its order; it is of the
    cases with an answer. NaN where a measure is not defined: F1 of a class that neither occurs nor is predicted,
    kappa of cases that are all of one class.
    """
    answers = matrix[:, :-1].astype(float)
    total, correct = float(matrix.sum()), float(np.trace(answers))
    missed = matrix.sum(axis=1) - np.diag(answers)
    false = answers.sum(axis=0) - np.diag(answers)
    support = matrix.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * np.diag(answers) / (2 * np.diag(answers) + missed + false)
        return {
            "accuracy": float(np.divide(correct, total)),
            **{f"f1_{index}": float(value) for index, value in enumerate(f1)},
            "f1_macro": float(np.mean(f1)),
            "f1_micro": float(np.divide(2 * correct, 2 * correct + missed.sum() + false.sum())),
            "f1_weighted": float(np.sum(np.where(support > 0, f1, 0) * support) / total),
            "kappa": quadratic_kappa(answers),
        }


def quadratic_kappa(answers: np.ndarray) -> float:
    """Quadratic weighted kappa (Cohen 1968) of a square matrix of counts; NaN where it is not defined."""
    answers = np.asarray(answers, dtype=float)
    steps = np.arange(len(answers))
    weight = (steps[:, None] - steps[None, :]) ** 2
    total = answers.sum()
    expected = np.outer(answers.sum(axis=1), answers.sum(axis=0)) / total if total else np.zeros_like(answers)
    chance = float((weight * expected).sum())
    return 1 - float((weight * answers).sum()) / chance if chance > 0 else float("nan")


def brier(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Brier score over all classes, 0 to 2 (Brier 1950): mean of the squared distances to the truth."""
    return float(((probabilities - np.eye(probabilities.shape[1])[truth]) ** 2).sum(axis=1).mean())


def ranked_probability(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Ranked probability score, 0 to 1 (Epstein 1969): Brier's score of cumulative probabilities in the order of
    the classes, divided by the number of classes less one.
    """
    steps = probabilities.shape[1] - 1
    distance = np.cumsum(probabilities - np.eye(steps + 1)[truth], axis=1)[:, :steps]
    return float((distance**2).sum(axis=1).mean() / steps)
