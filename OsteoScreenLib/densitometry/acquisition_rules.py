"""What the acquisition allows: contrast agent, slices and kernel either corrected, noted, or a reason to withhold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.ct.acquisition import names_contrast_agent
from OsteoScreenLib.ct.kernels import SHARP, kernel_sharpness
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.calibration import Calibration
from OsteoScreenLib.densitometry.region_measures import Density
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.densitometry.settings import Settings
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.quality.tags import effective_thickness
from OsteoScreenLib.quality.thresholds import THICKNESS_TOLERANCE_MM

_NOT_OURS = frozenset({"no_femur_mask", "femur_mask_bad", "thick_slices"})
"""Flags that speak of one model's masks, while here the masks are given; and what the settings decide themselves."""


@dataclass(frozen=True)
class AcquisitionRules:
    """What follows from how the scan was made.

    Attributes:
        withheld: why nothing may be measured; empty where something may.
        contrast: whether a contrast agent was given. no_density: why HU may not become densities; empty: they may.
        no_compartments: why cortical and trabecular bone may not be told apart; empty: they may.
        notes: sentences for the result. slice_mm: thickness of the slices.
    """

    withheld: str = ""
    contrast: bool = False
    no_density: str = ""
    no_compartments: str = ""
    notes: tuple[str, ...] = ()
    slice_mm: float = 0.0


def judge_acquisition(
    ct: CTVolume, facts: PatientFacts, flags: Sequence[QualityFlag], settings: Settings
) -> AcquisitionRules:
    """Judge header, facts and the flags of the quality checks."""
    grave = [flag for flag in flags if flag.severity is Severity.WITHHOLD and flag.code not in _NOT_OURS]
    contrast = _contrast(ct, facts, flags)
    notes, no_density, no_compartments = [], "", ""
    if contrast is None:
        notes.append("Whether a contrast agent was given is not known: the header is silent and no check of the image")
        notes[-1] += " was handed over. Densities hold for an unenhanced scan."
    elif contrast and settings["contrast.action"] == "withhold":
        no_density = "a contrast agent was given, which raises the density of bone by an amount that is not known"
    elif contrast:
        bias, sd = settings.number("contrast.bias_mg_cm3"), settings.number("contrast.bias_sd_mg_cm3")
        notes.append(f"A contrast agent was given: {bias:g} +- {sd:g} mg/cm3 were taken off every density.")
    thick, _ = effective_thickness(ct)
    if thick > settings.number("slices.withhold_mm") + THICKNESS_TOLERANCE_MM:
        no_compartments = f"slices of {thick:g} mm do not tell cortical from trabecular bone"
    elif thick > settings.number("slices.note_mm") + THICKNESS_TOLERANCE_MM:
        notes.append(f"Slices of {thick:g} mm: densities of thin slices are not interchangeable with these.")
    sharp = kernel_sharpness(ct.acquisition.kernel) == SHARP or any(flag.code == "sharp_kernel" for flag in flags)
    if sharp and settings["kernel.sharp_action"] == "withhold":
        no_density = no_density or "the kernel is sharp"
    elif sharp:
        notes.append("The kernel is sharp: means hardly change, cortical thickness and noise do.")
    withheld = "; ".join(flag.message for flag in grave)
    return AcquisitionRules(withheld, bool(contrast), no_density, no_compartments, tuple(notes), thick)


def _contrast(ct: CTVolume, facts: PatientFacts, flags: Sequence[QualityFlag]) -> bool | None:
    """Whether a contrast agent was given; None where nobody says."""
    if facts.contrast is not None:
        return facts.contrast
    if names_contrast_agent(ct.acquisition.contrast_agent) or any(flag.code == "contrast_agent" for flag in flags):
        return True
    return False if flags else None


def density_by(calibration: Calibration | None, reason: str, rules: AcquisitionRules, settings: Settings) -> Density:
    """The calibration as the acquisition allows it, corrected for contrast where the settings ask for that."""
    if calibration is None:
        return Density(None, f"there is no calibration ({reason})")
    if rules.no_density:
        return Density(calibration, rules.no_density)
    if rules.contrast:
        calibration = replace(
            calibration,
            intercept=calibration.intercept - settings.number("contrast.bias_mg_cm3"),
            local_sd_mg_cm3=float(np.hypot(calibration.local_sd_mg_cm3, settings.number("contrast.bias_sd_mg_cm3"))),
        )
    return Density(calibration)
