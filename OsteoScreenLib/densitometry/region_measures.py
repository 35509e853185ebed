"""HU, volumetric density and content of the regions of one femur."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.bone_mask import BoneMask
from OsteoScreenLib.densitometry.calibration import Calibration
from OsteoScreenLib.densitometry.compartments import BoneCompartments
from OsteoScreenLib.densitometry.cortical_thickness import MEASURED_IN, thickness_of
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.mineral import MineralModel
from OsteoScreenLib.densitometry.regions import FemurRegions
from OsteoScreenLib.densitometry.settings import Settings

MEASURED_REGIONS = ("head", "neck", "trochanteric", "intertrochanteric", "total_hip", "shaft")
_FEWEST_VOXELS = 50
"""Own choice: fewer voxels of a compartment have no mean worth stating in a noisy scan."""
_DENSITY, _HU = "mg/cm3", "HU"


@dataclass(frozen=True, eq=False)
class FemurVoxels:
    """One femur with all that its measures are made of, on one grid.

    Attributes:
        hu: (z, y, x). mask: bool. geometry: of all. regions, bone, compartments: of this femur.
        no_compartments: why cortical and trabecular bone are not told apart; empty where they are.
        slice_mm: thickness of the slices; 0 where it is not known.
    """

    hu: np.ndarray
    mask: np.ndarray
    geometry: Geometry
    regions: FemurRegions
    bone: BoneMask
    compartments: BoneCompartments
    no_compartments: str = ""
    slice_mm: float = 0.0


@dataclass(frozen=True)
class Density:
    """What turns HU into density, and why it may not be: the calibration, or a reason."""

    calibration: Calibration | None
    withheld: str = ""


def measure_region(name: str, femur: FemurVoxels, density: Density, settings: Settings) -> dict[str, Measure]:
    """Measures of one region by name; each withheld with a reason where the region is not whole.

    Returns:
        ``mean_hu``, ``vbmd`` (K2HPO4-equivalent), ``trabecular_hu``, ``trabecular_vbmd``, ``trabecular_mineral``
        (hydroxyapatite), ``cortical_hu``, ``cortical_vbmd``, ``volume``, ``bmc`` (hydroxyapatite) and, for some
        regions, ``cortical_thickness``.
    """
    inside = femur.regions.mask_of(name) & femur.mask
    problem = femur.regions.incomplete.get(name, "")
    if not problem and not inside.any():
        problem = "no voxel of the mask lies in it"
    if name == "shaft" and not problem:
        whole_only = "the shaft is never whole in view; only means are given"
    else:
        whole_only = problem
    parts = {
        "": inside,
        "trabecular_": inside & femur.compartments.trabecular,
        "cortical_": inside & femur.compartments.cortical,
    }
    result: dict[str, Measure] = {}
    for prefix, voxels in parts.items():
        why = problem or (femur.no_compartments if prefix else "")
        if not why and np.count_nonzero(voxels) < _FEWEST_VOXELS:
            why = "too few voxels of it were told apart in this scan"
        mean = Measure.without(_HU, why) if why else Measure(_mean(femur.hu, voxels), _HU, _mean_sd(femur.hu, voxels))
        result[f"{prefix or 'mean_'}hu"] = mean
        result[f"{prefix}vbmd"] = density_of(mean, density)
        if prefix == "trabecular_":
            result["trabecular_mineral"] = _mineral_of(mean, name, density, settings)
    volume = float(np.count_nonzero(inside)) * femur.geometry.voxel_volume_mm3 / 1000.0
    result["volume"] = Measure.without("ml", whole_only) if whole_only else Measure(volume, "ml")
    result["bmc"] = _content(result["mean_hu"], volume, name, whole_only, density, settings)
    if name in MEASURED_IN:
        why = problem or femur.no_compartments
        result["cortical_thickness"] = (
            Measure.without("mm", why)
            if why
            else thickness_of(femur.compartments.cortical, inside, femur.bone, settings, femur.slice_mm)
        )
    return result


def _mean(hu: np.ndarray, voxels: np.ndarray) -> float:
    return float(hu[voxels].mean(dtype=np.float64))


def _mean_sd(hu: np.ndarray, voxels: np.ndarray) -> float:
    """Standard error; neighbours share noise and structure, so every eighth voxel counts as its own."""
    return float(hu[voxels].std(dtype=np.float64) / np.sqrt(max(np.count_nonzero(voxels) / 8.0, 1.0)))


def density_of(mean: Measure, density: Density) -> Measure:
    """K2HPO4-equivalent density of mean HU, in mg/cm3; withheld where the HU or the calibration are."""
    if mean.value is None or density.calibration is None or density.withheld:
        return Measure.without(_DENSITY, mean.withheld or density.withheld)
    calibration = density.calibration
    value = float(calibration.density(mean.value))
    return Measure(value, _DENSITY, float(np.hypot(calibration.sd_mg_cm3(value), calibration.slope * (mean.sd or 0.0))))


def _mineral_of(mean: Measure, name: str, density: Density, settings: Settings) -> Measure:
    found = density_of(mean, density)
    if found.value is None or found.sd is None or density.calibration is None:
        return found
    model = _model(name, settings, density.calibration)
    return Measure(float(model.of(found.value)), _DENSITY, model.sd(found.sd))


def _content(
    mean: Measure, volume_ml: float, name: str, whole_only: str, density: Density, settings: Settings
) -> Measure:
    if whole_only:
        return Measure.without("g", whole_only)
    mineral = _mineral_of(mean, name, density, settings)
    if mineral.value is None or mineral.sd is None:
        return Measure.without("g", mineral.withheld)
    return Measure(mineral.value * volume_ml / 1000.0, "g", mineral.sd * volume_ml / 1000.0)


def _model(name: str, settings: Settings, calibration: Calibration) -> MineralModel:
    return MineralModel.in_marrow(settings, name, calibration.effective_energy_kev)
