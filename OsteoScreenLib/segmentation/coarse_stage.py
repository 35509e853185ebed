"""First stage: which femora a volume holds, and where, at about 4 mm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.models.network_spec import NetworkSpec
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.segmentation.body_box import body_slices
from OsteoScreenLib.segmentation.coarse_sides import SideVoxels, name_sides
from OsteoScreenLib.segmentation.grids import Box, box_of, network_grid
from OsteoScreenLib.segmentation.intensity import network_input
from OsteoScreenLib.segmentation.resample import to_network_grid
from OsteoScreenLib.segmentation.windows import RunnableNetwork, probabilities, window_size

SIDES = ("left", "right")


@dataclass(frozen=True)
class CoarseSettings:
    """Limits of the first stage. All are own choices.

    Attributes:
        max_voxels: of a window given to the network; bounds its memory (about 1 kB per voxel).
        max_length: of a window along the body, in voxels; longer volumes are done by overlapping windows.
        min_ml, min_share: a side with less, or with less than this share of the other one, is dropped.
        min_probability: mean probability that a side's voxels must have.
    """

    max_voxels: int = 1_500_000
    max_length: int = 96
    min_ml: float = 10.0
    min_share: float = 0.15
    min_probability: float = 0.6


@dataclass(frozen=True)
class CoarseFemur:
    """A femur as the first stage sees it.

    Attributes:
        box: around its voxels. volume_ml: of them. probability: mean of theirs.
        renamed: whether the place in the body overruled the side that the network named.
    """

    box: Box
    volume_ml: float
    probability: float
    renamed: bool = False


@dataclass(frozen=True, eq=False)
class CoarseResult:
    """What the first stage found.

    Attributes:
        femurs: by side; sides that are not in it are absent.
        reasons: why a side is absent, as a sentence.
        grid, labels: (z, y, x) uint8 on the network's grid, 1 left, 2 right; None where nothing was looked at.
    """

    femurs: Mapping[str, CoarseFemur]
    reasons: Mapping[str, str]
    grid: Geometry | None = None
    labels: np.ndarray | None = field(default=None)


def find_femora(
    hu: np.ndarray,
    geometry: Geometry,
    network: RunnableNetwork,
    spec: NetworkSpec,
    settings: CoarseSettings | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> CoarseResult:
    """Find the femora of a volume.

    Args:
        hu: (z, y, x) of the volume. geometry: of it.
        network, spec: softmax over background, left and right femur (named so in the spec, in any order).
        settings: limits; None for the usual ones.
        progress, cancelled: as everywhere.

    Raises:
        CancelledError: the user asked to stop.
        ValueError: the network's channels are not these three.
    """
    settings = settings or CoarseSettings()
    left, right = _channels(spec)
    body = body_slices(hu, geometry)
    if body is None:
        return CoarseResult({}, dict.fromkeys(SIDES, "There is no body in the scan"))
    grid = network_grid(box_of(geometry, body), spec.spacing_mm, spec.multiple_of)
    image = network_input(to_network_grid(hu, geometry, grid, cancelled), spec.hu_window)
    length = (settings.max_length, *grid.shape_zyx[1:])
    window = window_size(grid.shape_zyx, length, settings.max_voxels, spec.multiple_of)
    found = probabilities(network, image, window, progress, cancelled)
    sides = name_sides(found[left], found[right], spec.spacing_mm)
    return _decided(sides, grid, settings)


def _channels(spec: NetworkSpec) -> tuple[int, int]:
    wanted = ("background", "femur_left", "femur_right")
    if sorted(spec.channels) != sorted(wanted):
        raise ValueError(f"the coarse network must tell {wanted} apart, not {tuple(spec.channels)}")
    return spec.channels.index("femur_left"), spec.channels.index("femur_right")


def _decided(sides: Mapping[str, SideVoxels], grid: Geometry, settings: CoarseSettings) -> CoarseResult:
    """Keep the sides that can be femora."""
    volumes = {side: np.count_nonzero(sides[side].mask) * grid.voxel_volume_mm3 / 1000 for side in SIDES}
    femurs: dict[str, CoarseFemur] = {}
    reasons: dict[str, str] = {}
    labels = np.zeros(grid.shape_zyx, np.uint8)
    for number, side in enumerate(SIDES, start=1):
        found, volume = sides[side], volumes[side]
        reasons[side] = _why_not(side, found, volume, max(volumes.values()), settings)
        if reasons[side]:
            continue
        del reasons[side]
        labels[found.mask] = number
        femurs[side] = CoarseFemur(_box_around(found.mask, grid), volume, found.probability, found.renamed)
    return CoarseResult(femurs, reasons, grid, labels)


def _why_not(side: str, found: SideVoxels, volume: float, largest: float, settings: CoarseSettings) -> str:
    """Why this side has no femur, as a sentence; empty where it has one."""
    if volume == 0.0:
        return f"No {side} femur is in the scan"
    seen = f"Only {volume:.1f} ml of the scan look like a {side} femur"
    if volume < settings.min_ml:
        return f"{seen}, too little to be one"
    if volume < settings.min_share * largest:
        return f"{seen}, too little beside {largest:.0f} ml on the other side"
    if found.probability < settings.min_probability:
        return f"What looks like a {side} femur is too doubtful (mean probability {found.probability:.2f})"
    return ""


def _box_around(mask: np.ndarray, grid: Geometry) -> Box:
    ends = []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        ends.append(slice(int(used[0]), int(used[-1]) + 1))
    return box_of(grid, (ends[0], ends[1], ends[2]))
