"""Cortical and trabecular bone of a femur, told apart by place and by the HU around.

Half-maximum thresholds (Prevrhal 1999, Phys Med Biol 44:751) taken locally: near the surface, a voxel is cortical where
its HU lie above the middle between the trabecular level around it and the cortical peak beside it. A threshold fixed in
HU would call a dense young head cortical and miss the thin, blurred cortex of an old neck. Trabecular is what lies
deeper than a fixed peel and is not cortical; the peel leaves out the voxels that share cortex and marrow, so that a
compartment's mean is its own. What is neither belongs to the region but to no compartment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.bone_mask import BoneMask
from OsteoScreenLib.densitometry.regions import REGION_NAMES, FemurRegions

PEEL_MM = 3.0
"""Own choice: two to three voxels of a usual scan, past the blur of standard kernels and of 3 mm slices."""
SHELL_MM = 7.5
"""Own choice: compact bone is looked for no deeper than this."""
_CORE_DEPTH_MM = 5.0
"""Own choice: deeper than this the local trabecular level is taken, where the bone is that thick."""
_LEVEL_SIGMA_MM = 6.0
_PEAK_REACH_MM = 4.0
_MIN_CONTRAST_HU = 180.0
"""Own choice: where the brightest voxel near the surface stands less above the trabecular level, no cortex is told: the
noise of a low-dose scan makes such a difference alone."""


@dataclass(frozen=True, eq=False)
class BoneCompartments:
    """Voxels of two compartments, disjoint, on the mask's grid.

    Attributes:
        cortical, trabecular: (z, y, x) bool.
    """

    cortical: np.ndarray
    trabecular: np.ndarray


def split_compartments(
    hu: np.ndarray, mask: np.ndarray, regions: FemurRegions, geometry: Geometry, scanned: np.ndarray | None = None
) -> BoneCompartments:
    """Tell cortical from trabecular bone.

    Args:
        hu: (z, y, x) of the scan. mask: (z, y, x) of one femur. regions: of that mask; only bone in a region is told.
        geometry: of all. scanned: (z, y, x) bool, False in the padding around a round field of view; None: all was.

    Raises:
        ValueError: sizes differ. InputError: the mask is empty.
    """
    if np.shape(hu) != np.shape(mask) or regions.labels.shape != np.shape(mask):
        raise ValueError(
            f"scan {np.shape(hu)}, mask {np.shape(mask)} and regions {regions.labels.shape} differ in size"
        )
    bone = BoneMask.of(mask, geometry, scanned)
    inside = bone.mask
    values = np.zeros(inside.shape, np.float32)
    labels = np.zeros(inside.shape, np.uint8)
    values[bone.within], labels[bone.within] = hu[bone.part], regions.labels[bone.part]
    spacing = geometry.spacing_xyz_mm[::-1]
    depth = depth_mm(bone)
    level = _trabecular_level(values, inside, depth, labels, spacing)
    peak = _peak(values, inside & (depth <= SHELL_MM), spacing)
    threshold = level + np.maximum(0.5 * (peak - level), 0.5 * _MIN_CONTRAST_HU)
    dense = inside & (values >= threshold) & (peak - level >= _MIN_CONTRAST_HU)
    cortical = _from_the_surface(dense & (depth <= SHELL_MM), depth, spacing) & (labels > 0)
    trabecular = inside & (labels > 0) & (depth > PEEL_MM) & ~_grown(cortical)
    whole = [np.zeros(np.shape(mask), bool) for _ in range(2)]
    for target, source in zip(whole, (cortical, trabecular), strict=True):
        target[bone.part] = source[bone.within]
    return BoneCompartments(*whole)


def depth_mm(bone: BoneMask) -> np.ndarray:
    """Distance from the outer surface, within the bone; where the scan ends there is no surface."""
    from scipy import ndimage

    solid = bone.mask | ~bone.scanned
    depth = ndimage.distance_transform_edt(solid, sampling=bone.geometry.spacing_xyz_mm[::-1])
    # Distances run between voxel centres; the surface lies half a voxel before the first one outside.
    return np.maximum(np.asarray(depth, np.float32) - 0.5 * min(bone.geometry.spacing_xyz_mm), 0.0) * bone.mask


def _trabecular_level(
    values: np.ndarray, inside: np.ndarray, depth: np.ndarray, labels: np.ndarray, spacing: Sequence[float]
) -> np.ndarray:
    """HU of the spongy bone or marrow around each voxel: a weighted mean over the core, close by first."""
    from scipy import ndimage

    core = np.zeros(inside.shape, bool)
    middle = np.zeros(inside.shape, np.float32)
    for number in range(len(REGION_NAMES) + 1):
        here = inside & (labels == number)
        if not here.any():
            continue
        # A shaft has compact bone down to 8 mm: its deepest part is its canal.
        deepest = here & (depth >= max(_CORE_DEPTH_MM, float(np.percentile(depth[here], 70))))
        deepest = deepest if deepest.any() else here
        core |= deepest
        middle[here] = np.median(values[deepest])
    sigma = [_LEVEL_SIGMA_MM / s for s in spacing]
    weight = ndimage.gaussian_filter(core.astype(np.float32), sigma, truncate=3.0)
    local = ndimage.gaussian_filter(np.where(core, values, np.float32(0)), sigma, truncate=3.0)
    near = weight > 0.02
    return np.where(near, local / np.maximum(weight, 1e-6), middle)


def _peak(values: np.ndarray, shell: np.ndarray, spacing: Sequence[float]) -> np.ndarray:
    """The highest HU of the shell near each voxel, after a light smoothing against noise."""
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(values, [0.5 / s for s in spacing], truncate=3.0)
    size = [2 * max(1, round(_PEAK_REACH_MM / s)) + 1 for s in spacing]
    return np.asarray(ndimage.maximum_filter(np.where(shell, smooth, np.float32(-3000)), size))


def _from_the_surface(dense: np.ndarray, depth: np.ndarray, spacing: Sequence[float]) -> np.ndarray:
    """The dense voxels that hang together with the outermost ones: an island of dense bone within is not cortex."""
    from scipy import ndimage

    numbers, count = ndimage.label(dense, np.ones((3, 3, 3), bool))
    outermost = np.zeros(count + 1, bool)
    outermost[numbers[dense & (depth <= 1.5 * max(spacing))]] = True
    outermost[0] = False
    return np.asarray(outermost[numbers])


def _grown(mask: np.ndarray) -> np.ndarray:
    """A mask and the voxels beside it."""
    from scipy import ndimage

    return np.asarray(ndimage.binary_dilation(mask))
