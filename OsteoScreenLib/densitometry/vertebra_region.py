"""The trabecular region of a vertebral body: an ellipse at mid-height, in front of the basivertebral vein.

Readers draw an oval at the middle of the body, as large as it may be without touching cortex or the vein's entry at the
back (Pickhardt 2013, Ann Intern Med 158:588). Here the body is found in the mask of the whole vertebra as what is
thick, its end plates give the mid-height and the tilt, and its arch says where the back is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.bone_mask import BoneMask
from OsteoScreenLib.densitometry.compartments import depth_mm
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.quality.thresholds import METAL_HU

VERTEBRAE = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 13)),
    *(f"L{n}" for n in range(1, 7)),
)
"""Names of vertebrae, from above."""

THICK_SHARE = 0.55
"""Own choice: the body is what is thicker than this share of the deepest place; arch and processes are thinner."""
SLAB_MM = 5.0
"""Own choice: means over 5 mm around mid-height are steady in noisy scans and stay clear of the end plates."""
ELLIPSE_FROM_BACK, HALF_DEPTH, HALF_WIDTH = 0.63, 0.23, 0.30
"""Own choice: the ellipse's middle and half axes, in shares of the body's depth and width. It begins 0.40 of the depth
before the posterior wall, past the basivertebral vein, and ends 0.14 behind the anterior one."""
PEEL_MM = 3.0
"""Own choice, as in the femur: no voxel of the region lies nearer to the surface."""
BODY_MM = {"height": (10.0, 45.0), "depth": (12.0, 55.0), "width": (15.0, 75.0)}
"""Own choice: sizes that a vertebral body can have, from the neck to the loins."""
_LEAST_UPRIGHT = 0.75
"""Cosine of the tilt, 41 degrees: beyond it, it is not the end plate that was found."""
_TURNS = 4
_FEWEST_VOXELS = 20
_CUT_MM2 = 60.0


@dataclass(frozen=True, eq=False)
class VertebraRegion:
    """Where a vertebral body was read.

    Attributes:
        mask: (z, y, x) bool on the scan's grid. centre_lps_mm: of the ellipse.
        up: unit vector square to mid-height, to the head. front: unit vector to the front of the body.
        height_mm, depth_mm, width_mm: of the body at its middle.
    """

    mask: np.ndarray
    centre_lps_mm: tuple[float, float, float]
    up: tuple[float, float, float]
    front: tuple[float, float, float]
    height_mm: float
    depth_mm: float
    width_mm: float


def vertebra_hu(hu: np.ndarray, mask: np.ndarray, geometry: Geometry) -> tuple[Measure, VertebraRegion | None]:
    """Mean trabecular HU of a vertebra, and where it was read; withheld with a reason where that cannot be.

    Args:
        hu: (z, y, x). mask: (z, y, x) bool of one vertebra, with or without its arch. geometry: of both.

    Raises:
        ValueError: sizes differ.
    """
    if np.shape(hu) != np.shape(mask):
        raise ValueError(f"scan {np.shape(hu)} and mask {np.shape(mask)} differ in size")
    try:
        region = vertebra_region(mask, geometry)
    except InputError as error:
        return Measure.without("HU", error.message), None
    values = np.asarray(hu)[region.mask].astype(np.float64)
    if values.max() > METAL_HU:
        return Measure.without("HU", "metal lies in the vertebral body"), region
    # Neighbours share noise and structure: every eighth voxel counts as its own, as in the femur.
    return Measure(float(values.mean()), "HU", float(values.std() / np.sqrt(max(values.size / 8.0, 1.0)))), region


def vertebra_region(mask: np.ndarray, geometry: Geometry) -> VertebraRegion:
    """The ellipse of one vertebra.

    Args:
        mask: (z, y, x) bool of one vertebra, with or without its arch, on the whole scan's grid.
        geometry: of that grid; the axes must say where the head is.

    Raises:
        InputError: ``empty_mask``; ``vertebra_cut``, the scan cuts the body; ``no_vertebral_body``, no such body lies
            in the mask; ``few_voxels``, the ellipse holds too few.
    """
    bone = BoneMask.of(mask, geometry)
    points, deep = _body(bone)
    middle = points.mean(axis=0)
    back = bone.points.mean(axis=0) - middle
    up, height = _between_end_plates(points, middle, bone)
    front = _front(back, up)
    across = np.cross(front, up)
    _refuse_cut(bone, middle, height)
    level = points[np.abs((points - middle) @ up) < SLAB_MM]
    depth, behind = _extent(level, middle, front, across, bone)
    width, left = _extent(level, middle, across, front, bone)
    for name, value in (("height", height), ("depth", depth), ("width", width)):
        if not BODY_MM[name][0] <= value <= BODY_MM[name][1]:
            raise _no_body(f"what is thickest in the mask has a {name} of {value:.0f} mm")
    centre = middle + front * (behind + ELLIPSE_FROM_BACK * depth) + across * (left + 0.5 * width)
    away = bone.to_lps(np.argwhere(deep)) - centre
    ellipse = ((away @ front) / (HALF_DEPTH * depth)) ** 2 + ((away @ across) / (HALF_WIDTH * width)) ** 2 <= 1.0
    chosen = np.argwhere(deep)[ellipse & (np.abs(away @ up) <= SLAB_MM / 2)]
    if len(chosen) < _FEWEST_VOXELS:
        raise InputError("too few voxels of the vertebral body lie away from its surface", code="few_voxels")
    region = np.zeros(geometry.shape_zyx, bool)
    region[tuple((chosen + bone.offset_zyx).T)] = True
    x, y, z = centre.tolist()
    return VertebraRegion(region, (x, y, z), _triple(up), _triple(front), height, depth, width)


def _body(bone: BoneMask) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) LPS of the vertebral body's voxels, and (z, y, x) bool of what lies deep enough to be read."""
    from scipy import ndimage

    depth = depth_mm(bone)
    core = depth > THICK_SHARE * float(depth.max())
    numbers, count = ndimage.label(core)
    if count > 1:
        core = numbers == 1 + int(np.argmax(ndimage.sum_labels(core, numbers, np.arange(1, count + 1))))
    spacing = bone.geometry.spacing_xyz_mm[::-1]
    reach = THICK_SHARE * float(depth.max()) + 0.75 * max(spacing)
    body = bone.mask & (ndimage.distance_transform_edt(~core, spacing) <= reach)
    return bone.to_lps(np.argwhere(body)), body & (depth >= PEEL_MM)


def _between_end_plates(points: np.ndarray, middle: np.ndarray, bone: BoneMask) -> tuple[np.ndarray, float]:
    """Unit vector square to mid-height, and the body's height along it: planes through both end plates.

    Columns along the patient's axis leave a tilted body through its walls; so it is looked along the tilt that was
    found, again and again until it rests.
    """
    up, height = np.array([0.0, 0.0, 1.0]), 0.0
    for _ in range(_TURNS):
        aside = np.cross(up, [1.0, 0.0, 0.0])
        axes = np.stack([np.cross(aside, up), aside / np.linalg.norm(aside), up])
        axes[0] /= np.linalg.norm(axes[0])
        rise_0, rise_1, height = _rise(((points - middle) @ axes.T), bone)
        turned = axes.T @ np.array([-rise_0, -rise_1, 1.0])
        up = turned / np.linalg.norm(turned)
        if up[2] < _LEAST_UPRIGHT:
            raise _no_body("its end plates lie too steep")
    return up, height


def _rise(local: np.ndarray, bone: BoneMask) -> tuple[float, float, float]:
    """Mean slope of both end plates along the first two axes, and their distance along the third."""
    step = 2.0 * max(bone.geometry.spacing_xyz_mm)
    _, which = np.unique(np.floor(local[:, :2] / step).astype(int), axis=0, return_inverse=True)
    which = which.ravel()
    n = int(which.max()) + 1
    top, bottom = np.full(n, -np.inf), np.full(n, np.inf)
    np.maximum.at(top, which, local[:, 2])
    np.minimum.at(bottom, which, local[:, 2])
    count = np.bincount(which, minlength=n)
    place = np.stack([np.bincount(which, local[:, a], n) / count for a in (0, 1)], axis=1)
    tall = top - bottom >= 0.6 * np.median(top - bottom)
    # The rim of a rounded body has no end plate.
    near = np.hypot(*place.T) <= 0.7 * np.hypot(*place[tall].T).max()
    chosen = tall & near
    if np.count_nonzero(chosen) < 6:
        raise _no_body("no end plates were found")
    design = np.column_stack([place[chosen], np.ones(int(chosen.sum()))])
    upper, lower = (np.linalg.lstsq(design, edge[chosen], rcond=None)[0] for edge in (top, bottom))
    rise = (upper + lower) / 2.0
    return float(rise[0]), float(rise[1]), float(upper[2] - lower[2] + min(bone.geometry.spacing_xyz_mm))


def _front(back: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Unit vector to the front of the body: away from its arch; where the mask has none, to the patient's front."""
    towards = -(back - (back @ up) * up)
    if np.linalg.norm(towards) < 2.0:
        towards = np.array([0.0, -1.0, 0.0]) - up * (-up[1])
    found: np.ndarray = towards / np.linalg.norm(towards)
    return found


def _extent(
    level: np.ndarray, middle: np.ndarray, along: np.ndarray, beside: np.ndarray, bone: BoneMask
) -> tuple[float, float]:
    """Size of the body along an axis through its middle, and where it begins, from the middle."""
    local = level - middle
    line = local[np.abs(local @ beside) < 5.0] @ along
    if not line.size:
        raise _no_body("its middle is empty")
    half = 0.5 * min(bone.geometry.spacing_xyz_mm)
    low, high = float(line.min()) - half, float(line.max()) + half
    return high - low, low


def _refuse_cut(bone: BoneMask, middle: np.ndarray, height: float) -> None:
    """The scan may cut processes, but not the body."""
    cuts = bone.cuts
    near = np.linalg.norm(cuts.points - middle, axis=1) < 1.2 * height
    if float(cuts.areas[near].sum()) > _CUT_MM2:
        raise InputError("the scan cuts the vertebral body", code="vertebra_cut")


def _no_body(why: str) -> InputError:
    return InputError(f"no vertebral body was found: {why}", code="no_vertebral_body")


def _triple(vector: np.ndarray) -> tuple[float, float, float]:
    x, y, z = vector.tolist()
    return x, y, z
