"""Bones of the geometric body: cortical shells around trabecular interiors."""

from __future__ import annotations

import numpy as np

from factory.geometric_canvas import Canvas
from OsteoScreenLib.phantom.shapes import Solid, column, ellipsoid, half_of, inset, minus, mirrored, rod, sphere, union

# HU at 120 kVp. Cortical and trabecular values lie within the ranges measured in adults without osteoporosis.
SHAFT_CORTEX_HU = 1350.0
THIN_CORTEX_HU = 900.0
PELVIS_TRABECULAR_HU = 170.0
VERTEBRA_TRABECULAR_HU = 165.0
DISC_HU = 80.0
CORD_HU = 35.0
CARTILAGE_HU = 75.0
HEAD_TRABECULAR_HU = 290.0
NECK_TRABECULAR_HU = 120.0
FATTY_MARROW_HU = -45.0

HEAD_CENTRE = (88.0, -5.0, 10.0)
HEAD_RADIUS = 24.0
JOINT_SPACE_MM = 3.5
SHAFT_TOP = (126.0, 8.0, -24.0)
SHAFT_END = (112.0, 10.0, -160.0)


def proximal_femur() -> Solid:
    """The left one: ball, neck (neck-shaft angle near 130 degrees), trochanters, shaft; rounded where they meet."""
    return union(
        (
            sphere(HEAD_CENTRE, HEAD_RADIUS),
            rod(HEAD_CENTRE, SHAFT_TOP, 16.5, 18.0),
            rod(SHAFT_TOP, SHAFT_END, 17.0, 14.0),
            ellipsoid((134.0, 14.0, -6.0), (13.0, 15.0, 17.0)),
            sphere((110.0, 21.0, -56.0), 9.0),
        ),
        8.0,
    )


def paint_proximal_femora(canvas: Canvas) -> None:
    """Both femora: a cortex that thickens down the shaft, trabecular bone that thins out into fatty marrow."""
    left = proximal_femur()
    for bone in (left, mirrored(left)):
        canvas.paint(bone, _cortex_hu)
        canvas.paint(inset(bone, _cortex_thickness), _interior_hu)


def _down_the_shaft(z: np.ndarray) -> np.ndarray:
    """0 in head and neck, 1 from well below the lesser trochanter on."""
    return np.clip((-25.0 - z) / 55.0, 0.0, 1.0)


def _cortex_thickness(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """1.6 mm around the head, 6.5 mm in the shaft."""
    return 1.6 + 4.9 * _down_the_shaft(z)


def _cortex_hu(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    return THIN_CORTEX_HU + (SHAFT_CORTEX_HU - THIN_CORTEX_HU) * _down_the_shaft(z)


def _interior_hu(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Dense in the head, thinner in the neck and trochanters, fat in the shaft."""
    cx, cy, cz = HEAD_CENTRE
    from_head = np.sqrt((np.abs(x) - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2)
    head = np.clip((38.0 - from_head) / 26.0, 0.0, 1.0)
    spongy = NECK_TRABECULAR_HU + (HEAD_TRABECULAR_HU - NECK_TRABECULAR_HU) * head
    return spongy + (FATTY_MARROW_HU - spongy) * _down_the_shaft(z)


def paint_pelvis(canvas: Canvas) -> None:
    """Socket, wing of ilium, ischium and pubis on both sides; the joint space is filled with cartilage."""
    left = _hip_bone()
    # The joint space: between the head and the socket, and open where the socket is.
    joint = sphere(HEAD_CENTRE, HEAD_RADIUS + JOINT_SPACE_MM)
    for bone, space in ((left, joint), (mirrored(left), mirrored(joint))):
        canvas.paint(bone, THIN_CORTEX_HU)
        canvas.paint(inset(bone, 2.0), PELVIS_TRABECULAR_HU)
        canvas.paint(space, CARTILAGE_HU)


def _hip_bone() -> Solid:
    """The left hip bone, hollowed for the femoral head."""
    opening = np.array([0.72, -0.35, -0.60])
    opening /= np.linalg.norm(opening)
    rim = tuple((np.asarray(HEAD_CENTRE) + 6.0 * opening).tolist())
    socket = half_of(sphere(HEAD_CENTRE, 35.0), rim, tuple(opening.tolist()))
    turn = np.deg2rad(-52.0)
    wing_axes = np.array([[np.sin(turn), np.cos(turn), 0.15], [-np.cos(turn), np.sin(turn), 0.0], [0.0, 0.0, 1.0]])
    wing_axes, _ = np.linalg.qr(wing_axes)
    solids = (
        socket,
        ellipsoid((84.0, 8.0, 82.0), (6.5, 58.0, 52.0), wing_axes),
        rod((76.0, 14.0, 66.0), (84.0, 2.0, 36.0), 13.0),
        rod((76.0, 22.0, -8.0), (62.0, 44.0, -50.0), 14.0, 13.0),
        rod((64.0, -22.0, 2.0), (17.0, -52.0, -8.0), 9.0, 7.5),
        ellipsoid((14.0, -52.0, -20.0), (10.0, 8.0, 18.0)),
        rod((17.0, -48.0, -32.0), (58.0, 38.0, -56.0), 7.0, 8.0),
    )
    return minus(union(solids, 7.0), sphere(HEAD_CENTRE, HEAD_RADIUS + JOINT_SPACE_MM))


def paint_spine(canvas: Canvas) -> None:
    """Sacrum, coccyx and the last lumbar vertebrae with disc and canal."""
    tilt = np.deg2rad(28.0)
    axes = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(tilt), -np.sin(tilt)], [0.0, np.sin(tilt), np.cos(tilt)]])
    sacrum = union(
        (ellipsoid((0.0, 56.0, 62.0), (50.0, 16.0, 36.0), axes), rod((0.0, 70.0, 40.0), (0.0, 58.0, -8.0), 13.0, 5.0)),
        8.0,
    )
    _paint_spongy_bone(canvas, sacrum, VERTEBRA_TRABECULAR_HU - 25.0)
    canvas.paint(column((0.0, 26.0), (24.0, 17.0), 76.0, 88.0), DISC_HU)
    for bottom in (88.0, 128.0):
        arch = minus(column((0.0, 54.0), (19.0, 17.0), bottom + 4.0, bottom + 26.0), _canal())
        process = rod((0.0, 66.0, bottom + 16.0), (0.0, 84.0, bottom + 10.0), 4.0)
        transverse = rod((-38.0, 46.0, bottom + 18.0), (38.0, 46.0, bottom + 18.0), 4.5)
        _paint_spongy_bone(canvas, minus(union((arch, process, transverse), 4.0), _canal()), VERTEBRA_TRABECULAR_HU)
        _paint_spongy_bone(canvas, column((0.0, 26.0), (26.0, 18.0), bottom, bottom + 30.0), VERTEBRA_TRABECULAR_HU)
        canvas.paint(column((0.0, 26.0), (24.0, 17.0), bottom + 30.0, bottom + 40.0), DISC_HU)
    canvas.paint(_canal(), CORD_HU)


def _canal() -> Solid:
    return column((0.0, 53.0), (11.0, 9.0), 74.0, 1000.0)


def _paint_spongy_bone(canvas: Canvas, bone: Solid, interior_hu: float) -> None:
    canvas.paint(bone, THIN_CORTEX_HU)
    canvas.paint(inset(bone, 1.8), interior_hu)
