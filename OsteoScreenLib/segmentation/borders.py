"""Where a mask meets the end of what was scanned: the image border, or the padding around a round field of view."""

from __future__ import annotations

import math

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.segmentation.grids import Slices

BORDERS = ("superior", "inferior", "anterior", "posterior", "left", "right")
_ENDS = {
    "L": ("right", "left"),
    "R": ("left", "right"),
    "P": ("anterior", "posterior"),
    "A": ("posterior", "anterior"),
    "S": ("inferior", "superior"),
    "I": ("superior", "inferior"),
}
CONTACT_MM2 = 20.0
"""Own choice: contact from which a border cuts the mask; less is a corner."""
_REACH_MM = 1.5
"""Own choice: the outermost voxels of a field of view are blended with what lies outside; a mask may end on them."""
_PADDING_BELOW_HU = -990


class FieldOfView:
    """What of a volume was scanned.

    Args:
        hu: (z, y, x) of the volume. geometry: of it.
    """

    def __init__(self, hu: np.ndarray, geometry: Geometry) -> None:
        self._hu = hu
        self._geometry = geometry
        self._padding = _padding_value(hu)
        self._planes: dict[int, np.ndarray] = {}

    def outside(self, z: int) -> np.ndarray | None:
        """(y, x) padding in a plane of the array: the corners' value, connected to the border; None where none is."""
        from scipy import ndimage

        if self._padding is None:
            return None
        if z not in self._planes:
            numbers, count = ndimage.label(self._hu[z] == self._padding)
            edge = np.zeros(count + 1, bool)
            for line in (numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]):
                edge[line] = True
            edge[0] = False
            self._planes[z] = edge[numbers]
        return self._planes[z]

    def share_scanned(self, points_lps_mm: np.ndarray) -> float:
        """Share of (n, 3) points that lie in the scanned field."""
        index = (points_lps_mm - self._geometry.origin_lps_mm) @ np.linalg.inv(self._geometry.matrix).T
        nearest = np.rint(index / self._geometry.spacing_xyz_mm).astype(int)[:, ::-1]
        inside = ((nearest >= 0) & (nearest < self._hu.shape)).all(axis=1)
        if self._padding is None or not inside.any():
            return float(inside.mean())
        possible = self._hu[tuple(nearest[inside].T)] == self._padding
        for z in np.unique(nearest[inside, 0][possible]):
            plane = self.outside(int(z))
            if plane is not None:
                here = np.flatnonzero(inside & (nearest[:, 0] == z))
                inside[here] = ~plane[nearest[here, 1], nearest[here, 2]]
        return float(inside.mean())

    def contacts_mm2(self, mask: np.ndarray, part: Slices, above_mm: float | None = None) -> dict[str, float]:
        """Area over which a mask meets each border of the scanned field.

        Args:
            mask: bool of the part's shape. part: of the volume's array.
            above_mm: only what lies above this level (superior LPS coordinate) counts; None for all.
        """
        if above_mm is not None:
            mask = mask & self._above(mask.shape, part, above_mm)
        areas = dict.fromkeys(BORDERS, 0.0)
        spacing = self._geometry.spacing_xyz_mm[::-1]
        codes = self._geometry.axis_codes[::-1]
        for axis in range(3):
            area = math.prod(s for other, s in enumerate(spacing) if other != axis)
            depth = max(1, math.ceil(_REACH_MM / spacing[axis] - 1e-6)) if spacing[axis] <= 2 * _REACH_MM else 1
            for end, side in enumerate(_ENDS[codes[axis]]):
                lines = self._at_image_border(mask, part, axis, end, depth)
                areas[side] += float(np.count_nonzero(lines)) * area
        for axis, towards_end, count in self._at_padding(mask, part):
            area = math.prod(s for other, s in enumerate(spacing) if other != axis)
            areas[_ENDS[codes[axis]][towards_end]] += count * area
        return areas

    def _above(self, shape: tuple[int, ...], part: Slices, level_mm: float) -> np.ndarray:
        """Which voxels of a part lie above a level."""
        row = self._geometry.matrix[2] * self._geometry.spacing_xyz_mm
        z, y, x = (np.arange(entry.start, entry.stop) for entry in part)
        height = row[2] * z[:, None, None] + row[1] * y[:, None] + row[0] * x
        return np.broadcast_to(self._geometry.origin_lps_mm[2] + height > level_mm, shape)

    def _at_image_border(self, mask: np.ndarray, part: Slices, axis: int, end: int, depth: int) -> np.ndarray:
        """Where the mask reaches the first or last voxels of the image along an axis, seen along that axis."""
        length = self._hu.shape[axis]
        low, high = (0, depth) if end == 0 else (length - depth, length)
        first, last = max(low - part[axis].start, 0), max(high - part[axis].start, 0)
        near = [slice(None)] * 3
        near[axis] = slice(first, last)
        return np.asarray(mask[tuple(near)].any(axis=axis))

    def _at_padding(self, mask: np.ndarray, part: Slices) -> list[tuple[int, int, int]]:
        """(array axis, 1 towards its end, number of lines) over which padding lies next to the mask."""
        if self._padding is None:
            return []
        spacing = self._geometry.spacing_xyz_mm[::-1]
        found = {(axis, end): 0 for axis in (1, 2) for end in (0, 1)}
        reach = [max(1, math.ceil(2 * _REACH_MM / entry)) for entry in spacing]
        rows, columns = (slice(max(0, part[i].start - reach[i]), part[i].stop + reach[i]) for i in (1, 2))
        for k in np.flatnonzero(mask.any(axis=(1, 2))):
            plane = self._hu[part[0].start + int(k)]
            if not (plane[rows, columns] == self._padding).any():
                continue
            outside = self.outside(part[0].start + int(k))
            if outside is None or not outside.any():
                continue
            whole = np.zeros(plane.shape, bool)
            whole[part[1], part[2]] = mask[k]
            for axis, end in found:
                found[axis, end] += _lines_meeting(whole, outside, axis - 1, end, reach[axis])
        return [(axis, end, count) for (axis, end), count in found.items() if count]


def _lines_meeting(mask: np.ndarray, outside: np.ndarray, axis: int, end: int, reach: int) -> int:
    """Lines of a plane along an axis on which the mask has padding within reach on its one end."""
    mask, outside = (array if axis == 1 else array.T for array in (mask, outside))
    if end == 0:
        mask, outside = mask[:, ::-1], outside[:, ::-1]
    rows = np.flatnonzero(mask.any(axis=1))
    last = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    beyond = np.minimum(last[:, None] + np.arange(1, reach + 1), mask.shape[1] - 1)
    return int(np.count_nonzero(outside[rows[:, None], beyond].any(axis=1)))


def _padding_value(hu: np.ndarray) -> float | None:
    """The value that fills the corners of the planes, where nearly all have the same low one; None else."""
    corners = np.asarray(hu[:, :: max(1, hu.shape[1] - 1), :: max(1, hu.shape[2] - 1)]).reshape(-1)
    values, counts = np.unique(corners, return_counts=True)
    value = values[counts.argmax()]
    if not np.isfinite(value) or value > _PADDING_BELOW_HU or counts.max() < 0.25 * corners.size:
        return None
    return float(value)
