"""Calibration by a phantom in the scan: the user says what its inserts are and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.densitometry.attenuation import hydroxyapatite_hu, k2hpo4_hu
from OsteoScreenLib.densitometry.beam_energy import expected_energy
from OsteoScreenLib.densitometry.calibration import Calibration, CalibrationSample, Refusal
from OsteoScreenLib.densitometry.settings import Settings

EQUIVALENTS = ("k2hpo4", "hydroxyapatite")


@dataclass(frozen=True)
class Insert:
    """An insert of a calibration phantom: its mineral in mg/cm3 and its mean HU in the scan."""

    name: str
    density_mg_cm3: float
    mean_hu: float


@dataclass(frozen=True)
class PhantomInserts:
    """Inserts of one phantom.

    Attributes:
        inserts: at least three; water or the water-equivalent base counts with 0 mg/cm3.
        equivalent: what the maker's densities are: ``k2hpo4`` or ``hydroxyapatite``.
        phantom: its name, for the record.
    """

    inserts: tuple[Insert, ...]
    equivalent: str
    phantom: str = "calibration phantom"


def inserts_from_labels(hu: np.ndarray, labels: np.ndarray, densities: Mapping[int, float]) -> tuple[Insert, ...]:
    """Inserts drawn as labels.

    Args:
        hu, labels: (z, y, x). densities: mg/cm3 by label.

    Raises:
        ValueError: sizes differ, or a label is empty.
    """
    if np.shape(hu) != np.shape(labels):
        raise ValueError(f"scan {np.shape(hu)} and labels {np.shape(labels)} differ in size")
    found = []
    for number, density in densities.items():
        inside = labels == number
        if not inside.any():
            raise ValueError(f"label {number} is empty")
        found.append(Insert(f"insert {number}", float(density), float(hu[inside].mean(dtype=np.float64))))
    return tuple(found)


def calibrate_inserts(given: PhantomInserts, settings: Settings, kvp: float | None) -> Calibration | Refusal:
    """Regress the inserts' density on their HU, by least squares."""
    problem = _why_not(given, settings)
    if problem:
        return Refusal("phantom", problem)
    energy = expected_energy(settings, kvp)
    factor = 1.0
    if given.equivalent == "hydroxyapatite":
        factor = hydroxyapatite_hu(settings, energy.kev) / k2hpo4_hu(settings, energy.kev)
    hu = np.array([insert.mean_hu for insert in given.inserts])
    density = factor * np.array([insert.density_mg_cm3 for insert in given.inserts])
    design = np.stack([hu, np.ones_like(hu)], axis=1)
    (slope, intercept), *_ = np.linalg.lstsq(design, density, rcond=None)
    if slope <= 0:
        return Refusal("phantom", "denser inserts are not brighter; are densities and HU in the same order?")
    off = density - design @ np.array([slope, intercept])
    scatter = float((off @ off) / (len(hu) - 2))
    if np.sqrt(scatter) > settings.number("phantom.largest_residual_mg_cm3"):
        return Refusal("phantom", f"the inserts lie {np.sqrt(scatter):.0f} mg/cm3 off one line")
    spread = scatter * np.linalg.inv(design.T @ design)
    samples = tuple(
        CalibrationSample(insert.name, insert.mean_hu, float((d - intercept) / slope))
        for insert, d in zip(given.inserts, density, strict=True)
    )
    words = f"{given.phantom} in the scan, {len(hu)} inserts ({given.equivalent})."
    if factor != 1.0:
        words += f" Hydroxyapatite counts as {factor:.3f} of K2HPO4 ({energy.words})."
    return Calibration(
        method="phantom",
        slope=float(slope),
        intercept=float(intercept),
        covariance=(float(spread[0, 0]), float(spread[0, 1]), float(spread[1, 1])),
        local_sd_mg_cm3=settings.number("phantom.sd_mg_cm3"),
        effective_energy_kev=energy.kev,
        energy_sd_kev=energy.sd_kev,
        residual_hu=float(np.sqrt(np.mean([sample.residual_hu**2 for sample in samples]))),
        explanation=words,
        samples=samples,
    )


def _why_not(given: PhantomInserts, settings: Settings) -> str:
    fewest: int = settings["phantom.minimum_inserts"]
    values = [(insert.density_mg_cm3, insert.mean_hu) for insert in given.inserts]
    if given.equivalent not in EQUIVALENTS:
        return f"its densities are {' or '.join(EQUIVALENTS)}, not {given.equivalent!r}"
    if not np.isfinite(values).all():
        return "an insert's density or HU is not a number"
    if len({density for density, _ in values}) < fewest:
        return f"{fewest} inserts of different density are needed, {len(values)} were given"
    if len({hu for _, hu in values}) < fewest:
        return "the inserts have the same HU"
    return ""
