"""Whether two grids are one grid."""

from __future__ import annotations

import itertools

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry

TOLERANCE_VOXELS = 0.05
"""How far, in voxels of the smaller size, the corners of one grid may lie from those of the other.

NIfTI keeps positions as 32-bit floats, which over a metre round to 0.1 micrometre; a twentieth of a voxel changes no
label."""


def same_grid(first: Geometry, second: Geometry) -> tuple[bool, str]:
    """Whether two geometries put every voxel at the same place in the patient; and if not, why, in words.

    Grids that hold the same voxels with another order or direction of the axes are not the same grid.
    """
    if first.shape_zyx != second.shape_zyx:
        sizes = (" x ".join(map(str, geometry.shape_zyx[::-1])) for geometry in (first, second))
        return False, f"they have {' and '.join(sizes)} voxels (x, y, z)"
    worst = max(
        float(np.linalg.norm(np.subtract(first.to_physical(corner), second.to_physical(corner))))
        for corner in itertools.product(*((0, n - 1) for n in first.shape_zyx[::-1]))
    )
    spacing_differs = not np.allclose(first.spacing_xyz_mm, second.spacing_xyz_mm, rtol=1e-3, atol=0)
    if spacing_differs:
        sizes = (" x ".join(f"{s:.4g}" for s in geometry.spacing_xyz_mm) for geometry in (first, second))
        return False, f"their voxels are {' and '.join(sizes)} mm"
    if worst > TOLERANCE_VOXELS * min(*first.spacing_xyz_mm, *second.spacing_xyz_mm):
        return False, f"their corners lie up to {worst:.3g} mm apart"
    return True, ""
