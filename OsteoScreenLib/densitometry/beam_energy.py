"""What is known of the beam before anything is measured: effective energy by tube voltage."""

from __future__ import annotations

from dataclasses import dataclass

from OsteoScreenLib.densitometry.attenuation import effective_energy_kev
from OsteoScreenLib.densitometry.settings import Settings


@dataclass(frozen=True)
class BeamEnergy:
    """Effective energy and its standard deviation in keV, in words where it comes from, and whether by tube voltage."""

    kev: float
    sd_kev: float
    words: str
    by_voltage: bool


def expected_energy(settings: Settings, kvp: float | None) -> BeamEnergy:
    """By tube voltage; wide where the voltage is not known or not in the table."""
    found = None if kvp is None else effective_energy_kev(kvp, settings.number("energy.water_cm"))
    if found is not None:
        return BeamEnergy(found, settings.number("energy.sd_kev"), f"{found:.1f} keV expected at {kvp:g} kVp", True)
    kev, sd = settings.number("energy.unknown_kvp_kev"), settings.number("energy.unknown_kvp_sd_kev")
    why = "the tube voltage is not known" if kvp is None else f"{kvp:g} kVp lie outside of the table (80 to 140)"
    return BeamEnergy(kev, sd, f"{kev:g} +- {sd:g} keV taken, because {why}", False)
