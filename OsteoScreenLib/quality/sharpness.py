"""The reconstruction kernel: soft or sharp, by its name and by the noise power spectrum."""

from __future__ import annotations

from typing import Any

from OsteoScreenLib.ct.kernels import SHARP, kernel_sharpness
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.quality.noise import Noise


def noise_is_sharp(noise: Noise) -> bool | None:
    """Whether the noise power spectrum is that of a sharp kernel; None where this grid cannot show it.

    Noise that is bluer than white is sharp on any grid; so is a mean frequency over 0.365 per mm, with pixels up to
    0.9 mm.
    """
    if noise.mean_frequency_per_mm is None or noise.relative_to_white is None:
        return None
    if noise.relative_to_white > t.BLUER_THAN_WHITE:
        return True
    if noise.pixel_mm > t.SHARP_MAX_PIXEL_MM:
        return None
    return noise.mean_frequency_per_mm > t.SHARP_MEAN_FREQUENCY_PER_MM


def check_kernel(ct: CTVolume, noise: Noise | None) -> list[QualityFlag]:
    """``sharp_kernel`` by the header or by the noise, ``kernel_unknown``.

    Args:
        ct: for its header.
        noise: None where the values are not HU; then only the header speaks.
    """
    kernel = ct.acquisition.kernel
    named = kernel_sharpness(kernel)
    by_tag = None if named is None else named == SHARP
    by_noise = noise_is_sharp(noise) if noise else None
    evidence: dict[str, Any] = {"kernel": kernel, "sharp_by_tag": by_tag, "sharp_by_noise": by_noise}
    if noise is not None and noise.mean_frequency_per_mm is not None and noise.relative_to_white is not None:
        evidence["noise_mean_frequency_per_mm"] = round(noise.mean_frequency_per_mm, 3)
        evidence["relative_to_white_noise"] = round(noise.relative_to_white, 2)
        evidence["pixel_mm"] = round(noise.pixel_mm, 3)
    flags = []
    if by_tag or by_noise:
        reasons = [f"the header names the kernel {kernel}"] if by_tag else []
        if by_noise:
            reasons.append(f"noise has its mean frequency at {evidence['noise_mean_frequency_per_mm']:.2f} per mm")
        message = f"The kernel is sharp ({'; '.join(reasons)}). Texture and thin cortex read differently than with the "
        message += "soft kernels that methods were made on; use the soft-tissue reconstruction if there is one."
        flags.append(QualityFlag("sharp_kernel", Severity.WARNING, message, evidence))
    if by_tag is None:
        message = "The header names no kernel" if not kernel else f"The kernel {kernel} is not in the table of kernels"
        message += "; the noise does not show whether it is sharp." if by_noise is None else "; judged by its noise."
        flags.append(QualityFlag("kernel_unknown", Severity.INFO, message, evidence))
    return flags
