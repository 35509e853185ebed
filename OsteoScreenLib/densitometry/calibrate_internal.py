"""Internal calibration: the patient's own air, fat, muscle, blood and compact bone stand for a phantom."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from OsteoScreenLib.densitometry.beam_energy import BeamEnergy, expected_energy
from OsteoScreenLib.densitometry.calibration import Calibration, CalibrationSample, Refusal
from OsteoScreenLib.densitometry.settings import Settings
from OsteoScreenLib.densitometry.tissue_line import TissueLine, fit_line, true_tissue_hu
from OsteoScreenLib.densitometry.tissue_search import FoundTissue, TissueFindings

WORDS = {
    "air": "air around the body",
    "fat": "subcutaneous fat",
    "muscle": "muscle",
    "blood": "blood",
    "cortical_bone": "compact bone",
}
_REFERENCE_KEV = 69.86
"""Effective energy at 120 kVp, for which the plausible ranges are published."""


def calibrate_internal(
    tissues: TissueFindings, settings: Settings, kvp: float | None, contrast: bool = False
) -> Calibration | Refusal:
    """Fit the line to the tissues that were found and are plausible.

    Args:
        tissues: what was found. settings: the table. kvp: None where it is not known.
        contrast: whether a contrast agent was given; then blood and muscle are not used, which hold it.
    """
    energy = expected_energy(settings, kvp)
    not_used = dict(tissues.missing)
    used: dict[str, FoundTissue] = {}
    for name, tissue in tissues.found.items():
        problem = _implausible(name, tissue.hu, settings, energy)
        if contrast and name in ("blood", "muscle"):
            problem = "it holds contrast agent"
        if problem:
            not_used[name] = problem
        else:
            used[name] = tissue
    fewest: int = settings["internal.minimum_tissues"]
    if len(used) < fewest:
        reasons = "; ".join(f"{WORDS[name]}: {reason}" for name, reason in not_used.items())
        return Refusal("internal", f"{len(used)} tissues can be used, {fewest} are needed ({reasons})")
    line = fit_line({name: tissue.hu for name, tissue in used.items()}, settings, energy)
    worst = _worst(used, line, settings)
    if worst is not None:
        return Refusal("internal", worst)
    return _calibration(used, line, not_used, settings, energy)


def _implausible(name: str, hu: float, settings: Settings, energy: BeamEnergy) -> str:
    """Why a tissue's HU cannot be its own; empty where they can. The range moves with the tube voltage."""
    low, high = settings.pair(f"internal.{name}.plausible_hu")
    shift = true_tissue_hu(settings, name, energy.kev) - true_tissue_hu(settings, name, _REFERENCE_KEV)
    low, high = low + shift, high + shift
    if low <= hu <= high:
        return ""
    return f"at {hu:.0f} HU it is not plausible ({low:.0f} to {high:.0f} HU)"


def _worst(used: Mapping[str, FoundTissue], line: TissueLine, settings: Settings) -> str | None:
    """Why the tissues do not lie on one line; None where they do."""
    limit = settings.number("internal.largest_residual_sd")
    off = {n: (t.hu - line.expected_hu[n]) / settings.number(f"internal.{n}.sd_hu") for n, t in used.items()}
    name = max(off, key=lambda entry: abs(off[entry]))
    if abs(off[name]) <= limit:
        return None
    return (
        f"the tissues do not fit one line: {WORDS[name]} lies {used[name].hu - line.expected_hu[name]:+.0f} HU off, "
        f"{abs(off[name]):.1f} standard deviations"
    )


def _calibration(
    used: Mapping[str, FoundTissue],
    line: TissueLine,
    not_used: Mapping[str, str],
    settings: Settings,
    energy: BeamEnergy,
) -> Calibration:
    samples = tuple(
        CalibrationSample(name, tissue.hu, line.expected_hu[name], tissue.volume_ml) for name, tissue in used.items()
    )
    words = f"Internal: {', '.join(WORDS[name] for name in used)} of this scan; {energy.words}, "
    words += f"{line.energy_kev:.1f} keV found, scale {line.scale:.4f}, offset {line.offset_hu:+.1f} HU."
    if not_used:
        words += " Not used: " + "; ".join(f"{WORDS[name]} ({reason})" for name, reason in not_used.items()) + "."
    return Calibration(
        method="internal",
        slope=line.slope,
        intercept=line.intercept,
        covariance=line.covariance,
        local_sd_mg_cm3=settings.number("internal.local_error_hu") * line.slope,
        effective_energy_kev=line.energy_kev,
        energy_sd_kev=float(np.sqrt(line.parameters_covariance[2, 2])),
        residual_hu=float(np.sqrt(np.mean([sample.residual_hu**2 for sample in samples]))),
        explanation=words,
        samples=samples,
        not_used=dict(not_used),
    )
