"""Sensitivity, specificity and predictive values, in the study and at another prevalence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from OsteoScreenLib.evaluation.estimate import CONFIDENCE, Estimate, proportion


@dataclass(frozen=True)
class Accuracy:
    """What a yes or no test says, from its four counts."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def sensitivity(self) -> Estimate:
        """Share of the diseased who are called positive."""
        return proportion(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> Estimate:
        """Share of the others who are called negative."""
        return proportion(self.tn, self.tn + self.fp)

    @property
    def ppv(self) -> Estimate:
        """Share of the positive calls that are right, at the prevalence of the study."""
        return proportion(self.tp, self.tp + self.fp)

    @property
    def npv(self) -> Estimate:
        """Share of the negative calls that are right, at the prevalence of the study."""
        return proportion(self.tn, self.tn + self.fn)

    def predictive_values(self, prevalence: float, confidence: float = CONFIDENCE) -> tuple[Estimate, Estimate]:
        """PPV and NPV at a prevalence by Bayes' rule; intervals on the logit scale (Mercaldo, Lau and Zhou 2007).

        Where sensitivity or specificity is 0 or 1, the intervals take both with z squared / 2 added to either count, as
        that paper advises; the values themselves stay as observed.

        Raises:
            ValueError: the prevalence is not between 0 and 1.
        """
        if not 0 < prevalence < 1:
            raise ValueError("the prevalence must be between 0 and 1")
        diseased, healthy = self.tp + self.fn, self.tn + self.fp
        if not diseased or not healthy:
            return Estimate(None), Estimate(None)
        z = NormalDist().inv_cdf(0.5 + confidence / 2)
        extra = z * z / 2 if 0 in (self.tp, self.fn, self.tn, self.fp) else 0.0
        odds = prevalence / (1 - prevalence)
        found = []
        for hit, n_hit, false, n_false, factor in (
            (self.tp, diseased, self.fp, healthy, odds),
            (self.tn, healthy, self.fn, diseased, 1 / odds),
        ):
            right, wrong = hit / n_hit * factor, false / n_false
            value = right / (right + wrong) if right + wrong else None
            a, b = (hit + extra) / (n_hit + 2 * extra), (false + extra) / (n_false + 2 * extra)
            centre = math.log(a * factor / b)
            half = z * math.sqrt((1 - a) / (a * (n_hit + 2 * extra)) + (1 - b) / (b * (n_false + 2 * extra)))
            found.append(Estimate(value, *(1 / (1 + math.exp(-x)) for x in (centre - half, centre + half))))
        return found[0], found[1]
