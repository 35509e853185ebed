"""Make the tables of X-ray attenuation that densitometry uses (OsteoScreenLib/densitometry/tables/).

    python -m pip install xraydb
    python Testing/tools/make_element_attenuation.py

Attenuation by element and energy: xraydb (Elam, Ravel and Sieber 2002, Radiat Phys Chem 63:121, total cross section
with coherent scatter, which agrees with NIST's XCOM). Effective energy by tube voltage: the energy at which
hydroxyapatite in water has the HU that a tungsten spectrum behind 20, 26 or 32 cm of water gives it. The spectra's
means are those of the table that make_attenuation_tables.py made; only numbers computed here are written.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

ROOMS = Path(__file__).resolve().parents[2] / "OsteoScreenLib"
OUT = ROOMS / "densitometry" / "tables" / "element_attenuation.json"
SPECTRA = ROOMS / "phantom" / "tables" / "attenuation.json"
ELEMENTS = ("H", "C", "N", "O", "Na", "Mg", "P", "S", "Cl", "Ar", "K", "Ca", "Fe")
KEV = np.arange(40.0, 120.1, 2.0)
WATER = {"H": 0.1119, "O": 0.8881}
HYDROXYAPATITE = ({"Ca": 0.3989, "P": 0.1850, "O": 0.4141, "H": 0.0020}, 3.16)


def mixture(elements: dict[str, float], values: dict[str, np.ndarray]) -> np.ndarray:
    """Mass attenuation of a mixture from that of its elements."""
    return np.sum([share * values[name] for name, share in elements.items()], axis=0)


def mineral_hu(values: dict[str, np.ndarray]) -> np.ndarray:
    """HU per mg/cm3 of hydroxyapatite that takes the place of water."""
    elements, density = HYDROXYAPATITE
    return mixture(elements, values) / mixture(WATER, values) - 1.0 / density


def main() -> None:
    """Write the table."""
    import xraydb

    def elam(kev: np.ndarray) -> dict[str, np.ndarray]:
        return {name: xraydb.mu_elam(name, 1e3 * kev) for name in ELEMENTS}

    fine = np.arange(40.0, 120.01, 0.05)
    steps = mineral_hu(elam(fine))
    spectra = json.loads(SPECTRA.read_text(encoding="utf-8"))
    behind = mineral_hu({name: np.array(values) for name, values in spectra["cm2_per_g"].items()})
    energy = np.interp(-behind, -steps, fine)
    table = {
        "made_by": "Testing/tools/make_element_attenuation.py",
        "sources": [
            "xraydb (Elam et al. 2002), total cross sections with coherent scatter",
            "effective energies: tungsten spectra of spekpy (Poludniowski et al. 2021) behind water",
        ],
        "kev": KEV.tolist(),
        "cm2_per_g": {name: [float(f"{v:.6g}") for v in values] for name, values in elam(KEV).items()},
        "effective": {
            "kvp": spectra["kvp"],
            "water_cm": spectra["water_cm"],
            "kev": np.round(energy, 2).tolist(),
        },
    }
    OUT.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
