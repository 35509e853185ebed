"""What a scanner makes of an object: blur, noise, a round field of view, whole Hounsfield units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ScannerModel:
    """A soft-kernel body protocol.

    Attributes:
        blur_fwhm_mm: full width at half maximum of the in-plane point spread function.
        slice_fwhm_mm: full width at half maximum along z; None: the slice spacing.
        noise_hu: standard deviation of the noise in the middle of the body.
        air_noise_hu: the same in air.
        noise_peak_per_mm: spatial frequency at which the noise power peaks. Filtered back projection gives
            power ~ f |H(f)|^2: none at zero, a peak, then the kernel's fall (Riederer 1978, Phys Med Biol 23:446).
        padding_hu: value outside the field of view, and the smallest value that is stored.
    """

    blur_fwhm_mm: float = 1.4
    slice_fwhm_mm: float | None = None
    noise_hu: float = 11.0
    air_noise_hu: float = 5.0
    noise_peak_per_mm: float = 0.11
    padding_hu: float = -1024.0

    def scan(
        self, hu: np.ndarray, spacing_xyz_mm: tuple[float, float, float], depth: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Image of an object.

        Args:
            hu: (z, y, x) float32, the object; overwritten.
            spacing_xyz_mm: voxel size.
            depth: (z, y, x) or broadcastable, 0 in air to 1 in the middle of the body: where noise is strongest.
            rng: source of the noise.

        Returns:
            (z, y, x) int16.
        """
        self._blur(hu, spacing_xyz_mm)
        inside = field_of_view(hu.shape[1:], spacing_xyz_mm)
        image = np.empty(hu.shape, dtype=np.int16)
        transfer = self._noise_transfer(hu.shape[1:], spacing_xyz_mm)
        depth = np.broadcast_to(depth, hu.shape)
        for k in range(hu.shape[0]):
            white = np.fft.rfft2(rng.standard_normal(hu.shape[1:], dtype=np.float32))
            noise = np.fft.irfft2(white * transfer, s=hu.shape[1:])
            noise *= self.air_noise_hu + (self.noise_hu - self.air_noise_hu) * depth[k]
            noisy = np.clip(np.rint(hu[k] + noise), self.padding_hu, 3071)
            image[k] = np.where(inside, noisy, self.padding_hu)
        return image

    def _blur(self, hu: np.ndarray, spacing_xyz_mm: tuple[float, float, float]) -> None:
        from scipy.ndimage import gaussian_filter1d

        slice_fwhm = spacing_xyz_mm[2] if self.slice_fwhm_mm is None else self.slice_fwhm_mm
        widths = (slice_fwhm, self.blur_fwhm_mm, self.blur_fwhm_mm)
        for axis, (fwhm, spacing) in enumerate(zip(widths, spacing_xyz_mm[::-1], strict=True)):
            # A voxel of width s has itself the variance s^2/12, which the painted object already holds.
            variance = (fwhm / 2.3548) ** 2 - spacing**2 / 12
            if variance > 0:
                sigma = variance**0.5 / spacing
                gaussian_filter1d(hu, sigma, axis=axis, output=hu, mode="nearest")

    def _noise_transfer(self, shape_yx: tuple[int, ...], spacing_xyz_mm: tuple[float, float, float]) -> np.ndarray:
        """Amplitude by frequency, normalised so that white noise of unit variance keeps unit variance."""
        ny, nx = shape_yx
        fy = np.fft.fftfreq(ny, spacing_xyz_mm[1])[:, None]
        fx = np.fft.rfftfreq(nx, spacing_xyz_mm[0])[None, :]
        f = np.hypot(fy, fx)
        # Power f exp(-(f/p)^2 / 2) peaks at f = p.
        power = f * np.exp(-0.5 * (f / self.noise_peak_per_mm) ** 2)
        weight = np.full(power.shape, 2.0)
        weight[:, 0] = 1.0
        if nx % 2 == 0:
            weight[:, -1] = 1.0
        total = float((power * weight).sum())
        return np.sqrt(power * (ny * nx / total)) if total > 0 else np.ones_like(power)


def field_of_view(shape_yx: tuple[int, ...], spacing_xyz_mm: tuple[float, float, float]) -> np.ndarray:
    """(y, x) mask of the circle that a scanner reconstructs: as wide as the narrower side of the image."""
    ny, nx = shape_yx
    y = (np.arange(ny) - (ny - 1) / 2)[:, None] * spacing_xyz_mm[1]
    x = (np.arange(nx) - (nx - 1) / 2)[None, :] * spacing_xyz_mm[0]
    radius = min(ny * spacing_xyz_mm[1], nx * spacing_xyz_mm[0]) / 2
    return np.hypot(x, y) <= radius
