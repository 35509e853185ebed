"""A voxel grid onto which a digital patient is painted: soft tissue, bone mineral and labels."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.shapes import Solid

Field = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""``field(x, y, z)`` on broadcastable float32 arrays of LPS millimetres."""

SLAB_VOXELS = 1_000_000
"""Voxels worked on at once: bounds the memory that painting a large solid takes."""


@dataclass(frozen=True)
class Mixture:
    """Two materials in one place, such as muscle with fat between its fibres.

    Attributes:
        first, second: names of materials.
        share_of_second: volume share of ``second``, 0 to 1, by place.
    """

    first: str
    second: str
    share_of_second: float | Field


class TissueCanvas:
    """The noise-free object that a scanner will see; everything a truth is computed from.

    Attributes:
        geometry: axes along L, P, S.
        hu: mapping of material name to HU at the tube voltage and contrast phase of the scan.
        soft_hu: (z, y, x) float32, HU of everything but bone mineral (marrow inside bone).
        mineral: (z, y, x) float32, hydroxyapatite density in mg/cm3 of the voxel's whole volume.
        label: (z, y, x) uint8, structure that holds most of the voxel; 0 is none.
        x, y, z: LPS coordinates in mm, float32, shaped to broadcast over (z, y, x).
    """

    def __init__(self, geometry: Geometry, hu: Mapping[str, float], background: str = "air") -> None:
        self.geometry = geometry
        self.hu = hu
        self.soft_hu = np.full(geometry.shape_zyx, hu[background], dtype=np.float32)
        self.mineral = np.zeros(geometry.shape_zyx, dtype=np.float32)
        self.label = np.zeros(geometry.shape_zyx, dtype=np.uint8)
        nz, ny, nx = geometry.shape_zyx
        (sx, sy, sz), (ox, oy, oz) = geometry.spacing_xyz_mm, geometry.origin_lps_mm
        self.x = (ox + sx * np.arange(nx, dtype=np.float32)).reshape(1, 1, nx)
        self.y = (oy + sy * np.arange(ny, dtype=np.float32)).reshape(1, ny, 1)
        self.z = (oz + sz * np.arange(nz, dtype=np.float32)).reshape(nz, 1, 1)

    def slab(self, rows: slice) -> TissueCanvas:
        """A canvas over some of the slices that shares their memory, so that threads can paint side by side."""
        part = copy.copy(self)
        first, last, _ = rows.indices(self.geometry.shape_zyx[0])
        x, y, _ = self.geometry.origin_lps_mm
        part.geometry = replace(
            self.geometry,
            shape_zyx=(last - first, *self.geometry.shape_zyx[1:]),
            origin_lps_mm=(x, y, float(self.z[first, 0, 0])),
        )
        part.z = self.z[rows]
        for name in ("soft_hu", "mineral", "label"):
            setattr(part, name, getattr(self, name)[rows])
        return part

    @property
    def voxel_mm(self) -> float:
        """Width of the border in which a solid fills voxels in part."""
        return float(np.mean(self.geometry.spacing_xyz_mm))

    def sees(self, solid: Solid) -> bool:
        """Whether any of a solid's box lies on the grid."""
        return all(part.stop > part.start for part in self._box(solid))

    def paint(
        self,
        solid: Solid,
        material: str | Mixture,
        *,
        mineral: float | Field = 0.0,
        label: int | None = None,
        only_labels: Collection[int] | None = None,
    ) -> None:
        """Replace what is there by a solid; voxels on its surface get a share of it.

        Args:
            solid: what to paint.
            material: its soft part (for bone: the marrow).
            mineral: its hydroxyapatite density in mg/cm3.
            label: of the voxels it fills by more than half; None leaves the labels.
            only_labels: paint only where the present label is one of these.
        """
        if not self.sees(solid):
            return
        x_range, y_range, z_range = self._box(solid)
        area = (x_range.stop - x_range.start) * (y_range.stop - y_range.start)
        step = max(1, SLAB_VOXELS // area)
        x, y = self.x[:, :, x_range], self.y[:, y_range, :]
        for start in range(z_range.start, z_range.stop, step):
            box = (slice(start, min(start + step, z_range.stop)), y_range, x_range)
            z = self.z[box[0]]
            share = np.clip(0.5 - solid.distance(x, y, z) / self.voxel_mm, 0.0, 1.0)
            if only_labels is not None:
                share = share * np.isin(self.label[box], list(only_labels))
            if not share.any():
                continue
            self._fill(self.soft_hu[box], share, self._hu_of(material, x, y, z))
            self._fill(self.mineral[box], share, mineral(x, y, z) if callable(mineral) else mineral)
            if label is not None:
                np.copyto(self.label[box], np.uint8(label), where=share > 0.5)

    @staticmethod
    def _fill(block: np.ndarray, share: np.ndarray, value: float | np.ndarray) -> None:
        block += share * (value - block)

    def _hu_of(self, material: str | Mixture, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> float | np.ndarray:
        if isinstance(material, str):
            return self.hu[material]
        given = material.share_of_second
        share = given(x, y, z) if callable(given) else given
        first, second = self.hu[material.first], self.hu[material.second]
        return first + (second - first) * np.clip(share, 0.0, 1.0)

    def _box(self, solid: Solid) -> tuple[slice, slice, slice]:
        """Index ranges (x, y, z) of a solid's box and a voxel around it."""
        ranges = []
        for axis, values in enumerate((self.x, self.y, self.z)):
            low, high = solid.low[axis] - self.voxel_mm, solid.high[axis] + self.voxel_mm
            first, last = np.searchsorted(values.ravel(), (low, high))
            ranges.append(slice(int(first), int(last)))
        return ranges[0], ranges[1], ranges[2]
