"""HU of tissues at an effective energy, from what they consist of.

Mass attenuation of the elements: ``tables/element_attenuation.json`` (xraydb, which agrees with NIST's XCOM). The sum
over the elements is the mixture rule. One energy stands for the whole spectrum: that at which bone mineral has the HU
that the spectrum gives it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from OsteoScreenLib.densitometry.settings import Settings

TABLE = Path(__file__).parent / "tables" / "element_attenuation.json"


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


@cache
def _logarithms() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    table = _table()
    return np.log(table["kev"]), {name: np.log(values) for name, values in table["cm2_per_g"].items()}


def energy_range_kev() -> tuple[float, float]:
    """Lowest and highest energy of the table."""
    kev = _table()["kev"]
    return float(kev[0]), float(kev[-1])


def mass_attenuation(settings: Settings, material: str, kev: float) -> float:
    """cm2/g of a material of the settings. Raises ValueError beyond the table, KeyError for an unknown element."""
    low, high = energy_range_kev()
    if not low <= kev <= high:
        raise ValueError(f"energies lie between {low:g} and {high:g} keV, not at {kev:g}")
    place, elements = _logarithms()
    shares = settings[f"material.{material}.percent"]
    total = sum(share * float(np.exp(np.interp(np.log(kev), place, elements[name]))) for name, share in shares.items())
    return total / sum(shares.values())


def tissue_hu(settings: Settings, material: str, kev: float) -> float:
    """HU of a homogeneous tissue; of compact bone, without pores."""
    density = settings.number(f"material.{material}.density_g_cm3")
    water = mass_attenuation(settings, "water", kev) * settings.number("material.water.density_g_cm3")
    return 1000.0 * (mass_attenuation(settings, material, kev) * density / water - 1.0)


def k2hpo4_hu(settings: Settings, kev: float) -> float:
    """HU per mg/cm3 of K2HPO4 in aqueous solution."""
    ratio = mass_attenuation(settings, "k2hpo4", kev) / mass_attenuation(settings, "water", kev)
    return ratio - settings.number("material.k2hpo4.water_displaced_ml_per_g")


def hydroxyapatite_hu(settings: Settings, kev: float) -> float:
    """HU per mg/cm3 of hydroxyapatite that takes the place of water."""
    ratio = mass_attenuation(settings, "hydroxyapatite", kev) / mass_attenuation(settings, "water", kev)
    return ratio - 1.0 / settings.number("material.hydroxyapatite.density_g_cm3")


def marrow_hu(settings: Settings, fat_share: float, kev: float) -> float:
    """HU of marrow with this share of yellow marrow."""
    yellow, red = (tissue_hu(settings, name, kev) for name in ("yellow_marrow", "red_marrow"))
    return fat_share * yellow + (1.0 - fat_share) * red


def effective_energy_kev(kvp: float, water_cm: float) -> float | None:
    """Effective energy of a tube voltage behind this much water; None where the table does not reach the voltage."""
    table = _table()["effective"]
    if not min(table["kvp"]) <= kvp <= max(table["kvp"]):
        return None
    by_water = [np.interp(kvp, table["kvp"], column) for column in np.array(table["kev"]).T]
    return float(np.interp(water_cm, table["water_cm"], by_water))
