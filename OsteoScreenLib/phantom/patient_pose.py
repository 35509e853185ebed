"""How a digital patient lies in the scanner: rolled, yawed or pitched about the middle of the scan."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry


@dataclass(frozen=True, eq=False)
class Pose:
    """A rotation about the middle of a scan's grid.

    Attributes:
        matrix: (3, 3), turns LPS directions of the patient's frame into the scanner's. centre_mm: the point that stays.
    """

    matrix: np.ndarray
    centre_mm: tuple[float, float, float]

    @classmethod
    def of(cls, tilt_deg: tuple[float, float, float], grid: Geometry) -> Pose:
        """Pose of a protocol's ``tilt_deg`` (roll about z, yaw about y, pitch about x, in this order)."""
        roll, yaw, pitch = (math.radians(angle) for angle in tilt_deg)
        about_z = _turn(0, 1, roll)
        about_y = _turn(2, 0, yaw)
        about_x = _turn(1, 2, pitch)
        middle = grid.to_physical([(n - 1) / 2 for n in grid.shape_zyx[::-1]])
        return cls(about_x @ about_y @ about_z, middle)

    @property
    def is_straight(self) -> bool:
        """Whether nothing is turned."""
        return bool(np.allclose(self.matrix, np.eye(3)))

    def to_scanner(self, point_lps_mm: tuple[float, float, float]) -> tuple[float, float, float]:
        """Where a point of the patient's frame lies in the image, LPS mm."""
        centre = np.asarray(self.centre_mm)
        x, y, z = (self.matrix @ (np.asarray(point_lps_mm) - centre) + centre).tolist()
        return (x, y, z)

    def painting_grid(self, grid: Geometry) -> Geometry:
        """A grid in the patient's frame, axes along L, P, S, that holds all that the turned image shows."""
        if self.is_straight:
            return grid
        counts = np.array(grid.shape_zyx[::-1])
        spacing = np.array(grid.spacing_xyz_mm)
        half = (np.abs(self.matrix.T) @ (counts * spacing)) / 2 + 2 * spacing
        needed = 2 * np.ceil(half / spacing).astype(int) + counts % 2
        origin = np.asarray(self.centre_mm) - (needed - 1) / 2 * spacing
        x, y, z = needed.tolist()
        return replace(grid, shape_zyx=(z, y, x), origin_lps_mm=tuple(origin.tolist()))

    def into_image(self, array: np.ndarray, grid: Geometry) -> np.ndarray:
        """What was painted on ``painting_grid(grid)``, turned onto the image's grid: linear, for labels nearest."""
        if self.is_straight:
            return array
        import SimpleITK as sitk

        painted = self.painting_grid(grid)
        source = sitk.GetImageFromArray(array)
        source.SetSpacing(painted.spacing_xyz_mm)
        source.SetOrigin(painted.origin_lps_mm)
        turn = sitk.Euler3DTransform()
        turn.SetCenter(self.centre_mm)
        turn.SetMatrix(self.matrix.T.ravel().tolist())  # from the image back to what was painted
        method = sitk.sitkNearestNeighbor if array.dtype.kind == "u" else sitk.sitkLinear
        outside = float(array[0, 0, 0])
        reference = sitk.Image(grid.shape_zyx[::-1], source.GetPixelID())
        reference.SetSpacing(grid.spacing_xyz_mm)
        reference.SetOrigin(grid.origin_lps_mm)
        turned: np.ndarray = sitk.GetArrayFromImage(sitk.Resample(source, reference, turn, method, outside))
        return turned


def _turn(first: int, second: int, angle: float) -> np.ndarray:
    """Rotation in the plane of two axes, from the first towards the second."""
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = math.cos(angle)
    matrix[second, first], matrix[first, second] = math.sin(angle), -math.sin(angle)
    return matrix
