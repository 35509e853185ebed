"""A study of segmentations: every mask against its reference, and what they show together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.evaluation.bootstrap import RESAMPLES, bootstrap_mean
from OsteoScreenLib.evaluation.head_region import TOP_MM, proximal
from OsteoScreenLib.evaluation.segmentation_metrics import (
    FAILURE_BELOW_DSC,
    METRICS,
    TOLERANCE_MM,
    MaskAgreement,
    compare_masks,
)

SIDES = {"left": 1, "right": 2}
"""Numbers of the femora in a mask; left is the patient's left."""

WHOLE, HEAD = "whole", "head"


@dataclass(frozen=True)
class Comparison:
    """One side of one case, in one region.

    Attributes:
        case_id: name of the case; both sides of a patient share it.
        side: ``left`` or ``right``.
        region: ``whole`` or ``head`` (the top of the reference mask).
        agreement: the measures.
    """

    case_id: str
    side: str
    region: str
    agreement: MaskAgreement

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form, in one level."""
        agreement = self.agreement
        return {
            "case_id": self.case_id,
            "side": self.side,
            "region": self.region,
            "failure": agreement.is_failure,
            "both_empty": agreement.both_empty,
            **agreement.to_dict(),
        }


def compare_case(
    case_id: str,
    predicted: np.ndarray,
    reference: np.ndarray,
    geometry: Geometry,
    *,
    tolerance_mm: float = TOLERANCE_MM,
    top_mm: float = TOP_MM,
) -> list[Comparison]:
    """Compare both sides of one case: the whole mask, and the region of the femoral head where the reference has one.

    Args:
        predicted, reference: (z, y, x) labels, 1 left and 2 right, on the grid of the geometry.
        tolerance_mm: of the surface Dice. top_mm: height of the region of the head under the reference's top.

    Raises:
        ValueError: the arrays are not on the grid of the geometry.
    """
    spacing, rows = geometry.spacing_xyz_mm, []
    for side, label in SIDES.items():
        p, r = predicted == label, reference == label
        whole = compare_masks(p, r, spacing, tolerance_mm=tolerance_mm)
        rows.append(Comparison(case_id, side, WHOLE, whole))
        if r.any():
            region = proximal(r, geometry, top_mm)
            head = compare_masks(p, r, spacing, region=region, tolerance_mm=tolerance_mm)
            rows.append(Comparison(case_id, side, HEAD, head))
    return rows


def summarise(rows: Sequence[Comparison], seed: int = 0, resamples: int = RESAMPLES) -> list[dict[str, Any]]:
    """Summary by region, for both sides together and for each side.

    ``n`` counts the masks in which the reference or the prediction holds something; ``n_both_empty`` the others. Each
    measure is summarised over the masks where it is defined (its own ``n``): mean with 95 % bootstrap interval over
    patients, median and quartiles. A distance is not defined where one mask is empty; such a mask is a failure.

    Args:
        rows: of :func:`compare_case`, over all cases.
        seed: of the bootstrap. resamples: its number of draws.
    """
    found = []
    for region in (WHOLE, HEAD):
        for side in ("both", *SIDES):
            chosen = [row for row in rows if row.region == region and side in ("both", row.side)]
            if chosen:
                found.append({"region": region, "side": side, **_summary(chosen, seed, resamples)})
    return found


def _summary(rows: Sequence[Comparison], seed: int, resamples: int) -> dict[str, Any]:
    judged = [row for row in rows if not row.agreement.both_empty]
    return {
        "n": len(judged),
        "n_both_empty": len(rows) - len(judged),
        "n_failures": sum(row.agreement.is_failure for row in judged),
        "n_only_predicted": sum(row.agreement.reference_ml == 0 for row in judged),
        "n_only_reference": sum(row.agreement.predicted_ml == 0 for row in judged),
        "failure_below_dsc": FAILURE_BELOW_DSC,
        "metrics": {name: _statistics(judged, name, seed, resamples) for name in METRICS},
    }


def _statistics(rows: Iterable[Comparison], name: str, seed: int, resamples: int) -> dict[str, Any]:
    pairs = [(value, row.case_id) for row in rows if (value := getattr(row.agreement, name)) is not None]
    values = [float(value) for value, _ in pairs]
    if not values:
        return {"n": 0, "mean": None, "mean_ci95": None, "median": None, "q1": None, "q3": None}
    interval = bootstrap_mean(values, [case for _, case in pairs], seed, resamples)
    q1, median, q3 = (float(v) for v in np.percentile(values, [25, 50, 75]))
    return {
        "n": len(values),
        "mean": float(np.mean(values)),
        "mean_ci95": None if interval is None else list(interval),
        "median": median,
        "q1": q1,
        "q3": q3,
    }
