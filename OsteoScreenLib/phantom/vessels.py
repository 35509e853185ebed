"""Great vessels from the diaphragm to mid-thigh, with calcified plaques in the walls of the arteries of the old."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.plan import BodyPlan, rng_of
from OsteoScreenLib.phantom.shapes import rod, sphere
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas

Point = tuple[float, float, float]
_BODY = tuple(number for name, number in LABEL.items() if number and name != "skin")
_WITHIN = {sided(f"femoral_{kind}", side): _BODY for kind in ("artery", "vein") for side in "LR"}
"""Vessels that lie close under the skin must not leave it."""


@dataclass(frozen=True)
class Tube:
    """A vessel along points with a radius at each; ``artery`` may calcify."""

    points: tuple[Point, ...]
    radii: tuple[float, ...]
    label: int
    artery: bool


def paint_vessels(canvas: TissueCanvas, plan: BodyPlan) -> None:
    """Paint aorta, inferior vena cava, iliac, femoral, renal and mesenteric vessels."""
    rng = rng_of(plan.traits, "vessels")
    tubes = _tubes(plan, rng)
    for tube in tubes:
        for a, b, ra, rb in zip(tube.points[:-1], tube.points[1:], tube.radii[:-1], tube.radii[1:], strict=True):
            canvas.paint(rod(a, b, ra, rb), "blood", label=tube.label, only_labels=_WITHIN.get(tube.label))
    _paint_plaques(canvas, plan, [tube for tube in tubes if tube.artery], rng)


def _tubes(plan: BodyPlan, rng: np.random.Generator) -> list[Tube]:
    return [*_central(plan, rng), *_limbs(plan, rng), *_branches(plan)]


def _central(plan: BodyPlan, rng: np.random.Generator) -> list[Tube]:
    s, age = plan.scale, plan.traits.age_years
    male = plan.traits.sex == "M"
    # Infrarenal diameter 19.3 mm in men and 16.7 mm in women (Rogers 2013, Am J Cardiol 111:1510), growing with age.
    size = s * (9.6 if male else 8.3) * (1.0 + 0.004 * (age - 55.0)) * float(np.exp(rng.normal(0, 0.05)))
    winding = 0.10 * max(age - 50.0, 0.0)
    aorta, cava = [], []
    for k, vertebra in enumerate(reversed(plan.vertebrae[1:])):  # T8 down to L4
        _x, y, z = vertebra.centre
        front = y - vertebra.depth_mm / 2
        thoracic = max(0.0, (3 - k) / 3.0)  # Beside the spine in the chest, in front of it in the abdomen.
        side = (8.0 + 12.0 * thoracic) * s + winding * np.sin(0.9 * k + age)
        aorta.append((float(side), float(front - size - 1.5 + 9.0 * thoracic), z))
        if k >= 2:
            cava.append((float(-19.0 * s), float(front - 8.5 * s - max(0, 6 - k) * 3.0 * s), z))
    low = plan.vertebra("L4").centre[2] - 8.0 * s
    aorta.append((4.0 * s, aorta[-1][1], low))
    cava.append((-15.0 * s, cava[-1][1] + 4.0 * s, low - 10.0 * s))
    radii = np.linspace(1.18 * size, 0.92 * size, len(aorta)).tolist()
    return [
        Tube(tuple(cava), tuple([10.5 * s] * len(cava)), LABEL["inferior_vena_cava"], False),
        Tube(tuple(aorta), tuple(radii), LABEL["aorta"], True),
    ]


Place = Callable[[float, float, float], Point]


def _limbs(plan: BodyPlan, rng: np.random.Generator) -> list[Tube]:
    """Iliac and femoral vessels of both sides."""
    s = plan.scale
    l4 = plan.vertebra("L4")
    front = l4.centre[1] - l4.depth_mm / 2
    low = l4.centre[2] - 8.0 * s
    fork, joint = (4.0 * s, front - 10.0 * s, low), (-15.0 * s, front + 2.0 * s, low - 14.0 * s)
    tubes = []
    for side, sign in (("L", 1.0), ("R", -1.0)):
        place = _placer(plan, sign)
        tubes += _leg_arteries(place, s, side, fork, float(rng.normal(0, 2.0)))
        tubes += _leg_veins(place, s, side, joint)
    return tubes


def _placer(plan: BodyPlan, sign: float) -> Place:
    """Points of one side, given for a body of average height and average distance between the hips."""
    s, half = plan.scale, plan.hip_half_mm
    return lambda x, y, z: (sign * (x * half / 89.0), y * s, z * s)


def _leg_arteries(place: Place, s: float, side: str, fork: Point, bow: float) -> list[Tube]:
    iliac, femoral = sided("iliac_artery", side), sided("femoral_artery", side)
    middle = place(31 + bow, 2, 106)
    lower = (place(47, -12, 80), place(60, -30, 52), place(73, -50, 22), place(80, -58, 0))
    inner = (middle, place(42, 26, 72), place(46, 38, 40), place(46, 34, 10))
    thigh = ((80, -58, 0), (77, -52, -45), (70, -42, -95), (60, -30, -160), (55, -10, -260), (58, 18, -430))
    deep = (place(79, -55, -25), place(92, -40, -60), place(98, -22, -110), place(94, -8, -180))
    return [
        Tube((fork, middle), (6.2 * s, 5.2 * s), iliac, True),
        Tube((middle, *lower), (4.6 * s,) * 5, iliac, True),
        Tube(inner, (3.6 * s, 3.0 * s, 2.2 * s, 1.6 * s), iliac, True),
        Tube(tuple(place(*p) for p in thigh), tuple(r * s for r in (4.4, 4.1, 3.6, 3.3, 3.1, 3.0)), femoral, True),
        Tube(deep, (2.8 * s, 2.8 * s, 2.3 * s, 1.5 * s), femoral, False),
    ]


def _leg_veins(place: Place, s: float, side: str, joint: Point) -> list[Tube]:
    iliac, femoral = sided("iliac_vein", side), sided("femoral_vein", side)
    upper = ((30, 16, 104), (46, 0, 78), (55, -20, 50), (63, -43, 20), (67, -54, 0))
    inner = (place(30, 16, 104), place(38, 36, 68), place(44, 46, 36))
    thigh = ((67, -54, 0), (69, -46, -45), (66, -34, -95), (58, -22, -160), (56, -2, -260), (60, 26, -430))
    saphenous = (place(66, -62, -12), place(48, -70, -60), place(34, -66, -110), place(22, -48, -200))
    radii = tuple(r * s for r in (7.5, 6.8, 6.3, 6.0, 5.8, 5.6))
    return [
        Tube((joint, *(place(*p) for p in upper)), radii, iliac, False),
        Tube(inner, (4.5 * s, 4.0 * s, 3.0 * s), iliac, False),
        Tube(tuple(place(*p) for p in thigh), tuple(r * s for r in (5.6, 4.8, 4.2, 4.0, 3.8, 3.8)), femoral, False),
        Tube(saphenous, (2.4 * s, 2.0 * s, 1.8 * s, 1.8 * s), femoral, False),
    ]


def _branches(plan: BodyPlan) -> list[Tube]:
    """Renal, coeliac and superior mesenteric vessels, splenic and portal vein; simple courses."""
    return [*_renal_vessels(plan), *_visceral_vessels(plan)]


def _before(plan: BodyPlan, name: str, x: float, forward: float, up: float = 0.0) -> Point:
    """A point in front of a vertebral body; distances for a body of average height."""
    vertebra, s = plan.vertebra(name), plan.scale
    _, y, z = vertebra.centre
    return (x * s, y - vertebra.depth_mm / 2 - forward * s, z + up * s)


def _renal_vessels(plan: BodyPlan) -> list[Tube]:
    s, fat = plan.scale, 14.0 * plan.visceral_share
    aorta, cava = LABEL["aorta"], LABEL["inferior_vena_cava"]
    before = partial(_before, plan)
    tubes = []
    for side, sign in (("L", 1.0), ("R", -1.0)):
        hilum = before("L2", sign * (44.0 + fat), -14.0, 10.0)
        artery = (before("L1", 8.0, 10.0, -16.0), before("L2", sign * 28.0, 3.0, 12.0), hilum)
        start = before("L2", -18.0 if side == "R" else 4.0, 10.0 if side == "R" else 24.0, 14.0)
        vein = (start, before("L2", sign * 30.0, 10.0, 8.0), hilum)
        tubes.append(Tube(artery, (3.0 * s, 2.8 * s, 2.5 * s), aorta, True))
        tubes.append(Tube(vein, (4.6 * s, 4.6 * s, 4.0 * s), cava, False))
    crossing = (before("L2", 4.0, 24.0, 14.0), before("L2", -18.0, 12.0, 14.0))
    return [*tubes, Tube(crossing, (4.6 * s, 4.6 * s), cava, False)]


def _visceral_vessels(plan: BodyPlan) -> list[Tube]:
    s, aorta, cava = plan.scale, LABEL["aorta"], LABEL["inferior_vena_cava"]
    before = partial(_before, plan)
    # Lean people have little room between the aorta and the colon.
    room = float(np.clip(0.45 + 0.9 * plan.visceral_share, 0.55, 1.0))
    mesenteric = (
        before("L1", 7.0, 18.0 * room, 0.0),
        before("L1", 6.0, 18.0 + 12.0 * room, -20.0),
        before("L3", 2.0, 18.0 + 18.0 * room, 0.0),
        before("L3", -20.0, 18.0 + 22.0 * room, -50.0),
    )
    vein = [(x - 13.0 * s, y - 2.0 * s, z) for x, y, z in mesenteric[1:]]
    portal = (before("L1", -10.0, 36.0, 6.0), before("T12", -30.0, 42.0, 10.0), before("T12", -45.0, 44.0, 40.0))
    splenic = (portal[0], before("L1", 24.0, 30.0, 12.0), before("T12", 70.0, 6.0, 10.0))
    coeliac = (before("T12", 8.0, 14.0), before("T12", 6.0, 32.0, 2.0), before("T12", -16.0, 38.0, 6.0))
    return [
        Tube(mesenteric, tuple(r * s for r in (3.6, 3.6, 3.2, 2.0)), aorta, True),
        Tube((portal[0], *vein), tuple(r * s for r in (5.6, 5.2, 4.8, 3.0)), cava, False),
        Tube(portal, (6.4 * s, 6.2 * s, 5.0 * s), cava, False),
        Tube(splenic, (4.6 * s, 4.2 * s, 3.6 * s), cava, False),
        Tube(coeliac, (3.4 * s, 3.2 * s, 2.4 * s), aorta, True),
    ]


def _paint_plaques(canvas: TissueCanvas, plan: BodyPlan, arteries: Sequence[Tube], rng: np.random.Generator) -> None:
    """Calcified plaques: none in the young, many in the aorta and the common iliac arteries of the old."""
    burden = max(plan.traits.age_years - 45.0, 0.0) * float(np.exp(rng.normal(-0.3, 0.7)))
    weights = np.array([tube.radii[0] ** 2 * len(tube.points) for tube in arteries])
    for _ in range(int(rng.poisson(0.9 * burden))):
        tube = arteries[int(rng.choice(len(arteries), p=weights / weights.sum()))]
        k, share = int(rng.integers(len(tube.points) - 1)), float(rng.random())
        a, b = np.asarray(tube.points[k]), np.asarray(tube.points[k + 1])
        radius = tube.radii[k] * (1 - share) + tube.radii[k + 1] * share
        turn = rng.uniform(0, 2 * np.pi)
        # Plaques prefer the back wall; they are short arcs, here two or three grains side by side.
        size, mineral = float(rng.uniform(0.7, 1.9)), float(rng.uniform(250.0, 650.0))
        axis = (b - a) / np.linalg.norm(b - a)
        across = np.cross(axis, (1.0, 0.0, 0.0))
        across /= np.linalg.norm(across)
        other = np.cross(axis, across)
        for step in range(int(rng.integers(1, 4))):
            at = turn + step * 1.2 * size / radius
            place = a + share * (b - a) + (radius - 0.4) * (np.cos(at) * across + np.sin(at) * other)
            place = place + axis * rng.normal(0, 1.0)
            canvas.paint(sphere([float(c) for c in place], size), "blood", mineral=mineral)
