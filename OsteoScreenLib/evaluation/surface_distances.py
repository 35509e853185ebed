"""Distances between the surfaces of two masks, in millimetres on the true spacing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """From every surface voxel of one mask to the nearest surface voxel of the other.

    Attributes:
        from_predicted_mm: (n,) distance of each surface voxel of the prediction to the reference's surface.
        from_reference_mm: (m,) distance of each surface voxel of the reference to the prediction's surface.
    """

    from_predicted_mm: np.ndarray
    from_reference_mm: np.ndarray

    @property
    def is_defined(self) -> bool:
        """Whether both directions hold at least one surface voxel."""
        return self.from_predicted_mm.size > 0 and self.from_reference_mm.size > 0

    def hausdorff_mm(self, percentile: float = 100.0) -> float:
        """The larger of the two directed percentiles (Huttenlocher et al. 1993; 95: HD95).

        This is MONAI's definition. The percentile of both directions pooled, which some programs call HD95 as well, is
        never larger.

        Raises:
            ValueError: one of the surfaces is empty.
        """
        self._refuse_empty()
        directed = (np.percentile(d, percentile) for d in (self.from_predicted_mm, self.from_reference_mm))
        return float(max(directed))

    def average_mm(self) -> float:
        """Average symmetric surface distance (ASSD): the mean over the surface voxels of both masks, pooled.

        The mean of the two directed means, which some programs call ASSD as well, differs where the surfaces differ in
        size.

        Raises:
            ValueError: one of the surfaces is empty.
        """
        self._refuse_empty()
        return float(np.concatenate([self.from_predicted_mm, self.from_reference_mm]).mean())

    def surface_dice(self, tolerance_mm: float) -> float:
        """Share of the surface voxels of both masks that lie within the tolerance of the other surface.

        Normalised surface Dice of Nikolov et al. (2021), with one vote for each surface voxel and not for each square
        millimetre of surface. A distance equal to the tolerance counts as within.

        Raises:
            ValueError: one of the surfaces is empty.
        """
        self._refuse_empty()
        both = np.concatenate([self.from_predicted_mm, self.from_reference_mm])
        return float(np.count_nonzero(both <= tolerance_mm) / both.size)

    def _refuse_empty(self) -> None:
        if not self.is_defined:
            raise ValueError("a distance between surfaces needs two surfaces")


def surface_distances(
    predicted: np.ndarray,
    reference: np.ndarray,
    spacing_xyz_mm: tuple[float, float, float],
    region: np.ndarray | None = None,
) -> SurfaceDistances:
    """Distances between the surfaces of two masks.

    A surface voxel is a voxel of the mask of which at least one of the six face neighbours is background; outside the
    image is background. The distance is Euclidean, between voxel centres, with the spacing of each axis.

    Args:
        predicted, reference: (z, y, x) boolean masks on one grid.
        spacing_xyz_mm: voxel size along x, y, z.
        region: (z, y, x) boolean; only surface voxels inside it are asked for their distance, but the other surface
            counts wherever it lies, so that the region's own border makes no surface.

    Returns:
        The distances; a direction is empty where one of the masks has no surface.
    """
    from scipy.spatial import cKDTree

    spacing_zyx = np.array(spacing_xyz_mm[::-1], dtype=float)
    index_p, index_r = surface_voxels(predicted), surface_voxels(reference)
    if not (len(index_p) and len(index_r)):
        return SurfaceDistances(np.empty(0), np.empty(0))
    trees = (cKDTree(index_r * spacing_zyx), cKDTree(index_p * spacing_zyx))
    found = []
    for index, tree in zip((index_p, index_r), trees, strict=True):
        asked = index if region is None else index[region[tuple(index.T)]]
        found.append(tree.query(asked * spacing_zyx)[0] if len(asked) else np.empty(0))
    return SurfaceDistances(found[0], found[1])


def surface_voxels(mask: np.ndarray) -> np.ndarray:
    """(n, 3) indices (z, y, x) of the voxels of a boolean mask with a face neighbour outside it."""
    filled = [np.flatnonzero(mask.any(axis=tuple(j for j in range(3) if j != axis))) for axis in range(3)]
    if not filled[0].size:
        return np.empty((0, 3), dtype=int)
    low = [int(where[0]) for where in filled]
    box = tuple(slice(start, int(where[-1]) + 1) for start, where in zip(low, filled, strict=True))
    padded = np.pad(mask[box], 1)
    inner = padded.copy()
    for axis in range(3):
        for step in (-1, 1):
            inner &= np.roll(padded, step, axis)
    return np.argwhere(padded & ~inner) + np.array(low) - 1
