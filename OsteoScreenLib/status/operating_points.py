"""Operating points: which probability is enough to call a case positive, frozen with the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.status.bone_status import CLASSES


@dataclass(frozen=True)
class OperatingPoints:
    """One threshold for each class against the others; the class itself is the most probable one.

    The positives of the three classes need not sum to the cases: each class is a question of its own.

    Attributes:
        thresholds: a case is positive for a class from this probability on; in the order of ``CLASSES``.
        rule: how they were chosen, in words. chosen_on: on which cases.
    """

    thresholds: tuple[float, float, float]
    rule: str
    chosen_on: str

    def positive(self, probabilities: np.ndarray) -> np.ndarray:
        """Whether each case is positive for each class: bool (cases, classes)."""
        return np.asarray(np.asarray(probabilities) >= np.array(self.thresholds))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        of_class = dict(zip(CLASSES, self.thresholds, strict=True))
        return {"class": "most probable", "one_against_rest": of_class, "rule": self.rule, "chosen_on": self.chosen_on}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OperatingPoints:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where malformed."""
        first, second, third = (float(data["one_against_rest"][name]) for name in CLASSES)
        return cls((first, second, third), str(data["rule"]), str(data["chosen_on"]))
