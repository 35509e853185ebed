"""Hounsfield units of tissue and bone at a tube voltage, computed from what they consist of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from OsteoScreenLib.phantom.materials import (
    CORTICAL_BONE,
    DIPOTASSIUM_PHOSPHATE,
    HYDROXYAPATITE,
    IODINE_MG_ML,
    K2HPO4_WATER_DISPLACED_ML_PER_G,
    MATERIALS,
    PHASES,
    Material,
)

TABLE = Path(__file__).parent / "tables" / "attenuation.json"
REFERENCE_KVP = 120.0
REFERENCE_WATER_CM = 26.0
"""Water around the object: with it, the spectrum that reaches the middle of an average abdomen."""

BONE_TISSUE_MG_CM3 = 1000 * CORTICAL_BONE.density_g_cm3 * CORTICAL_BONE.elements["Ca"] / HYDROXYAPATITE.elements["Ca"]
"""Hydroxyapatite of bone without pores, mg/cm3: the calcium of ICRU's cortical bone, as hydroxyapatite (1083)."""


@dataclass(frozen=True)
class Beam:
    """A tube voltage and a contrast phase, and the Hounsfield units that everything has with them.

    Attributes:
        kvp: 80 to 140. phase: one of ``materials.PHASES``. water_cm: thickness of the body around what is seen, 20 to
            32.
        mean_energy_kev: of what the detector reads behind that water.
        water_per_mm: effective linear attenuation of water.
        hu: HU by name of material; also ``cortical_bone``, without pores.
        bone_tissue_hu: HU of bone without pores and of ``BONE_TISSUE_MG_CM3``.
        hydroxyapatite_hu: HU per mg/cm3 of hydroxyapatite that takes the place of water.
        k2hpo4_hu: HU per mg/cm3 of K2HPO4 in aqueous solution.
        iodine_hu: HU per mg/ml of iodine.
        hardening_per_mm: error of path lengths behind bone, ``square`` and ``cross`` (see the table's script), per mm.
    """

    kvp: float
    phase: str
    water_cm: float
    mean_energy_kev: float
    water_per_mm: float
    hu: Mapping[str, float]
    bone_tissue_hu: float
    hydroxyapatite_hu: float
    k2hpo4_hu: float
    iodine_hu: float
    hardening_per_mm: tuple[float, float]

    @classmethod
    def of(cls, kvp: float, phase: str = "none", water_cm: float = REFERENCE_WATER_CM) -> Beam:
        """The beam of a tube voltage; between the voltages of the table the coefficients are interpolated.

        Raises:
            ValueError: the voltage, the phase or the thickness is outside of the table.
        """
        if phase not in PHASES:
            raise ValueError(f"a contrast phase is one of {', '.join(PHASES)}, not {phase!r}")
        return _beam(float(kvp), phase, float(water_cm))

    def bone_hu(
        self, soft_hu: np.ndarray | float, mineral: np.ndarray | float, out: np.ndarray | None = None
    ) -> np.ndarray:
        """HU of bone: its marrow gives way to bone tissue (mineral, and the collagen and water that come with it).

        Bone tissue fills mineral / ``BONE_TISSUE_MG_CM3`` of the voxel. Denser mineral than that takes the place of
        collagen.

        Args:
            soft_hu: HU of what fills the pores. mineral: mg/cm3 of hydroxyapatite in the whole volume; both broadcast.
            out: float32 array for the result; may be ``soft_hu`` itself.

        Returns:
            float32 HU; exactly ``soft_hu`` where there is no mineral.
        """
        soft = np.asarray(soft_hu, dtype=np.float32)
        share = np.asarray(mineral, dtype=np.float32) * np.float32(1 / BONE_TISSUE_MG_CM3)
        beyond = np.maximum(share - np.float32(1), np.float32(0))
        share = np.minimum(share, np.float32(1))
        result = np.subtract(np.float32(self.bone_tissue_hu), soft)
        result *= share
        result = np.add(result, soft, out=out)
        beyond *= np.float32(BONE_TISSUE_MG_CM3 * self._dense_hu_per_mg)
        result += beyond
        return result

    @property
    def _dense_hu_per_mg(self) -> float:
        """HU per mg/cm3 of hydroxyapatite that takes the place of collagen."""
        matrix = (self.bone_tissue_hu - BONE_TISSUE_MG_CM3 * self.hydroxyapatite_hu) / (1 - _mineral_volume())
        return self.hydroxyapatite_hu - matrix / (1000 * HYDROXYAPATITE.density_g_cm3)

    def k2hpo4_equivalent(self, hydroxyapatite: np.ndarray | float) -> np.ndarray | float:
        """mg/cm3 of K2HPO4 in water that attenuates as much as this much hydroxyapatite (mg/cm3) in water.

        It is the mineral alone: fat and collagen, which mislead a measurement with a calibration phantom, do not enter.
        0.97 at 120 kVp. Goodsitt (1992, Bone Miner 19:145) measured 0.86 (80 kVp) and 0.81 (140 kVp) between a liquid
        phantom and the hydroxyapatite phantom of one maker, whose plastic is not water.
        """
        return hydroxyapatite * (self.hydroxyapatite_hu / self.k2hpo4_hu)

    def qct_k2hpo4(self, hu: np.ndarray | float) -> np.ndarray | float:
        """What a perfect liquid calibration phantom in the same scan would read from a voxel's HU, in mg/cm3."""
        return hu / self.k2hpo4_hu


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def _interpolated(values: Any, kvp: float, water_cm: float) -> float:
    """A (kvp, water) entry of the table at any voltage and thickness in between."""
    table = _table()
    by_water = [np.interp(kvp, table["kvp"], column) for column in np.asarray(values).T]
    return float(np.interp(water_cm, table["water_cm"], by_water))


def _mineral_volume() -> float:
    """Share of bone tissue that is mineral."""
    return BONE_TISSUE_MG_CM3 / (1000 * HYDROXYAPATITE.density_g_cm3)


@cache
def _beam(kvp: float, phase: str, water_cm: float) -> Beam:
    table = _table()
    for name, value in (("kvp", kvp), ("water_cm", water_cm)):
        if not min(table[name]) <= value <= max(table[name]):
            raise ValueError(f"{name} lies between {min(table[name])} and {max(table[name])}, not at {value:g}")
    coefficients = {name: _interpolated(values, kvp, water_cm) for name, values in table["cm2_per_g"].items()}

    def mass_attenuation(material: Material) -> float:
        return sum(share * coefficients[name] for name, share in material.elements.items())

    water = mass_attenuation(MATERIALS["water"])
    iodine = coefficients["I"] / water  # HU per mg/ml; its volume is negligible
    hu = {
        name: 1000 * (mass_attenuation(material) * material.density_g_cm3 / water - 1)
        for name, material in MATERIALS.items()
    }
    if phase != "none":
        column = PHASES.index(phase) - 1
        for name, amounts in IODINE_MG_ML.items():
            hu[name] += iodine * amounts[column]
    cortical = 1000 * (mass_attenuation(CORTICAL_BONE) * CORTICAL_BONE.density_g_cm3 / water - 1)
    hu["cortical_bone"] = cortical
    hardening = np.array(table["hardening_per_cm"]["square_and_cross"])
    square, cross = (float(np.interp(kvp, table["kvp"], column)) / 10 for column in hardening.T)
    return Beam(
        kvp=kvp,
        phase=phase,
        water_cm=water_cm,
        mean_energy_kev=_interpolated(table["mean_energy_kev"], kvp, water_cm),
        water_per_mm=water / 10,
        hu=MappingProxyType(hu),
        bone_tissue_hu=cortical,
        hydroxyapatite_hu=mass_attenuation(HYDROXYAPATITE) / water - 1 / HYDROXYAPATITE.density_g_cm3,
        k2hpo4_hu=mass_attenuation(DIPOTASSIUM_PHOSPHATE) / water - K2HPO4_WATER_DISPLACED_ML_PER_G,
        iodine_hu=iodine,
        hardening_per_mm=(square, cross),
    )
