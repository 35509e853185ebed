"""All measures of one femur."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.acquisition_rules import AcquisitionRules
from OsteoScreenLib.densitometry.areal import ArealSum, areal_regions, project_femur, sum_region
from OsteoScreenLib.densitometry.bone_mask import BoneMask
from OsteoScreenLib.densitometry.calibration import Calibration
from OsteoScreenLib.densitometry.compartments import BoneCompartments, split_compartments
from OsteoScreenLib.densitometry.densitometry_result import FemurDensitometry
from OsteoScreenLib.densitometry.hu_rules import ask_rules
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.mineral import MineralModel
from OsteoScreenLib.densitometry.mineral_map import mineral_map
from OsteoScreenLib.densitometry.region_labels import region_label_map
from OsteoScreenLib.densitometry.region_measures import MEASURED_REGIONS, Density, FemurVoxels, measure_region
from OsteoScreenLib.densitometry.regions import split_proximal_femur
from OsteoScreenLib.densitometry.scores import PatientFacts, t_score, z_score
from OsteoScreenLib.densitometry.settings import Settings
from OsteoScreenLib.densitometry.status_rule import status_by_rule
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.quality.thresholds import METAL_HU

AREAL_SITES: Mapping[str, str] = {"femoral_neck": "neck", "total_hip": "total_hip"}
"""Sites of areal BMD, and the region that must be whole for each."""
_NOTHING_SCANNED_HU = -950
"""Bone has no air beside it: what is darker beside a femur lies outside of a round field of view."""
_NEAR_MM = 8.0
_MARGIN_MM = 13.0
"""Around the bone: the blur of 5 mm slices, and the soft tissue beyond it."""
_IMPLANT = "metal lies in or at this femur"


def measure_femur(
    ct: CTVolume,
    labels: np.ndarray,
    side: str,
    density: Density,
    rules: AcquisitionRules,
    facts: PatientFacts,
    settings: Settings,
    implant: bool = False,
    drawn: np.ndarray | None = None,
) -> FemurDensitometry:
    """Measure one femur.

    Args:
        ct: the scan. labels: (z, y, x) 1 left femur, 2 right. side: ``left`` or ``right``.
        density: the calibration, or why there is none. rules: of the acquisition. facts: of the patient.
        settings: the table. implant: whether this side is known to hold one.
        drawn: (z, y, x) uint8 on the scan's grid, into which the regions are drawn (:mod:`region_labels`).
    """
    number = 1 if side == "left" else 2
    part = _part_around(ct.geometry, labels, number)
    if part is None:
        return FemurDensitometry(side, "there is no mask of this femur")
    hu, geometry, own = ct.hu[part], _geometry_of(ct.geometry, part), labels[part]
    mask, others = own == number, (own != 0) & (own != number)
    if implant or _metal_ml(hu, mask, geometry) >= settings.number("implant.smallest_ml"):
        return FemurDensitometry(side, _IMPLANT)
    scanned = hu > _NOTHING_SCANNED_HU
    try:
        regions = split_proximal_femur(mask, geometry, side, scanned)
    except InputError as error:
        return FemurDensitometry(side, error.message)
    if rules.no_compartments:
        nothing = np.zeros(mask.shape, bool)
        parts = BoneCompartments(nothing, nothing)
    else:
        parts = split_compartments(hu, mask, regions, geometry, scanned)
    if drawn is not None:
        drawn[part][mask] = region_label_map(regions, parts)[mask]
    bone = BoneMask.of(mask, geometry, scanned)
    femur = FemurVoxels(hu, mask, geometry, regions, bone, parts, rules.no_compartments, rules.slice_mm)
    by_region = {name: measure_region(name, femur, density, settings) for name in MEASURED_REGIONS}
    areal = _areal(femur, others, density, facts, settings)
    return FemurDensitometry(
        side=side,
        regions=by_region,
        areal=areal,
        hu_rules=ask_rules({"neck": by_region["neck"]["trabecular_hu"]}, settings, ct.acquisition.kvp, rules.contrast),
        status=status_by_rule({site: measures["t_score"] for site, measures in areal.items()}, facts, settings),
        landmarks=regions.landmarks,
        notes=regions.landmarks.notes,
    )


def _part_around(geometry: Geometry, labels: np.ndarray, number: int) -> tuple[slice, slice, slice] | None:
    """The part of the scan around one femur, with a margin that keeps its border off the bone; None without a femur."""
    here = labels == number
    used = [np.flatnonzero(here.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    if used[0].size == 0:
        return None
    box = []
    for entry, step, size in zip(used, geometry.spacing_xyz_mm[::-1], here.shape, strict=True):
        margin = math.ceil(_MARGIN_MM / step)
        box.append(slice(max(int(entry[0]) - margin, 0), min(int(entry[-1]) + 1 + margin, size)))
    return box[0], box[1], box[2]


def _geometry_of(geometry: Geometry, part: tuple[slice, slice, slice]) -> Geometry:
    """The grid of a part of a scan."""
    nz, ny, nx = (entry.stop - entry.start for entry in part)
    origin = geometry.to_physical([entry.start for entry in part][::-1])
    return Geometry((nz, ny, nx), geometry.spacing_xyz_mm, origin, geometry.direction)


def _metal_ml(hu: np.ndarray, mask: np.ndarray, geometry: Geometry) -> float:
    """Volume over 2500 HU in or at the mask."""
    from scipy import ndimage

    metal = hu > METAL_HU
    if not metal.any():
        return 0.0
    near = ndimage.distance_transform_edt(~mask, geometry.spacing_xyz_mm[::-1]) <= _NEAR_MM
    return float(np.count_nonzero(metal & near)) * geometry.voxel_volume_mm3 / 1000.0


def _areal(
    femur: FemurVoxels,
    others: np.ndarray,
    density: Density,
    facts: PatientFacts,
    settings: Settings,
) -> dict[str, dict[str, Measure]]:
    """Content, area, areal BMD and scores by site."""
    marks = femur.regions.landmarks
    problem = density.withheld
    if not problem and (marks.neck_axis is None or marks.shaft_axis is None or marks.neck_centre_lps_mm is None):
        problem = marks.withheld.get("neck_axis") or marks.withheld.get("shaft_axis") or "no neck was found"
    sums: dict[str, ArealSum] = {}
    if not problem and density.calibration is not None:
        line = density.calibration
        mineral = mineral_map(femur.hu, femur.mask, others, femur.geometry, line, settings, femur.slice_mm)
        picture = project_femur(mineral, femur.mask, femur.geometry, marks, settings.number("areal.step_mm"))
        sums = {name: sum_region(picture, w) for name, w in areal_regions(picture, marks, settings).items()}
    result = {}
    for site, region in AREAL_SITES.items():
        why = problem or femur.regions.incomplete.get(region, "")
        if not why and (site not in sums or sums[site].area_cm2 <= 0):
            why = marks.withheld.get("lesser_trochanter_lps_mm") or "no bone lies in it"
        result[site] = _site_measures(site, sums.get(site), why, density.calibration, facts, settings)
    return result


def _site_measures(
    site: str,
    found: ArealSum | None,
    why: str,
    calibration: Calibration | None,
    facts: PatientFacts,
    settings: Settings,
) -> dict[str, Measure]:
    if why or found is None or calibration is None:
        abmd, bmc, area = (Measure.without(unit, why) for unit in ("g/cm2", "g", "cm2"))
    else:
        own_sd = _abmd_sd(found, calibration, settings)
        slope = settings.number("areal.to_dxa_slope")
        value = slope * found.abmd_g_cm2 + settings.number("areal.to_dxa_intercept_g_cm2")
        abmd = Measure(value, "g/cm2", slope * own_sd)
        bmc = Measure(found.bmc_g, "g", own_sd * found.area_cm2)
        area = Measure(found.area_cm2, "cm2")
    return {
        "abmd": abmd,
        "bmc": bmc,
        "area": area,
        "t_score": t_score(abmd, site, facts, settings),
        "z_score": z_score(abmd, site, facts, settings),
    }


def _abmd_sd(found: ArealSum, calibration: Calibration, settings: Settings) -> float:
    """The line's error at the mean density along the rays, marrow's, and the model's own share."""
    model = MineralModel.in_marrow(settings, "total_hip", calibration.effective_energy_kev)
    mean_mineral = 1e4 * found.abmd_g_cm2 / max(found.path_mm, 1.0)
    mean_density = mean_mineral / model.gain + model.zero
    by_line = model.sd(calibration.sd_mg_cm3(mean_density)) * found.path_mm * 1e-4
    return math.hypot(by_line, settings.number("areal.model_relative_sd") * found.abmd_g_cm2)
