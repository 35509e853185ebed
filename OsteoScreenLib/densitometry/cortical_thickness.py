"""Mean thickness of the cortex of a region, from its volume and the bone's outer surface over it.

A shell of thickness t on a tube of radius R has the volume A t (1 - t / 2R) under the outer surface A; t is taken from
that, with R = 2 V / A of the whole region. It is a mean: it says nothing of a thin spot. What is thinner than about the
blur of the scan is seen too thick, so thin shells and thick slices are withheld.
"""

from __future__ import annotations

import math

import numpy as np

from OsteoScreenLib.densitometry.bone_mask import BoneMask
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.settings import Settings

MEASURED_IN = ("neck", "intertrochanteric", "shaft")
"""The heads' and the trochanter's shells are thinner than a voxel."""
_UNDER_MM = 3.0
"""Own choice: a face has cortex where some lies within so much below it."""


def thickness_of(
    cortical: np.ndarray, region: np.ndarray, bone: BoneMask, settings: Settings, slice_mm: float = 0.0
) -> Measure:
    """Mean cortical thickness of a region, mm.

    Args:
        cortical, region: (z, y, x) bool on the whole grid. bone: of the same femur. settings: the table.
        slice_mm: thickness of the slices, which may overlap; 0 where it is not known.
    """
    geometry = bone.geometry
    spacing = geometry.spacing_xyz_mm
    largest = settings.number("thickness.largest_slice_mm")
    if spacing[2] > largest + 0.01:
        return Measure.without("mm", f"slices lie {spacing[2]:.1f} mm apart; at most {largest:g} mm are allowed")
    if slice_mm > largest + 0.01:
        return Measure.without("mm", f"slices are {slice_mm:.1f} mm thick; at most {largest:g} mm are allowed")
    surface = bone.surface
    inner = surface.points - 0.6 * surface.half_mm[:, None] * surface.normals
    on_region = _at(_part(region, bone), bone, inner)
    if not on_region.any():
        return Measure.without("mm", "the region has no outer surface")
    from scipy import ndimage

    own = _part(cortical & region, bone)
    near = ndimage.distance_transform_edt(~own, spacing[::-1]) <= _UNDER_MM
    covered = on_region & _at(near, bone, inner)
    cover = float(surface.areas[covered].sum() / surface.areas[on_region].sum())
    if cover < settings.number("thickness.smallest_cover"):
        return Measure.without("mm", f"a cortex was told on {100 * cover:.0f} % of the surface only")
    area = float(surface.areas[covered].sum())
    shell = float(own.sum()) * geometry.voxel_volume_mm3
    whole = float(_part(region, bone).sum()) * geometry.voxel_volume_mm3
    radius = 2.0 * whole / float(surface.areas[on_region].sum())
    thickness = radius * (1.0 - math.sqrt(max(1.0 - 2.0 * shell / (area * radius), 0.0)))
    smallest = settings.number("thickness.smallest_voxels") * spacing[0]
    if thickness < smallest:
        return Measure.without("mm", f"it is thinner than {smallest:.1f} mm, which this scan does not resolve")
    return Measure(thickness, "mm", 0.5 * spacing[0])


def _part(array: np.ndarray, bone: BoneMask) -> np.ndarray:
    whole = np.zeros(bone.mask.shape, bool)
    whole[bone.within] = array[bone.part]
    return whole


def _at(array: np.ndarray, bone: BoneMask, points: np.ndarray) -> np.ndarray:
    """Values of a (z, y, x) bool array of the crop at (n, 3) LPS points."""
    index = np.clip(np.rint(bone.to_index(points)).astype(int), 0, np.array(array.shape) - 1)
    return np.asarray(array[tuple(index.T)])
