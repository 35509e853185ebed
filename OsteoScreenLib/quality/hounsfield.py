"""Is this HU? Found from the peaks of air, fat and muscle in the histogram, not from tags."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.clipping import high_clip, low_clip, padding_values
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.quality.histogram import Histogram
from OsteoScreenLib.quality.tissue_peaks import looks_like_ct, measured_counts, tissue_mode_hu

_OFFSETS = (1024, 1000, -1024, -1000, 2048, 4096, 8192, 32768)
_SCALES = (0.5, 2.0, 0.1, 10.0)

_PATTERNS = {
    "constant": "every voxel has the same value",
    "normalised": "the grey values span a range of {range:.3g} only, as after normalisation",
    "no_tissue": "there is nothing denser than lung in it",
    "offset": "air, fat and muscle lie about {offset:+d} HU off, as where the rescale intercept was not applied",
    "inverted": "the grey values are inverted",
    "scaled": "the grey values look like HU times {scale:g}, as where the rescale slope was not applied",
    "eight_bit": "the grey values span {range:.0f} steps only, as after conversion to 8 bits",
    "windowed": "the grey values are cut off at {minimum:.0f} and {maximum:.0f}, as after windowing for display",
    "no_ct_peaks": "the histogram has no peaks of fat and muscle where a CT has them",
}


def check_finite(histogram: Histogram) -> list[QualityFlag]:
    """``non_finite_voxels`` where voxels are NaN or infinite."""
    if histogram.n_non_finite == 0:
        return []
    share = histogram.n_non_finite / histogram.n_voxels
    message = f"{histogram.n_non_finite} voxels ({share:.2%}) hold no number (NaN or infinite). No value in HU is "
    message += "reported. Export the volume again from the original series."
    evidence = {"n_voxels": histogram.n_non_finite, "fraction": share}
    return [QualityFlag("non_finite_voxels", Severity.WITHHOLD, message, evidence)]


def check_hounsfield(histogram: Histogram) -> list[QualityFlag]:
    """``not_hounsfield`` with the pattern that was found, such as ``offset`` or ``eight_bit``."""
    pattern, evidence = unit_pattern(histogram)
    if pattern is None:
        return []
    facts = {"range": histogram.maximum - histogram.minimum, "minimum": histogram.minimum, **evidence}
    reason = _PATTERNS[pattern].format(maximum=histogram.maximum, **facts)
    message = f"The values of this volume are not Hounsfield units: {reason}. Nothing is measured in it; read the "
    message += "original DICOM series, or export it with its rescale slope and intercept applied."
    evidence = {"pattern": pattern, "minimum": histogram.minimum, "maximum": histogram.maximum, **evidence}
    return [QualityFlag("not_hounsfield", Severity.WITHHOLD, message, evidence)]


def unit_pattern(histogram: Histogram) -> tuple[str | None, dict[str, Any]]:
    """Why the values cannot be HU, or None; and the evidence. Needs at least one finite voxel."""
    span = histogram.maximum - histogram.minimum
    if span == 0:
        return "constant", {}
    if span <= t.NORMALISED_RANGE:
        return "normalised", {}
    if span <= t.NARROW_RANGE:
        return ("no_tissue" if histogram.maximum < t.BODY_ABOVE_HU else "eight_bit"), {}
    counts = measured_counts(histogram)
    if looks_like_ct(counts):
        return _window_of(histogram)
    for offset in _OFFSETS:
        if _becomes_ct(histogram, 1.0, -offset):
            return "offset", {"offset": offset}
    if _nearly_no_tissue(histogram):
        return "no_tissue", {}
    for scale in _SCALES:
        if _becomes_ct(histogram, 1.0 / scale, 0):
            return "scaled", {"scale": scale}
    windowed, evidence = _window_of(histogram)
    if windowed and histogram.minimum < 0:
        return windowed, evidence
    if _becomes_ct(histogram, -1.0, 0):
        return "inverted", {}
    return "no_ct_peaks", {"mode": tissue_mode_hu(counts)}


def _window_of(histogram: Histogram) -> tuple[str | None, dict[str, Any]]:
    """``windowed`` where the lower end is clipped above -500 HU."""
    clip = low_clip(histogram)
    if clip is None or clip < t.WINDOWED_ABOVE_HU:
        return None, {}
    return "windowed", {"lower_limit": clip, "upper_limit": high_clip(histogram)}


def _nearly_no_tissue(histogram: Histogram) -> bool:
    """Under a thousandth of the voxels is denser than -300 HU."""
    return histogram.count(t.BODY_ABOVE_HU, 32768) < 0.001 * histogram.n_finite


def _becomes_ct(histogram: Histogram, factor: float, offset: int) -> bool:
    """Whether ``factor * value + offset`` looks like a CT and has bone; squeezed values have none."""
    counts = _moved(histogram.counts, factor, offset)
    bone = counts[200 + 32768 :].sum()
    return bool(bone >= t.MIN_BONE_FRACTION * counts.sum()) and looks_like_ct(counts)


def _moved(counts: np.ndarray, factor: float, offset: int) -> np.ndarray:
    """Counts (65536,) of the values ``factor * value + offset``; without padding of the moved values."""
    used = np.flatnonzero(counts)
    moved = np.clip(np.rint((used - 32768) * factor + offset), -32768, 32767).astype(np.intp) + 32768
    result = np.bincount(moved, weights=counts[used], minlength=65536)
    for value in padding_values(result):
        result[value + 32768] = 0
    return result


def check_clipping(histogram: Histogram) -> list[QualityFlag]:
    """``hu_clipped`` where values are cut off below 3000 HU (withhold below 600 HU) or above -900 HU."""
    upper, lower = high_clip(histogram), low_clip(histogram)
    evidence = {"upper_limit_hu": upper, "lower_limit_hu": lower}
    if upper is not None and upper < t.BONE_LOST_HU:
        message = f"Values are cut off at {upper} HU: the density of bone is lost. Read the original series."
        return [QualityFlag("hu_clipped", Severity.WITHHOLD, message, evidence)]
    parts = []
    if upper is not None and upper < t.SCANNER_LIMIT_HU:
        parts.append(f"at {upper} HU, so that the densest bone reads too low")
    if lower is not None and lower > t.AIR_KEPT_HU:
        parts.append(f"at {lower} HU, so that air cannot be used to check the scale")
    if not parts:
        return []
    message = f"Values are cut off {' and '.join(parts)}."
    return [QualityFlag("hu_clipped", Severity.WARNING, message, evidence)]


def check_padding(histogram: Histogram) -> list[QualityFlag]:
    """``padding_values``: constants below any measured HU (-2000, -3024 ...) that fill the image outside the scan."""
    found = padding_values(histogram.counts)
    if not found:
        return []
    fractions = {str(value): round(histogram.at(value) / histogram.n_voxels, 5) for value in found}
    message = f"Voxels outside the reconstructed field are padded with {', '.join(fractions)} HU; no check counts them."
    return [QualityFlag("padding_values", Severity.INFO, message, {"fraction_by_value": fractions})]
