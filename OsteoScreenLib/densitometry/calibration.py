"""Calibration: the line from HU to bone density, how sure it is, and how it was chosen.

Density is what a liquid calibration phantom in the same scan would read: mg/cm3 of K2HPO4 in water that attenuates as
much. It is the convention of quantitative CT. Fat in the marrow lowers it; :mod:`mineral` goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

METHODS = ("phantom", "asynchronous", "internal", "fixed")
REFERENCE_MG_CM3 = 100.0
"""The density at which one number is quoted for the uncertainty: trabecular bone of the elderly hip."""


@dataclass(frozen=True)
class CalibrationSample:
    """One thing of known attenuation in the scan: an insert or a tissue.

    Attributes:
        name: of the insert or tissue. measured_hu, expected_hu: in this scan, and by the line that was fitted.
        volume_ml: that was measured; None where the user gave the value.
    """

    name: str
    measured_hu: float
    expected_hu: float
    volume_ml: float | None = None

    @property
    def residual_hu(self) -> float:
        """Measured less expected."""
        return self.measured_hu - self.expected_hu


@dataclass(frozen=True)
class Calibration:
    """A line from HU to mg/cm3 of K2HPO4.

    Attributes:
        method: one of :data:`METHODS`.
        slope: mg/cm3 per HU. intercept: mg/cm3 at 0 HU.
        covariance: of slope and intercept: (slope, both, intercept).
        local_sd_mg_cm3: what no line can know: shading between the bone and what was calibrated on.
        effective_energy_kev, energy_sd_kev: of the beam, found or assumed.
        residual_hu: root mean square over the samples; None where there are none.
        explanation: in sentences: why this method, on what, and what was not used.
        weak: whether nothing in this scan or of this scanner was measured.
        samples: what the line was fitted to. not_used: reason by tissue.
    """

    method: str
    slope: float
    intercept: float
    covariance: tuple[float, float, float]
    local_sd_mg_cm3: float
    effective_energy_kev: float
    energy_sd_kev: float
    residual_hu: float | None
    explanation: str
    weak: bool = False
    samples: tuple[CalibrationSample, ...] = ()
    not_used: Mapping[str, str] = field(default_factory=dict)

    def density(self, hu: np.ndarray | float) -> np.ndarray | float:
        """mg/cm3 of K2HPO4 by HU."""
        return self.slope * hu + self.intercept

    def hu_of(self, density: float) -> float:
        """The HU that this density has in this scan."""
        return (density - self.intercept) / self.slope

    def sd_mg_cm3(self, density: float) -> float:
        """Standard deviation of a density measured over many voxels."""
        hu = self.hu_of(density)
        slope, both, intercept = self.covariance
        line = max(slope * hu * hu + 2.0 * both * hu + intercept, 0.0)
        return float(np.sqrt(line + self.local_sd_mg_cm3**2))

    @property
    def uncertainty_mg_cm3(self) -> float:
        """Standard deviation at :data:`REFERENCE_MG_CM3`."""
        return self.sd_mg_cm3(REFERENCE_MG_CM3)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        plain = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        samples = [
            {
                "name": sample.name,
                "measured_hu": sample.measured_hu,
                "expected_hu": sample.expected_hu,
                "residual_hu": sample.residual_hu,
                "volume_ml": sample.volume_ml,
            }
            for sample in self.samples
        ]
        return {
            **plain,
            "covariance": list(self.covariance),
            "uncertainty_mg_cm3": self.uncertainty_mg_cm3,
            "samples": samples,
            "not_used": dict(self.not_used),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where malformed."""
        values = {entry.name: data[entry.name] for entry in fields(cls)}
        if values["method"] not in METHODS:
            raise ValueError(f"a calibration is one of {', '.join(METHODS)}, not {values['method']!r}")
        slope, both, intercept = (float(value) for value in values["covariance"])
        values["covariance"] = (slope, both, intercept)
        values["samples"] = tuple(
            CalibrationSample(row["name"], row["measured_hu"], row["expected_hu"], row["volume_ml"])
            for row in values["samples"]
        )
        values["not_used"] = dict(values["not_used"])
        return cls(**values)


@dataclass(frozen=True)
class Refusal:
    """A calibration that was not made: its method, and why."""

    method: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        """Plain JSON form."""
        return {"method": self.method, "reason": self.reason}
