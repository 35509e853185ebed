"""From a classifier's scores to probabilities that may be taken at their word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST_PROBABILITY = 1e-3
"""A forest says exactly 0 where no tree votes for a class; its logarithm is taken of this instead. Own choice."""


@dataclass(frozen=True)
class Calibration:
    """Probabilities are softmax(slope x score + intercept): temperature scaling (Guo 2017) with a shift for each class.

    The slope takes away over-confidence, the intercepts the weights that classes had in training, or another share of
    them at a site. Of two calibrations one after the other the result is of this form again.

    Attributes:
        slope: one, for all classes. intercepts: one for each class.
    """

    slope: float
    intercepts: tuple[float, ...]

    def apply(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities (cases, classes), float64, of scores (cases, classes)."""
        logits = self.slope * np.asarray(scores, dtype=np.float64) + np.array(self.intercepts)
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def followed_by(self, other: Calibration) -> Calibration:
        """One calibration that does what this and then ``other``, of the logarithms of this one's answers, do."""
        shifted = tuple(other.slope * a + b for a, b in zip(self.intercepts, other.intercepts, strict=True))
        return Calibration(other.slope * self.slope, shifted)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {"slope": self.slope, "intercepts": list(self.intercepts)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where malformed."""
        return cls(float(data["slope"]), tuple(float(value) for value in data["intercepts"]))


def log_scores(probabilities: np.ndarray) -> np.ndarray:
    """Scores of a classifier that answers with probabilities: their logarithms, from ``LEAST_PROBABILITY`` on."""
    return np.asarray(np.log(np.clip(np.asarray(probabilities, dtype=np.float64), LEAST_PROBABILITY, 1.0)))
