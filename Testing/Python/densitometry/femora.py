"""Femora of digital patients as masks on any grid, with their truth: the shape alone, without a scan."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.regions import FemurRegions, split_proximal_femur
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.femur import FemurTruth, femur_truth
from OsteoScreenLib.phantom.femur_regions import femur_regions
from OsteoScreenLib.phantom.femur_shape import draw_femur_shape
from OsteoScreenLib.phantom.femur_solid import FemurSolid
from OsteoScreenLib.phantom.lattice_noise import lattice_noise
from OsteoScreenLib.phantom.plan import plan_body

SIDES = {"left": "L", "right": "R"}
SPACING = (1.25, 1.25, 1.5)
UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def turn(x_deg: float, y_deg: float, z_deg: float) -> np.ndarray:
    """Rotation about x, y and z."""
    a, b, c = np.radians([x_deg, y_deg, z_deg])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_x @ about_y @ about_z)


@lru_cache(maxsize=8)
def femur(
    seed: int,
    side: str,
    sex: str = "F",
    below_mm: float = 60.0,
    spacing: tuple[float, float, float] = SPACING,
    direction: tuple[float, ...] = UPRIGHT,
) -> tuple[np.ndarray, Geometry, FemurTruth, np.ndarray]:
    """Mask, grid, truth and true regions of a femur that ends so far below its lesser trochanter.

    The grid ends there too where it is upright, and holds the rest with a margin.
    """
    traits = draw_patient(seed, sex=sex)
    shape = draw_femur_shape(plan_body(traits), SIDES[side])
    truth = femur_truth(shape)
    solid = FemurSolid(shape, traits.osteophytes, lattice_noise(traits.seed * 7 + 14, 6.0))
    lowest = truth.lesser_trochanter[2] - below_mm
    low, high = _box_around(truth, lowest)
    geometry = _grid_over(low, high, spacing, np.array(direction).reshape(3, 3))
    mask, regions = np.zeros(geometry.shape_zyx, bool), np.zeros(geometry.shape_zyx, np.uint8)
    nz, ny, nx = geometry.shape_zyx
    steps = geometry.matrix * spacing
    for start in range(0, nz, 16):
        k = np.arange(start, min(start + 16, nz), dtype=np.float32).reshape(-1, 1, 1)
        i, j = np.arange(nx, dtype=np.float32), np.arange(ny, dtype=np.float32).reshape(-1, 1)
        x, y, z = (
            (geometry.origin_lps_mm[a] + steps[a, 0] * i + steps[a, 1] * j + steps[a, 2] * k).astype(np.float32)
            for a in range(3)
        )
        x, y, z = np.broadcast_arrays(x, y, z)
        near = (z > lowest) & (x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1]) & (z < high[2])
        x, y, z = x[near], y[near], z[near]
        here = solid.at(x, y, z).distance < 0
        mask[start : start + 16][near] = here
        regions[start : start + 16][near] = np.where(here, femur_regions(truth, x, y, z), 0)
    for array in (mask, regions):
        array.setflags(write=False)
    return mask, geometry, truth, regions


@lru_cache(maxsize=4)
def divided(seed: int, side: str, sex: str = "F") -> FemurRegions:
    """That femur, upright, divided into regions."""
    mask, geometry, _, _ = femur(seed, side, sex)
    return split_proximal_femur(mask, geometry, side)


def _box_around(truth: FemurTruth, lowest_mm: float) -> tuple[np.ndarray, np.ndarray]:
    points = np.array([truth.head_centre, truth.greater_trochanter, truth.lesser_trochanter])
    margin = truth.head_radius_mm + 12.0
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    low[2], high[2] = lowest_mm, max(truth.head_centre[2] + margin, truth.greater_trochanter[2] + 8.0)
    return low, high


def _grid_over(low: np.ndarray, high: np.ndarray, spacing: tuple[float, float, float], matrix: np.ndarray) -> Geometry:
    counts = np.ceil(np.abs(matrix.T) @ (high - low) / spacing).astype(int)
    x, y, z = ((low + high) / 2 - matrix @ ((counts - 1) / 2 * np.array(spacing))).tolist()
    nx, ny, nz = counts.tolist()
    return Geometry((nz, ny, nx), spacing, (x, y, z), tuple(matrix.ravel().tolist()))  # type: ignore[arg-type]


def cropped(mask: np.ndarray, geometry: Geometry, **ends: int) -> tuple[np.ndarray, Geometry]:
    """The part of a mask and its grid from ``z_low`` to ``z_high`` and so on: what a smaller field of view shows."""
    cut = tuple(slice(ends.get(f"{axis}_low"), ends.get(f"{axis}_high")) for axis in "zyx")
    part = mask[cut]
    start = [entry.start or 0 for entry in cut]
    return part, Geometry(
        part.shape,  # type: ignore[arg-type]
        geometry.spacing_xyz_mm,
        geometry.to_physical(start[::-1]),
        geometry.direction,
    )


def roughened(mask: np.ndarray, seed: int) -> np.ndarray:
    """The mask with its border moved by up to one voxel either way, in patches, as a careless outline has it."""
    from scipy import ndimage

    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=mask.shape), 1.5)
    field /= field.std()
    grown, shrunk = ndimage.binary_dilation(mask), ndimage.binary_erosion(mask)
    return np.where(field > 0.7, grown, np.where(field < -0.7, shrunk, mask))


def angle_deg(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Between two directions."""
    a, b = np.asarray(first, float), np.asarray(second, float)
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1.0, 1.0))))


def distance(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Between two points."""
    return float(np.linalg.norm(np.subtract(first, second)))
