"""The few figures that a model's card carries; ``osteoscreen evaluate`` makes the study's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from OsteoScreenLib.evaluation.auc import auc_of, mean_auc
from OsteoScreenLib.evaluation.estimate import Estimate, proportion
from OsteoScreenLib.evaluation.predictions import SPLITS, THREE_CLASSES, Prediction
from OsteoScreenLib.status.prediction_set import PredictionSets


def card_metrics(rows: Sequence[Prediction], sets: PredictionSets) -> dict[str, Any]:
    """For each split: cases, those withheld, AUC of each class and their mean, and how the conformal sets held.

    AUC: DeLong on the logit scale, by patients. Shares: Clopper and Pearson.
    """
    found = {}
    for split in SPLITS:
        own = [row for row in rows if row.split == split]
        if own:
            found[split] = _of_split(own, sets)
    return found


def _of_split(rows: Sequence[Prediction], sets: PredictionSets) -> dict[str, Any]:
    answered = [row for row in rows if row.probabilities is not None and not row.withheld]
    facts: dict[str, Any] = {"cases": len(rows), "withheld": len(rows) - len(answered)}
    if not answered:
        return facts
    truth = np.array([THREE_CLASSES.index(str(row.truth)) for row in answered])
    p = np.array([row.probabilities for row in answered])
    patients = np.array([row.patient for row in answered])
    areas = {
        name: auc_of(truth == k, p[:, k]) for k, name in enumerate(THREE_CLASSES) if 0 < np.sum(truth == k) < len(truth)
    }
    facts["auc"] = {name: _entry(area.estimate(patients)) for name, area in areas.items()}
    if len(areas) == len(THREE_CLASSES):
        facts["auc"]["macro"] = _entry(mean_auc(list(areas.values())).estimate(patients))
    members = sets.members(p)
    held = int(members[np.arange(len(truth)), truth].sum())
    facts["prediction_sets"] = {
        "wanted_coverage": sets.coverage,
        "coverage": _entry(proportion(held, len(truth))),
        "mean_size": round(float(members.sum(axis=1).mean()), 3),
    }
    return facts


def _entry(estimate: Estimate) -> dict[str, float | None]:
    rounded = (None if v is None else round(v, 4) for v in (estimate.value, estimate.low, estimate.high))
    return dict(zip(("value", "low", "high"), rounded, strict=True))
