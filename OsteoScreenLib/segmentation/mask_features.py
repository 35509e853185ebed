"""MaskFeatures: what can be measured of a femur mask without knowing the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.segmentation.femur_masks import FemurFinding
from OsteoScreenLib.segmentation.grids import Slices, cropped
from OsteoScreenLib.segmentation.head_sphere import fit_head_sphere
from OsteoScreenLib.segmentation.mask_edge import surface_edge

LOW_HU = -150.0
"""Darker than fat (Michalski 2020: -100 +- 30 HU): no bone, not even a fatty head, is so dark."""
SHELL_MM = 3.0
"""Half the thickness, along each axis, of the shell around the surface in which entropy is averaged."""
MARGIN_MM = 8.0
"""What lies this near to a mask is looked at."""


@dataclass(frozen=True)
class NetworkFeatures:
    """What the networks themselves say of one side's mask; each is None where the source of the mask has no such thing.

    Attributes:
        coarse_fine_dsc: Dice similarity coefficient of the coarse and the fine mask.
        boundary_entropy: mean binary entropy of the probability, 0 to 1 bit, within 3 mm of the surface.
        n_components: pieces of the mask before all but the largest were taken away.
    """

    coarse_fine_dsc: float | None = None
    boundary_entropy: float | None = None
    n_components: int | None = None


@dataclass(frozen=True)
class MaskFeatures:
    """One side's mask in figures; None where a figure cannot be had.

    Attributes:
        volume_ml, height_mm: of the mask; height from its lowest to its highest level.
        ml_per_cm: volume by height, the mean cross-section.
        head_radius_mm, head_residual_mm, head_share: of the sphere fitted to the head.
        head_in_view: 1 where the mask meets no border of the scanned field but the inferior one, so that it must have a
            head; else 0.
        cut_borders: number of borders of the scanned field that the mask meets, the inferior one left out.
        low_hu_share: share of the mask under -150 HU.
        edge_share, soft_rim_share, bright_outside_share, mean_step_hu: as in :class:`SurfaceEdge`.
        coarse_fine_dsc, boundary_entropy, n_components: as in :class:`NetworkFeatures`.
    """

    volume_ml: float
    height_mm: float
    ml_per_cm: float
    head_radius_mm: float | None = None
    head_residual_mm: float | None = None
    head_share: float | None = None
    head_in_view: float | None = None
    cut_borders: float | None = None
    low_hu_share: float | None = None
    edge_share: float | None = None
    soft_rim_share: float | None = None
    bright_outside_share: float | None = None
    mean_step_hu: float | None = None
    coarse_fine_dsc: float | None = None
    boundary_entropy: float | None = None
    n_components: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MaskFeatures:
        """Read what :meth:`to_dict` wrote; figures that lack are None. Raises KeyError without the volume."""
        figures = {entry.name: data.get(entry.name) for entry in fields(cls)}
        for name in ("volume_ml", "height_mm", "ml_per_cm"):
            if figures[name] is None:
                raise KeyError(name)
        return cls(**{name: float(value) for name, value in figures.items() if value is not None})


def mask_features(
    ct: CTVolume,
    mask: np.ndarray,
    part: Slices,
    side: str,
    finding: FemurFinding,
    network: NetworkFeatures | None = None,
) -> MaskFeatures | None:
    """Measure one side's mask on its CT.

    Args:
        ct: the volume.
        mask: boolean, of the part's shape. part: of the volume's array; all of the mask lies in it.
        side: ``left`` or ``right``.
        finding: of the same mask; says which borders it meets.
        network: what the networks say; None for a mask from elsewhere.

    Returns:
        The features, or None where the mask is empty.
    """
    n_voxels = int(np.count_nonzero(mask))
    if n_voxels == 0:
        return None
    mask, part = with_margin(mask, part, ct.geometry)
    own, hu = cropped(ct.geometry, part), ct.hu[part]
    volume_ml = n_voxels * own.voxel_volume_mm3 / 1000
    height = _height_mm(mask, own)
    sphere = fit_head_sphere(mask, own, side)
    edge = surface_edge(mask, hu, own)
    cuts = len(set(finding.cut_at) - {"inferior"})
    said = network or NetworkFeatures()
    return MaskFeatures(
        volume_ml=volume_ml,
        height_mm=height,
        ml_per_cm=10 * volume_ml / height,
        head_radius_mm=None if sphere is None else sphere.radius_mm,
        head_residual_mm=None if sphere is None else sphere.residual_mm,
        head_share=None if sphere is None else sphere.share_of_surface,
        head_in_view=float(cuts == 0),
        cut_borders=float(cuts),
        low_hu_share=float(np.count_nonzero(hu[mask] < LOW_HU) / n_voxels),
        edge_share=None if edge is None else edge.edge_share,
        soft_rim_share=None if edge is None else edge.soft_rim_share,
        bright_outside_share=None if edge is None else edge.bright_outside_share,
        mean_step_hu=None if edge is None else edge.mean_step_hu,
        coarse_fine_dsc=said.coarse_fine_dsc,
        boundary_entropy=said.boundary_entropy,
        n_components=None if said.n_components is None else float(said.n_components),
    )


def with_margin(mask: np.ndarray, part: Slices, geometry: Geometry) -> tuple[np.ndarray, Slices]:
    """The mask in the smallest part of the array that holds it with a margin of 8 mm, as far as the array goes.

    Args:
        mask: boolean of the part's shape, not empty. part: of the array. geometry: of the array.
    """
    inner, outer = [], []
    for axis, (given, spacing) in enumerate(zip(part, geometry.spacing_xyz_mm[::-1], strict=True)):
        used = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        margin = int(np.ceil(MARGIN_MM / spacing))
        low, high = given.start + int(used[0]), given.start + int(used[-1]) + 1
        inner.append(slice(int(used[0]), int(used[-1]) + 1))
        start = max(0, low - margin)
        outer.append((slice(start, min(geometry.shape_zyx[axis], high + margin)), slice(low - start, high - start)))
    grown = np.zeros([whole.stop - whole.start for whole, _ in outer], bool)
    grown[tuple(place for _, place in outer)] = mask[tuple(inner)]
    z, y, x = (whole for whole, _ in outer)
    return grown, (z, y, x)


def boundary_entropy(probability: np.ndarray, mask: np.ndarray, spacing_zyx_mm: tuple[float, ...]) -> float | None:
    """Mean binary entropy (bits, 0 to 1) of a probability map within 3 mm of the surface of a mask.

    A network that is sure has a probability near 0 or 1 up to a voxel from the surface.

    Args:
        probability: (z, y, x) in [0, 1], on any grid. mask: (z, y, x) boolean on that grid.
        spacing_zyx_mm: of the grid, along the array's axes.

    Returns:
        The mean, or None where the mask has no surface.
    """
    from scipy.ndimage import uniform_filter

    if not mask.any() or mask.all():
        return None
    sizes = [2 * max(1, round(SHELL_MM / spacing)) + 1 for spacing in spacing_zyx_mm]
    share = uniform_filter(mask.astype(np.float32), sizes, mode="nearest")
    p = np.clip(probability[(share > 1e-4) & (share < 1 - 1e-4)].astype(np.float64), 1e-6, 1 - 1e-6)
    return float(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)).mean()) if p.size else None


def _height_mm(mask: np.ndarray, geometry: Geometry) -> float:
    axis = _level_axis(geometry)
    filled = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
    return float(filled[-1] - filled[0] + 1) * geometry.spacing_xyz_mm[2 - axis]


def _level_axis(geometry: Geometry) -> int:
    """Array axis along which inferior and superior lie."""
    return next(axis for axis, code in enumerate(geometry.axis_codes[::-1]) if code in "IS")
