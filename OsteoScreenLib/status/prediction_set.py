"""Conformal prediction: sets of classes that hold the true one in a stated share of cases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.status.bone_status import CLASSES


@dataclass(frozen=True)
class PredictionSets:
    """Every class from this probability on is in the set: score 1 - probability of the true class (Sadinle 2019).

    Attributes:
        coverage: wanted share of sets that hold the true class. least_probability: of a class in the set.
        cases: how many cases it was made on. made_on: which.
    """

    coverage: float
    least_probability: float
    cases: int
    made_on: str

    def members(self, probabilities: np.ndarray) -> np.ndarray:
        """Whether each class is in the set of each case: bool (cases, classes). A set may be empty."""
        return np.asarray(np.asarray(probabilities) >= self.least_probability)

    def names(self, probabilities: np.ndarray) -> tuple[str, ...]:
        """The classes in the set of one case (classes,)."""
        return tuple(name for name, is_in in zip(CLASSES, self.members(probabilities), strict=True) if is_in)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {
            "coverage": self.coverage,
            "least_probability": self.least_probability,
            "cases": self.cases,
            "made_on": self.made_on,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PredictionSets:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where malformed."""
        least = float(data["least_probability"])
        return cls(float(data["coverage"]), least, int(data["cases"]), str(data["made_on"]))


def make_prediction_sets(probabilities: np.ndarray, truth: np.ndarray, coverage: float, made_on: str) -> PredictionSets:
    """Split conformal prediction (Vovk 2005; Angelopoulos and Bates 2021, section 1).

    Args:
        probabilities: (cases, classes) of cases that the model did not see. truth: index of each case's class.
        coverage: wanted, between 0 and 1. made_on: which cases these are.

    Returns:
        Sets that hold the true class of a further, exchangeable case with at least this probability, where the model
        was fixed before these cases were looked at.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"a coverage lies between 0 and 1, not at {coverage}")
    n = len(truth)
    scores = np.sort(1.0 - np.asarray(probabilities)[np.arange(n), truth])
    rank = math.ceil((n + 1) * coverage)
    largest = float(scores[rank - 1]) if rank <= n else 1.0
    return PredictionSets(coverage, 1.0 - largest, n, made_on)
