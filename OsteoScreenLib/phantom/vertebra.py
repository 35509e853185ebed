"""One vertebra from T8 to L5: a waisted body with endplates, and the arch behind it.

Sizes at a height of 1.70 m follow Panjabi 1991 and 1992 (Spine 16:888, Spine 17:299): pedicles, canal, transverse and
spinous processes. Places are given in the vertebra's own frame: x to the left, p backwards, h upwards from the middle
of the body.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from OsteoScreenLib.phantom.plan import BodyPlan, VertebraPlan, rng_of
from OsteoScreenLib.phantom.shapes import Point, Solid, blend, ellipsoid
from OsteoScreenLib.phantom.swept_shapes import patched_union, spline_points, tube


@dataclass(frozen=True)
class _Arch:
    """Sizes of an arch in mm.

    Attributes:
        canal, pedicle: half widths. depth: of the canal. pedicle_height: half. transverse: reach of the process from
            the midline. spinous: length of the process behind the canal. fall: of its tip. lamina: half height.
    """

    canal: float
    depth: float
    pedicle: float
    pedicle_height: float
    transverse: float
    spinous: float
    fall: float
    lamina: float


_ARCH = {
    "L5": _Arch(13.5, 17.5, 8.0, 7.0, 45, 23, 8, 8.5),
    "L4": _Arch(12.0, 17.5, 6.2, 7.2, 42, 29, 7, 9.5),
    "L3": _Arch(11.8, 17.0, 4.9, 7.4, 45, 31, 7, 10.5),
    "L2": _Arch(11.6, 17.0, 4.4, 7.6, 40, 30, 7, 10.5),
    "L1": _Arch(11.4, 17.0, 4.4, 7.8, 36, 28, 8, 10.5),
    "T12": _Arch(11.0, 17.0, 4.3, 8.0, 24, 26, 11, 10.5),
    "T11": _Arch(9.6, 16.0, 4.2, 8.2, 27, 27, 14, 10.0),
    "T10": _Arch(9.0, 15.5, 3.6, 7.4, 30, 28, 18, 10.0),
    "T9": _Arch(8.8, 15.5, 3.3, 6.8, 31, 29, 22, 10.0),
    "T8": _Arch(8.8, 15.5, 3.2, 6.3, 32, 29, 25, 10.0),
}


@dataclass(frozen=True)
class Vertebra:
    """One vertebra.

    Attributes:
        name: such as ``L1``. centre: of the body, LPS mm. up, back: unit directions of its frame.
        body: the vertebral body. whole: body and arch. disc: the disc below it.
        upper_endplate, lower_endplate: centres.
        anterior_loss: share of the anterior height lost by fracture.
    """

    name: str
    centre: Point
    up: Point
    back: Point
    body: Solid
    whole: Solid
    disc: Solid
    upper_endplate: Point
    lower_endplate: Point
    anterior_loss: float


class VertebraFrame:
    """Places points (x, p, h) of a vertebra in the patient."""

    def __init__(self, centre: Point, tilt_deg: float) -> None:
        tilt = float(np.radians(tilt_deg))
        self.centre = centre
        self.sine, self.cosine = float(np.sin(tilt)), float(np.cos(tilt))

    def point(self, x: float, p: float, h: float) -> Point:
        """LPS mm."""
        return (
            self.centre[0] + x,
            self.centre[1] + p * self.cosine - h * self.sine,
            self.centre[2] + p * self.sine + h * self.cosine,
        )

    def axes(self) -> np.ndarray:
        """Columns: directions of x, p and h."""
        return np.array([[1.0, 0.0, 0.0], [0.0, self.cosine, -self.sine], [0.0, self.sine, self.cosine]])

    def local(self, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places p and h of points."""
        y, z = y - self.centre[1], z - self.centre[2]
        return self.cosine * y + self.sine * z, self.cosine * z - self.sine * y

    def tube(self, rows: tuple[tuple[float, ...], ...], wide: Point, count: int) -> Solid:
        """Tube through rows of x, p, h and two radii; ``wide`` is the direction of the first, in (x, p, h)."""
        nodes = [(*self.point(x, p, h), a, b) for x, p, h, a, b in rows]
        return tube(spline_points(nodes, count), tuple((self.axes() @ np.asarray(wide)).tolist()))

    def ball(self, place: Point, radii: Point) -> Solid:
        """Ellipsoid with radii along x, p and h."""
        return ellipsoid(self.point(*place), radii, self.axes())


@lru_cache(maxsize=20)
def vertebra(plan: BodyPlan, name: str) -> Vertebra:
    """The vertebra of that name; kept, as a patient is painted in many parts. Raises KeyError."""
    v = plan.vertebra(name)
    rng = rng_of(plan.traits, f"vertebra {name}")
    loss = float(rng.uniform(0.25, 0.40)) if plan.traits.fractured_vertebra == name else 0.0
    frame = VertebraFrame(v.centre, v.tilt_deg)
    body = _body(v, frame, loss, plan.traits.osteophytes * float(rng.uniform(0.5, 1.0)))
    arch = _arch(v, frame, plan.scale, rng)
    whole = patched_union([body, *arch], 3.0)
    half = v.height_mm / 2
    return Vertebra(
        name=name,
        centre=v.centre,
        up=(0.0, -frame.sine, frame.cosine),
        back=(0.0, frame.cosine, frame.sine),
        body=body,
        whole=whole,
        disc=_disc(v, frame),
        upper_endplate=frame.point(0, 0, half * (1 - loss)),
        lower_endplate=frame.point(0, 0, -half),
        anterior_loss=loss,
    )


def _body(v: VertebraPlan, frame: VertebraFrame, loss: float, osteophytes: float) -> Solid:
    half, wide, deep = v.height_mm / 2, v.width_mm / 2, v.depth_mm / 2
    lumbar = v.name.startswith("L")
    dish = 1.9 if lumbar else 1.2  # Depth of the endplates' hollow.
    lip = 2.0 + 4.0 * osteophytes

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        p, h = frame.local(y, z)
        x = x - v.centre[0]
        level = np.clip(h / half, -1.0, 1.0) ** 2
        # Waist of a tenth, lips of the endplates (grown by osteophytes) in the last millimetres.
        girth = 0.90 + 0.10 * level + (lip / wide - 0.06) * np.clip(level - 0.72, 0.0, 1.0) / 0.28 * 0.6
        u, w = x / (wide * girth), (p + 0.06 * deep) / (1.02 * deep * girth)
        size = np.abs(u) ** 2.3 + np.abs(w) ** 2.3
        rim = (size ** (1 / 2.3) - 1.0) * min(wide, deep) * 0.94
        rear = p - deep * (0.90 + 0.02 * level) - 0.006 * x * x * (1.0 if lumbar else 0.5)
        side = -blend(-rim, -rear, 5.0)
        hollow = dish * np.maximum(1.0 - size / 0.72, 0.0)
        top = h - (half - hollow)
        if loss:
            top = h - (half * (1.0 - 2.0 * loss * np.clip(0.5 - 0.6 * p / deep, 0.08, 1.0)) - 0.6 * hollow)
        ends = np.maximum(top, -h - (half - hollow))
        return -blend(-side, -ends, 2.0)

    reach = (wide + lip + 1.0, deep + lip + 1.0, half + 1.0)
    box = ellipsoid(v.centre, (reach[0], float(np.hypot(*reach[1:])), float(np.hypot(*reach[1:]))))
    return Solid(distance, box.low, box.high)


def _disc(v: VertebraPlan, frame: VertebraFrame) -> Solid:
    """The disc below, reaching a little into both bodies, which are painted over it."""
    bottom = -v.height_mm / 2 - v.disc_below_mm
    wide, deep = v.width_mm / 2 * 1.03, v.depth_mm / 2 * 1.0

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        p, h = frame.local(y, z)
        size = np.sqrt(((x - v.centre[0]) / wide) ** 2 + ((p + 0.05 * deep) / deep) ** 2)
        side = np.maximum((size - 1.0) * deep, p - 0.93 * deep)
        return np.maximum(side, np.maximum(h + v.height_mm / 2 - 4.0, bottom - 5.0 - h))

    reach = float(np.hypot(deep, v.height_mm / 2 + v.disc_below_mm + 6.0))
    box = ellipsoid(v.centre, (wide, reach, reach))
    return Solid(distance, box.low, (box.high[0], box.high[1], frame.point(0, 0, -v.height_mm / 2 + 16.0)[2]))


def _arch(v: VertebraPlan, frame: VertebraFrame, s: float, rng: np.random.Generator) -> list[Solid]:
    """Pedicles, laminae, articular, transverse and spinous processes."""
    a = _ARCH[v.name]
    lumbar = v.name.startswith("L")
    rear = 0.5 * v.depth_mm * 0.90
    canal, depth = a.canal * s, a.depth * s
    pedicle = canal + a.pedicle * s
    high = v.height_mm * 0.5 - a.pedicle_height * s * 0.95
    joint = rear + depth * (0.82 if lumbar else 0.72)
    turn = float(rng.normal(0.0, 1.0))
    solids = []
    for side in (1.0, -1.0):
        x = side * pedicle
        thin, tall = a.pedicle * s, a.pedicle_height * s
        solids.append(
            frame.tube(
                (
                    (x * 0.98, rear - 7, high, thin, tall),
                    (x, rear + 3, high, thin * 0.92, tall * 0.92),
                    (x, joint - 4, high - 1, thin, tall * 0.95),
                ),
                (1, 0, 0),
                3,
            )
        )
        solids.append(
            frame.tube(
                (
                    (x, joint - 3, high - 4, 9 * s, 3.4 * s),
                    (side * canal * 0.62, rear + depth * 0.86, high - 9, a.lamina * s, 3.3 * s),
                    (side * 1.5, rear + depth + 4.5 * s, high - 11, a.lamina * s * 0.9, 3.2 * s),
                ),
                (0, 0, 1),
                4,
            )
        )
        solids.extend(_facets(frame, v, side, pedicle, joint, high, s, lumbar))
        solids.append(_transverse(frame, a, side, pedicle, joint, high, s, lumbar, v.name))
    start = rear + depth + 3.0 * s
    end = start + (a.spinous - 4.0) * s
    fall = a.fall * s
    low, thick = (9.5, 3.4) if lumbar else (5.0, 3.0)
    rows = (
        (0.0, start, high - 10, 8.5 * s, 3.0 * s),
        (turn, 0.5 * (start + end), high - 11 - 0.5 * fall, low * s, 2.8 * s),
        (1.5 * turn, end, high - 11 - fall, low * s * 0.95, thick * s),
    )
    solids.append(frame.tube(rows, (0, 0.25, 1), 4))
    return solids


def _facets(
    frame: VertebraFrame,
    v: VertebraPlan,
    side: float,
    pedicle: float,
    joint: float,
    high: float,
    s: float,
    lumbar: bool,
) -> list[Solid]:
    """Upper process: outside and in front of the lower process of the vertebra above."""
    reach = v.disc_below_mm + v.height_mm * 0.5
    upper: tuple[tuple[float, ...], ...]
    lower: tuple[tuple[float, ...], ...]
    if lumbar:
        upper = (
            (side * (pedicle + 1.0), joint + 0.5, high - 3, 5.5 * s, 5.0 * s),
            (side * (pedicle + 2.5), joint + 3.5, high + 7 * s, 6.5 * s, 3.8 * s),
            (side * (pedicle + 2.8), joint + 4, high + 15 * s, 5.5 * s, 3.2 * s),
        )
        lower = (
            (side * (pedicle - 3.0), joint + 3, high - 12, 6.5 * s, 4.2 * s),
            (side * (pedicle - 3.8), joint + 4.5, -reach + 4, 6.5 * s, 4.2 * s),
            (side * (pedicle - 4.2), joint + 5, -reach - 4 * s, 5.5 * s, 3.6 * s),
        )
        wide = (0.3 * side, 0.95, 0.0)
    else:
        upper = (
            (side * pedicle, joint, high - 2, 6.0 * s, 3.6 * s),
            (side * pedicle, joint - 0.5, high + 11 * s, 5.5 * s, 2.6 * s),
        )
        lower = (
            (side * pedicle * 0.85, joint + 4.5, high - 12, 6.0 * s, 3.2 * s),
            (side * pedicle * 0.85, joint + 5.5, -reach + 1, 5.5 * s, 2.6 * s),
        )
        wide = (1.0, 0.2 * side, 0.0)
    return [frame.tube(upper, wide, 3), frame.tube(lower, wide, 3)]


def _transverse(
    frame: VertebraFrame,
    a: _Arch,
    side: float,
    pedicle: float,
    joint: float,
    high: float,
    s: float,
    lumbar: bool,
    name: str,
) -> Solid:
    reach = a.transverse * s
    if lumbar:
        root, thick = (9.0, 6.5) if name == "L5" else (6.5, 4.0)
        rise = 5.0 if name == "L5" else 1.0
        rows = (
            (side * (pedicle - 1), joint - 5, high - 4, root * s, thick * s),
            (side * 0.5 * (pedicle + reach), joint - 2.5, high - 4 + 0.5 * rise, 0.75 * root * s, 2.9 * s),
            (side * reach, joint + 1.5, high - 4 + rise, 4.4 * s, 2.4 * s),
        )
    else:
        rows = (
            (side * (pedicle - 1), joint - 1, high - 1, 6.0 * s, 4.5 * s),
            (side * 0.6 * (pedicle + reach), joint + 6, high, 5.0 * s, 4.0 * s),
            (side * reach, joint + 11, high + 2, 5.5 * s, 4.6 * s),
        )
    return frame.tube(rows, (0, 0, 1), 4)
