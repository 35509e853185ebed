"""Domain randomisation: a patch as other scanners, doses, kernels, slices and fields of view would show it.

HU in, HU out. Each step happens by chance; the chances are the recipe's, not the world's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from OsteoScreenLib.segmentation.intensity import AIR_HU

_FIELD_RADIUS_MM = (90.0, 250.0)
"""Of round fields of view: from one hip to a whole pelvis."""


@dataclass(frozen=True)
class Appearance:
    """How strongly a source's patches are changed.

    Attributes:
        noise_hu: scale of the added noise. noisy: chance of it.
        thick: chance of thick slices, thick_mm: their range. wide: chance of wide pixels, wide_mm: their range.
        blurred, sharpened: chances.
        cut: chance of one straight cut of the field of view (and of each further one).
        round_cut: chance that the border of a round one passes through. curve: chance of a bent HU scale.
    """

    noise_hu: float = 26.0
    noisy: float = 0.6
    thick: float = 0.55
    thick_mm: tuple[float, float] = (2.5, 8.0)
    wide: float = 0.15
    wide_mm: tuple[float, float] = (2.0, 4.0)
    blurred: float = 0.35
    sharpened: float = 0.15
    cut: float = 0.33
    round_cut: float = 0.15
    curve: float = 0.35


REAL = Appearance(noise_hu=14.0, noisy=0.5, thick=0.35, wide=0.12, blurred=0.25, cut=0.15, round_cut=0.08)
SIMULATED = Appearance()


def randomise(
    hu: torch.Tensor, target: torch.Tensor, spacing_mm: float, how: Appearance, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """A patch (z, y, x) and its occupancy (C, z, y, x) as another scan would give them."""
    hu = _contrast(hu, how, rng)
    if rng.random() < how.blurred:
        for axis in range(3):
            hu = _blurred(hu, axis, float(rng.uniform(0.3, 1.0)))
    if rng.random() < how.sharpened:
        soft = _blurred(_blurred(hu, 1, 0.8), 2, 0.8)
        hu = hu + float(rng.uniform(0.3, 1.4)) * (hu - soft)
    if rng.random() < how.noisy:
        hu = hu + _noise(hu.shape, abs(float(rng.normal(0.0, how.noise_hu))), rng)
    slices_mm = float(rng.uniform(*how.thick_mm)) if rng.random() < how.thick else spacing_mm
    pixels_mm = float(rng.uniform(*how.wide_mm)) if rng.random() < how.wide else spacing_mm
    hu = _coarser(hu, (slices_mm / spacing_mm, pixels_mm / spacing_mm, pixels_mm / spacing_mm))
    if rng.random() < how.round_cut:
        outside = _beyond_a_circle(hu.shape, spacing_mm, rng)
        hu[:, outside] = AIR_HU
        target[:, :, outside] = 0.0
    return _field_of_view(hu, target, how, rng)


def _contrast(hu: torch.Tensor, how: Appearance, rng: np.random.Generator) -> torch.Tensor:
    """Scale, offset, a bent scale of HU (other voltages, contrast agent), and slow shading (beam hardening)."""
    hu = hu * float(rng.uniform(0.87, 1.13)) + float(rng.normal(0.0, 20.0))
    if rng.random() < how.curve:
        bends = torch.from_numpy(rng.normal(0.0, 45.0, 6).astype(np.float32))
        place = (hu.clamp(-1000.0, 1799.0) + 1000.0) / 560.0
        index = place.long()
        part = place - index
        hu = hu + bends[index] * (1.0 - part) + bends[(index + 1).clamp(max=5)] * part
    if rng.random() < 0.2:
        knots = torch.from_numpy(rng.normal(0.0, 30.0, (1, 1, 3, 3, 3)).astype(np.float32))
        shade = functional.interpolate(knots, size=hu.shape, mode="trilinear", align_corners=True)[0, 0]
        hu = hu + shade * (hu > -700.0)
    return hu


def _blurred(hu: torch.Tensor, axis: int, sigma: float) -> torch.Tensor:
    """Gaussian of ``sigma`` voxels along one axis."""
    kernel = torch.exp(-(torch.arange(-2, 3) ** 2) / (2.0 * sigma**2))
    shape, pad = [1, 1, 1], [0] * 6
    shape[axis] = 5
    pad[2 * (2 - axis)] = pad[2 * (2 - axis) + 1] = 2
    value = functional.pad(hu[None, None], pad, mode="replicate")
    return functional.conv3d(value, (kernel / kernel.sum()).view(1, 1, *shape))[0, 0]


def _noise(shape: torch.Size, sd_hu: float, rng: np.random.Generator) -> torch.Tensor:
    """Noise, in half of the cases with the grain of a soft kernel."""
    noise = torch.from_numpy(rng.standard_normal(tuple(shape), dtype=np.float32))
    if rng.random() < 0.5:
        noise = _blurred(_blurred(noise, 1, 0.85), 2, 0.85) * 2.2
    return noise * sd_hu


def _coarser(hu: torch.Tensor, factors_zyx: tuple[float, float, float]) -> torch.Tensor:
    """Voxels averaged over so many along each axis, and interpolated back."""
    size = [n if factor <= 1.0 else max(2, round(n / factor)) for n, factor in zip(hu.shape, factors_zyx, strict=True)]
    if size == list(hu.shape):
        return hu
    coarse = functional.interpolate(hu[None, None], size=size, mode="area")
    return functional.interpolate(coarse, size=tuple(hu.shape), mode="trilinear", align_corners=False)[0, 0]


def _beyond_a_circle(shape: torch.Size, spacing_mm: float, rng: np.random.Generator) -> torch.Tensor:
    """(y, x) bool: pixels beyond the border of a round field of view that passes by the patch's middle."""
    half = (torch.tensor(shape[1:], dtype=torch.float32) - 1.0) / 2.0 * spacing_mm
    y, x = (torch.arange(n) * spacing_mm - middle for n, middle in zip(shape[1:], half.tolist(), strict=True))
    angle, radius = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(*_FIELD_RADIUS_MM)
    away = radius - float(rng.uniform(0.1, 0.9)) * float(half.min())
    return (y[:, None] + away * np.sin(angle)) ** 2 + (x[None] + away * np.cos(angle)) ** 2 > radius**2


def _field_of_view(
    hu: torch.Tensor, target: torch.Tensor, how: Appearance, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """The scan ends: what lies beyond is air, and bone there counts for nothing."""
    while rng.random() < how.cut:
        axis = int(rng.integers(3))
        depth = int(rng.integers(2, max(3, hu.shape[axis] * 2 // 5)))
        cut = [slice(None)] * 3
        cut[axis] = slice(0, depth) if rng.random() < 0.5 else slice(hu.shape[axis] - depth, None)
        hu[tuple(cut)] = AIR_HU
        target[:, cut[0], cut[1], cut[2]] = 0.0
    return hu, target
