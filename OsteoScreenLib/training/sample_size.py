"""How many cases a model needs (Riley et al. 2020, BMJ 368:m441; Collins et al. 2016, Stat Med 35:214)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.evaluation.predictions import THREE_CLASSES
from OsteoScreenLib.training.cohort import Cohort

SHRINKAGE = 0.9
OPTIMISM = 0.05
MARGIN = 0.05
LEAST_R2 = 0.005
"""Below it the criteria ask for tens of thousands of cases and say no more than that there is nothing to learn."""
EVENTS = 100
"""Least number of events, and of others, to validate a model on."""


@dataclass(frozen=True)
class NeededCases:
    """Least cases to develop a binary model on.

    Attributes:
        shrinkage: for a shrinkage of 0.9 at least. optimism: for 0.05 at most in R2. share: for the overall share
            within 0.05. r2: Cox and Snell's R2 that was taken.
    """

    shrinkage: int
    optimism: int
    share: int
    r2: float

    @property
    def most(self) -> int:
        """The largest of the three."""
        return max(self.shrinkage, self.optimism, self.share)


def needed_cases(parameters: int, share: float, r2: float) -> NeededCases:
    """Riley's criteria (i) to (iii) for a binary outcome.

    Args:
        parameters: candidate predictors. share: of the outcome. r2: Cox and Snell's R2 that is expected.
    """
    largest = largest_r2(share)
    r2 = min(max(r2, 1e-6), 0.999 * largest)
    shrinkage = parameters / ((SHRINKAGE - 1) * math.log(1 - r2 / SHRINKAGE)) if r2 < SHRINKAGE else parameters
    s = r2 / (r2 + OPTIMISM * largest)
    optimism = parameters / ((s - 1) * math.log(1 - r2 / s))
    precise = (1.96 / MARGIN) ** 2 * share * (1 - share)
    return NeededCases(math.ceil(shrinkage), math.ceil(optimism), math.ceil(precise), r2)


def largest_r2(share: float) -> float:
    """Cox and Snell's R2 of a perfect model of an outcome of this share."""
    return 1 - math.exp(2 * (share * math.log(share) + (1 - share) * math.log(1 - share)))


def cox_snell_r2(truth: np.ndarray, probability: np.ndarray) -> float:
    """R2 of predictions of cases that the model did not see; 0 where they are worse than the share alone."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    share = float(truth.mean())
    model = float(np.where(truth, np.log(p), np.log(1 - p)).sum())
    alone = len(truth) * (share * math.log(share) + (1 - share) * math.log(1 - share))
    return max(0.0, 1 - math.exp(-2 * (model - alone) / len(truth)))


def learning_size(classes: np.ndarray, probabilities: np.ndarray, candidates: int) -> tuple[dict[str, Any], list[str]]:
    """What is there to learn from and what would be needed, for each class; and warnings in sentences.

    Args:
        classes: index of each case's class. probabilities: of these cases, out of fold; they give the R2 to expect.
        candidates: features that the model could choose from, as parameters.
    """
    report, warnings = {}, []
    for k, name in enumerate(THREE_CLASSES):
        truth = classes == k
        r2 = cox_snell_r2(truth, probabilities[:, k])
        entry: dict[str, Any] = {
            "cases": len(truth),
            "events": int(truth.sum()),
            "candidates": candidates,
            "r2": round(r2, 4),
        }
        if r2 < LEAST_R2:
            warnings.append(f"{name} is not told apart from the others at all (R2 {r2:.3f})")
        else:
            entry["needed_cases"] = needed_cases(candidates, float(truth.mean()), r2).most
            if entry["needed_cases"] > len(truth):
                warnings.append(
                    f"{len(truth)} cases to learn {name} from; {entry['needed_cases']} are needed for {candidates}"
                    " candidate features"
                )
        report[name] = entry
    return report, warnings


def validation_warnings(cohort: Cohort) -> list[str]:
    """Splits to validate on that have too few cases of a class, or of the others."""
    classes, warnings = cohort.classes, []
    for split in ("test", "external"):
        held = cohort.where(lambda case, split=split: case.split == split)  # type: ignore[misc]
        for k, name in enumerate(THREE_CLASSES):
            events = int((classes[held] == k).sum())
            if len(held) and min(events, len(held) - events) < EVENTS:
                warnings.append(f"{events} of {len(held)} {split} cases are {name}; {EVENTS} of either kind are needed")
    return warnings


def prevalence_warnings(cohort: Cohort) -> list[str]:
    """Splits whose shares of the classes differ from those that were learnt from (chi-square, p under 0.05)."""
    from scipy.stats import chi2_contingency

    classes = cohort.classes
    fitted = cohort.where(lambda case: case.is_fitted)
    learnt = np.bincount(classes[fitted], minlength=3)
    warnings = []
    for split in ("validation", "test", "external"):
        held = cohort.where(lambda case, split=split: case.split == split)  # type: ignore[misc]
        counts = np.bincount(classes[held], minlength=3)
        table = np.stack([learnt, counts])[:, learnt + counts > 0]
        if not len(held) or table.shape[1] < 2:
            continue
        p = float(chi2_contingency(table).pvalue)
        if p < 0.05:
            shares = ", ".join(
                f"{name} {a / len(fitted):.0%} and {b / len(held):.0%}"
                for name, a, b in zip(THREE_CLASSES, learnt, counts, strict=True)
            )
            warnings.append(
                f"the shares of the classes differ between learning and {split} cases ({shares}; p = {p:.2g}):"
                " probabilities need recalibration there"
            )
    return warnings
