"""Measures the truth of a digital patient on density volumes of its own.

The bones are painted once more on fine grids that hold them whole, so that the truth does not depend on what a scan
shows of them, on its voxel size or on metal: an implant is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.areal_truth import SPINE_MARGIN_MM, ArealDensity, FemurLandmarks, femur_areal, spine_areal
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.femur import FemurTruth
from OsteoScreenLib.phantom.labels import BONES, LABEL, MUSCLES, sided
from OsteoScreenLib.phantom.plan import BodyPlan
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.truth import FemurRecord, PatientTruth, SpineRecord
from OsteoScreenLib.phantom.volumetric_truth import RegionDensity, mid_body_region, region_densities

BONE_GRID_MM = 1.0
MUSCLE_GRID_MM = 1.5
MUSCLE_LEVELS = ("T12", "L1", "L3")
QCT_VERTEBRAE = ("T12", "L1", "L2", "L3", "L4")
_BONE_LABELS = frozenset(LABEL[name] for name in BONES)
_VERTEBRA_LABELS = frozenset(LABEL[name] for name in BONES if name.startswith("vertebra_"))

TOTAL_HIP_PARTS = ("neck", "trochanteric", "intertrochanteric")

Paint = Callable[[TissueCanvas], object]
Regions = Callable[[TissueCanvas, str], tuple[Mapping[str, np.ndarray], np.ndarray]]


@dataclass(frozen=True)
class Painters:
    """What paints a patient, for any canvas.

    Attributes:
        femora: both femora without implants; returns their landmarks by side.
        spine: vertebrae and ribs.
        everything: the whole patient.
        regions: ``regions(canvas, side)``: (z, y, x) bool masks of a femur's regions by name, and of its cortex.
    """

    femora: Callable[[TissueCanvas], Mapping[str, FemurTruth]]
    spine: Paint
    everything: Paint
    regions: Regions


def measure_truth(
    plan: BodyPlan, landmarks: Mapping[str, FemurTruth], painters: Painters, *, workers: int = 2
) -> PatientTruth:
    """Paint what is needed and measure it.

    Args:
        plan: of the patient.
        landmarks: of both femora, by side.
        painters: of this patient.
        workers: threads; the result does not depend on them.
    """
    beam = Beam.of(120.0)
    with ThreadPoolExecutor(workers) as pool:
        femurs = {side: pool.submit(_femur, femur, painters, beam) for side, femur in landmarks.items()}
        spine = pool.submit(_spine, plan, painters, beam)
        muscles = {level: pool.submit(_muscle_areas, plan, level, painters, beam) for level in MUSCLE_LEVELS}
    return PatientTruth(
        traits=plan.traits,
        femurs={side: task.result() for side, task in femurs.items()},
        spine=spine.result(),
        muscle_area_cm2={level: task.result() for level, task in muscles.items()},
        k2hpo4_per_hydroxyapatite=float(beam.k2hpo4_equivalent(1.0)),
    )


def femur_landmarks(femur: FemurTruth) -> FemurLandmarks:
    """What the projection needs."""
    return FemurLandmarks(
        head_centre=femur.head_centre,
        neck_centre=femur.neck_centre,
        neck_axis=femur.neck_axis,
        shaft_axis=femur.shaft_axis,
        lesser_trochanter=femur.lesser_trochanter,
    )


def grid_around(low: np.ndarray, high: np.ndarray, spacing_mm: float) -> Geometry:
    """A grid with cubic voxels that holds a box, axes along L, P, S."""
    counts = np.maximum(np.ceil((np.asarray(high) - low) / spacing_mm).astype(int) + 1, 1)
    nx, ny, nz = counts.tolist()
    x, y, z = np.asarray(low, dtype=float).tolist()
    return Geometry((nz, ny, nx), (spacing_mm,) * 3, (x, y, z), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))


def femur_grid(femur: FemurTruth, spacing_mm: float = BONE_GRID_MM) -> Geometry:
    """A grid that holds the proximal femur to 3 cm under the tip of the lesser trochanter."""
    radius = femur.head_radius_mm
    points = np.array([femur.head_centre, femur.greater_trochanter, femur.lesser_trochanter, femur.shaft_point])
    low = points.min(axis=0) - np.array([radius + 10.0, radius + 12.0, 30.0])
    high = points.max(axis=0) + np.array([radius + 10.0, radius + 12.0, 8.0])
    high[2] = max(high[2], femur.head_centre[2] + radius + 6.0)
    return grid_around(low, high, spacing_mm)


def _femur(femur: FemurTruth, painters: Painters, beam: Beam) -> FemurRecord:
    canvas = TissueCanvas(femur_grid(femur), beam.hu)
    painters.femora(canvas)
    number = sided("femur", femur.side)
    areal = femur_areal(canvas.mineral, canvas.label, canvas.geometry, number, _BONE_LABELS, femur_landmarks(femur))
    regions, cortical = painters.regions(canvas, femur.side)
    if set(TOTAL_HIP_PARTS) <= set(regions):
        regions = {**regions, "total_hip": np.any([regions[name] for name in TOTAL_HIP_PARTS], axis=0)}
    volumetric: dict[str, RegionDensity] = region_densities(
        canvas.mineral, regions, cortical, canvas.geometry.voxel_volume_mm3
    )
    return FemurRecord(landmarks=femur.to_dict(), areal=areal, volumetric=volumetric)


def _spine(plan: BodyPlan, painters: Painters, beam: Beam) -> SpineRecord:
    box = spine_box(plan)
    centres = np.array([plan.vertebra(name).centre for name in QCT_VERTEBRAE])
    deepest = max(vertebra.depth_mm for vertebra in plan.vertebrae)
    low = (-60.0, float(centres[:, 1].min()) - 0.7 * deepest - 8.0, box[2] - 12.0)
    top = plan.vertebra("T12")
    high = (60.0, float(centres[:, 1].max()) + 0.5 * deepest + 75.0, top.centre[2] + top.height_mm)
    canvas = TissueCanvas(grid_around(np.array(low), np.array(high), BONE_GRID_MM), beam.hu)
    painters.spine(canvas)
    areal: ArealDensity = spine_areal(
        canvas.mineral, canvas.label, canvas.geometry, _VERTEBRA_LABELS, _BONE_LABELS, box
    )
    trabecular = {}
    for name in QCT_VERTEBRAE:
        region = mid_body_region(canvas.geometry, plan.vertebra(name))
        trabecular[name] = float(canvas.mineral[region].mean(dtype=np.float64))
    return SpineRecord(areal, trabecular, plan.traits.fractured_vertebra)


def spine_box(plan: BodyPlan) -> tuple[float, float, float, float]:
    """Middle, half width, lower and upper end of L1 to L4 as seen from behind, from mid-disc to mid-disc, mm."""
    lowest, highest, above = (plan.vertebra(name) for name in ("L4", "L1", "T12"))
    low = lowest.centre[2] - (lowest.height_mm + lowest.disc_below_mm) / 2 * _upright(lowest.tilt_deg)
    high = highest.centre[2] + (highest.height_mm + above.disc_below_mm) / 2 * _upright(highest.tilt_deg)
    half_width = max(plan.vertebra(name).width_mm for name in ("L1", "L2", "L3", "L4")) / 2 + SPINE_MARGIN_MM
    return lowest.centre[0], half_width, low, high


def _upright(tilt_deg: float) -> float:
    return float(np.cos(np.radians(tilt_deg)))


def _muscle_areas(plan: BodyPlan, level: str, painters: Painters, beam: Beam) -> dict[str, float]:
    """Areas of the muscles on the slice through the middle of a vertebral body."""
    vertebra = plan.vertebra(level)
    width = plan.waist_half_width_mm + plan.subcutaneous_fat_mm + 80.0
    depth = plan.waist_half_depth_mm + plan.subcutaneous_fat_mm + 100.0
    low = np.array([-width, -depth, vertebra.centre[2]])
    high = np.array([width, depth + vertebra.centre[1], vertebra.centre[2]])
    canvas = TissueCanvas(grid_around(low, high, MUSCLE_GRID_MM), beam.hu)
    painters.everything(canvas)
    counts = np.bincount(canvas.label.ravel(), minlength=256)
    pixel_cm2 = MUSCLE_GRID_MM**2 / 100.0
    areas = {name: float(counts[LABEL[name]]) * pixel_cm2 for name in MUSCLES if counts[LABEL[name]]}
    return {"skeletal_muscle": sum(areas.values()), **areas}
