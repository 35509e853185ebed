"""Noise in homogeneous soft tissue: its level and the mean frequency of its power spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.progress import CancelToken, never_cancelled, stop_if
from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.flag import QualityFlag, Severity

_MAX_PATCHES_PER_SLICE = 1500
_MAX_SPECTRA = 4000


@dataclass(frozen=True)
class Noise:
    """What homogeneous soft tissue says about noise, in-plane on the native grid.

    Attributes:
        level_hu: global noise level, the mode of the local standard deviation; None where it cannot be measured.
        n_patches: patches of soft tissue it comes from.
        patch_mm: side of a patch.
        pixel_mm: larger pixel size in the plane.
        mean_frequency_per_mm: mean frequency of the noise power spectrum; None where it cannot be measured.
        relative_to_white: that frequency by the one of white noise on the same grid.
    """

    level_hu: float | None
    n_patches: int
    patch_mm: float
    pixel_mm: float
    mean_frequency_per_mm: float | None = None
    relative_to_white: float | None = None


def measure_noise(ct: CTVolume, cancelled: CancelToken = never_cancelled) -> Noise:
    """Global noise level after Christianson et al. (AJR 2015) and the mean frequency of the noise power spectrum.

    Square patches of about 10 mm with a mean of 0 to 100 HU are taken from at most 24 slices; a plane is fitted and
    removed; the level is the mode of the residual standard deviations. The spectrum is averaged over the patches
    near the mode. Needs a valid geometry and HU without NaN.
    """
    planes, pixel = _planes(ct)
    size = int(np.clip(round(t.PATCH_MM / max(pixel)), *t.PATCH_VOXELS))
    residuals = []
    for plane in planes:
        stop_if(cancelled)
        if min(plane.shape) >= size:
            residuals.append(_soft_tissue_residuals(plane, size))
    patches = np.concatenate(residuals) if residuals else np.empty((0, size * size), np.float32)
    side, edge = round(size * max(pixel), 2), max(pixel)
    if len(patches) < t.MIN_PATCHES:
        return Noise(None, len(patches), side, edge)
    deviation = np.sqrt(np.square(patches).sum(axis=1) / (size * size - 3))
    level = _mode(deviation)
    near = patches[(deviation > 0.6 * level) & (deviation < 1.2 * level)]
    if level < t.MIN_NOISE_HU or len(near) < t.MIN_PATCHES:
        return Noise(level, len(patches), side, edge)
    frequency, white = _mean_frequency(near[:: 1 + len(near) // _MAX_SPECTRA].reshape(-1, size, size), pixel)
    return Noise(level, len(patches), side, edge, frequency, frequency / white)


def _planes(ct: CTVolume) -> tuple[list[np.ndarray], tuple[float, float]]:
    """At most 24 evenly spread planes and their two pixel sizes in mm.

    Planes are axial, unless another axis has voxels over 1.5 times as long: then across that one.
    """
    view = ct.anatomical()
    spacing = view.spacing_spl_mm
    axis = 0
    for other in (1, 2):
        if spacing[other] > 1.5 * spacing[axis]:
            axis = other
    stack = np.moveaxis(view.array, axis, 0)
    count = min(t.NOISE_SLICES, stack.shape[0])
    places = ((np.arange(count) + 0.5) * stack.shape[0] / count).astype(int)
    rows, columns = (spacing[i] for i in range(3) if i != axis)
    return [stack[place] for place in places], (rows, columns)


def _soft_tissue_residuals(plane: np.ndarray, size: int) -> np.ndarray:
    """(n, size * size) residuals about a fitted plane of the patches that lie in soft tissue."""
    crowded = plane.size / (size * size) > _MAX_PATCHES_PER_SLICE / 4
    step = size if crowded else max(1, size // 2)
    rows, columns = plane.shape
    if crowded:
        plane = plane[: rows // size * size, : columns // size * size]
    windows = np.lib.stride_tricks.sliding_window_view(plane, (size, size))[::step, ::step]
    centre = windows[:, :, size // 2, size // 2]
    candidates = windows[(centre > t.NOISE_TISSUE_HU[0] - 150) & (centre < t.NOISE_TISSUE_HU[1] + 150)]
    patches = candidates.reshape(-1, size * size).astype(np.float32)
    mean = patches.mean(axis=1)
    inside = (mean > t.NOISE_TISSUE_HU[0]) & (mean < t.NOISE_TISSUE_HU[1]) & (patches.min(axis=1) > -400)
    patches = patches[inside]
    basis = _plane_basis(size)
    return patches - (patches @ basis) @ basis.T


def _plane_basis(size: int) -> np.ndarray:
    """(size * size, 3) orthonormal basis of constant and linear functions on a square."""
    line = np.arange(size) - (size - 1) / 2
    rows, columns = np.meshgrid(line, line, indexing="ij")
    basis = np.stack([np.ones(size * size), rows.ravel(), columns.ravel()], axis=1)
    return (basis / np.linalg.norm(basis, axis=0)).astype(np.float32)


def _mode(deviation: np.ndarray) -> float:
    """Mode of standard deviations in HU, from a histogram smoothed over five bins of 1/20 of the median."""
    width = max(float(np.median(deviation)) / 20, 1e-3)
    counts = np.bincount(np.minimum(deviation / width, 200).astype(int), minlength=205).astype(float)[:200]
    smooth = np.convolve(counts, np.ones(5) / 5, mode="same")
    return (int(np.argmax(smooth)) + 0.5) * width


def _mean_frequency(patches: np.ndarray, pixel_mm: tuple[float, float]) -> tuple[float, float]:
    """Mean frequency in 1/mm of the power spectrum of (n, size, size) residuals, and that of white noise."""
    size = patches.shape[1]
    power = np.zeros((size, size))
    for start in range(0, len(patches), 500):
        power += np.square(np.abs(np.fft.fft2(patches[start : start + 500]))).sum(axis=0)
    frequency = np.hypot(np.fft.fftfreq(size, pixel_mm[0])[:, None], np.fft.fftfreq(size, pixel_mm[1])[None, :])
    used = frequency > 0
    mean = float((power * frequency)[used].sum() / power[used].sum())
    return mean, float(frequency[used].mean())


def check_noise(noise: Noise) -> list[QualityFlag]:
    """``noise``, always, with the level in HU; ``noise_high`` over 40 HU."""
    evidence = {"noise_hu": None, "n_patches": noise.n_patches, "patch_mm": noise.patch_mm}
    if noise.level_hu is None:
        message = "The noise could not be measured: there is too little homogeneous soft tissue."
        return [QualityFlag("noise", Severity.INFO, message, evidence)]
    evidence["noise_hu"] = round(noise.level_hu, 1)
    message = f"Noise in soft tissue is {noise.level_hu:.0f} HU (mode of the local standard deviation)."
    flags = [QualityFlag("noise", Severity.INFO, message, evidence)]
    if noise.level_hu > t.NOISE_HIGH_HU:
        message = f"Noise is high: {noise.level_hu:.0f} HU in soft tissue, over {t.NOISE_HIGH_HU:g} HU. "
        message += "Texture measures mostly noise; a mean over a large region is still usable."
        flags.append(QualityFlag("noise_high", Severity.WARNING, message, evidence))
    return flags
