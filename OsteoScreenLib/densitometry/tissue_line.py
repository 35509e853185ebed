"""The line from HU to density by what the tissues of the body must have in HU.

A scanner shows HU' = scale (HU + 1000) - 1000 + offset of the HU that a beam of effective energy E gives. Scale, offset
and E are fitted together to the tissues, weighted by how sure each tissue's HU is, and held by what is known before:
scanners are near scale 1 and offset 0, and the tube voltage says much about E. What the tissues cannot tell therefore
stays as uncertain as it was, and shows in the uncertainty of the line. Without any tissue the same arithmetic gives the
line of the tube voltage alone.

The published method (Michalski 2020, Med Eng Phys 78:55) searches the energy at which HU and the tissues' mass
attenuation correlate best, then regresses. The tissues, their composition and the search over the energy are its; here
linear attenuation is compared, because that is what HU measure, and the energy is held by the tube voltage, because fat
and muscle alone tell little of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.densitometry.attenuation import energy_range_kev, k2hpo4_hu, tissue_hu
from OsteoScreenLib.densitometry.beam_energy import BeamEnergy
from OsteoScreenLib.densitometry.settings import Settings


@dataclass(frozen=True, eq=False)
class TissueLine:
    """What was fitted.

    Attributes:
        scale, offset_hu, energy_kev: of scanner and beam. parameters_covariance: (3, 3), in this order.
        slope, intercept: mg/cm3 of K2HPO4 = slope HU + intercept. covariance: of both, as in ``Calibration``.
        expected_hu: by tissue, in this scan.
    """

    scale: float
    offset_hu: float
    energy_kev: float
    parameters_covariance: np.ndarray
    slope: float
    intercept: float
    covariance: tuple[float, float, float]
    expected_hu: Mapping[str, float]


def true_tissue_hu(settings: Settings, tissue: str, kev: float) -> float:
    """HU of a tissue as it is in the body: compact bone with its pores."""
    value = tissue_hu(settings, tissue, kev)
    if tissue != "cortical_bone":
        return value
    pores = settings.number("internal.cortical_bone.pores")
    return (1.0 - pores) * value + pores * tissue_hu(settings, "muscle", kev)


def fit_line(measured_hu: Mapping[str, float], settings: Settings, energy: BeamEnergy) -> TissueLine:
    """Fit scale, offset and energy to the HU of tissues; ``measured_hu`` may be empty."""
    from scipy.optimize import least_squares

    start = np.array([1.0, 0.0, energy.kev])
    spread = np.array([settings.number("scanner.scale_sd"), settings.number("scanner.offset_sd_hu"), energy.sd_kev])
    widths = {tissue: settings.number(f"internal.{tissue}.sd_hu") for tissue in measured_hu}

    def misfit(values: np.ndarray) -> np.ndarray:
        shown = {tissue: _shown(values, true_tissue_hu(settings, tissue, values[2])) for tissue in measured_hu}
        off = [(hu - shown[tissue]) / widths[tissue] for tissue, hu in measured_hu.items()]
        return np.concatenate([off, (values - start) / spread])

    low, high = energy_range_kev()
    bounds = ([0.5, -200.0, low], [1.5, 200.0, high])
    found: Any = least_squares(misfit, start, bounds=bounds, x_scale=spread)
    covariance = np.linalg.inv(found.jac.T @ found.jac)
    slope, intercept = _line(settings, found.x)
    gradient = np.stack([_gradient(settings, found.x, axis, 1e-3 * spread[axis]) for axis in range(3)], axis=1)
    both = gradient @ covariance @ gradient.T
    scale, offset, kev = (float(value) for value in found.x)
    expected = {tissue: _shown(found.x, true_tissue_hu(settings, tissue, kev)) for tissue in measured_hu}
    spread_of_line = (float(both[0, 0]), float(both[0, 1]), float(both[1, 1]))
    return TissueLine(scale, offset, kev, covariance, slope, intercept, spread_of_line, expected)


def _shown(values: np.ndarray, hu: float) -> float:
    return float(values[0] * (hu + 1000.0) - 1000.0 + values[1])


def _line(settings: Settings, values: np.ndarray) -> tuple[float, float]:
    """Slope and intercept: the HU without scale and offset, over the HU of a mg/cm3 of K2HPO4."""
    step = k2hpo4_hu(settings, float(values[2]))
    return 1.0 / (values[0] * step), ((1000.0 - values[1]) / values[0] - 1000.0) / step


def _gradient(settings: Settings, values: np.ndarray, axis: int, step: float) -> np.ndarray:
    move = np.zeros(3)
    move[axis] = step
    return (np.array(_line(settings, values + move)) - np.array(_line(settings, values - move))) / (2.0 * step)
