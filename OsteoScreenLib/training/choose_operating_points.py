"""Choosing operating points, on development cases that the model did not see."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.status.operating_points import OperatingPoints

RULES = ("youden", "sensitivity")


def choose_operating_points(
    probabilities: np.ndarray,
    classes: np.ndarray,
    rule: str = "youden",
    target: float = 0.9,
    chosen_on: str = "development cases, out of fold",
) -> OperatingPoints:
    """One threshold for each class against the others.

    Args:
        probabilities: (cases, 3), of cases that the model did not see. classes: index of each case's class.
        rule: ``youden``: greatest sensitivity + specificity - 1 (Youden 1950). ``sensitivity``: the highest threshold
            that finds at least the share ``target`` of the class.
        chosen_on: which cases these are, in words.

    Raises:
        UsageError: there is no such rule, or the target is not between 0 and 1.
    """
    if rule not in RULES:
        raise UsageError(f"There is no rule {rule!r}", next_step=f"Use one of {', '.join(RULES)}.")
    if not 0 < target <= 1:
        raise UsageError(f"A sensitivity lies between 0 and 1, not at {target}", next_step="Give --target 0.9.")
    first, second, third = (_threshold(probabilities[:, k], classes == k, rule, target) for k in range(3))
    words = "greatest Youden index" if rule == "youden" else f"sensitivity of at least {target:g}"
    return OperatingPoints((first, second, third), words, chosen_on)


def _threshold(score: np.ndarray, positive: np.ndarray, rule: str, target: float) -> float:
    """Half-way between two neighbouring probabilities, so that rounding moves no case across."""
    levels = np.unique(score)[::-1]
    found = np.array([(score[positive] >= level).mean() for level in levels])
    false = np.array([(score[~positive] >= level).mean() for level in levels])
    best = int(np.argmax(found - false)) if rule == "youden" else int(np.argmax(found >= target))
    below = levels[best + 1] if best + 1 < len(levels) else levels[best]
    return float((levels[best] + below) / 2)
