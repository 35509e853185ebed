"""Sets of predictions made by a formula, the same on every machine, to compare statistics with other programs."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

N_BINARY = 20


@dataclass(frozen=True)
class BinarySet:
    """Truth and two correlated scores of the same cases; every third set has ties."""

    truth: np.ndarray
    first: np.ndarray
    second: np.ndarray


@dataclass(frozen=True)
class ThreeClassSet:
    """Truth as class numbers, and probabilities of three classes."""

    truth: np.ndarray
    probabilities: np.ndarray


def binary_set(number: int) -> BinarySet:
    """One of ``N_BINARY`` sets: 24 to 400 cases, 10 to 60 % positive, AUC about 0.55 to 0.99."""
    source = random.Random(f"binary {number}")
    n = 24 + 20 * number
    positives = max(3, round(n * (0.1 + 0.5 * number / (N_BINARY - 1))))
    truth = np.arange(n) < positives
    strength = 0.2 + 3.0 * ((number * 7) % N_BINARY) / (N_BINARY - 1)
    shared = _bells(source, n)
    scores = [strength * share * truth + 0.7 * shared + 0.7 * _bells(source, n) for share in (1.0, 0.8)]
    if number % 3 == 0:
        scores = [np.round(score, 0) for score in scores]
    return BinarySet(truth, *(np.round(score, 6) for score in scores))


def probability_set(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities that are too extreme in even sets, and too low in odd ones."""
    source = random.Random(f"probability {number}")
    n = 80 + 40 * number
    risk = 1.2 * _bells(source, n) - 0.8
    truth = np.array([source.random() for _ in range(n)]) < 1 / (1 + np.exp(-risk))
    claimed = 1.6 * risk if number % 2 == 0 else risk - 0.7
    return truth, np.round(1 / (1 + np.exp(-claimed)), 6)


def three_class_set(number: int, n: int = 101) -> ThreeClassSet:
    """As many of each class as the femur paper's test set has at n = 101: 52, 30 and 19."""
    source = random.Random(f"three classes {number}")
    truth = np.array([0] * (n * 52 // 101) + [1] * (n * 30 // 101))
    truth = np.concatenate([truth, np.full(n - len(truth), 2)])
    severity = truth + 0.8 * _bells(source, n)
    weights = np.exp(-((severity[:, None] - np.arange(3)) ** 2))
    probabilities = np.round(weights / weights.sum(axis=1, keepdims=True), 4)
    return ThreeClassSet(truth, probabilities / probabilities.sum(axis=1, keepdims=True))


def ratings(number: int) -> np.ndarray:
    """Values of 25 subjects by 2 to 4 raters who differ in their level."""
    source = random.Random(f"ratings {number}")
    raters = 2 + number % 3
    subjects = _bells(source, 25)[:, None]
    errors = np.array([_bells(source, 25) for _ in range(raters)]).T
    return np.round(subjects + 0.3 * number * np.arange(raters) / 2 + (0.2 + 0.2 * number) * errors, 6)


def _bells(source: random.Random, n: int) -> np.ndarray:
    """Nearly normal numbers: sums of twelve uniform ones, the same with every version of numpy."""
    return np.array([sum(source.random() for _ in range(12)) - 6 for _ in range(n)])
