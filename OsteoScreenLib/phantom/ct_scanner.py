"""What a CT scanner makes of a digital patient: blur, slices, noise with its texture and streaks, shading, HU."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.beam_paths import GROUP_OF_VIEW, N_GROUPS, VIEWS, BeamPaths, axes_of, trace_paths
from OsteoScreenLib.phantom.kernels import detail_transfer, noise_transfer
from OsteoScreenLib.phantom.metal_streaks import MetalStreaks
from OsteoScreenLib.phantom.protocol import Protocol

MARGIN = 8
"""Pixels around a slice while it is filtered, so that its opposite borders do not meet."""
HIGHEST_OBJECT_HU = 8000.0
"""Metal counts as this much in the image: scanners saturate, and the kernel would ring further than it does."""
SLAB = 16
"""Slices that a thread works on at once."""


def scan(
    hu_object: np.ndarray,
    geometry: Geometry,
    protocol: Protocol,
    rng: np.random.Generator,
    metal_mask: np.ndarray | None = None,
    *,
    surroundings: tuple[np.ndarray, Geometry] | None = None,
    workers: int = 2,
) -> np.ndarray:
    """Scan an object.

    The same generator state gives the same image, whatever ``workers`` is. Works in slabs of slices: besides object and
    image it needs some 150 MB.

    Args:
        hu_object: (z, y, x) float32, noise-free HU with partial volume; not changed.
        geometry: its grid, axes along L, P, S.
        protocol: how to scan.
        rng: one number is drawn from it, which seeds everything random.
        metal_mask: (z, y, x) boolean or shares, where metal is; None: nowhere.
        surroundings: whole cross-section of the body on a coarse grid, for a field of view that cuts it: (z, y, x) HU
            and
            its geometry.
        workers: threads.

    Returns:
        (z, y, x) int16 HU.

    Raises:
        ValueError: the protocol cannot be scanned with, or the shapes differ.
    """
    valid, reason = protocol.is_valid()
    if not valid:
        raise ValueError(f"this protocol cannot be scanned with: {reason}")
    if hu_object.shape != geometry.shape_zyx or (metal_mask is not None and metal_mask.shape != hu_object.shape):
        raise ValueError(f"object, metal and grid differ in shape: {hu_object.shape} and {geometry.shape_zyx}")
    slices = _Slices(hu_object, geometry, protocol, int(rng.integers(2**62)), metal_mask, surroundings)
    image = np.empty(hu_object.shape, dtype=np.int16)
    starts = range(0, len(image), SLAB)

    def work(start: int) -> None:
        slices.render(start, min(start + SLAB, len(image)), image)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        list(pool.map(work, starts))
    return image


class _Slices:
    """Everything that is the same for all slices of a scan, and the making of one slab of them."""

    def __init__(
        self,
        hu_object: np.ndarray,
        geometry: Geometry,
        protocol: Protocol,
        seed: int,
        metal_mask: np.ndarray | None,
        surroundings: tuple[np.ndarray, Geometry] | None,
    ) -> None:
        from scipy.fft import next_fast_len

        beam = Beam.of(protocol.kvp, protocol.phase, protocol.water_cm)
        self.object, self.metal, self.protocol, self.seed = hu_object, metal_mask, protocol, seed
        self.paths: BeamPaths = trace_paths(hu_object, geometry, protocol, beam, surroundings)
        pixel = geometry.spacing_xyz_mm[:2]
        ny, nx = hu_object.shape[1:]
        self.padded = (next_fast_len(ny + 2 * MARGIN, real=True), next_fast_len(nx + 2 * MARGIN, real=True))
        self.detail = detail_transfer(protocol.convolution, self.padded, pixel)
        self.noise_shape = (next_fast_len(ny, real=True), next_fast_len(nx, real=True))
        amplitude = noise_transfer(protocol.convolution, self.noise_shape, pixel, protocol.iterative)
        groups = _group_of_frequency(self.noise_shape, pixel)
        self.group_transfer = [np.where(groups == group, amplitude, np.float32(0)) for group in range(N_GROUPS)]
        self.taps = slice_taps(protocol.slice_thickness_mm, geometry.spacing_xyz_mm[2])
        self.streaks = MetalStreaks(geometry, beam) if metal_mask is not None and metal_mask.any() else None
        self.outside = ~field_of_view(geometry, protocol)

    def render(self, start: int, stop: int, image: np.ndarray) -> None:
        """Make slices [start, stop) of the image."""
        reach = len(self.taps) // 2
        white: dict[int, np.ndarray] = {}
        last = len(self.object) - 1
        protocol = self.protocol
        streaks = self._metal_errors(start, stop)
        for k in range(start, stop):
            plane = self.taps[0] * self.object[min(max(k - reach, 0), last)]
            for number, tap in enumerate(self.taps[1:], start=1 - reach):
                plane += tap * self.object[min(max(k + number, 0), last)]
            hu = self._filtered(np.minimum(plane, np.float32(HIGHEST_OBJECT_HU)))
            hu += self.paths.shading(k)
            if protocol.noise_hu > 0:
                hu += self._noise(k, white)
            if k in streaks:
                hu += streaks[k]
            hu = (hu + 1000.0) * protocol.hu_scale - 1000.0 + protocol.hu_offset
            np.clip(np.rint(hu), protocol.lowest_hu, protocol.highest_hu, out=hu)
            hu[self.outside] = protocol.padding_hu
            image[k] = hu

    def _metal_errors(self, start: int, stop: int) -> dict[int, np.ndarray]:
        """What metal does to the slices of [start, stop) that hold some."""
        if self.streaks is None or self.metal is None:
            return {}
        slices = [k for k in range(start, stop) if self.metal[k].any()]
        if not slices:
            return {}
        rngs = [np.random.default_rng([self.seed, 1, k]) for k in slices]
        return dict(zip(slices, self.streaks.errors(self.object[slices], self.metal[slices], rngs), strict=True))

    def _filtered(self, plane: np.ndarray) -> np.ndarray:
        from scipy.fft import irfft2, rfft2

        ny, nx = plane.shape
        (py, px) = self.padded
        top, left = (py - ny) // 2, (px - nx) // 2
        wide = np.pad(plane, ((top, py - ny - top), (left, px - nx - left)), mode="edge")
        smooth = irfft2(rfft2(wide) * self.detail, s=self.padded)
        result: np.ndarray = smooth[top : top + ny, left : left + nx].astype(np.float32)
        return result

    def _noise(self, k: int, white: dict[int, np.ndarray]) -> np.ndarray:
        """(ny, nx) float32 noise of slice k in HU: each group of views with its own strength from place to place."""
        from scipy.fft import irfft2, rfft2

        reach = len(self.taps) // 2
        scale = np.float32(1 / np.linalg.norm(self.taps))
        total = np.zeros(self.noise_shape, dtype=np.float32)
        for number, tap in enumerate(self.taps, start=-reach):
            if k + number not in white:
                # Negative places, before the first slice, need a key that is not negative.
                own = np.random.default_rng([self.seed, 0, k + number + 1000])
                white[k + number] = own.standard_normal(self.noise_shape, dtype=np.float32)
            total += (tap * scale) * white[k + number]
        white.pop(k - reach, None)
        spectrum = rfft2(total)
        maps = self.paths.noise_maps(k)
        ny, _, nx = maps.shape
        noise = np.zeros((ny, nx), dtype=np.float32)
        for group in range(N_GROUPS):
            part = irfft2(spectrum * self.group_transfer[group], s=self.noise_shape)[:ny, :nx]
            noise += maps[:, group] * part
        return noise * np.float32(self.protocol.noise_hu)


def slice_taps(thickness_mm: float, spacing_mm: float) -> np.ndarray:
    """float32 weights over neighbouring slices, odd in number, that widen voxels of the spacing to the slice's
    thickness.

    A box of sqrt(thickness^2 - spacing^2): variances of boxes add. Thinner slices than the spacing stay as they are.
    """
    width = np.sqrt(max(thickness_mm**2 - spacing_mm**2, 0.0)) / spacing_mm
    reach = int(np.ceil(max(width - 1, 0) / 2))
    places = np.arange(-reach, reach + 1)
    overlap = np.clip(np.minimum(places + 0.5, width / 2) - np.maximum(places - 0.5, -width / 2), 0, None)
    if overlap.sum() <= 0:
        return np.ones(1, dtype=np.float32)
    return (overlap / overlap.sum()).astype(np.float32)


def field_of_view(geometry: Geometry, protocol: Protocol) -> np.ndarray:
    """(y, x) boolean: inside of the protocol's round field of view; the whole grid where it has none."""
    if protocol.fov_mm is None:
        return np.ones(geometry.shape_zyx[1:], dtype=bool)
    _, y, x = axes_of(geometry)
    centre_x, centre_y = protocol.fov_centre_mm
    inside: np.ndarray = np.hypot(x[None, :] - centre_x, y[:, None] - centre_y) <= protocol.fov_mm / 2
    return inside


def _group_of_frequency(shape_yx: tuple[int, int], pixel_xy_mm: tuple[float, float]) -> np.ndarray:
    """(ny, nx // 2 + 1) number of the group of views that each frequency of the image comes from (Fourier slices)."""
    fy = np.fft.fftfreq(shape_yx[0], pixel_xy_mm[1])[:, None]
    fx = np.fft.rfftfreq(shape_yx[1], pixel_xy_mm[0])[None, :]
    angle = np.mod(np.arctan2(fy, fx), np.pi)
    groups: np.ndarray = GROUP_OF_VIEW[np.rint(angle / np.pi * VIEWS).astype(int) % VIEWS]
    return groups
