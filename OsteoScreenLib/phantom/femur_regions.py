"""Sub-regions of the proximal femur: head, neck, trochanteric, intertrochanteric, shaft.

Planes after the regions of hip densitometry (Hologic's total hip; CTXA, Cann 2014, PLoS One 9:e91904), taken into three
dimensions: all planes stand on the plane of neck and shaft. Head and neck part square to the neck axis where the neck
leaves the head; neck and trochanters part square to the neck axis at the neck's base; the trochanteric region lies
above a line from the lateral cortex below the greater trochanter to the neck's base; the shaft begins 15 mm below the
tip of the lesser trochanter, where the total hip ends.
"""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.phantom.femur import FemurTruth

HEAD, NECK, TROCHANTERIC, INTERTROCHANTERIC, SHAFT = 1, 2, 3, 4, 5
REGIONS = {
    HEAD: "head",
    NECK: "neck",
    TROCHANTERIC: "trochanteric",
    INTERTROCHANTERIC: "intertrochanteric",
    SHAFT: "shaft",
}
"""Names by number."""

HEAD_END = 0.70
"""Place of the border of head and neck on the neck axis, in head radii: where the neck is as wide as the sphere."""
NECK_SHARE = 0.52
"""Share of the way from the narrowest place of the neck to the shaft axis at which the neck ends."""
SHAFT_BELOW_LESSER_TROCHANTER_MM = 15.0


def femur_regions(truth: FemurTruth, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Region of every point of a femur, inside of it or not.

    Args:
        truth: of the femur. x, y, z: broadcastable LPS mm.

    Returns:
        uint8 of the broadcast shape, numbers of :data:`REGIONS`.
    """
    shape = truth.shape
    u, _, w = truth.frame.to_local(x, y, z)
    angle = np.radians(shape.neck_shaft_angle_deg)
    along = u * float(np.sin(angle)) + w * float(np.cos(angle))
    neck_end = truth.neck_distance_mm + NECK_SHARE * (shape.neck_length_mm - truth.neck_distance_mm)
    result = np.full(along.shape, INTERTROCHANTERIC, dtype=np.uint8)
    # From the outer cortex, half-way from the metaphysis's level to the lesser trochanter, upwards to the neck's base.
    slope = 0.45
    line = shape.metaphysis_level_mm - 2.0 * shape.size - slope * (u - shape.offset_mm - 15.0 * shape.size)
    result[np.broadcast_to((w > line) & (u > shape.offset_mm - 14.0 * shape.size), along.shape)] = TROCHANTERIC
    # The greater trochanter rises beyond the fossa: it is not neck, however near to the neck's axis it comes.
    result[(along < neck_end) & (u < shape.offset_mm)] = NECK
    result[along < HEAD_END * shape.head_radius_mm] = HEAD
    result[np.broadcast_to(w < shaft_level(truth), along.shape)] = SHAFT
    return result


def shaft_level(truth: FemurTruth) -> float:
    """Height in the femur's frame under which the shaft begins."""
    tip = np.asarray(truth.lesser_trochanter) - np.asarray(truth.head_centre)
    return float(truth.frame.axes[2] @ tip) - SHAFT_BELOW_LESSER_TROCHANTER_MM
