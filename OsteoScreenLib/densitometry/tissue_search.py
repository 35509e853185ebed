"""Finds the tissues that calibrate a scan, by where they lie in the body and by the peak of their HU.

Air lies around the body, subcutaneous fat under the skin, muscle beside the femora or else in the back, compact bone
deep in the shaft's wall. Within such a place the windows in HU are wide, and the peak of the histogram is taken: it
stays where a few strands, vessels or folds are in the place too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.settings import Settings
from OsteoScreenLib.quality.body import body_mask
from OsteoScreenLib.quality.clipping import low_clip
from OsteoScreenLib.quality.coarse import CoarseGrid, coarse_grid
from OsteoScreenLib.quality.histogram import histogram_of

_PEAK_SIGMA_HU = 4.0
_PEAK_HALF_WIDTH_HU = 12.0
_MOST_VOXELS = 1_000_000
_MOST_AT_THE_END = 0.35
"""Own choice: scanners and conversions cut air's noise off at -1000 or -1024 HU. Its mean is then too high; its median
is not, as long as less than half of the voxels lie at the end. A third leaves room."""
_SAME_VALUE = 0.2
"""Own choice: no scan has noise so small that a fifth of what looks like air holds one value as far as its neighbours
reach; that is padding."""


@dataclass(frozen=True)
class FoundTissue:
    """HU of a tissue at its peak, how wide it spreads (HU), and how much of it was seen."""

    hu: float
    spread_hu: float
    volume_ml: float


@dataclass(frozen=True)
class TissueFindings:
    """Tissues by name, and why the others were not found."""

    found: Mapping[str, FoundTissue] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


def find_tissues(
    ct: CTVolume, femora: np.ndarray | None, settings: Settings, blood: np.ndarray | None = None
) -> TissueFindings:
    """Look for air, subcutaneous fat, muscle, compact bone and, where its place is given, blood.

    Args:
        ct: HU, finite, with a valid geometry.
        femora: (z, y, x) 1 left femur, 2 right; None: muscle is looked for in the back, compact bone nowhere.
        settings: the table. blood: (z, y, x) bool, a large vessel; None: blood is not used.
    """
    grid = coarse_grid(ct)
    body = body_mask(grid)
    places = _Places(grid, body, settings)
    found: dict[str, FoundTissue] = {}
    missing: dict[str, str] = {}
    air = _air(ct, places, settings.number("internal.air.minimum_ml"))
    if isinstance(air, str):
        missing["air"] = air
    else:
        found["air"] = air
    candidates: dict[str, tuple[np.ndarray, float] | str] = {
        "fat": (places.smooth[places.fat()], grid.block_ml),
        "muscle": (places.smooth[places.back()], grid.block_ml),
        "cortical_bone": "there is no femur mask in which compact bone could be looked for",
        "blood": "no vessel was given; none is looked for",
    }
    if femora is not None and femora.any():
        candidates["muscle"] = (places.smooth[places.muscle(_coarse_labels(femora, grid))], grid.block_ml)
        candidates["cortical_bone"] = (_cortex(ct, femora, settings), ct.geometry.voxel_volume_mm3 / 1000.0)
    if blood is not None:
        candidates["blood"] = (_core(ct, blood), ct.geometry.voxel_volume_mm3 / 1000.0)
    for name, candidate in candidates.items():
        if isinstance(candidate, str):
            missing[name] = candidate
            continue
        values, unit_ml = candidate
        least = settings.number(f"internal.{name}.minimum_ml")
        if values.size * unit_ml < least:
            missing[name] = f"only {values.size * unit_ml:.1f} ml of it were found, {least:g} ml are needed"
        else:
            found[name] = peak_of(values, unit_ml)
    return TissueFindings(found, missing)


def peak_of(values: np.ndarray, unit_ml: float = 0.0) -> FoundTissue:
    """The peak of a histogram, refined to the mean of what lies near it."""
    values = np.asarray(values, np.float64)
    low, high = np.floor(values.min()) - 30, np.ceil(values.max()) + 30
    counts, edges = np.histogram(values, np.arange(low, high + 1.0, 1.0))
    reach = np.arange(-16, 17)
    kernel = np.exp(-0.5 * (reach / _PEAK_SIGMA_HU) ** 2)
    place = float(edges[int(np.argmax(np.convolve(counts, kernel, mode="same")))] + 0.5)
    for _ in range(5):
        place = float(values[np.abs(values - place) <= _PEAK_HALF_WIDTH_HU].mean())
    spread = 1.4826 * float(np.median(np.abs(values - place)))
    return FoundTissue(place, spread, float(values.size * unit_ml))


class _Places:
    """Where in the coarse grid each tissue may be."""

    def __init__(self, grid: CoarseGrid, body: np.ndarray, settings: Settings) -> None:
        from scipy import ndimage

        self.grid, self.body, self.settings = grid, body, settings
        size: int = settings["search.smooth_blocks"]
        self.size = [min(size, n) for n in grid.mean_hu.shape]
        self.smooth = ndimage.uniform_filter(grid.mean_hu.astype(np.float32), self.size)

    def within(self, name: str) -> np.ndarray:
        """Blocks whose whole surroundings lie in a tissue's window."""
        from scipy import ndimage

        low, high = self.settings["search.soft_window_hu"][name]
        mean = self.grid.mean_hu
        inside = (mean >= low) & (mean <= high)
        return np.asarray(ndimage.minimum_filter(inside, self.size))

    def distance_mm(self, target: np.ndarray) -> np.ndarray:
        """To the nearest block of the target; far where there is none."""
        from scipy import ndimage

        if not target.any():
            return np.full(target.shape, 1e6, np.float32)
        return np.asarray(ndimage.distance_transform_edt(~target, self.grid.spacing_zyx_mm), np.float32)

    def air(self) -> np.ndarray:
        """Around the body and clear of it, and of the padding around a round field of view."""
        from scipy import ndimage

        clear = self.distance_mm(self.body) > self.settings.number("search.air_beyond_body_mm")
        low, high = self.settings["search.soft_window_hu"]["air"]
        mean = self.grid.mean_hu
        inside = (mean >= low) & (mean <= high)
        flat = inside & (ndimage.maximum_filter(mean, 3) == ndimage.minimum_filter(mean, 3))
        values, counts = np.unique(mean[flat], return_counts=True)
        if values.size and counts.max() > _SAME_VALUE * np.count_nonzero(inside):
            inside &= mean != values[int(np.argmax(counts))]
        return np.asarray(ndimage.minimum_filter(inside, self.size)) & clear

    def fat(self) -> np.ndarray:
        """Under the skin; anywhere in the body where the scan shows no skin."""
        fat = self.within("fat") & self.body
        depth = self.distance_mm(~self.body)
        low, high = self.settings.pair("search.fat_depth_mm")
        return fat & (depth >= low) & ((depth <= high) | (depth > 1e5))

    def back(self) -> np.ndarray:
        """Muscles of the back: the hindmost part of each slice of the body, under skin and fat."""
        axis, levels = self.grid.axis_of("posterior"), self.grid.axis_of("superior")
        across = tuple(a for a in range(3) if a not in (axis, levels))
        used = self.body.any(axis=across, keepdims=True)
        shape = [1, 1, 1]
        shape[axis] = -1
        index = np.arange(used.shape[axis]).reshape(shape)
        first = np.where(used, index, index.size).min(axis=axis, keepdims=True)
        last = np.where(used, index, -1).max(axis=axis, keepdims=True)
        share = self.settings.number("search.back_share") * (last - first)
        behind = index >= last - share if self.grid.axis_sides[axis][1] == "posterior" else index <= first + share
        deep = self.distance_mm(~self.body) >= self.settings.pair("search.fat_depth_mm")[0] + 5.0
        return self.within("muscle") & self.body & behind & deep

    def muscle(self, femora: np.ndarray) -> np.ndarray:
        """Beside the femora, and not between them, where the pelvis holds bladder and bowel."""
        low, high = self.settings.pair("search.muscle_from_bone_mm")
        axis = self.grid.axis_of("left")
        toward_left = self.grid.axis_sides[axis] == ("right", "left")
        index = np.arange(femora.shape[axis])
        near = np.zeros(femora.shape, bool)
        for label in (1, 2):
            here = femora == label
            if not here.any():
                continue
            away = self.distance_mm(here)
            line = np.flatnonzero(here.any(axis=tuple(a for a in range(3) if a != axis)))
            lateral = index >= line[0] if (label == 1) == toward_left else index <= line[-1]
            shape = [1, 1, 1]
            shape[axis] = -1
            near |= (away >= low) & (away <= high) & lateral.reshape(shape)
        return self.within("muscle") & self.body & near & (self.distance_mm(femora > 0) >= low)


def _air(ct: CTVolume, places: _Places, minimum_ml: float) -> FoundTissue | str:
    """The air around the body, or why it cannot be used: the median of single voxels, which a cut-off end leaves."""
    grid, air = places.grid, places.air()
    if not air.any():
        return "no air around the body is in view"
    rough = peak_of(places.smooth[air]).hu
    air &= np.abs(places.smooth - rough) <= _PEAK_HALF_WIDTH_HU
    volume = float(np.count_nonzero(air)) * grid.block_ml
    if volume < minimum_ml:
        return f"only {volume:.1f} ml of it were found, {minimum_ml:g} ml are needed"
    voxels = _voxels_of(ct.hu, air, grid)
    middle, clip = float(np.median(voxels)), low_clip(histogram_of(ct.hu))
    if clip is not None and np.count_nonzero(voxels <= clip) > _MOST_AT_THE_END * voxels.size:
        return f"the scan's values end at {clip} HU, within the noise of air"
    upper = voxels[voxels >= middle] - middle
    return FoundTissue(middle, 1.4826 * float(np.median(upper)), volume)


def _voxels_of(hu: np.ndarray, blocks: np.ndarray, grid: CoarseGrid) -> np.ndarray:
    """HU of the voxels behind some blocks, in their slices; about a million at most."""
    _, fy, fx = grid.factors
    used = np.flatnonzero(blocks.any(axis=(1, 2)))
    step = max(1, round(np.count_nonzero(blocks) * fy * fx / _MOST_VOXELS))
    parts = []
    for k in used[::step]:
        inside = np.repeat(np.repeat(blocks[k], fy, axis=0), fx, axis=1)
        parts.append(hu[grid.planes[k], : inside.shape[0], : inside.shape[1]][inside])
    return np.concatenate(parts)


def _coarse_labels(femora: np.ndarray, grid: CoarseGrid) -> np.ndarray:
    """Largest label in each block of the coarse grid."""
    _, fy, fx = grid.factors
    _, ny, nx = grid.mean_hu.shape
    planes = np.asarray(femora)[list(grid.planes), : ny * fy, : nx * fx]
    return np.asarray(planes.reshape(len(grid.planes), ny, fy, nx, fx).max(axis=(2, 4)))


def _cortex(ct: CTVolume, femora: np.ndarray, settings: Settings) -> np.ndarray:
    """HU deep in compact bone, clear of both its surfaces."""
    from scipy import ndimage

    low, high = settings["search.soft_window_hu"]["cortical_bone"]
    depth = settings.number("search.cortex_depth_mm")
    spacing = ct.geometry.spacing_xyz_mm[::-1]
    deep = []
    for label in (1, 2):
        box = ndimage.find_objects((femora == label).astype(np.uint8))
        if not box:
            continue
        hu = ct.hu[box[0]]
        dense = (femora[box[0]] == label) & (hu >= low) & (hu <= high)
        far = ndimage.distance_transform_edt(np.pad(dense, 1, mode="edge"), spacing)[1:-1, 1:-1, 1:-1]
        deep.append(hu[dense & (far > depth)])
    return np.concatenate(deep) if deep else np.zeros(0)


def _core(ct: CTVolume, mask: np.ndarray) -> np.ndarray:
    """HU of a vessel clear of its wall, by 3 mm."""
    from scipy import ndimage

    far = ndimage.distance_transform_edt(mask, ct.geometry.spacing_xyz_mm[::-1])
    return np.asarray(ct.hu[far > 3.0])
