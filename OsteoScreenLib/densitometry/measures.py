"""A measure: a value with its unit and uncertainty, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measure:
    """One number, or none.

    Attributes:
        value: None where it is withheld. sd: one standard deviation; None where none is stated.
        unit: of both. withheld: the reason; empty where there is a value.
    """

    value: float | None
    unit: str
    sd: float | None = None
    withheld: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) == (not self.withheld):
            raise ValueError("a measure has a value, or a reason why it has none")
        if not all(math.isfinite(number) for number in (self.value, self.sd) if number is not None):
            raise ValueError(f"a measure is a finite number, not {self.value} +- {self.sd} {self.unit}")

    @classmethod
    def without(cls, unit: str, reason: str) -> Measure:
        """Withheld, with its reason."""
        return cls(None, unit, None, reason)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {"value": self.value, "unit": self.unit, "sd": self.sd, "withheld": self.withheld}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Measure:
        """Read what :meth:`to_dict` wrote. Raises KeyError or ValueError where malformed."""
        return cls(data["value"], data["unit"], data["sd"], data["withheld"])


def measures_to_dict(measures: Mapping[str, Measure]) -> dict[str, Any]:
    """Plain JSON form of measures by name."""
    return {name: measure.to_dict() for name, measure in measures.items()}


def measures_from_dict(data: Mapping[str, Any]) -> dict[str, Measure]:
    """Inverse of :func:`measures_to_dict`. Raises KeyError or ValueError where malformed."""
    return {str(name): Measure.from_dict(entry) for name, entry in data.items()}
