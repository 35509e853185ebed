"""The proximal femur divided into head, neck, trochanteric, intertrochanteric region and shaft.

The planes are those of hip densitometry (Hologic's total hip and its CT counterpart, CTXA: Cann 2014, PLoS One
9:e91904), taken into three dimensions. Head and neck part square to the neck axis where the neck leaves the head. Neck
and trochanters part square to the neck axis at the neck's base. The trochanteric region lies above a line that runs
from the outer cortex below the greater trochanter to the neck's base. The shaft begins 15 mm below the tip of the
lesser trochanter, where the total hip ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.bone_frame import BoneFrame, checked_side
from OsteoScreenLib.densitometry.bone_mask import BoneMask
from OsteoScreenLib.densitometry.find_landmarks import USUAL_NECK_LENGTH, landmarks_of
from OsteoScreenLib.densitometry.landmarks import FemurLandmarks

HEAD, NECK, TROCHANTERIC, INTERTROCHANTERIC, SHAFT = 1, 2, 3, 4, 5
REGION_NAMES: Mapping[int, str] = {
    HEAD: "head",
    NECK: "neck",
    TROCHANTERIC: "trochanteric",
    INTERTROCHANTERIC: "intertrochanteric",
    SHAFT: "shaft",
}
"""Names by number in the labels; 0 is background, and bone that could not be attributed."""
TOTAL_HIP = (NECK, TROCHANTERIC, INTERTROCHANTERIC)

HEAD_END = 0.70
"""The neck leaves the head so many head radii from its centre: there the neck is as wide as the sphere."""
NECK_SHARE = 0.52
"""The neck ends at this share of the way from its narrowest section to the shaft's axis."""
LINE_ABOVE_LESSER, LINE_BESIDE_AXIS, LINE_SLOPE, TROCHANTERIC_INNER = 0.875, 0.625, 0.45, 0.583
"""Lower border of the trochanteric region: a line that passes 0.875 head radii above the tip of the lesser trochanter
at 0.625 head radii beside the shaft's axis and rises inwards by 0.45; its inner end is 0.583 head radii within."""
SHAFT_BELOW_LESSER_MM = 15.0
CUT_MM2 = 60.0
"""Own choice: a region that the scan cuts over a larger area, a patch of 8 x 8 mm, is incomplete."""
HEAD_OUTSIDE = 0.02
"""Own choice: share of the head's sphere that may lie outside of the scan."""
_NECK_REACH = 1.15
"""Without the shaft, the neck is looked for within so many head radii of its axis."""


@dataclass(frozen=True, eq=False)
class FemurRegions:
    """One proximal femur divided into regions.

    Attributes:
        labels: (z, y, x) uint8 on the mask's grid, numbers of :data:`REGION_NAMES`.
        side: ``left`` or ``right``. landmarks: what the planes were laid through.
        volumes_ml: by name, of what is in view; ``total_hip`` is neck, trochanteric and intertrochanteric together.
        incomplete: reason by name of each region that is not whole in the mask. The shaft is never whole: it is named
            only where none of it is in the mask.
    """

    labels: np.ndarray
    side: str
    landmarks: FemurLandmarks
    volumes_ml: Mapping[str, float]
    incomplete: Mapping[str, str] = field(default_factory=dict)

    def mask_of(self, name: str) -> np.ndarray:
        """(z, y, x) bool of a region or of ``total_hip``. Raises KeyError."""
        if name == "total_hip":
            return np.isin(self.labels, TOTAL_HIP)
        return np.asarray(self.labels == {word: number for number, word in REGION_NAMES.items()}[name])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form of all but the labels."""
        return {
            "side": self.side,
            "volumes_ml": dict(self.volumes_ml),
            "incomplete": dict(self.incomplete),
            "landmarks": self.landmarks.to_dict(),
        }


def split_proximal_femur(
    mask: np.ndarray,
    geometry: Geometry,
    side: str,
    scanned: np.ndarray | None = None,
    landmarks: FemurLandmarks | None = None,
) -> FemurRegions:
    """Divide one femur's mask into regions.

    Args:
        mask: (z, y, x), true inside of one femur, on the whole scan's grid.
        geometry: of that grid; may be oblique or flipped. side: ``left`` or ``right``, the patient's.
        scanned: (z, y, x) bool, False in the padding around a round field of view; None: all was scanned.
        landmarks: of this femur, where they are known; None: they are found first.

    Raises:
        ValueError: sizes differ, the grid cannot be, or the side is neither.
        InputError: ``empty_mask``, ``tiny_mask``.
    """
    checked_side(side)
    bone = BoneMask.of(mask, geometry, scanned)
    marks = landmarks or landmarks_of(bone, side)
    index = np.argwhere(bone.mask)
    numbers = region_numbers(marks, bone.to_lps(index))
    labels = np.zeros(geometry.shape_zyx, np.uint8)
    labels[tuple((index + bone.offset_zyx).T)] = numbers
    counts = np.bincount(numbers, minlength=SHAFT + 1) * geometry.voxel_volume_mm3 / 1000.0
    volumes = {name: float(counts[number]) for number, name in REGION_NAMES.items() if counts[number] > 0}
    if all(REGION_NAMES[number] in volumes for number in TOTAL_HIP):
        volumes["total_hip"] = float(sum(counts[number] for number in TOTAL_HIP))
    return FemurRegions(labels, side, marks, volumes, _incomplete(bone, marks, volumes))


def region_numbers(marks: FemurLandmarks, points: np.ndarray) -> np.ndarray:
    """Region of (n, 3) LPS points of a femur: (n,) uint8, 0 where the landmarks do not tell."""
    result = np.zeros(len(points), np.uint8)
    if marks.head_centre_lps_mm is None or marks.head_radius_mm is None or marks.neck_axis is None:
        return result
    radius, axis = marks.head_radius_mm, np.asarray(marks.neck_axis)
    away = points - np.asarray(marks.head_centre_lps_mm)
    along = away @ axis
    neck_end = _neck_end_mm(marks)
    if marks.shaft_axis is None or marks.shaft_point_lps_mm is None:
        beside = np.linalg.norm(away - along[:, None] * axis, axis=1)
        result[(along < neck_end) & (beside < _NECK_REACH * radius)] = NECK
        result[along < HEAD_END * radius] = HEAD
        return result
    frame = BoneFrame.of(np.asarray(marks.head_centre_lps_mm), axis, np.asarray(marks.shaft_axis), marks.side)
    u, _, w = frame.to_local(points).T
    offset = float(frame.to_local(np.asarray(marks.shaft_point_lps_mm))[0])
    lesser = None
    if marks.lesser_trochanter_lps_mm is not None:
        lesser = float(frame.to_local(np.asarray(marks.lesser_trochanter_lps_mm))[2])
        line = lesser + LINE_ABOVE_LESSER * radius - LINE_SLOPE * (u - offset - LINE_BESIDE_AXIS * radius)
        upper = (w > line) & (u > offset - TROCHANTERIC_INNER * radius)
        result[:] = np.where(upper, TROCHANTERIC, INTERTROCHANTERIC)
    # The greater trochanter rises beyond the fossa: it is not neck, however near to the neck's axis it comes.
    result[(along < neck_end) & (u < offset)] = NECK
    result[along < HEAD_END * radius] = HEAD
    if lesser is not None:
        result[w < lesser - SHAFT_BELOW_LESSER_MM] = SHAFT
    return result


def _neck_end_mm(marks: FemurLandmarks) -> float:
    """Where the neck ends, along its axis from the head's centre."""
    assert marks.neck_distance_mm is not None
    assert marks.head_radius_mm is not None
    length = marks.neck_length_mm or USUAL_NECK_LENGTH * marks.head_radius_mm
    return marks.neck_distance_mm + NECK_SHARE * max(length - marks.neck_distance_mm, 0.0)


def _incomplete(bone: BoneMask, marks: FemurLandmarks, volumes: Mapping[str, float]) -> dict[str, str]:
    """Why each region that is not whole is not."""
    reasons: dict[str, str] = {}
    withheld = marks.withheld
    if marks.neck_axis is None:
        return dict.fromkeys((*REGION_NAMES.values(), "total_hip"), withheld["neck_axis"])
    if "lesser_trochanter_lps_mm" in withheld:
        for name in ("trochanteric", "intertrochanteric", "shaft"):
            reasons[name] = withheld["lesser_trochanter_lps_mm"]
    where = region_numbers(marks, bone.cuts.points)
    for number in (HEAD, *TOTAL_HIP):
        area = float(bone.cuts.areas[where == number].sum())
        if area > CUT_MM2:
            reasons.setdefault(REGION_NAMES[number], f"the scan cuts it over {area / 100:.1f} cm2")
    outside = _head_outside(bone, marks)
    if outside > HEAD_OUTSIDE:
        reasons["head"] = f"{100 * outside:.0f} % of it lie outside of the scan"
    if "shaft" not in reasons and "shaft" not in volumes:
        reasons["shaft"] = "the mask does not reach below the total hip"
    if "intertrochanteric" not in reasons and not _reaches_its_end(bone, marks):
        reasons["intertrochanteric"] = "the mask ends above its lower border, 15 mm below the lesser trochanter"
    parts = [REGION_NAMES[number] for number in TOTAL_HIP if REGION_NAMES[number] in reasons]
    if parts:
        reasons["total_hip"] = f"{', '.join(parts)}: {reasons[parts[0]]}"
    return reasons


def _head_outside(bone: BoneMask, marks: FemurLandmarks, step: float = 0.125) -> float:
    """Share of the head's sphere that was not scanned."""
    line = np.arange(-1.0, 1.0 + step / 2, step)
    ball = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    ball = ball[(ball**2).sum(axis=1) <= 0.97**2]
    assert marks.head_radius_mm is not None
    return 1.0 - float(bone.is_scanned(np.asarray(marks.head_centre_lps_mm) + marks.head_radius_mm * ball).mean())


def _reaches_its_end(bone: BoneMask, marks: FemurLandmarks) -> bool:
    """Whether the mask goes on below the total hip over the whole section."""
    axis = np.asarray(marks.shaft_axis)
    height = (bone.points - np.asarray(marks.lesser_trochanter_lps_mm)) @ axis + SHAFT_BELOW_LESSER_MM
    thick = max(bone.geometry.spacing_xyz_mm)
    below = np.count_nonzero((height < 0.0) & (height > -2.0 * thick))
    above = np.count_nonzero((height >= 0.0) & (height < 2.0 * thick))
    return bool(below > 0.75 * above)
