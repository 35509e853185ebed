"""What the X-rays met on their way: from that come the noise's strength and direction, cupping and dark bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.line_resampling import Averaging, Interpolation
from OsteoScreenLib.phantom.parallel_beam import ParallelBeam, parallel_beam
from OsteoScreenLib.phantom.protocol import Protocol

COARSE = 64
"""Pixels along the side of the grid on which paths are computed: some 6 mm each for a whole body."""
LEVEL_MM = 6.0
"""Distance of the levels along z."""
VIEWS = 72
REFERENCE_MM = 300.0
"""Diameter of the water cylinder that noise and cupping are stated for."""
BOWTIE = 0.5
"""Share of the missing path at the border of that cylinder that the bowtie filter makes up for."""
MOST_STARVED = 5.0
"""Noise grows no more beyond e^5 times the reference's variance: scanners smooth what is left."""
BONE_FROM_HU = 200.0
METAL_FROM_HU = 3000.0

# Views in groups: noise of one group is drawn at once. Groups are narrow where rays run along the body's width, which
# is where hips and shoulders starve the detector and noise becomes streaks: a streak is as long as its group is narrow.
_GROUP_SIZES = (8, 8, 8, 6, 2, 1, 2, 2, 1, 2, 2, 6, 8, 8, 8)
GROUP_OF_VIEW = np.repeat(np.arange(len(_GROUP_SIZES)), _GROUP_SIZES)
N_GROUPS = len(_GROUP_SIZES)
assert len(GROUP_OF_VIEW) == VIEWS


@dataclass(frozen=True)
class BeamPaths:
    """Maps of a scan on a coarse grid, and how to bring them onto the image's.

    Attributes:
        noise: (levels, N_GROUPS, n, n) float32, noise amplitude of each group of views; 1 in the middle of 300 mm of
            water.
        shading_hu: (levels, n, n) float32, cupping and beam hardening.
        to_y, to_x, to_z: interpolation from the coarse grid to the image's rows, columns and slices.
    """

    noise: np.ndarray
    shading_hu: np.ndarray
    to_y: Interpolation
    to_x: Interpolation
    to_z: Interpolation

    def noise_maps(self, k: int) -> np.ndarray:
        """(ny, N_GROUPS, nx) float32 amplitudes for slice k."""
        return self.to_y.along(self.to_x.along(self.to_z.at(self.noise, k).swapaxes(0, 1), 2), 0)

    def shading(self, k: int) -> np.ndarray:
        """(ny, nx) float32 HU for slice k."""
        return self.to_y.along(self.to_x.along(self.to_z.at(self.shading_hu, k), 1), 0)


def trace_paths(
    hu_object: np.ndarray,
    geometry: Geometry,
    protocol: Protocol,
    beam: Beam,
    surroundings: tuple[np.ndarray, Geometry] | None = None,
) -> BeamPaths:
    """Follow the rays of every view through the object.

    Args:
        hu_object: (z, y, x) float32. geometry: its grid, axes along L, P, S.
        protocol, beam: of the scan.
        surroundings: the whole cross-section of the body on a coarse grid of its own, (z, y, x) HU and its geometry,
            for
            scans whose field of view cuts the body; what is beyond the image attenuates all the same.
    """
    seen, grid = surroundings if surroundings is not None else (hu_object, geometry)
    z, y, x = axes_of(geometry)
    n_levels = max(1, round(geometry.shape_zyx[0] * geometry.spacing_xyz_mm[2] / LEVEL_MM))
    edges = np.linspace(z[0], z[-1], n_levels + 1)
    levels = (edges[:-1] + edges[1:]) / 2
    side = max(grid.extent_xyz_mm[:2])
    projector = parallel_beam(COARSE, round(side / COARSE, 3), VIEWS)
    coarse, coarse_y, coarse_x = _coarsen(seen, grid, levels, edges[1] - edges[0], projector.pixel_mm)
    water = projector.project(np.maximum(coarse + 1000.0, 0.0) / 1000.0)
    bone = projector.project(np.where(coarse > BONE_FROM_HU, np.minimum(coarse, METAL_FROM_HU) - 50.0, 0.0) / 1000.0)
    shading = _shading(projector, water, bone, protocol, beam)
    amplitude = _noise_amplitude(projector, water, protocol, beam)
    to_y, to_x, to_z = (Interpolation(source, target) for source, target in ((coarse_y, y), (coarse_x, x), (levels, z)))
    return BeamPaths(amplitude, shading, to_y, to_x, to_z)


def axes_of(geometry: Geometry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z, y and x coordinates in LPS mm of a grid whose axes run along L, P, S."""
    counts, steps, starts = geometry.shape_zyx, geometry.spacing_xyz_mm[::-1], geometry.origin_lps_mm[::-1]
    z, y, x = (start + step * np.arange(n) for start, step, n in zip(starts, steps, counts, strict=True))
    return z, y, x


def _coarsen(
    hu: np.ndarray, geometry: Geometry, levels: np.ndarray, level_mm: float, pixel_mm: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean HU of an object in the cells of the coarse grid around its middle; air beyond it."""
    z, y, x = axes_of(geometry)
    step_x, step_y, step_z = geometry.spacing_xyz_mm
    line = (np.arange(COARSE) - (COARSE - 1) / 2) * pixel_mm
    coarse_y, coarse_x = line + (y[0] + y[-1]) / 2, line + (x[0] + x[-1]) / 2
    rows = Averaging(y, step_y, coarse_y, pixel_mm)
    columns = Averaging(x, step_x, coarse_x, pixel_mm)
    coarse = np.empty((len(levels), COARSE, COARSE), dtype=np.float32)
    for number, level in enumerate(levels):
        inside = np.flatnonzero(np.abs(z - level) <= max(level_mm, step_z) / 2)
        if len(inside) == 0:
            inside = np.array([int(np.argmin(np.abs(z - level)))])
        mean = hu[inside[0] : inside[-1] + 1].mean(axis=0, dtype=np.float32) + np.float32(1000.0)
        coarse[number] = columns.along(rows.along(mean, 0), 1) - 1000.0
    return coarse, coarse_y, coarse_x


def _noise_amplitude(projector: ParallelBeam, water: np.ndarray, protocol: Protocol, beam: Beam) -> np.ndarray:
    """(levels, N_GROUPS, n, n): root of the variance that each group of views brings to each pixel.

    A ray behind p attenuations brings e^p quantum noise and e^2p electronic noise to its logarithm. The tube current
    follows the most attenuating ray of each view, as far as ``tube_modulation`` says.
    """
    reference = beam.water_per_mm * REFERENCE_MM
    chord = 2 * np.sqrt(np.maximum((REFERENCE_MM / 2) ** 2 - projector.offsets_mm**2, 0.0))
    bowtie = BOWTIE * beam.water_per_mm * (REFERENCE_MM - np.maximum(chord, REFERENCE_MM / 3))
    attenuation = beam.water_per_mm * water
    peak = attenuation.max(axis=2, keepdims=True)
    excess = attenuation + bowtie - reference - protocol.tube_modulation * (peak - reference)
    np.minimum(excess, MOST_STARVED, out=excess)
    variance = np.exp(excess) * (1 + protocol.electronic * np.exp(excess)) / (1 + protocol.electronic)
    amplitude = np.empty((len(water), N_GROUPS, projector.n, projector.n), dtype=np.float32)
    for group in range(N_GROUPS):
        used: np.ndarray = np.equal(GROUP_OF_VIEW, group)
        only = np.where(used[:, None], variance, 0.0) / used.sum()
        amplitude[:, group] = np.sqrt(projector.back_project(only))
    return amplitude


def _shading(
    projector: ParallelBeam, water: np.ndarray, bone: np.ndarray, protocol: Protocol, beam: Beam
) -> np.ndarray:
    """(levels, n, n) HU of cupping and of what bone does to the rays behind it."""
    square, cross = beam.hardening_per_mm
    error = protocol.hardening * bone * (square * bone + cross * (water - bone - 260.0))
    scale, middle = _cupping(projector)
    error += protocol.cupping_hu * scale * (water * water - middle * water)
    return (1000.0 * projector.reconstruct(error)).astype(np.float32)


def _cupping(projector: ParallelBeam) -> tuple[float, float]:
    """Factors (c, m) for which c (w^2 - m w) makes the middle of 300 mm of water 1 HU darker than its border.

    On average over the cylinder it adds nothing.
    """
    line = (np.arange(projector.n) - (projector.n - 1) / 2) * projector.pixel_mm
    radius = np.hypot(line[:, None], line[None, :])
    limit = min(REFERENCE_MM / 2, 0.48 * projector.n * projector.pixel_mm)
    path = 2 * np.sqrt(np.maximum(limit**2 - projector.offsets_mm**2, 0.0))
    rays = np.broadcast_to(path, (projector.n_views, projector.n_rays))
    quadratic, linear = projector.reconstruct(rays**2), projector.reconstruct(rays)
    inner, border = radius < 0.3 * limit, (radius > 0.7 * limit) & (radius < 0.85 * limit)
    inside = radius < 0.85 * limit
    middle = float(quadratic[inside].mean() / linear[inside].mean())
    shape = quadratic - middle * linear
    depth = 1000.0 * float(shape[border].mean() - shape[inner].mean())
    return 1.0 / depth, middle
