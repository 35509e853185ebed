"""Where a voxel grid lies in the patient: size, spacing, origin and directions in LPS millimetres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ORTHONORMAL_TOLERANCE = 1e-4
"""Largest accepted deviation of direction^T direction from the identity (SimpleITK refuses beyond a similar bound)."""

_AXIS_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))


@dataclass(frozen=True)
class Geometry:
    """A regular voxel grid in patient space.

    Attributes:
        shape_zyx: number of voxels along the array's axes (z, y, x).
        spacing_xyz_mm: voxel size along the index axes x, y, z.
        origin_lps_mm: centre of voxel (0, 0, 0).
        direction: 3x3 matrix, row-major, as in ITK: column j is the LPS direction of index axis j (x, y, z).
            Oblique and left-handed matrices are kept as they are.
    """

    shape_zyx: tuple[int, int, int]
    spacing_xyz_mm: tuple[float, float, float]
    origin_lps_mm: tuple[float, float, float]
    direction: tuple[float, float, float, float, float, float, float, float, float]

    @property
    def matrix(self) -> np.ndarray:
        """Direction as a (3, 3) array; columns are the LPS directions of index axes x, y, z."""
        return np.array(self.direction, dtype=float).reshape(3, 3)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel."""
        return math.prod(self.spacing_xyz_mm)

    @property
    def extent_xyz_mm(self) -> tuple[float, float, float]:
        """Size of the grid along x, y, z, voxel borders included."""
        x, y, z = (n * s for n, s in zip(self.shape_zyx[::-1], self.spacing_xyz_mm, strict=True))
        return (x, y, z)

    @property
    def axis_codes(self) -> str:
        """Towards which side of the patient the index axes x, y, z run, such as ``LPS``; nearest axis where oblique."""
        return "".join(
            _AXIS_LETTERS[row][int(self.matrix[row, column] > 0)] for column, row in enumerate(self._nearest_rows())
        )

    @property
    def obliquity_deg(self) -> float:
        """Largest angle between an index axis and its nearest patient axis, in degrees."""
        cosines = [abs(self.matrix[row, column]) for column, row in enumerate(self._nearest_rows())]
        return math.degrees(math.acos(min(1.0, *cosines)))

    def to_physical(self, index_xyz: Sequence[float]) -> tuple[float, float, float]:
        """LPS millimetres of a (fractional) voxel index (x, y, z)."""
        offset = self.matrix @ (np.asarray(index_xyz, dtype=float) * self.spacing_xyz_mm)
        x, y, z = (np.asarray(self.origin_lps_mm) + offset).tolist()
        return (x, y, z)

    def to_index(self, point_lps_mm: Sequence[float]) -> tuple[float, float, float]:
        """Fractional voxel index (x, y, z) of an LPS point."""
        offset = np.asarray(point_lps_mm, dtype=float) - self.origin_lps_mm
        x, y, z = (np.linalg.solve(self.matrix, offset) / self.spacing_xyz_mm).tolist()
        return (x, y, z)

    def is_valid(self) -> tuple[bool, str]:
        """Whether this can be a real grid, and if not, why."""
        if any(n < 1 for n in self.shape_zyx):
            return False, f"the grid is empty: {self.shape_zyx} voxels (z, y, x)"
        numbers = (*self.spacing_xyz_mm, *self.origin_lps_mm, *self.direction)
        if not all(math.isfinite(v) for v in numbers):
            return False, "spacing, origin or direction is not a finite number"
        if any(s <= 0 for s in self.spacing_xyz_mm):
            return False, f"a voxel size is zero or negative: {self.spacing_xyz_mm} mm"
        error = float(np.abs(self.matrix.T @ self.matrix - np.eye(3)).max())
        if error > ORTHONORMAL_TOLERANCE:
            return False, f"the directions are not orthonormal (deviation {error:.2g})"
        return True, ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {
            "shape_zyx": list(self.shape_zyx),
            "spacing_xyz_mm": list(self.spacing_xyz_mm),
            "origin_lps_mm": list(self.origin_lps_mm),
            "direction": list(self.direction),
            "axis_codes": self.axis_codes,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Geometry:
        """Read what :meth:`to_dict` wrote. Raises KeyError or TypeError where a field is missing or malformed."""
        return cls(
            shape_zyx=tuple(int(v) for v in data["shape_zyx"]),  # type: ignore[arg-type]
            spacing_xyz_mm=tuple(float(v) for v in data["spacing_xyz_mm"]),  # type: ignore[arg-type]
            origin_lps_mm=tuple(float(v) for v in data["origin_lps_mm"]),  # type: ignore[arg-type]
            direction=tuple(float(v) for v in data["direction"]),  # type: ignore[arg-type]
        )

    def _nearest_rows(self) -> list[int]:
        """For each index axis, the patient axis (0 LR, 1 AP, 2 IS) it is nearest to; each used once."""
        magnitude = np.abs(self.matrix)
        rows = [-1, -1, -1]
        for _ in range(3):
            row, column = divmod(int(np.argmax(magnitude)), 3)
            rows[column] = row
            magnitude[row, :] = -1.0
            magnitude[:, column] = -1.0
        return rows
