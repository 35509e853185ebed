"""Calibration by tube voltage alone: nothing of this scan or scanner is measured. It says that it is weak."""

from __future__ import annotations

from OsteoScreenLib.densitometry.beam_energy import expected_energy
from OsteoScreenLib.densitometry.calibration import Calibration, Refusal
from OsteoScreenLib.densitometry.settings import Settings
from OsteoScreenLib.densitometry.tissue_line import fit_line


def calibrate_fixed(settings: Settings, kvp: float | None) -> Calibration | Refusal:
    """The line of a perfect scanner at this voltage. Refused where the voltage is unknown or outside of the table."""
    energy = expected_energy(settings, kvp)
    if not energy.by_voltage:
        return Refusal("fixed", f"without a tube voltage from 80 to 140 kV no line is known ({energy.words})")
    if not settings["fixed.allowed"]:
        return Refusal("fixed", "this site's settings do not allow it")
    line = fit_line({}, settings, energy)
    relative = settings.number("fixed.relative_sd")
    words = (
        f"No calibration of this scan or scanner: the line of an ideal scanner at {kvp:g} kVp ({energy.words}). "
        f"This is weak; published errors of such densities are about {100 * relative:.0f} %."
    )
    return Calibration(
        method="fixed",
        slope=line.slope,
        intercept=line.intercept,
        covariance=_widened(line.covariance, line.slope * relative),
        local_sd_mg_cm3=settings.number("internal.local_error_hu") * line.slope,
        effective_energy_kev=line.energy_kev,
        energy_sd_kev=energy.sd_kev,
        residual_hu=None,
        explanation=words,
        weak=True,
    )


def _widened(covariance: tuple[float, float, float], slope_sd: float) -> tuple[float, float, float]:
    """The published scatter between scanners goes into the slope, on top of what the line itself leaves open."""
    slope, both, intercept = covariance
    return slope + slope_sd**2, both, intercept
