"""Finds the landmarks of a proximal femur in its mask alone, however the bone lies in the scan."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.sphere_fit import HeadSphere
from OsteoScreenLib.densitometry.bone_frame import SIDES, BoneFrame, checked_side
from OsteoScreenLib.densitometry.bone_mask import BoneMask
from OsteoScreenLib.densitometry.head_fit import away_from_neck, fit_head
from OsteoScreenLib.densitometry.landmarks import MEASURES, FemurLandmarks, point
from OsteoScreenLib.densitometry.neck_fit import NeckSection, chords_mm, coarse_direction, fit_neck, section_is_cut
from OsteoScreenLib.densitometry.shaft_fit import ShaftLine, fit_shaft, rough_shaft
from OsteoScreenLib.densitometry.trochanters import greater_trochanter, lesser_trochanter
from OsteoScreenLib.errors import InputError

SMALLEST_ML = 8.0
"""Own choice: the head alone has 28 ml and more; less than a third of it shows nothing."""
SHORTEST_SHAFT_MM = 20.0
"""Own choice: an axis fitted to less shaft is too uncertain for an angle; it still tells above from below."""
USUAL_NECK_LENGTH = 2.24
"""Neck length in head radii where too little of the shaft is in view: offset 43 mm (Noble 1988, Clin Orthop 235:148)
over the sine of a neck-shaft angle of 127 degrees, for a head of 24 mm."""
POSSIBLE_ANGLE_DEG = (95.0, 160.0)
"""Own choice: adults have 115 to 145 degrees; what lies outside of this is not neck and shaft."""
_BELOW_LESSER_MM = 10.0
"""The shaft begins so far below the tip of the lesser trochanter, where its hump has ended."""
_TIP_REACH_MM = 8.0
_TIP_CUT_MM2 = 12.0
_NECK = (
    "neck_axis",
    "neck_centre_lps_mm",
    "neck_distance_mm",
    "neck_area_mm2",
    "neck_height_mm",
    "neck_depth_mm",
    "neck_to_frontal_plane_deg",
)
_OF_THE_SHAFT = (
    "shaft_axis",
    "shaft_point_lps_mm",
    "shaft_length_mm",
    "neck_shaft_angle_deg",
    "neck_length_mm",
    "femoral_offset_mm",
    "lesser_trochanter_lps_mm",
    "greater_trochanter_lps_mm",
    "neck_height_mm",
    "neck_depth_mm",
)
_SHORT_SHAFT = f"less than {SHORTEST_SHAFT_MM:.0f} mm of whole shaft sections are in the mask"
_LITTLE_SHAFT = (
    "Little of the shaft is in the mask: its axis is rough, good enough to divide the bone, and its distance from the "
    "head is the usual one for the head's size."
)
_NO_HEAD = "no femoral head could be made out in the mask"
_NO_NECK = "no neck could be made out beside the head"
_NO_SHAFT = "the mask holds too little of the shaft below the lesser trochanter"


def find_landmarks(
    mask: np.ndarray, geometry: Geometry, side: str, scanned: np.ndarray | None = None
) -> FemurLandmarks:
    """Landmarks of one proximal femur.

    Args:
        mask: (z, y, x), true inside of one femur, cortex and marrow, on the whole scan's grid: where it meets the
            grid's border, the scan counts as ending there.
        geometry: of that grid; may be oblique or flipped. side: ``left`` or ``right``, the patient's.
        scanned: (z, y, x) bool, False in the padding around a round field of view; None: all was scanned.

    Raises:
        ValueError: sizes differ, the grid cannot be, or the side is neither.
        InputError: ``empty_mask``, ``tiny_mask``.
    """
    checked_side(side)
    return landmarks_of(BoneMask.of(mask, geometry, scanned), side)


def landmarks_of(bone: BoneMask, side: str) -> FemurLandmarks:
    """The same for a mask that is cropped already."""
    if bone.volume_ml < SMALLEST_ML:
        raise InputError(
            f"The mask holds {bone.volume_ml:.1f} ml, too little for a proximal femur",
            next_step="Outline the whole femur, from its head to below the lesser trochanter.",
            code="tiny_mask",
        )
    found: dict[str, Any] = {}
    why: dict[str, str] = {}
    head, neck = _head_and_neck(bone, found, why)
    if head is not None:
        _shaft_and_trochanters(bone, side, head, neck, found, why)
    for name in MEASURES:
        if found.get(name) is None:
            why.setdefault(name, _NO_HEAD if head is None else _NO_NECK if neck is None else _NO_SHAFT)
    return FemurLandmarks(side=side, **found, withheld={name: why[name] for name in MEASURES if name in why})


def _head_and_neck(
    bone: BoneMask, found: dict[str, Any], why: dict[str, str]
) -> tuple[HeadSphere | None, NeckSection | None]:
    head = fit_head(bone)
    if head is None:
        return None, None
    coarse = coarse_direction(bone, head)
    if coarse is not None:
        head = away_from_neck(bone, head, coarse)
    found["head_centre_lps_mm"], found["head_radius_mm"] = head.centre_lps_mm, head.radius_mm
    neck = None if coarse is None else fit_neck(bone, head, coarse)
    if neck is not None and section_is_cut(bone, neck, head.radius_mm):
        why.update(dict.fromkeys(_NECK, "the scan cuts the neck at its narrowest section"))
    elif neck is not None:
        found["neck_axis"], found["neck_centre_lps_mm"] = point(neck.axis), point(neck.centre)
        found["neck_distance_mm"], found["neck_area_mm2"] = neck.distance_mm, neck.area_mm2
        found["neck_to_frontal_plane_deg"] = float(np.degrees(np.arcsin(np.clip(-neck.axis[1], -1.0, 1.0))))
    return head, neck


def _shaft_and_trochanters(
    bone: BoneMask,
    side: str,
    head: HeadSphere,
    neck: NeckSection | None,
    found: dict[str, Any],
    why: dict[str, str],
) -> None:
    """Shaft, trochanters and what follows from shaft and neck together."""
    line = rough_shaft(bone, head)
    if line is None or neck is None:
        return
    if not POSSIBLE_ANGLE_DEG[0] < _angle_deg(neck, line) < POSSIBLE_ANGLE_DEG[1]:
        why.update(
            dict.fromkeys(_OF_THE_SHAFT, f"the bone below the neck runs at {_angle_deg(neck, line):.0f} degrees to it")
        )
        return
    centre = np.asarray(head.centre_lps_mm)
    frame = BoneFrame.of(centre, neck.axis, line.axis, side)
    tip = lesser_trochanter(bone, frame, head.radius_mm, frame.to_local(line.point)[:2])
    if tip is not None:
        better = fit_shaft(bone, line.axis, frame.to_lps(tip) - _BELOW_LESSER_MM * line.axis)
        if better is not None and better.length_mm >= SHORTEST_SHAFT_MM:
            line = better
            frame = BoneFrame.of(centre, neck.axis, line.axis, side)
            tip = lesser_trochanter(bone, frame, head.radius_mm, frame.to_local(line.point)[:2])
    shaft_uv = frame.to_local(line.point)[:2]
    if line.length_mm < SHORTEST_SHAFT_MM:
        shaft_uv[0] = USUAL_NECK_LENGTH * head.radius_mm * float(neck.axis @ frame.axes[0])
        found["notes"] = (_LITTLE_SHAFT,)
    _add_shaft(frame, line, shaft_uv, neck, found, why)
    _add_tip(bone, "lesser_trochanter_lps_mm", frame, tip, found, why)
    if tip is None:
        other = SIDES[1 - SIDES.index(side)]
        mirrored = BoneFrame.of(centre, neck.axis, line.axis, other)
        if lesser_trochanter(bone, mirrored, head.radius_mm, mirrored.to_local(line.point)[:2]) is not None:
            why["lesser_trochanter_lps_mm"] = (
                f"the lesser trochanter lies where a {other} femur has it; is the side right?"
            )
    top = greater_trochanter(bone, frame, head.radius_mm, shaft_uv)
    _add_tip(bone, "greater_trochanter_lps_mm", frame, top, found, why)
    if "neck_axis" in found:
        found["neck_height_mm"], found["neck_depth_mm"] = chords_mm(bone, neck, line.axis, head.radius_mm)


def _angle_deg(neck: NeckSection, line: ShaftLine) -> float:
    return float(np.degrees(np.arccos(np.clip(neck.axis @ line.axis, -1.0, 1.0))))


def _add_shaft(
    frame: BoneFrame,
    line: ShaftLine,
    shaft_uv: np.ndarray,
    neck: NeckSection,
    found: dict[str, Any],
    why: dict[str, str],
) -> None:
    offset, behind = shaft_uv.tolist()
    along_u, along_w = float(neck.axis @ frame.axes[0]), float(neck.axis @ frame.axes[2])
    length = offset / along_u
    found["shaft_axis"], found["shaft_length_mm"] = point(line.axis), line.length_mm
    found["shaft_point_lps_mm"] = point(frame.to_lps(np.array([offset, behind, length * along_w])))
    both = ("neck_shaft_angle_deg", "neck_length_mm")
    if line.length_mm < SHORTEST_SHAFT_MM:
        why.update(dict.fromkeys((*both, "femoral_offset_mm"), _SHORT_SHAFT))
        return
    found["femoral_offset_mm"] = offset
    if "neck_axis" not in found:
        why.update(dict.fromkeys(both, why["neck_axis"]))
        return
    found["neck_length_mm"] = length
    found["neck_shaft_angle_deg"] = _angle_deg(neck, line)


def _add_tip(
    bone: BoneMask, name: str, frame: BoneFrame, tip: np.ndarray | None, found: dict[str, Any], why: dict[str, str]
) -> None:
    words = name.split("_lps")[0].replace("_", " ")
    if tip is None:
        why[name] = f"no {words} stands out of the mask"
        return
    place = frame.to_lps(tip)
    near = np.linalg.norm(bone.cuts.points - place, axis=1) < _TIP_REACH_MM
    if float(bone.cuts.areas[near].sum()) > _TIP_CUT_MM2:
        why[name] = f"the scan cuts the {words}"
    else:
        found[name] = point(place)
