"""One bone's mask, cropped, with its surface and the places where the scan cuts it off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.errors import InputError

_MARGIN_VOXELS = 3
_REACH_MM = 1.5
"""Own choice: the outermost voxels of a field of view are blended with what lies outside; a mask may end on them."""
_NORMAL_SIGMA_MM = 1.8
"""Own choice: the staircase of 3 mm slices is smoothed, the curvature of a head of 20 mm is not."""
_MAX_POINTS = 80_000


@dataclass(frozen=True, eq=False)
class Surface:
    """Outer faces of a mask's voxels: LPS points (n, 3), smooth outward unit normals (n, 3), areas in mm2.

    Attributes:
        areas: of the smooth surface that a face stands for: its own area times the cosine to the smooth normal; of a
            cut, the face's own area.
        half_mm: half a voxel's size across the face: how far the true surface may lie from it.
    """

    points: np.ndarray
    normals: np.ndarray
    areas: np.ndarray
    half_mm: np.ndarray

    def where(self, chosen: np.ndarray | slice) -> Surface:
        """Some of the faces."""
        return Surface(self.points[chosen], self.normals[chosen], self.areas[chosen], self.half_mm[chosen])


@dataclass(frozen=True, eq=False)
class BoneMask:
    """A mask cropped to its bone with a margin; built by :meth:`of`.

    Attributes:
        mask: (z, y, x) bool. scanned: (z, y, x) bool, False beyond the image and where nothing was measured.
        geometry: of both. offset_zyx: index in the whole array of the first voxel here; may be negative.
        part, within: slices of the whole array and of these arrays that hold the same voxels.
    """

    mask: np.ndarray
    scanned: np.ndarray
    geometry: Geometry
    offset_zyx: tuple[int, int, int]
    part: tuple[slice, ...]
    within: tuple[slice, ...]

    @classmethod
    def of(cls, mask: np.ndarray, geometry: Geometry, scanned: np.ndarray | None = None) -> BoneMask:
        """Crop a mask.

        Args:
            mask: (z, y, x), true inside of the bone, on the whole scan's grid.
            geometry: of the mask's grid.
            scanned: (z, y, x) bool, False in the padding around a round field of view; None: all was scanned.

        Raises:
            ValueError: arrays and geometry differ in size, or the geometry cannot be.
            InputError: ``empty_mask``.
        """
        mask = np.asarray(mask) != 0
        valid, why = geometry.is_valid()
        if not valid:
            raise ValueError(f"the mask's grid cannot be: {why}")
        if mask.shape != geometry.shape_zyx or (scanned is not None and np.shape(scanned) != mask.shape):
            raise ValueError(f"mask {mask.shape}, scanned field and geometry {geometry.shape_zyx} differ in size")
        used = [np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
        if used[0].size == 0:
            raise InputError("The mask is empty", next_step="Outline the femur first.", code="empty_mask")
        low = [int(entry[0]) - _MARGIN_VOXELS for entry in used]
        high = [int(entry[-1]) + 1 + _MARGIN_VOXELS for entry in used]
        part = tuple(slice(max(a, 0), min(b, n)) for a, b, n in zip(low, high, mask.shape, strict=True))
        pad = [(max(-a, 0), max(b - n, 0)) for a, b, n in zip(low, high, mask.shape, strict=True)]
        seen = np.ones(mask[part].shape, bool) if scanned is None else np.asarray(scanned)[part] != 0
        shape = (high[0] - low[0], high[1] - low[1], high[2] - low[2])
        own = Geometry(
            shape, geometry.spacing_xyz_mm, geometry.to_physical((low[2], low[1], low[0])), geometry.direction
        )
        within = tuple(slice(a, n - b) for (a, b), n in zip(pad, shape, strict=True))
        return cls(np.pad(mask[part], pad), np.pad(seen, pad), own, (low[0], low[1], low[2]), part, within)

    @property
    def volume_ml(self) -> float:
        """Of the mask."""
        return float(np.count_nonzero(self.mask)) * self.geometry.voxel_volume_mm3 / 1000.0

    @cached_property
    def points(self) -> np.ndarray:
        """(n, 3) LPS mm of the mask's voxels; every few of them where they are many."""
        index = np.argwhere(self.mask)
        return self.to_lps(index[:: max(1, len(index) // _MAX_POINTS)])

    def to_lps(self, index_zyx: np.ndarray) -> np.ndarray:
        """(n, 3) LPS mm of (n, 3) voxel indices."""
        geometry = self.geometry
        steps: np.ndarray = geometry.matrix * geometry.spacing_xyz_mm
        return np.asarray(geometry.origin_lps_mm) + index_zyx[:, ::-1] @ steps.T

    def to_index(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) fractional indices (z, y, x) of (..., 3) LPS points."""
        geometry = self.geometry
        index = (points - np.asarray(geometry.origin_lps_mm)) @ np.linalg.inv(geometry.matrix).T
        return np.asarray((index / np.asarray(geometry.spacing_xyz_mm))[..., ::-1])

    def sample(self, points: np.ndarray) -> np.ndarray:
        """Share of bone, 0 to 1, at (..., 3) LPS points: the mask interpolated linearly."""
        from scipy import ndimage

        index = np.moveaxis(self.to_index(points), -1, 0)
        return np.asarray(ndimage.map_coordinates(self._as_float, index, order=1, mode="constant", cval=0.0))

    def is_scanned(self, points: np.ndarray) -> np.ndarray:
        """Whether (..., 3) LPS points lie where something was measured; beyond the crop they count as scanned."""
        nearest = np.rint(self.to_index(points)).astype(int)
        last = np.array(self.mask.shape) - 1
        here = self.scanned[tuple(np.moveaxis(np.clip(nearest, 0, last), -1, 0))]
        return np.asarray(here | ~((nearest >= 0) & (nearest <= last)).all(axis=-1))

    @cached_property
    def _as_float(self) -> np.ndarray:
        return self.mask.astype(np.float32)

    @cached_property
    def surface(self) -> Surface:
        """The faces between bone and what was scanned beside it."""
        return self._faces[0]

    @cached_property
    def cuts(self) -> Surface:
        """The faces at which the scan ends: bone goes on beyond them."""
        return self._faces[1]

    @cached_property
    def _faces(self) -> tuple[Surface, Surface]:
        gradient = self._gradient()
        spacing = np.array(self.geometry.spacing_xyz_mm)[::-1]
        found: list[tuple[np.ndarray, ...]] = []
        for axis in range(3):
            step = np.diff(self.mask.astype(np.int8), axis=axis)
            index = np.argwhere(step)
            sign = -step[tuple(index.T)].astype(np.int64)  # 1 where the mask ends towards higher indices
            inner = index.copy()
            inner[:, axis] += sign < 0
            place = index.astype(float)
            place[:, axis] += 0.5
            upper = index.copy()
            upper[:, axis] += 1
            slope = np.stack([0.5 * (g[tuple(index.T)] + g[tuple(upper.T)]) for g in gradient], axis=1)
            length = np.linalg.norm(slope, axis=1)
            flat = length < 1e-6
            slope[flat, axis], length[flat] = -sign[flat], 1.0
            normal = -slope / length[:, None]
            cut = self._at_the_end(inner, axis, sign, float(spacing[axis]))
            # Where the scan ends there is no surface: the face itself counts, not what it stands for.
            area = math.prod(np.delete(spacing, axis)) * np.where(cut, 1.0, np.maximum(normal[:, axis] * sign, 0.0))
            half = np.full(len(index), spacing[axis] / 2)
            found.append((place, normal, area, half, cut))
        place, normal, area, half, cut = (np.concatenate(entry) for entry in zip(*found, strict=True))
        faces = Surface(self.to_lps(place), normal[:, ::-1] @ self.geometry.matrix.T, area, half)
        return faces.where(~cut), faces.where(cut)

    def _gradient(self) -> list[np.ndarray]:
        """Of the smoothed mask, per mm along the array's axes; what lies beyond the scan has no say."""
        from scipy import ndimage

        spacing = self.geometry.spacing_xyz_mm[::-1]
        sigma = [_NORMAL_SIGMA_MM / s for s in spacing]

        def smooth(array: np.ndarray) -> np.ndarray:
            return np.asarray(ndimage.gaussian_filter(array, sigma, truncate=2.5, mode="nearest"))

        value = smooth(self._as_float)
        if not self.scanned.all():
            value = value / np.maximum(smooth(self.scanned.astype(np.float32)), 0.05)
        return [np.gradient(value, s, axis=axis) for axis, s in enumerate(spacing)]

    def _at_the_end(self, inner: np.ndarray, axis: int, sign: np.ndarray, step_mm: float) -> np.ndarray:
        """Which faces have nothing scanned beyond them, given the voxel within and the side they look to."""
        depth = max(1, math.ceil(_REACH_MM / step_mm - 1e-6)) if step_mm <= 2 * _REACH_MM else 1
        ends = np.zeros(len(inner), bool)
        for k in range(1, depth + 1):
            beyond = inner.copy()
            beyond[:, axis] = np.clip(beyond[:, axis] + k * sign, 0, self.mask.shape[axis] - 1)
            ends |= ~self.scanned[tuple(beyond.T)]
        return ends
