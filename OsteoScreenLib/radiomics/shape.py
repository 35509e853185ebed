"""Shape of a region: volume, surface, diameters, principal axes."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.radiomics.diameter import largest_distance, largest_distance_in_planes
from OsteoScreenLib.radiomics.marching_cubes import mesh

FEATURES = (
    *("Elongation", "Flatness", "LeastAxisLength", "MajorAxisLength", "Maximum2DDiameterColumn"),
    *("Maximum2DDiameterRow", "Maximum2DDiameterSlice", "Maximum3DDiameter", "MeshVolume", "MinorAxisLength"),
    *("Sphericity", "SurfaceArea", "SurfaceVolumeRatio", "VoxelVolume"),
)
"""What is computed unless features are named."""

BY_NAME_ONLY = ("Compactness1", "Compactness2", "SphericalDisproportion")
"""Functions of sphericity, computed where they are named."""


def shape_features(
    mask: np.ndarray, spacing_zyx_mm: tuple[float, float, float], *, ibsi: bool = False
) -> dict[str, float]:
    """PyRadiomics' shape features (van Griethuysen et al. 2017) of a mask.

    The mesh is that of :mod:`marching_cubes`; axis lengths are four times the square root of the eigenvalues of the
    voxel centres' covariance; diameters run between mesh corners.

    Args:
        mask: (z, y, x) bool with at least one voxel inside.
        spacing_zyx_mm: voxel size.
        ibsi: the covariance is divided by n - 1, as IBSI's reference values have it, not by n.

    Returns:
        Every feature of ``FEATURES`` and ``BY_NAME_ONLY``, in mm, mm2, mm3 or without unit.
    """
    surface = mesh(mask, spacing_zyx_mm)
    area, volume = surface.area_mm2, surface.volume_mm3
    least, minor, major = np.sqrt(principal_variances(mask, spacing_zyx_mm))
    voxels = np.count_nonzero(mask)
    length = 4 * np.sqrt(voxels / (voxels - 1)) if ibsi and voxels > 1 else 4.0
    planes = [largest_distance_in_planes(surface.vertices, spacing_zyx_mm, axis) for axis in range(3)]
    sphericity = (36 * np.pi * volume**2) ** (1 / 3) / area
    found = {
        "Elongation": minor / major,
        "Flatness": least / major,
        "LeastAxisLength": length * least,
        "MajorAxisLength": length * major,
        "MinorAxisLength": length * minor,
        "Maximum2DDiameterSlice": planes[0],
        "Maximum2DDiameterColumn": planes[1],
        "Maximum2DDiameterRow": planes[2],
        "Maximum3DDiameter": largest_distance(surface.vertices, spacing_zyx_mm),
        "MeshVolume": volume,
        "Sphericity": sphericity,
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume,
        "VoxelVolume": voxels * float(np.prod(spacing_zyx_mm)),
        "Compactness1": volume / (area**1.5 * np.sqrt(np.pi)),
        "Compactness2": 36 * np.pi * volume**2 / area**3,
        "SphericalDisproportion": 1 / sphericity,
    }
    return {name: float(value) for name, value in found.items()}


def principal_variances(mask: np.ndarray, spacing_mm: tuple[float, ...]) -> np.ndarray:
    """Eigenvalues of the covariance (divided by n) of the voxel centres, ascending, mm2.

    A direction along which the region is one voxel thin has exactly 0.
    """
    n, axes = int(np.count_nonzero(mask)), range(mask.ndim)
    along = [np.arange(size) for size in mask.shape]
    counts = [mask.sum(axis=tuple(other for other in axes if other != axis), dtype=np.int64) for axis in axes]
    sums = [int(index @ count) for index, count in zip(along, counts, strict=True)]
    covariance = np.empty((mask.ndim, mask.ndim))
    for i in axes:
        for j in range(i, mask.ndim):
            if i == j:
                squares = along[i] ** 2 @ counts[i]
            else:
                together = mask.sum(axis=tuple(other for other in axes if other not in (i, j)), dtype=np.int64)
                squares = along[i] @ together @ along[j]
            # In whole numbers, so exact: n * sum(ab) - sum(a) * sum(b) over n squared.
            product = n * int(squares) - sums[i] * sums[j]
            covariance[i, j] = covariance[j, i] = product / n**2 * spacing_mm[i] * spacing_mm[j]
    variances = np.linalg.eigvalsh(covariance)
    variances[variances < 1e-13 * variances[-1]] = 0.0
    return variances
