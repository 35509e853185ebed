"""Reconstruction kernels: how they pass detail (MTF) and what spectrum they give to noise (NPS)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

MAX_APERTURE_GAIN = 1.7
"""The object was averaged over its voxels when it was painted; that loss is undone up to this factor."""


LOW_FREQUENCY_PER_MM = 0.015
"""Noise power at frequency 0, as the frequency at which the ramp alone would have as much."""


@dataclass(frozen=True)
class Kernel:
    """A convolution kernel.

    The modulation transfer is exp(-ln 2 (f / half)^power) (1 + boost g(f)), where g rises like f^2 to 1 at
    ``boost_at`` and falls again: the edge enhancement of sharp kernels.

    Attributes:
        name: as in DICOM's Convolution Kernel.
        half_per_mm: frequency at which the transfer without edge enhancement is 1/2.
        power: 2 for a Gaussian; more falls steeper.
        boost, boost_at_per_mm: height and place of the edge enhancement.
    """

    name: str
    half_per_mm: float
    power: float = 2.0
    boost: float = 0.0
    boost_at_per_mm: float = 0.4

    def mtf(self, frequency_per_mm: np.ndarray) -> np.ndarray:
        """Modulation transfer at these frequencies, 1 at frequency 0."""
        f = np.asarray(frequency_per_mm, dtype=float)
        relative = (f / self.boost_at_per_mm) ** 2
        fall = np.exp(-np.log(2) * (f / self.half_per_mm) ** self.power)
        return fall * (1 + self.boost * relative * np.exp(1 - relative))

    def mtf_50_per_mm(self) -> float:
        """Highest frequency at which the transfer is 1/2."""
        f = np.linspace(0, 4, 8001)
        return float(f[np.flatnonzero(self.mtf(f) >= 0.5)[-1]])

    def noise_power(self, frequency_per_mm: np.ndarray, iterative: float = 0.0) -> np.ndarray:
        """Noise power of filtered back projection, without scale: f |H(f)|^2 (Riederer 1978, Phys Med Biol 23:446).

        It does not quite vanish at frequency 0, because slices are made from interpolated views.

        Args:
            frequency_per_mm: where.
            iterative: 0 to 1, strength of iterative reconstruction, which takes away high frequencies most and leaves
                noise coarser ("blotchy").
        """
        f = np.asarray(frequency_per_mm, dtype=float)
        return (f + LOW_FREQUENCY_PER_MM) * self.mtf(f) ** 2 * np.exp(-((1.6 * iterative * f) ** 2))


KERNELS: Mapping[str, Kernel] = MappingProxyType(
    {
        kernel.name: kernel
        for kernel in (
            Kernel("SOFT", 0.27),
            Kernel("STANDARD", 0.32, 2.1, 0.04, 0.22),
            Kernel("DETAIL", 0.46, 2.4, 0.12, 0.30),
            Kernel("LUNG", 0.75, 3.0, 0.40, 0.42),
            Kernel("BONE", 0.90, 3.2, 0.35, 0.50),
        )
    }
)
"""Set so that the mean frequency of the noise, measured as the quality checks measure it, is that of real scans: 0.27
to 0.32 per mm in nine training hips (soft and standard kernels, 0.98 mm pixels) and one abdomen, 0.40 in a sharper
chest scan."""


def detail_transfer(kernel: Kernel, shape_yx: tuple[int, int], pixel_xy_mm: tuple[float, float]) -> np.ndarray:
    """float32 factors that give a painted object, already averaged over its pixels, the transfer of a kernel."""
    fy = np.fft.fftfreq(shape_yx[0], pixel_xy_mm[1])[:, None]
    fx = np.fft.rfftfreq(shape_yx[1], pixel_xy_mm[0])[None, :]
    aperture = np.sinc(fy * pixel_xy_mm[1]) * np.sinc(fx * pixel_xy_mm[0])
    gain = np.minimum(1 / aperture, MAX_APERTURE_GAIN)
    return (kernel.mtf(np.hypot(fy, fx)) * gain).astype(np.float32)


def noise_transfer(
    kernel: Kernel, shape_yx: tuple[int, int], pixel_xy_mm: tuple[float, float], iterative: float = 0.0
) -> np.ndarray:
    """float32 factors that turn white noise of unit variance into a kernel's noise of unit variance.

    Frequencies beyond what the pixels can hold are folded back, as sampling does.
    """
    ny, nx = shape_yx
    fy = np.fft.fftfreq(ny, pixel_xy_mm[1])[:, None]
    fx = np.fft.rfftfreq(nx, pixel_xy_mm[0])[None, :]
    power = np.zeros((ny, nx // 2 + 1))
    for fold_y in (-1, 0, 1):
        for fold_x in (-1, 0, 1):
            f = np.hypot(fy + fold_y / pixel_xy_mm[1], fx + fold_x / pixel_xy_mm[0])
            power += kernel.noise_power(f, iterative)
    weight = np.full(power.shape, 2.0)
    weight[:, 0] = 1.0
    if nx % 2 == 0:
        weight[:, -1] = 1.0
    return np.sqrt(power * (ny * nx / float((power * weight).sum()))).astype(np.float32)
