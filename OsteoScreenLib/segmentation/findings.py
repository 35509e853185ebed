"""What a mask says of one femur: whether all of it is in view, where it is cut, metal, and the head."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.sphere_fit import HeadSphere
from OsteoScreenLib.segmentation.borders import BORDERS, CONTACT_MM2, FieldOfView
from OsteoScreenLib.segmentation.femur_masks import FemurFinding
from OsteoScreenLib.segmentation.grids import Slices, cropped
from OsteoScreenLib.segmentation.head_sphere import fit_head_sphere
from OsteoScreenLib.segmentation.metal_at_bone import IMPLANT_MIN_ML, metal_ml

LESSER_TROCHANTER_RADII = 2.3
"""The tip of the lesser trochanter lies this many head radii below the head's centre: 2.29 and 2.42 in the two hips at
hand whose landmarks a reader set (52 and 57 mm)."""
HEAD_OUTSIDE = 0.02
"""Own choice: share of the head's sphere that may lie outside of the scanned field."""
UPPER_CONTACT_MM2 = 60.0
"""Own choice: contact of head, neck or trochanters with a border from which the femur is cut: a patch of 8 x 8 mm."""


def finding_of(
    hu: np.ndarray, geometry: Geometry, mask: np.ndarray, part: Slices, side: str, view: FieldOfView
) -> FemurFinding:
    """Describe one femur's mask.

    Args:
        hu: (z, y, x) of the volume. geometry: of it.
        mask: bool of the part's shape, not empty. part: of the volume's array.
        side: ``left`` or ``right``. view: the volume's field of view.
    """
    own = cropped(geometry, part)
    head = fit_head_sphere(mask, own, side)
    contacts = view.contacts_mm2(mask, part)
    reason = _why_cut(mask, own, part, head, view, contacts)
    return FemurFinding(
        presence="cut" if reason else "present",
        reason=reason,
        volume_ml=float(np.count_nonzero(mask)) * geometry.voxel_volume_mm3 / 1000,
        cut_at=tuple(border for border in BORDERS if contacts[border] >= CONTACT_MM2),
        implant=metal_ml(hu, geometry, mask, part) >= IMPLANT_MIN_ML,
        head_centre_lps_mm=None if head is None else head.centre_lps_mm,
        head_radius_mm=None if head is None else head.radius_mm,
    )


def _why_cut(
    mask: np.ndarray,
    own: Geometry,
    part: Slices,
    head: HeadSphere | None,
    view: FieldOfView,
    contacts: dict[str, float],
) -> str:
    """Why a part from head to lesser trochanter is not in view, as a sentence; empty where all is."""
    at = [border for border in BORDERS if contacts[border] >= CONTACT_MM2]
    if head is None:
        where = f"; the scan ends at its {_listed(at)} border" if at else ""
        return f"No femoral head could be made out in the mask{where}"
    missing = 1.0 - view.share_scanned(_points_in(head))
    if missing > HEAD_OUTSIDE:
        return f"{100 * missing:.0f} % of the femoral head lie outside of the scan"
    level = head.centre_lps_mm[2] - LESSER_TROCHANTER_RADII * head.radius_mm
    upper = view.contacts_mm2(mask, part, above_mm=level)
    cut = [border for border in BORDERS if border != "inferior" and upper[border] >= UPPER_CONTACT_MM2]
    if cut:
        return f"The scan cuts the neck or the trochanters at the {_listed(cut)} border"
    lowest = _lowest_mm(mask, own)
    if lowest > level:
        shown = head.centre_lps_mm[2] - lowest
        return f"Only {shown:.0f} mm below the centre of the head are in the mask: the lesser trochanter is not reached"
    return ""


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _points_in(head: HeadSphere, step: float = 0.125) -> np.ndarray:
    """(n, 3) points that fill the head, LPS mm; a little within the surface."""
    line = np.arange(-1.0, 1.0 + step / 2, step)
    points = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points[(points**2).sum(axis=1) <= 0.97**2]
    return np.asarray(head.centre_lps_mm) + head.radius_mm * points


def _lowest_mm(mask: np.ndarray, own: Geometry) -> float:
    """Superior coordinate of the mask's lower end, voxel border included."""
    row = own.matrix[2] * own.spacing_xyz_mm
    lowest = np.inf
    for axis in range(3):
        if axis == int(np.abs(row[::-1]).argmax()):
            flat = mask.any(axis=tuple(other for other in range(3) if other != axis))
            used = np.flatnonzero(flat)
            slabs = [np.argwhere(np.take(mask, int(end), axis=axis)) for end in (used[0], used[-1])]
            for end, slab in zip((used[0], used[-1]), slabs, strict=True):
                index = np.insert(slab, axis, end, axis=1)[:, ::-1]
                lowest = min(lowest, float((index @ row).min()))
    return own.origin_lps_mm[2] + lowest - float(np.abs(row).max()) / 2
