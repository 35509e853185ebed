"""Whether a case is like the ones that a model was made from; where it is not, no status is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Envelope:
    """Where the development cases lie: by each feature alone, and by all together (Mahalanobis distance).

    Attributes:
        names: of the features. low, high: bounds of each. centre, scale: to standardise by.
        precision: inverse of the covariance of the standardised features, (features, features).
        limit: largest Mahalanobis distance that still counts as alike. coverage: share of the development cases that
            lies within it, each measured without itself.
    """

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    precision: np.ndarray
    limit: float
    coverage: float

    def distances(self, values: np.ndarray) -> np.ndarray:
        """Mahalanobis distance of each case (cases, features); a missing value counts as the centre."""
        away = np.nan_to_num((np.asarray(values, dtype=np.float64) - self.centre) / self.scale, nan=0.0)
        return np.asarray(np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", away, self.precision, away), 0.0)))

    def reasons(self, values: np.ndarray) -> list[str]:
        """Why one case (features,) is unlike the development cases, in sentences; empty where it is alike."""
        found = []
        for name, value, low, high in zip(self.names, values, self.low, self.high, strict=True):
            if np.isfinite(value) and not low <= value <= high:
                found.append(f"{name} is {value:.4g}; the model was made from {low:.4g} to {high:.4g}")
        distance = float(self.distances(np.asarray(values)[None])[0])
        if distance > self.limit:
            found.append(
                f"the features together are unlike the cases the model was made from (distance {distance:.1f}, limit"
                f" {self.limit:.1f})"
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        arrays = {name: getattr(self, name).tolist() for name in ("low", "high", "centre", "scale", "precision")}
        return {"names": list(self.names), **arrays, "limit": self.limit, "coverage": self.coverage}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Envelope:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where malformed."""
        names = tuple(str(name) for name in data["names"])
        arrays = {
            name: np.array(data[name], dtype=np.float64) for name in ("low", "high", "centre", "scale", "precision")
        }
        for name, array in arrays.items():
            if array.shape != ((len(names), len(names)) if name == "precision" else (len(names),)):
                raise ValueError(f"{name} has the shape {array.shape} of {len(names)} features")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds what is no number")
        if not (arrays["scale"] > 0).all():
            raise ValueError("a scale is not positive")
        return cls(names, **arrays, limit=float(data["limit"]), coverage=float(data["coverage"]))
