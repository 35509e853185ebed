"""Make the table of X-ray attenuation that digital patients use (OsteoScreenLib/phantom/tables/attenuation.json).

    python -m pip install xraydb spekpy
    python Testing/tools/make_attenuation_tables.py

Sources: attenuation by element from xraydb (Elam, Ravel and Sieber 2002, Radiat Phys Chem 63:121, total cross section
with coherent scatter, which agrees with NIST's tables); tungsten spectra from spekpy (Poludniowski et al. 2021, Med
Phys 48:3630). The table holds means of these over the spectra that reach the detector, computed here, and nothing of
the sources' own files.

A small object inside a body of water changes the detector's reading by its attenuation averaged with the weight

    w(E) ~ fluence(E) exp(-mu_water(E) L) E (1 - exp(-mu_detector(E) t))

(transmitted spectrum, times energy because the detector integrates it, times absorbed share). Averages are linear in
the composition, so means by element are enough for any tissue.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).resolve().parents[2] / "OsteoScreenLib" / "phantom" / "tables" / "attenuation.json"

KVP = (80, 90, 100, 110, 120, 130, 140)
WATER_CM = (20.0, 26.0, 32.0)
ANODE_DEG = 8.0
# Tube and filter of body CT, and the middle of a bowtie filter of some 2 mm of aluminium equivalent.
FILTERS_MM = (("Al", 5.0), ("Cu", 0.1))
DETECTOR = ({"Gd": 0.8308, "S": 0.0847, "O": 0.0845}, 7.34, 0.14)  # Gd2O2S: mass fractions, g/cm3, cm
ELEMENTS = [
    "H",
    "C",
    "N",
    "O",
    "Na",
    "Mg",
    "Al",
    "P",
    "S",
    "Cl",
    "Ar",
    "K",
    "Ca",
    "Ti",
    "V",
    "Cr",
    "Mn",
    "Fe",
    "Co",
    "Ni",
    "Mo",
    "I",
]
WATER = {"H": 0.1119, "O": 0.8881}
HYDROXYAPATITE = ({"Ca": 0.3989, "P": 0.1850, "O": 0.4141, "H": 0.0020}, 3.16)
LOWEST_KEV = 15.0


def mass_attenuation(elements: dict[str, float], kev: np.ndarray) -> np.ndarray:
    """cm2/g of a mixture."""
    import xraydb

    return sum(share * xraydb.mu_elam(name, kev * 1e3) for name, share in elements.items())


def spectrum(kvp: float, filters: tuple[tuple[str, float], ...] = FILTERS_MM) -> tuple[np.ndarray, np.ndarray, float]:
    """Energies in keV, what the detector reads of each with nothing in the beam, and the HVL in mm of aluminium."""
    from spekpy import Spek

    spek = Spek(kvp=kvp, th=ANODE_DEG, dk=0.5)
    for element, mm in filters:
        spek.filter(element, mm)
    kev, fluence = spek.get_spectrum(edges=False)
    used = kev >= LOWEST_KEV
    kev, fluence = kev[used], fluence[used]
    elements, density, thickness = DETECTOR
    absorbed = 1 - np.exp(-mass_attenuation(elements, kev) * density * thickness)
    return kev, fluence * kev * absorbed, float(spek.get_hvl1())


def beam_hardening(kev: np.ndarray, read: np.ndarray, water_cm: float) -> tuple[float, float]:
    """Second-order error of the path length behind bone, once the scanner has made water linear.

    Lengths are in cm of water: w of soft tissue, b of what bone adds. The scanner reports
    w + b + square b^2 + cross b (w - water_cm); both coefficients are negative (Joseph and Spital 1978, JCAT 2:100).
    """
    mu_water = mass_attenuation(WATER, kev)
    elements, density = HYDROXYAPATITE
    mu_extra = mass_attenuation(elements, kev) * density - mu_water
    share = read / read.sum()
    lengths = np.linspace(0, 80, 400)
    reading = -np.log(np.exp(-np.outer(lengths, mu_water)) @ share)
    weight = share * np.exp(-mu_water * water_cm)
    scale = float((weight * mu_extra).sum() / (weight * mu_water).sum())
    rows, errors = [], []
    for w in np.linspace(8, 40, 17):
        for b in np.linspace(0, 12, 13):
            behind = -np.log(np.exp(-mu_water * w - mu_extra * b / scale) @ share)
            rows.append((b * b, b * (w - water_cm)))
            errors.append(np.interp(behind, reading, lengths) - w - b)
    square, cross = np.linalg.lstsq(np.array(rows), np.array(errors), rcond=None)[0]
    return float(square), float(cross)


def rounded(values: Any) -> Any:
    """Six significant digits: far finer than the sources are known."""
    return np.vectorize(lambda value: float(f"{value:.6g}"))(np.asarray(values)).tolist()


def table() -> dict[str, Any]:
    """Everything that the file holds."""
    by_element = {name: np.zeros((len(KVP), len(WATER_CM))) for name in ELEMENTS}
    energy, water = np.zeros((len(KVP), len(WATER_CM))), np.zeros((len(KVP), len(WATER_CM)))
    hvl, hardening = [], []
    for i, kvp in enumerate(KVP):
        kev, read, half_value = spectrum(kvp)
        hvl.append(half_value)
        hardening.append(beam_hardening(kev, read, WATER_CM[1]))
        for j, centimetres in enumerate(WATER_CM):
            weight = read * np.exp(-mass_attenuation(WATER, kev) * centimetres)
            weight /= weight.sum()
            energy[i, j] = (weight * kev).sum()
            water[i, j] = (weight * mass_attenuation(WATER, kev)).sum()
            for name in ELEMENTS:
                by_element[name][i, j] = (weight * mass_attenuation({name: 1.0}, kev)).sum()
    return {
        "made_by": "Testing/tools/make_attenuation_tables.py",
        "sources": ["xraydb (Elam et al. 2002), total cross sections", "spekpy (Poludniowski et al. 2021), tungsten"],
        "beam": {"anode_deg": ANODE_DEG, "filters_mm": dict(FILTERS_MM), "detector": "Gd2O2S 1.4 mm, integrating"},
        "kvp": list(KVP),
        "water_cm": list(WATER_CM),
        "hvl_mm_al": rounded(hvl),
        "mean_energy_kev": rounded(energy),
        "water_per_cm": rounded(water),
        "hardening_per_cm": {"water_cm": WATER_CM[1], "square_and_cross": rounded(hardening)},
        "cm2_per_g": {name: rounded(values) for name, values in by_element.items()},
        "published_beam": published_beam(),
    }


def published_beam() -> dict[str, Any]:
    """The beam of the AAPM 2026 abstract on L1 attenuation across tube voltages, for a test against its correction.

    3.6 mm Al + 0.6 mm Cu, weighted by fluence alone: no body and no detector.
    """
    from spekpy import Spek

    voltages, filters = (100, 120, 140), (("Al", 3.6), ("Cu", 0.6))
    means: dict[str, list[float]] = {name: [] for name in ELEMENTS}
    for kvp in voltages:
        spek = Spek(kvp=kvp, th=ANODE_DEG, dk=0.5)
        for element, mm in filters:
            spek.filter(element, mm)
        kev, fluence = spek.get_spectrum(edges=False)
        for name in ELEMENTS:
            means[name].append(float((fluence * mass_attenuation({name: 1.0}, kev)).sum() / fluence.sum()))
    return {"filters_mm": dict(filters), "kvp": list(voltages), "cm2_per_g": {n: rounded(v) for n, v in means.items()}}


def main() -> None:
    """Write the table."""
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(table(), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {OUT}")


if __name__ == "__main__":
    main()
