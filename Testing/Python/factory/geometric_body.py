"""A CT that the program makes itself: a geometric body, not anatomy.

Ellipsoids, rods and shells stand where a pelvis, two hips and two thighs would be, each with the Hounsfield units its
tissue has at 120 kVp. It serves to show and to test the way from a CT to a report. It says nothing of any patient,
and no measurement of bone made on it means anything.
"""

from __future__ import annotations

import math

import numpy as np

from factory.geometric_bones import paint_pelvis, paint_proximal_femora, paint_spine
from factory.geometric_canvas import Canvas
from factory.geometric_scanner import ScannerModel
from factory.geometric_soft_tissue import body_distance, paint_soft_tissue, paint_table
from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if

NAME = "geometric body, not anatomy"

AIR_HU = -1000.0

NOISE_DEPTH_MM = 60.0
"""Below the skin by this much, the noise has reached its full strength."""


def make_geometric_body(
    seed: int = 0,
    shape_zyx: tuple[int, int, int] = (160, 256, 256),
    spacing_xyz_mm: tuple[float, float, float] = (1.5, 1.5, 1.5),
    *,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> CTVolume:
    """Make the CT of a geometric body, supine on a table; the same bytes for the same arguments.

    Args:
        seed: of the noise and of the place of the bowel; not negative.
        shape_zyx: voxels along z, y, x.
        spacing_xyz_mm: voxel size. The body is some 350 mm wide and 215 mm deep and lies around the middle of the
            grid; the default grid holds its whole cross-section over 240 mm, from the thighs to the last lumbar
            vertebra. A smaller grid cuts it, as a small field of view does.
        progress, cancelled: as everywhere.

    Returns:
        A volume with int16 HU (read-only) whose axes run to L, P, S.

    Raises:
        ValueError: seed, shape or spacing is impossible.
        CancelledError: the user asked to stop.
    """
    geometry = _centred_grid(shape_zyx, spacing_xyz_mm)
    if seed < 0:
        raise ValueError(f"a seed is not negative: {seed}")
    anatomy_rng, noise_rng = (np.random.default_rng([seed, part]) for part in range(2))
    canvas = Canvas(geometry, AIR_HU)
    steps = (
        ("table", lambda: paint_table(canvas)),
        ("soft tissue", lambda: paint_soft_tissue(canvas, anatomy_rng)),
        ("pelvis", lambda: paint_pelvis(canvas)),
        ("spine", lambda: paint_spine(canvas)),
        ("femora", lambda: paint_proximal_femora(canvas)),
    )
    for number, (name, paint) in enumerate(steps):
        stop_if(cancelled)
        progress(0.6 * number / len(steps), f"Geometric body: {name}")
        paint()
    stop_if(cancelled)
    progress(0.6, "Geometric body: scanner")
    hu = ScannerModel().scan(canvas.hu, spacing_xyz_mm, _noise_depth(canvas), noise_rng)
    hu.flags.writeable = False
    progress(1.0, "Geometric body: done")
    return CTVolume(
        hu=hu,
        geometry=geometry,
        acquisition=_acquisition(spacing_xyz_mm),
        source=Source(name=f"geometric-body-{seed}", kind="simulation", notes=(f"Made by OsteoScreen: a {NAME}.",)),
    )


def _centred_grid(shape_zyx: tuple[int, int, int], spacing_xyz_mm: tuple[float, float, float]) -> Geometry:
    """A grid around the middle of the body. Raises ValueError where it cannot be one."""
    x, y, z = (-(n - 1) / 2 * s for n, s in zip(shape_zyx[::-1], spacing_xyz_mm, strict=True))
    geometry = Geometry(
        shape_zyx=shape_zyx,
        spacing_xyz_mm=spacing_xyz_mm,
        origin_lps_mm=(x, y, z),
        direction=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
    )
    valid, reason = geometry.is_valid()
    if not valid or not math.isfinite(math.prod(spacing_xyz_mm)):
        raise ValueError(f"this is no grid for a geometric body: {reason}")
    return geometry


def _noise_depth(canvas: Canvas) -> np.ndarray:
    """(z, y, x) float32: 0 outside the body, growing to 1 at depth."""
    depth = np.empty(canvas.hu.shape, dtype=np.float32)
    for k in range(len(canvas.z)):
        distance = body_distance(canvas.x, canvas.y, canvas.z[k : k + 1])
        depth[k] = np.clip(-distance[0] / NOISE_DEPTH_MM, 0.0, 1.0)
    return depth


def _acquisition(spacing_xyz_mm: tuple[float, float, float]) -> Acquisition:
    """What is true of this scan; no sex, age, height or weight, because there is no patient."""
    return Acquisition(
        modality="CT",
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        kvp=120.0,
        tube_current_ma=200.0,
        exposure_mas=150.0,
        kernel="SOFT",
        slice_thickness_mm=spacing_xyz_mm[2],
        manufacturer="OsteoScreen",
        model="geometric body",
        pixel_padding_hu=ScannerModel.padding_hu,
        gantry_tilt_deg=0.0,
        body_part="PELVIS",
        patient_position="HFS",
        facts_from="simulation",
    )
