"""Metal in a femur: total hip replacement, cephalomedullary nail, or cancellous screws in the neck."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from OsteoScreenLib.phantom.femur_shape import draw_femur_shape
from OsteoScreenLib.phantom.femur_solid import FemurSolid
from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.plan import BodyPlan, Point
from OsteoScreenLib.phantom.shapes import Solid, half_of, minus, rod, sphere
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas

Part = tuple[Solid, str]
CUP_OPENING = (0.62, -0.30, -0.72)
"""Direction in which a left cup faces: 44 degrees of inclination, 17 of anteversion, near Lewinnek's safe zone."""


def paint_implant(canvas: TissueCanvas, plan: BodyPlan) -> None:
    """Paint what ``traits.implant`` names into the femur of ``traits.implant_side``; nothing for None.

    Call it after the femora. A hip stem takes the place of head and neck: their bone becomes soft tissue first.

    Raises:
        ValueError: unknown kind of implant or side.
    """
    kind, side = plan.traits.implant, plan.traits.implant_side
    if kind is None:
        return
    if kind not in _PARTS or side not in ("L", "R"):
        raise ValueError(f"unknown implant: {kind!r} on side {side!r}")
    femur = FemurSolid(draw_femur_shape(plan, side))
    if kind == "stem":
        _resect(canvas, femur, side)
    for solid, material in _PARTS[kind](femur):
        canvas.paint(solid, material, label=LABEL["implant"])


def _resect(canvas: TissueCanvas, femur: FemurSolid, side: str) -> None:
    """Cut the neck at its base and fill the joint: what the surgeon removed is scar and fluid now."""
    shape = femur.shape
    axis_u, axis_w = femur.neck_axis
    cut = 0.62 * shape.neck_length_mm
    point = femur.frame.to_lps(cut * axis_u, 0.0, cut * axis_w)
    # The tip of the greater trochanter lies beyond a second, upright plane and stays.
    upright = femur.frame.to_lps(shape.offset_mm - 8.0 * shape.size, 0.0, 0.0)
    removed = half_of(femur.solid, point, femur.frame.direction(axis_u, 0.0, axis_w))
    removed = half_of(removed, upright, femur.frame.direction(1.0, 0.0, 0.0))
    canvas.paint(removed, "muscle", label=0, only_labels={sided("femur", side), LABEL["cartilage"]})


def _stem(femur: FemurSolid) -> Sequence[Part]:
    """Uncemented tapered titanium stem, cobalt-chromium ball, polyethylene liner and titanium shell of the cup."""
    shape, place = femur.shape, _placer(femur)
    length = shape.neck_length_mm
    axis_u, axis_w = femur.neck_axis
    shoulder = (shape.offset_mm - 4.0, 0.0, shape.junction_level_mm + 4.0)
    middle = _canal(femur, 60.0)
    tip = _canal(femur, 118.0)
    opening = np.asarray(CUP_OPENING) / np.linalg.norm(CUP_OPENING)
    facing = (opening * (1.0 if shape.side == "L" else -1.0, 1.0, 1.0)).tolist()
    rim = (np.asarray(shape.head_centre) + 3.0 * np.asarray(facing)).tolist()
    outer = shape.head_radius_mm + 3.0
    shell = half_of(minus(sphere(shape.head_centre, outer), sphere(shape.head_centre, outer - 3.0)), rim, facing)
    liner = half_of(minus(sphere(shape.head_centre, outer - 3.0), sphere(shape.head_centre, 16.0)), rim, facing)
    return (
        (shell, "titanium"),
        (liner, "fat"),  # Polyethylene has about the HU of fat: -90 at 120 kV.
        (rod(place(shoulder), place(middle), 9.0 * shape.size, 7.0 * shape.size), "titanium"),
        (rod(place(middle), place(tip), 7.0 * shape.size, 4.5 * shape.size), "titanium"),
        (rod(place((0.0, 0.0, 0.0)), place((0.9 * length * axis_u, 0.0, 0.9 * length * axis_w)), 6.0, 7.0), "titanium"),
        (sphere(shape.head_centre, 16.0), "cobalt_chromium"),
    )


def _nail(femur: FemurSolid) -> Sequence[Part]:
    """Titanium nail from the tip of the greater trochanter, lag screw into the head, one locking bolt."""
    shape, place = femur.shape, _placer(femur)
    length = shape.neck_length_mm
    axis_u, axis_w = femur.neck_axis
    entry = (shape.offset_mm + 5.0, 2.0, femur.centre[2] + 38.0 * shape.size)
    bend = _canal(femur, 40.0)
    tip = _canal(femur, 165.0)
    low = -0.12 * shape.head_radius_mm
    screw = [(t * axis_u - low * axis_w, 0.0, t * axis_w + low * axis_u) for t in (-0.55 * 24.0, length + 24.0)]
    bolt_u, bolt_v, bolt_w = _canal(femur, 145.0)
    bolt = [(bolt_u + du, bolt_v, bolt_w) for du in (-17.0, 18.0)]
    return (
        (rod(place(entry), place(bend), 7.8, 6.0), "titanium"),
        (rod(place(bend), place(tip), 5.6), "titanium"),
        (rod(place(screw[0]), place(screw[1]), 5.2), "titanium"),
        (rod(place(bolt[0]), place(bolt[1]), 2.4), "titanium"),
    )


def _screws(femur: FemurSolid) -> Sequence[Part]:
    """Three parallel steel screws along the neck in an inverted triangle."""
    shape, place = femur.shape, _placer(femur)
    axis_u, axis_w = femur.neck_axis
    parts = []
    for across, behind in ((-0.34, 0.0), (0.26, -0.24), (0.26, 0.24)):
        q, v = across * shape.head_radius_mm, behind * shape.head_radius_mm
        start, end = -0.55 * shape.head_radius_mm, shape.neck_length_mm + 16.0 - 0.75 * q
        points = [place((t * axis_u - q * axis_w, v, t * axis_w + q * axis_u)) for t in (start, end)]
        parts.append((rod(points[0], points[1], 3.4), "steel"))
    return tuple(parts)


_PARTS = {"stem": _stem, "nail": _nail, "screws": _screws}


def _placer(femur: FemurSolid) -> Callable[[Point], Point]:
    """Turns points of the femur's frame into LPS."""
    return lambda point: femur.frame.to_lps(*point)


def _canal(femur: FemurSolid, depth: float) -> Point:
    """Middle of the canal so far below the metaphysis's level, in the femur's frame."""
    return (*femur.shaft_middle(depth), femur.centre[2] - depth)
