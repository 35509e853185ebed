"""Second stage: one femur in its region, at the fine network's voxel size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.models.network_spec import NetworkSpec
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, part_of, stop_if
from OsteoScreenLib.segmentation.grids import Box, box_of, network_grid
from OsteoScreenLib.segmentation.intensity import network_input
from OsteoScreenLib.segmentation.resample import to_network_grid
from OsteoScreenLib.segmentation.windows import RunnableNetwork, Size, probabilities, window_size

_TOUCH_VOXELS = 8
"""Voxels of the mask on a face of the region from which it counts as going on beyond."""


@dataclass(frozen=True)
class FineSettings:
    """Limits of the second stage. All are own choices.

    Attributes:
        margin_mm: around the coarse box. growth_mm: added at a face that the mask touches; max_growths: how often.
        max_length_mm: the region ends this far below the top of the coarse box: the distal femur is not looked for.
        n_shifts: answers averaged, each of a region shifted by ``shift_voxels``; InstanceNorm makes the answer depend
            a little on what else is in view.
        window_zyx: size of the windows; None takes the whole region at once where ``max_voxels`` allows.
        max_voxels: of a window; bounds the network's memory (about 1 kB per voxel).
    """

    margin_mm: float = 30.0
    growth_mm: float = 45.0
    max_growths: int = 2
    max_length_mm: float = 300.0
    n_shifts: int = 1
    shift_voxels: int = 8
    window_zyx: Size | None = None
    max_voxels: int = 2_000_000


@dataclass(frozen=True, eq=False)
class FineFemur:
    """A femur as the second stage sees it.

    Attributes:
        grid: upright grid of the network. probability: float32 (z, y, x) on it.
        growths: how often the region was grown. ends_below: whether the region was ended below by ``max_length_mm``
            although mask and scan go on.
    """

    grid: Geometry
    probability: np.ndarray
    growths: int
    ends_below: bool = False


def outline_femur(
    hu: np.ndarray,
    geometry: Geometry,
    coarse_box: Box,
    mirrored: bool,
    network: RunnableNetwork,
    spec: NetworkSpec,
    settings: FineSettings | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> FineFemur:
    """Outline the femur that lies in a box.

    Args:
        hu: (z, y, x) of the volume. geometry: of it.
        coarse_box: around the femur as the first stage saw it.
        mirrored: whether the region is mirrored, left to right, before the network sees it.
        network, spec: sigmoid of one channel.
        settings: limits; None for the usual ones.
        progress, cancelled: as everywhere.

    Raises:
        CancelledError: the user asked to stop.
        ValueError: the coarse box lies outside of the volume.
    """
    settings = settings or FineSettings()
    reach = box_of(geometry)
    bottom = max(reach.low[2], coarse_box.high[2] - settings.max_length_mm)
    limit = replace(reach, low=(reach.low[0], reach.low[1], bottom))
    box = coarse_box.grown(settings.margin_mm).within(limit)
    if box is None:
        raise ValueError(f"{coarse_box} lies outside of the volume {reach}")
    growths = 0
    while True:
        step = part_of(progress, growths / (settings.max_growths + 1), (growths + 1) / (settings.max_growths + 1))
        grid, probability = _answer(hu, geometry, box, mirrored, network, spec, settings, step, cancelled)
        touched = _touched_faces(probability > 0.5, grid, limit)
        if not touched or growths == settings.max_growths:
            break
        box = _grown_at(box_of(grid), touched, settings.growth_mm).within(limit) or box
        growths += 1
    ends_below = bottom > reach.low[2] and bool((probability[0] > 0.5).sum() >= _TOUCH_VOXELS)
    return FineFemur(grid, probability, growths, ends_below)


def _answer(
    hu: np.ndarray,
    geometry: Geometry,
    box: Box,
    mirrored: bool,
    network: RunnableNetwork,
    spec: NetworkSpec,
    settings: FineSettings,
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> tuple[Geometry, np.ndarray]:
    """The network's answer in a box, the mean over shifted regions; on the grid that they all see."""
    grid = network_grid(box, spec.spacing_mm, spec.multiple_of)
    spare = settings.shift_voxels if settings.n_shifts > 1 else 0
    wide = _widened(grid, spare)
    image = network_input(to_network_grid(hu, geometry, wide, cancelled), spec.hu_window)
    window = window_size(grid.shape_zyx, settings.window_zyx, settings.max_voxels, spec.multiple_of)
    total = np.zeros(wide.shape_zyx, np.float32)
    count = np.zeros(wide.shape_zyx, np.uint8)
    for number, offset in enumerate(_offsets(settings.n_shifts, spare)):
        stop_if(cancelled)
        step = part_of(progress, number / settings.n_shifts, (number + 1) / settings.n_shifts)
        z, y, x = (slice(start, start + n) for start, n in zip(offset, grid.shape_zyx, strict=True))
        seen = image[z, y, x][..., ::-1] if mirrored else image[z, y, x]
        found = probabilities(network, seen, window, step, cancelled)[0]
        total[z, y, x] += found[..., ::-1] if mirrored else found
        count[z, y, x] += 1
    return wide, total / np.maximum(count, 1)


def _widened(grid: Geometry, voxels: int) -> Geometry:
    """The grid with some voxels more on every side."""
    x, y, z = (o - voxels * s for o, s in zip(grid.origin_lps_mm, grid.spacing_xyz_mm, strict=True))
    a, b, c = (n + 2 * voxels for n in grid.shape_zyx)
    return Geometry((a, b, c), grid.spacing_xyz_mm, (x, y, z), grid.direction)


def _offsets(n: int, spare: int) -> list[Size]:
    """Starts (z, y, x) of the shifted regions in the wide one: the middle, then opposite corners in turn."""
    corners = [(0, 0, 0), (2, 2, 2), (0, 2, 2), (2, 0, 0), (0, 0, 2), (2, 2, 0), (0, 2, 0), (2, 0, 2)]
    chosen = [(1, 1, 1), *corners][: max(1, n)]
    return [(a * spare, b * spare, c * spare) for a, b, c in chosen]


def _touched_faces(mask: np.ndarray, grid: Geometry, limit: Box) -> list[tuple[int, bool]]:
    """Faces, as (patient axis x y z, upper end), that the main part of the mask touches where the image goes on."""
    from scipy import ndimage

    numbers, count = ndimage.label(mask)
    if count == 0:
        return []
    main = numbers == np.bincount(numbers.ravel())[1:].argmax() + 1
    around = box_of(grid)
    faces = []
    for axis in range(3):
        for upper in (False, True):
            face = np.take(main, -1 if upper else 0, axis=2 - axis)
            room = limit.high[axis] - around.high[axis] if upper else around.low[axis] - limit.low[axis]
            if room > grid.spacing_xyz_mm[axis] and np.count_nonzero(face) >= _TOUCH_VOXELS:
                faces.append((axis, upper))
    return faces


def _grown_at(box: Box, faces: list[tuple[int, bool]], growth_mm: float) -> Box:
    low, high = list(box.low), list(box.high)
    for axis, upper in faces:
        if upper:
            high[axis] += growth_mm
        else:
            low[axis] -= growth_mm
    return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
