"""Contrast agent by evidence: enhanced blood and organs, which no cortex encloses; and contrast medium in the bowel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.coarse import CoarseGrid
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.quality.regions import bounding_boxes, components, dilated
from OsteoScreenLib.quality.tags import contrast_agent_tag

_MAX_REGIONS = 60
_GAS_REACH = 4


@dataclass(frozen=True)
class Region:
    """One homogeneous enhanced region.

    Attributes:
        volume_ml, mean_hu: of its homogeneous core.
        centre_mm: of its core, along the array's axes from the first voxel.
        bowel: gas lies around it.
    """

    volume_ml: float
    mean_hu: float
    centre_mm: tuple[float, float, float]
    bowel: bool


def enhanced_regions(grid: CoarseGrid) -> list[Region]:
    """Homogeneous regions of 130 to 700 HU whose surroundings are soft tissue and not cortex, largest first."""
    mean = grid.mean_hu
    if min(mean.shape) < 3:
        return []
    core = (mean > t.ENHANCED_HU[0]) & (mean < t.ENHANCED_HU[1])
    core &= _largest_step(mean) < np.maximum(t.ENHANCED_STEP_HU, t.ENHANCED_STEP_FRACTION * mean)
    smallest = max(3, int(np.ceil(t.ENHANCED_MIN_REGION_ML / grid.block_ml)))
    labels, count = components(core, smallest)
    if count == 0:
        return []
    gas = _enclosed_gas(mean)
    regions = []
    boxes = bounding_boxes(labels, min(count, _MAX_REGIONS), _GAS_REACH + 1)
    for label, box in enumerate(boxes, start=1):
        region = _judge(labels[box] == label, mean[box], gas[box], grid, box)
        if region is not None:
            regions.append(region)
    return _with_bowel_neighbours(regions)


def _judge(
    core: np.ndarray, mean: np.ndarray, gas: np.ndarray, grid: CoarseGrid, box: tuple[slice, slice, slice]
) -> Region | None:
    """The region, or None where cortex encloses it as in a vertebral body or a femoral head."""
    around = mean[dilated(core, 2) & ~core]
    level = float(mean[core].mean())
    if around.size == 0:
        return None
    soft = float((around < 100).mean())
    cortex = float((around > level + t.CORTEX_STEP_HU).mean())
    if soft < t.MIN_SOFT_SURROUND or cortex > t.CORTEX_TO_SOFT * soft:
        return None
    size = np.count_nonzero(core)
    near_gas = np.count_nonzero(dilated(core, _GAS_REACH) & gas)
    first = np.array([s.start for s in box])
    centre = (np.argwhere(core).mean(axis=0) + first) * grid.spacing_zyx_mm
    place = (float(centre[0]), float(centre[1]), float(centre[2]))
    return Region(float(size * grid.block_ml), level, place, bool(near_gas > t.BOWEL_GAS_RATIO * size))


def _with_bowel_neighbours(regions: list[Region]) -> list[Region]:
    """Loops without gas of their own count as bowel near a loop with gas that is at least as large."""
    loops = [r for r in regions if r.bowel]
    result = []
    for region in regions:
        near = any(loop.volume_ml >= region.volume_ml and _distance(loop, region) < t.BOWEL_REACH_MM for loop in loops)
        result.append(Region(region.volume_ml, region.mean_hu, region.centre_mm, region.bowel or near))
    return result


def _distance(first: Region, second: Region) -> float:
    """Distance of two centres in mm."""
    return float(np.linalg.norm(np.subtract(first.centre_mm, second.centre_mm)))


def _largest_step(mean: np.ndarray) -> np.ndarray:
    """(z, y, x) largest absolute difference of each block to its six neighbours."""
    largest = np.zeros(mean.shape, np.int16)
    for axis in range(3):
        step = np.abs(np.clip(np.diff(mean.astype(np.int32), axis=axis), -32767, 32767)).astype(np.int16)
        before = tuple(slice(0, -1) if i == axis else slice(None) for i in range(3))
        after = tuple(slice(1, None) if i == axis else slice(None) for i in range(3))
        np.maximum(largest[before], step, out=largest[before])
        np.maximum(largest[after], step, out=largest[after])
    return largest


def _enclosed_gas(mean: np.ndarray) -> np.ndarray:
    """Gas that is not connected, through air or lung, with the image border across y and x."""
    labels, _ = components(mean < -700)
    border = np.concatenate([labels[:, i].ravel() for i in (0, -1)] + [labels[:, :, i].ravel() for i in (0, -1)])
    outside = np.zeros(int(labels.max(initial=0)) + 1, bool)
    outside[border] = True
    outside[0] = True
    return ~outside[labels] & (mean < t.BOWEL_GAS_HU)


def check_contrast(ct: CTVolume, regions: list[Region] | None) -> list[QualityFlag]:
    """``contrast_agent`` by the header or by evidence; ``bowel_contrast`` where only bowel holds contrast medium.

    Args:
        ct: for its header.
        regions: None where the values are not HU; then only the header speaks.
    """
    tag = contrast_agent_tag(ct)
    vessels = [r for r in regions or [] if not r.bowel]
    bowel = [r for r in regions or [] if r.bowel]
    evidence: dict[str, Any] = {"header": tag, **_summary("enhanced", vessels), **_summary("bowel", bowel)}
    seen = sum(r.volume_ml for r in vessels) >= t.ENHANCED_MIN_TOTAL_ML
    if tag is not None or seen:
        reasons = ["the header states it"] if tag is not None else []
        if seen:
            volume, level = evidence["enhanced_volume_ml"], evidence["enhanced_mean_hu"]
            reasons.append(f"{volume:.0f} ml of homogeneous tissue at {level:.0f} HU without cortex")
        message = f"A contrast agent was given ({'; '.join(reasons)}). It raises the HU of bone: at the spine by about "
        message += "11 % in the late arterial and 21 % in the portal venous phase; less at the hip."
        return [QualityFlag("contrast_agent", Severity.WARNING, message, evidence)]
    if sum(r.volume_ml for r in bowel) >= t.ENHANCED_MIN_TOTAL_ML:
        message = (
            f"The bowel holds contrast medium ({evidence['bowel_volume_ml']:.0f} ml seen); vessels look unenhanced. "
        )
        message += "Bone is not affected, except by streaks."
        return [QualityFlag("bowel_contrast", Severity.INFO, message, evidence)]
    return []


def _summary(name: str, regions: list[Region]) -> dict[str, float | None]:
    """Volume and volume-weighted mean of regions, rounded."""
    volume = sum(r.volume_ml for r in regions)
    level = sum(r.mean_hu * r.volume_ml for r in regions) / volume if volume else None
    return {
        f"{name}_volume_ml": round(float(volume), 1),
        f"{name}_mean_hu": None if level is None else round(level),
    }
