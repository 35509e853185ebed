"""Makes a digital patient: a CT with known anatomy, known bone density and known truth, drawn from one seed."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.coverage import scan_grid
from OsteoScreenLib.phantom.ct_scanner import scan
from OsteoScreenLib.phantom.femur import FemurTruth, femur_truth, paint_femora
from OsteoScreenLib.phantom.femur_implant import paint_implant
from OsteoScreenLib.phantom.femur_regions import femur_regions
from OsteoScreenLib.phantom.femur_shape import draw_femur_shape
from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.patient_pose import Pose
from OsteoScreenLib.phantom.plan import BodyPlan, Point, plan_body, rng_of
from OsteoScreenLib.phantom.protocol import PROTOCOLS, Protocol
from OsteoScreenLib.phantom.skeleton import paint_axial_skeleton, paint_pelvis
from OsteoScreenLib.phantom.soft_anatomy import SoftAnatomy, make_soft_anatomy
from OsteoScreenLib.phantom.soft_tissue import paint_over_bones, paint_soft_tissue
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits
from OsteoScreenLib.phantom.truth import PatientTruth
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if

NOTE = "Made by OsteoScreen: a digital patient, simulated, not a person."
SLAB_SLICES = 24
SURROUNDINGS_MM = 6.0


@dataclass(frozen=True, eq=False)
class DigitalPatient:
    """A simulated scan and everything that is known of it.

    Attributes:
        ct: the image.
        labels: (z, y, x) uint8 on the image's grid, numbers of ``labels.LABEL``.
        femur_regions: (z, y, x) uint8, numbers of ``femur_regions.REGIONS`` within the femora, 0 elsewhere.
        mineral: (z, y, x) float32, true hydroxyapatite density in mg/cm3 of each voxel, before blur and noise.
        landmarks: of both femora by side, in the frame of the patient; ``pose`` takes them into the image.
        pose: how the patient lies in the scanner.
        traits, protocol: who, and how scanned.
        truth: densities and scores; None where it was not asked for.
    """

    ct: CTVolume
    labels: np.ndarray
    femur_regions: np.ndarray
    mineral: np.ndarray
    landmarks: Mapping[str, FemurTruth]
    pose: Pose
    traits: PatientTraits
    protocol: Protocol
    truth: PatientTruth | None

    @property
    def landmarks_in_image(self) -> Mapping[str, Mapping[str, Point]]:
        """LPS mm of the femora's landmarks as the patient lies in the image: side -> name -> point."""
        names = ("head_centre", "neck_centre", "shaft_point", "lesser_trochanter", "greater_trochanter")
        return {
            side: {name: self.pose.to_scanner(getattr(femur, name)) for name in names}
            for side, femur in self.landmarks.items()
        }


def make_digital_patient(
    traits: PatientTraits,
    protocol: Protocol | None = None,
    *,
    spacing_xyz_mm: tuple[float, float, float] | None = None,
    shape_zyx: tuple[int, int, int] | None = None,
    with_truth: bool = True,
    workers: int = 2,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> DigitalPatient:
    """Make a patient and scan him or her; the same bytes for the same arguments on one platform.

    Args:
        traits: who. protocol: how to scan; None: ``low-dose-abdomen``.
        spacing_xyz_mm: voxel size; None: the protocol's.
        shape_zyx: number of voxels; None: what the protocol covers.
        with_truth: measure densities and scores too, on fine grids of their own (some seconds).
        workers: threads.
        progress, cancelled: as everywhere.

    Raises:
        ValueError: protocol or grid is impossible.
        CancelledError: the user asked to stop.
    """
    protocol = protocol or PROTOCOLS["low-dose-abdomen"]
    plan = plan_body(traits)
    anatomy = make_soft_anatomy(plan)
    grid = scan_grid(plan, anatomy.surface, protocol, spacing_xyz_mm or protocol.spacing_xyz_mm, shape_zyx)
    pose = Pose.of(protocol.tilt_deg, grid)
    beam = Beam.of(protocol.kvp, protocol.phase, protocol.water_cm)
    canvas = TissueCanvas(pose.painting_grid(grid), beam.hu)
    _paint_in_slabs(canvas, plan, anatomy, workers, lambda f, m: progress(0.65 * f, m), cancelled)
    landmarks = {side: femur_truth(draw_femur_shape(plan, side)) for side in "LR"}
    soft, mineral = pose.into_image(canvas.soft_hu, grid), pose.into_image(canvas.mineral, grid)
    labels, regions = pose.into_image(canvas.label, grid), pose.into_image(_regions(canvas, landmarks), grid)
    stop_if(cancelled)
    progress(0.65, "Digital patient: scanner")
    metal = labels == LABEL["implant"]
    image = scan(
        beam.bone_hu(soft, mineral, out=soft),
        grid,
        protocol,
        rng_of(traits, f"scan-{protocol.name}"),
        metal if metal.any() else None,
        surroundings=_surroundings(plan, anatomy, protocol, grid, beam),
        workers=workers,
    )
    image.setflags(write=False)
    stop_if(cancelled)
    progress(0.85, "Digital patient: truth")
    truth = true_values(plan, landmarks, anatomy) if with_truth else None
    progress(1.0, "Digital patient: done")
    return DigitalPatient(
        ct=_volume(image, grid, traits, protocol),
        labels=labels,
        femur_regions=regions,
        mineral=mineral,
        landmarks=landmarks,
        pose=pose,
        traits=traits,
        protocol=protocol,
        truth=truth,
    )


def paint_patient(canvas: TissueCanvas, plan: BodyPlan, anatomy: SoftAnatomy | None = None) -> None:
    """Paint everything onto a canvas that may cover any part of the body."""
    anatomy = anatomy or make_soft_anatomy(plan)
    paint_soft_tissue(canvas, plan, anatomy)
    paint_pelvis(canvas, plan)
    paint_axial_skeleton(canvas, plan, anatomy.surface)
    paint_over_bones(canvas, plan, anatomy)
    paint_femora(canvas, plan)
    paint_implant(canvas, plan)


def true_values(
    plan: BodyPlan, landmarks: Mapping[str, FemurTruth], anatomy: SoftAnatomy | None = None
) -> PatientTruth:
    """Densities, scores and muscle areas of a patient, whatever a scan shows of him or her."""
    from OsteoScreenLib.phantom.measure_truth import Painters, measure_truth

    anatomy = anatomy or make_soft_anatomy(plan)

    def masks(canvas: TissueCanvas, side: str) -> tuple[Mapping[str, np.ndarray], np.ndarray]:
        return region_masks(canvas, landmarks[side])

    painters = Painters(
        femora=lambda canvas: paint_femora(canvas, plan),
        spine=lambda canvas: paint_axial_skeleton(canvas, plan, anatomy.surface),
        everything=lambda canvas: paint_patient(canvas, plan, anatomy),
        regions=masks,
    )
    return measure_truth(plan, landmarks, painters)


def region_masks(canvas: TissueCanvas, femur: FemurTruth) -> tuple[Mapping[str, np.ndarray], np.ndarray]:
    """Boolean masks of a femur's regions by name, and of its cortex: at least half as dense as bone without pores."""
    from OsteoScreenLib.phantom.attenuation import BONE_TISSUE_MG_CM3
    from OsteoScreenLib.phantom.femur_regions import REGIONS

    inside = canvas.label == sided("femur", femur.side)
    numbers = femur_regions(femur, canvas.x, canvas.y, canvas.z)
    masks = {name: inside & (numbers == number) for number, name in REGIONS.items()}
    return masks, canvas.mineral >= 0.5 * BONE_TISSUE_MG_CM3


def _paint_in_slabs(
    canvas: TissueCanvas,
    plan: BodyPlan,
    anatomy: SoftAnatomy,
    workers: int,
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> None:
    starts = range(0, canvas.geometry.shape_zyx[0], SLAB_SLICES)

    def work(start: int) -> None:
        stop_if(cancelled)
        paint_patient(canvas.slab(slice(start, start + SLAB_SLICES)), plan, anatomy)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        for number, _ in enumerate(pool.map(work, starts), start=1):
            progress(number / len(starts), "Digital patient: anatomy")


def _regions(canvas: TissueCanvas, landmarks: Mapping[str, FemurTruth]) -> np.ndarray:
    """(z, y, x) uint8 of the femora's regions."""
    result = np.zeros(canvas.geometry.shape_zyx, dtype=np.uint8)
    for side, femur in landmarks.items():
        inside = canvas.label == sided("femur", side)
        box = _box_of(inside)
        if box is not None:
            numbers = femur_regions(femur, canvas.x[:, :, box[2]], canvas.y[:, box[1]], canvas.z[box[0]])
            np.copyto(result[box], numbers, where=inside[box])
    return result


def _box_of(mask: np.ndarray) -> tuple[slice, slice, slice] | None:
    """The smallest box that holds a mask."""
    found = [np.flatnonzero(mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    if found[0].size == 0:
        return None
    z, y, x = (slice(int(index[0]), int(index[-1]) + 1) for index in found)
    return z, y, x


def _surroundings(
    plan: BodyPlan, anatomy: SoftAnatomy, protocol: Protocol, grid: Geometry, beam: Beam
) -> tuple[np.ndarray, Geometry] | None:
    """The whole cross-section on a coarse grid, where the field of view cuts the body: X-rays pass what is not seen."""
    z = grid.origin_lps_mm[2] + np.arange(grid.shape_zyx[0], dtype=np.float32) * grid.spacing_xyz_mm[2]
    x_low, x_high, _, _ = anatomy.surface.reach(z)
    half = grid.extent_xyz_mm[0] / 2
    middle = grid.origin_lps_mm[0] + half
    if x_low > middle - half and x_high < middle + half:
        return None
    whole = replace(protocol, fov_mm=None, fov_centre_mm=(0.0, 0.0))
    wide = scan_grid(plan, anatomy.surface, whole, (SURROUNDINGS_MM,) * 3)
    count = max(1, round(grid.extent_xyz_mm[2] / SURROUNDINGS_MM))
    x, y, _ = wide.origin_lps_mm
    wide = replace(wide, shape_zyx=(count, *wide.shape_zyx[1:]), origin_lps_mm=(x, y, grid.origin_lps_mm[2]))
    canvas = TissueCanvas(wide, beam.hu)
    paint_patient(canvas, plan, anatomy)
    return beam.bone_hu(canvas.soft_hu, canvas.mineral), wide


def _volume(image: np.ndarray, grid: Geometry, traits: PatientTraits, protocol: Protocol) -> CTVolume:
    from OsteoScreenLib.phantom.write_patient import acquisition_of

    return CTVolume(
        hu=image,
        geometry=grid,
        acquisition=acquisition_of(traits, protocol),
        source=Source(name=f"digital-patient-{traits.seed}", kind="simulation", notes=(NOTE,)),
    )
