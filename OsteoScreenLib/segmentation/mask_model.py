"""The Dice similarity coefficient that a mask probably has, from its features: a small linear model in a JSON file."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.segmentation.mask_features import MaskFeatures

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 1
SHIPPED = Path(__file__).with_name("mask_quality.json")
HEAD_RADIUS_MM = (18.0, 32.0)
"""Radius of the head's sphere that a femur of an adult can have: 19 to 29 mm, with a margin for the fit."""
_LARGEST_FILE = 1 << 20


def _head_misfit(f: MaskFeatures) -> float | None:
    """0 for a round head of a plausible size; grows with the residual and with the distance from plausible radii."""
    if f.head_radius_mm is None or f.head_residual_mm is None:
        return None
    low, high = HEAD_RADIUS_MM
    beyond = max(0.0, low - f.head_radius_mm, f.head_radius_mm - high)
    return min(2.0, f.head_residual_mm / 2 + beyond / 4)


def _no_head(f: MaskFeatures) -> float | None:
    """1 where a head should be in view and no sphere fits."""
    return None if f.head_in_view is None else float(f.head_in_view > 0 and f.head_radius_mm is None)


def _fragments(f: MaskFeatures) -> float | None:
    return None if f.n_components is None else math.log2(max(1.0, f.n_components))


TERMS: dict[str, Callable[[MaskFeatures], float | None]] = {
    "missing_edge": lambda f: None if f.edge_share is None else 1 - f.edge_share,
    "soft_rim": lambda f: f.soft_rim_share,
    "bright_outside": lambda f: f.bright_outside_share,
    "low_hu": lambda f: None if f.low_hu_share is None else min(0.2, f.low_hu_share),
    "cut": lambda f: f.cut_borders,
    "head_misfit": lambda f: 0.0 if f.head_radius_mm is None else _head_misfit(f),
    "no_head": _no_head,
    "coarse_disagreement": lambda f: None if f.coarse_fine_dsc is None else 1 - f.coarse_fine_dsc,
    "boundary_entropy": lambda f: f.boundary_entropy,
    "fragments": _fragments,
}
"""What speaks against a mask: 0 or more, the more the worse. A model weighs some of them, never with a negative weight,
so that the estimate falls with each."""

TERM_NAMES: Mapping[str, str] = {
    "missing_edge": "much of its surface lies at no edge of bone",
    "soft_rim": "its rim lies in soft tissue in places",
    "bright_outside": "bone lies just outside of it in places",
    "low_hu": "it holds air or fat",
    "cut": "the border of the image cuts it",
    "head_misfit": "its head is not round, or not of a head's size",
    "no_head": "no femoral head was found in it",
    "coarse_disagreement": "the coarse and the fine network disagree",
    "boundary_entropy": "the network is unsure of its border",
    "fragments": "the network first found several pieces",
}
"""Each term in words, for reasons."""


@dataclass(frozen=True)
class DscModel:
    """Estimated DSC = 1 - intercept - sum of weight times term, cut to 0 to 1.

    Attributes:
        name: of the model. intercept: loss of DSC of a mask with nothing against it, at least 0.
        weights: by term, at least 0. Every term must be known for an estimate.
        residual_sd: standard deviation of true minus estimated DSC in cross-validation.
        provenance: what it was fitted on, by what, and how well it did.
    """

    name: str
    intercept: float
    weights: Mapping[str, float]
    residual_sd: float
    provenance: Mapping[str, Any]

    def is_valid(self) -> tuple[bool, str]:
        """Whether this can be used; and if not, why."""
        unknown = sorted(set(self.weights) - set(TERMS))
        if unknown:
            return False, f"unknown terms: {', '.join(unknown)}"
        numbers = (self.intercept, self.residual_sd, *self.weights.values())
        if not all(isinstance(v, (int, float)) and math.isfinite(v) and v >= 0 for v in numbers):
            return False, "a coefficient is not a number of at least 0"
        return (True, "") if self.weights else (False, "it has no terms")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {
            "name": self.name,
            "intercept": self.intercept,
            "weights": dict(self.weights),
            "residual_sd": self.residual_sd,
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DscModel:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where it is malformed."""
        model = cls(
            str(data["name"]), data["intercept"], dict(data["weights"]), data["residual_sd"], dict(data["provenance"])
        )
        valid, why = model.is_valid()
        if not valid:
            raise ValueError(why)
        return model


def read_models(path: Path = SHIPPED) -> tuple[DscModel, ...]:
    """Models of a JSON file, in the order in which they are tried.

    Raises:
        UsageError: the file is missing, too large, or no file of this kind.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError("it is too large")
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema version {data['schema_version']}, not {SCHEMA_VERSION}")
        return tuple(DscModel.from_dict(entry) for entry in data["models"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"This is no file of a model of mask quality ({type(error).__name__}: {error})",
            path=path,
            next_step="Calibrate the model again, or reinstall OsteoScreen.",
        ) from error


@lru_cache(maxsize=1)
def shipped_models() -> tuple[DscModel, ...]:
    """The models that come with OsteoScreen. Raises UsageError where their file is damaged."""
    return read_models()


def estimate_dsc(
    features: MaskFeatures | None, models: tuple[DscModel, ...] | None = None
) -> tuple[float | None, tuple[str, ...]]:
    """Estimate the Dice similarity coefficient of a mask by the first model whose terms are all known.

    Args:
        features: of the mask; None where there are none.
        models: None for those that come with OsteoScreen.

    Returns:
        The estimate, and what speaks most against the mask, in words. Without features, or where no model can use
        them, the estimate is None and the reason says why: nothing is assumed.
    """
    if features is None:
        return None, ("the mask has no features",)
    try:
        usable = shipped_models() if models is None else models
    except UsageError as error:
        logger.warning("no estimate of mask quality: %s", error)
        return None, ("the model of mask quality cannot be read",)
    lacking: list[str] = []
    for model in usable:
        terms = {name: TERMS[name](features) for name in model.weights}
        absent = sorted(name for name, value in terms.items() if value is None or not math.isfinite(value))
        if absent:
            lacking += absent
            continue
        losses = {name: model.weights[name] * max(0.0, value) for name, value in terms.items() if value is not None}
        loss = model.intercept + sum(losses.values())
        worst = sorted((name for name, part in losses.items() if part >= 0.01), key=lambda name: -losses[name])
        return min(1.0, max(0.0, 1 - loss)), tuple(TERM_NAMES[name] for name in worst[:3])
    if not usable:
        return None, ("no model of mask quality is installed",)
    return None, (f"not known: {', '.join(sorted(set(lacking)))}",)
