"""The plan of a digital patient's body: where the joints and the spine lie, before anything is drawn around them.

Frame: LPS millimetres of a patient lying supine and straight, the origin midway between the femoral head centres.
Every part of the anatomy reads its place from here, so that bones, muscles and skin fit each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.phantom.traits import PatientTraits

Point = tuple[float, float, float]

VERTEBRAE = ("L5", "L4", "L3", "L2", "L1", "T12", "T11", "T10", "T9", "T8")
"""From below upwards."""

# Mean adult values in mm at a height of 1.70 m: body height, disc below it, width, depth (Panjabi 1991 and 1992 for
# lumbar and thoracic vertebrae; disc heights: Gilad and Nissan 1986). Men's are wider than women's of the same height.
_BODY = {
    "L5": (27.0, 10.5, 50.0, 34.0),
    "L4": (27.5, 11.5, 48.5, 34.5),
    "L3": (27.5, 11.0, 46.5, 34.0),
    "L2": (27.0, 10.0, 44.5, 33.5),
    "L1": (26.0, 8.5, 42.5, 32.5),
    "T12": (24.5, 7.0, 40.5, 31.5),
    "T11": (22.5, 5.5, 37.5, 31.0),
    "T10": (21.5, 5.0, 34.5, 30.5),
    "T9": (20.5, 4.5, 32.0, 29.5),
    "T8": (20.0, 4.5, 31.0, 28.5),
}


@dataclass(frozen=True)
class VertebraPlan:
    """Place and size of one vertebral body.

    Attributes:
        name: such as ``L1``. centre: of the body. tilt_deg: forward rotation of its upper side.
        height_mm, width_mm, depth_mm: of the body. disc_below_mm: height of the disc under it.
    """

    name: str
    centre: Point
    tilt_deg: float
    height_mm: float
    width_mm: float
    depth_mm: float
    disc_below_mm: float


@dataclass(frozen=True)
class BodyPlan:
    """The scaffold of a body.

    Attributes:
        traits: whose. scale: length scale of the skeleton, 1 at 1.70 m.
        hip_half_mm: half the distance between the femoral head centres.
        head_radius_mm: of both femoral heads. joint_space_mm: between head and socket.
        sacral_endplate: centre of the upper endplate of S1. sacral_slope_deg: its forward inclination.
        vertebrae: L5 to T8.
        subcutaneous_fat_mm: at the flank. muscle_scale: of muscle thickness, 1 is average.
        visceral_share: share of fat in the abdominal cavity around the organs, 0.2 to 0.9.
        hip_half_width_mm, waist_half_width_mm, waist_half_depth_mm: half of the trunk, skin included.
    """

    traits: PatientTraits
    scale: float
    hip_half_mm: float
    head_radius_mm: float
    joint_space_mm: float
    sacral_endplate: Point
    sacral_slope_deg: float
    vertebrae: tuple[VertebraPlan, ...]
    subcutaneous_fat_mm: float
    muscle_scale: float
    visceral_share: float
    hip_half_width_mm: float
    waist_half_width_mm: float
    waist_half_depth_mm: float

    def head_centre(self, side: str) -> Point:
        """Femoral head centre; ``L`` is the patient's left, at positive x."""
        return (self.hip_half_mm if side == "L" else -self.hip_half_mm, 0.0, 0.0)

    def vertebra(self, name: str) -> VertebraPlan:
        """The vertebra of that name. Raises KeyError."""
        return {v.name: v for v in self.vertebrae}[name]


def rng_of(traits: PatientTraits, part: str) -> np.random.Generator:
    """An own stream of random numbers for a part of the body, so that a change in one part leaves the others alone."""
    return np.random.default_rng([traits.seed, *part.encode("ascii")])


def plan_body(traits: PatientTraits) -> BodyPlan:
    """Lay out a patient's body."""
    rng = rng_of(traits, "plan")
    male = traits.sex == "M"
    scale = traits.height_m / 1.70 * float(np.exp(rng.normal(0, 0.02)))
    # Head diameter 48 +- 2.6 mm in men, 43 +- 2.3 mm in women (Noble 1995; Clark 1987), at their mean heights;
    # a part of the spread comes with height.
    head_radius = (
        (rng.normal(24.2, 0.85) * traits.height_m / 1.76) if male else (rng.normal(21.7, 0.75) * traits.height_m / 1.63)
    )
    hip_half = rng.normal(89.0, 3.5) * scale
    slope = float(np.clip(rng.normal(38.0, 7.0), 22.0, 55.0))
    endplate = (0.0, float(rng.normal(34.0, 6.0) * scale), float(rng.normal(98.0, 5.0) * scale))
    fat, visceral = _fat(traits)
    muscle = float(
        np.clip((1.08 if male else 0.92) * np.exp(0.12 * traits.muscle_z - 0.004 * (traits.age_years - 50)), 0.6, 1.4)
    )
    frame = (14.0 * muscle) * scale
    return BodyPlan(
        traits=traits,
        scale=scale,
        hip_half_mm=float(hip_half),
        head_radius_mm=float(head_radius),
        joint_space_mm=float(np.clip(rng.normal(3.2, 0.7) - 1.2 * traits.osteophytes, 1.0, 4.5)),
        sacral_endplate=endplate,
        sacral_slope_deg=slope,
        vertebrae=_spine(endplate, slope, scale, male, rng, rng_of(traits, "spine")),
        subcutaneous_fat_mm=fat,
        muscle_scale=muscle,
        visceral_share=visceral,
        hip_half_width_mm=float(hip_half + 62.0 * scale + frame + fat),
        waist_half_width_mm=float(112.0 * scale + 0.7 * frame + 55.0 * (visceral - 0.4) + fat),
        waist_half_depth_mm=float(76.0 * scale + 0.5 * frame + 75.0 * (visceral - 0.4) + 0.8 * fat),
    )


def _fat(traits: PatientTraits) -> tuple[float, float]:
    """Subcutaneous fat at the flank in mm, and the visceral share: women carry more under the skin, men inside."""
    male = traits.sex == "M"
    mean = (15.0 if male else 22.0) * np.exp(0.085 * (traits.bmi - 25.0))
    subcutaneous = float(np.clip(mean * np.exp(0.22 * traits.fat_z), 4.0, 75.0))
    visceral = 0.38 + 0.022 * (traits.bmi - 25.0) + 0.003 * (traits.age_years - 55.0) + (0.08 if male else -0.04)
    return subcutaneous, float(np.clip(visceral + 0.07 * traits.visceral_z, 0.15, 0.9))


def _spine(
    endplate: Point,
    slope_deg: float,
    scale: float,
    male: bool,
    rng: np.random.Generator,
    bend: np.random.Generator,
) -> tuple[VertebraPlan, ...]:
    """Stack the vertebrae from the sacrum upwards along lordosis and kyphosis, with a slight sway to the sides."""
    point = np.array(endplate)
    tilt = slope_deg
    # Share of the lordosis that each lumbar motion segment takes; L1 leans back. Kyphosis then turns the spine
    # forwards again, so that its thoracic part lies as far back as the sacrum (own estimates for lying patients).
    lordosis = slope_deg + float(rng.normal(11.0, 4.0))
    kyphosis = max(bend.normal(1.0, 0.25), 0.4)
    turn = dict(zip(VERTEBRAE, (0.29, 0.25, 0.20, 0.15, 0.11), strict=False))
    turn_back = dict(zip(VERTEBRAE[5:], (-1.5, 0.5, 2.5, 4.0, 4.5), strict=True))
    sway = float(np.clip(bend.normal(0.0, 2.8), -7.0, 7.0)) * scale
    width = (1.04 if male else 0.97) * scale
    plans = []
    for name in VERTEBRAE:
        height, disc, body_width, depth = _BODY[name]
        height, disc = height * scale * float(rng.normal(1, 0.02)), disc * scale * float(rng.normal(1, 0.12))
        tilt += kyphosis * turn_back[name] if name in turn_back else -lordosis * turn[name]
        up = np.array([0.0, -np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])
        centre = point + up * (disc + height / 2)
        point = point + up * (disc + height)
        plans.append(
            VertebraPlan(
                name=name,
                centre=(
                    sway * float(np.sin((centre[2] - endplate[2]) / (75.0 * scale))),
                    float(centre[1]),
                    float(centre[2]),
                ),
                tilt_deg=float(tilt),
                height_mm=height,
                width_mm=body_width * width,
                depth_mm=depth * width,
                disc_below_mm=disc,
            )
        )
    return tuple(plans)
