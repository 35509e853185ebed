"""How well a mask agrees with a reference: overlap, volume and surface distance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.evaluation.surface_distances import surface_distances

FAILURE_BELOW_DSC = 0.8
"""A mask under this Dice similarity coefficient counts as a failure."""

TOLERANCE_MM = 1.0
"""Tolerance of the surface Dice."""

METRICS = ("dsc", "vd_ml", "vd_percent", "abs_vd_ml", "abs_vd_percent", "hd95_mm", "hd_mm", "assd_mm", "surface_dice")
"""Names of the measures, in the order of the tables."""


@dataclass(frozen=True)
class MaskAgreement:
    """One mask against its reference.

    Where both masks are empty there is nothing to agree on: every measure but the volumes is None, and the case counts
    apart (``both_empty``), so that rightly absent femurs do not raise a mean. Where only one is empty, ``dsc`` and
    ``surface_dice`` are 0, distances are None (no distance can be given, and infinity has no mean), and the case is a
    failure.

    Attributes:
        predicted_ml, reference_ml: volumes.
        dsc: Dice similarity coefficient, 2 |P and R| / (|P| + |R|).
        vd_ml, vd_percent: signed volume difference, predicted minus reference, in ml and in per cent of the reference
            (None where the reference is empty). Their absolute values are ``abs_vd_ml`` and ``abs_vd_percent``.
        hd95_mm, hd_mm: the larger of the two directed 95th percentiles, and of the two maxima, of the distances between
            surface voxels.
        assd_mm: mean distance over the surface voxels of both masks.
        surface_dice: share of surface voxels within ``tolerance_mm`` of the other surface.
        tolerance_mm: of the surface Dice.
    """

    predicted_ml: float
    reference_ml: float
    dsc: float | None
    vd_ml: float
    vd_percent: float | None
    hd95_mm: float | None
    hd_mm: float | None
    assd_mm: float | None
    surface_dice: float | None
    tolerance_mm: float = TOLERANCE_MM

    @property
    def abs_vd_ml(self) -> float:
        """Absolute volume difference in ml."""
        return abs(self.vd_ml)

    @property
    def abs_vd_percent(self) -> float | None:
        """Absolute volume difference in per cent of the reference."""
        return None if self.vd_percent is None else abs(self.vd_percent)

    @property
    def both_empty(self) -> bool:
        """Whether there was nothing to find and nothing was found."""
        return self.dsc is None

    @property
    def is_failure(self) -> bool:
        """Whether the Dice similarity coefficient is under 0.8; one empty mask is a failure, two are not."""
        return self.dsc is not None and self.dsc < FAILURE_BELOW_DSC

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form, with the absolute differences."""
        return {**asdict(self), "abs_vd_ml": self.abs_vd_ml, "abs_vd_percent": self.abs_vd_percent}


def compare_masks(
    predicted: np.ndarray,
    reference: np.ndarray,
    spacing_xyz_mm: tuple[float, float, float],
    *,
    label: int = 1,
    region: np.ndarray | None = None,
    tolerance_mm: float = TOLERANCE_MM,
) -> MaskAgreement:
    """Compare one label of two masks.

    Surfaces are those of voxels, as in MONAI's and DeepMind's measures without sub-voxel areas: a surface voxel has a
    background voxel, or the outside of the image, beside one of its six faces; every surface voxel has one vote, also
    where voxels are longer than wide.

    Args:
        predicted, reference: (z, y, x) arrays on one grid; boolean, or labels.
        spacing_xyz_mm: voxel size along x, y, z.
        label: which number is looked at (a boolean mask is label 1).
        region: (z, y, x) boolean; volumes and overlap count inside it, and so do surface voxels, whose distance is to
            the whole other surface.
        tolerance_mm: of the surface Dice.

    Raises:
        ValueError: the shapes differ, the masks are not three-dimensional, or spacing or tolerance is impossible.
    """
    _check(predicted, reference, region, spacing_xyz_mm, tolerance_mm)
    p, r = (mask if mask.dtype == bool and label == 1 else mask == label for mask in (predicted, reference))
    inside_p, inside_r = (p, r) if region is None else (p & region, r & region)
    n_p, n_r, n_both = (int(np.count_nonzero(m)) for m in (inside_p, inside_r, inside_p & inside_r))
    voxel_ml = float(np.prod(spacing_xyz_mm)) / 1000.0
    vd_percent = 100.0 * (n_p - n_r) / n_r if n_r else None
    volumes = {"predicted_ml": n_p * voxel_ml, "reference_ml": n_r * voxel_ml, "vd_ml": (n_p - n_r) * voxel_ml}
    if n_p == 0 or n_r == 0:
        score = None if n_p == n_r else 0.0
        return MaskAgreement(
            **volumes,
            dsc=score,
            surface_dice=score,
            hd95_mm=None,
            hd_mm=None,
            assd_mm=None,
            vd_percent=vd_percent,
            tolerance_mm=tolerance_mm,
        )
    distances = surface_distances(p, r, spacing_xyz_mm, region)
    known = distances.is_defined  # a region can hold the inside of both masks and no surface
    return MaskAgreement(
        **volumes,
        dsc=2.0 * n_both / (n_p + n_r),
        vd_percent=vd_percent,
        hd95_mm=distances.hausdorff_mm(95.0) if known else None,
        hd_mm=distances.hausdorff_mm() if known else None,
        assd_mm=distances.average_mm() if known else None,
        surface_dice=distances.surface_dice(tolerance_mm) if known else None,
        tolerance_mm=tolerance_mm,
    )


def _check(
    predicted: np.ndarray,
    reference: np.ndarray,
    region: np.ndarray | None,
    spacing_xyz_mm: tuple[float, float, float],
    tolerance_mm: float,
) -> None:
    if predicted.ndim != 3 or predicted.shape != reference.shape:
        raise ValueError(f"the masks are not on one (z, y, x) grid: {predicted.shape} and {reference.shape}")
    if region is not None and (region.shape != predicted.shape or region.dtype != bool):
        raise ValueError(f"the region is no boolean mask on the same grid: {region.dtype}, {region.shape}")
    if len(spacing_xyz_mm) != 3 or not all(np.isfinite(s) and s > 0 for s in spacing_xyz_mm):
        raise ValueError(f"an impossible voxel size: {spacing_xyz_mm} mm")
    if not (np.isfinite(tolerance_mm) and tolerance_mm >= 0):
        raise ValueError(f"an impossible tolerance: {tolerance_mm} mm")
