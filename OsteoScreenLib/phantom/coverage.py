"""What part of a digital patient a scan covers, and the voxel grid for it."""

from __future__ import annotations

import math

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.body_surface import BodySurface
from OsteoScreenLib.phantom.plan import BodyPlan, rng_of
from OsteoScreenLib.phantom.protocol import Protocol

AIR_AROUND_MM = 12.0
TABLE_BELOW_MM = 45.0


def scan_range_mm(plan: BodyPlan, protocol: Protocol) -> tuple[float, float]:
    """Lowest and highest level of a scan, mm above the femoral heads, as radiographers set them by landmarks.

    An abdominal scan reaches from the dome of the diaphragm to the ischium or the lesser trochanters, a hip scan from
    above the joint to the upper thigh. A scan of the pelvis ends below as an abdominal one and above at the iliac
    crest. The anatomy reaches up to T8, so a chest scan shows the lower half.
    """
    rng = rng_of(plan.traits, "coverage")
    top_of_spine = plan.vertebra("T8").centre[2] + plan.vertebra("T8").height_mm / 2
    ischium, ends = -62.0 * plan.scale, rng.uniform(0, 1, 2)
    first_word = protocol.name.split("-")[0]
    if first_word == "chest":
        return plan.vertebra("L2").centre[2] + float(30 * ends[0] - 15), top_of_spine
    if first_word in ("hip", "thin"):
        return ischium - float(60 + 60 * ends[0]), float(45 + 60 * ends[1])
    low = ischium - float(5 + 50 * ends[0])
    if protocol.name.endswith("-pelvis"):
        return low, float(100 + 30 * ends[1])
    return low, plan.vertebra("T10").centre[2] + float(30 * ends[1] - 10)


def scan_grid(
    plan: BodyPlan,
    surface: BodySurface,
    protocol: Protocol,
    spacing_xyz_mm: tuple[float, float, float],
    shape_zyx: tuple[int, int, int] | None = None,
) -> Geometry:
    """Voxel grid of a scan, axes along L, P, S.

    Args:
        plan, surface: of the patient. protocol: says the field of view and, by its name, the range.
        spacing_xyz_mm: voxel size.
        shape_zyx: number of voxels; None: what the protocol covers, and the whole cross-section or its field of view.
    """
    low, high = scan_range_mm(plan, protocol)
    levels = np.arange(low, high, 5.0, dtype=np.float32)
    x_low, x_high, y_low, y_high = surface.reach(levels)
    centre = (protocol.fov_centre_mm[0], (y_low + y_high) / 2 + protocol.fov_centre_mm[1], (low + high) / 2)
    if shape_zyx is None:
        below = TABLE_BELOW_MM if protocol.table else AIR_AROUND_MM
        width = protocol.fov_mm or max(x_high - x_low, y_high - y_low + 2 * below) + 2 * AIR_AROUND_MM
        across = 2 * math.ceil(width / spacing_xyz_mm[0] / 2), 2 * math.ceil(width / spacing_xyz_mm[1] / 2)
        shape_zyx = (max(1, round((high - low) / spacing_xyz_mm[2])), across[1], across[0])
    origin = [c - s * (n - 1) / 2 for c, s, n in zip(centre, spacing_xyz_mm, shape_zyx[::-1], strict=True)]
    return Geometry(
        shape_zyx=shape_zyx,
        spacing_xyz_mm=spacing_xyz_mm,
        origin_lps_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
    )
