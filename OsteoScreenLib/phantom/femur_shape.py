"""Size, angles and pose of one proximal femur, drawn from published morphometry.

Sources of means and deviations:
- neck-shaft angle 127 +- 5 deg (Gilligan 2013, J Anat 223:131: 126.4 +- 5.6 in modern adults; libhip's men 120 to 136);
- anteversion 11 +- 8 deg, more in women (Toogood 2009, Clin Orthop 467:876; Koerner 2013, J Orthop Surg 21:312);
- femoral offset 43 +- 6.8 mm (Noble 1988, Clin Orthop 235:148), in proportion to the head;
- narrowest neck: height near 0.70 of the head's diameter, 30 mm in women, 34 mm in men (Beck 2003, Osteoporos Int 14
  Suppl 5:S81), depth near 0.57 of it;
- shaft 27 +- 2 mm across (Noble 1988); radius of the forward bow 1120 +- 200 mm (Egol 2004, J Orthop Trauma 18:410).
The shaft leans inwards by the angle between its axis and the line from the head to the knee, which follows from the
offset (near 6 deg), and by how that line lies in a supine patient whose
feet lie side by side (1 +- 1.7 deg, own estimate): together 7 +- 2 deg.
The head's radius comes from the body plan. Left and right differ by less than people do.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from OsteoScreenLib.phantom.plan import BodyPlan, Point, rng_of

SIDES = ("L", "R")
STANDARD_HEAD_RADIUS_MM = 24.0
HEAD_TO_KNEE_MM = 410.0
"""Along the femur, at a height of 1.70 m."""


@dataclass(frozen=True)
class FemurShape:
    """One femur; lengths in mm, angles in degrees.

    Attributes:
        side: ``L`` or ``R``. head_centre: LPS.
        head_radius_mm: of the bone, without cartilage.
        size: of trochanters and metaphysis, 1 where the head's radius is 24 mm.
        neck_shaft_angle_deg: between neck axis and shaft axis.
        anteversion_deg: of the neck against the condyles.
        offset_mm: from head centre to shaft axis, square to it.
        neck_half_height_mm, neck_half_depth_mm: half axes of the narrowest section of the neck.
        shaft_half_width_mm, shaft_half_depth_mm: half axes of the shaft at mid-length.
        shaft_cortex_mm: of a young adult's shaft at mid-length.
        bow_radius_mm: of the shaft's anterior bow.
        trochanter_height: of the tip of the greater trochanter, relative to its mean of 1.
        lesser_trochanter: size relative to its mean of 1.
        rotation_deg: external rotation of the leg. abduction_deg, flexion_deg: of the shaft, against the
        body's axis; negative abduction: the knees lie closer together than the hips.
    """

    side: str
    head_centre: Point
    head_radius_mm: float
    size: float
    neck_shaft_angle_deg: float
    anteversion_deg: float
    offset_mm: float
    neck_half_height_mm: float
    neck_half_depth_mm: float
    shaft_half_width_mm: float
    shaft_half_depth_mm: float
    shaft_cortex_mm: float
    bow_radius_mm: float
    trochanter_height: float
    lesser_trochanter: float
    rotation_deg: float
    abduction_deg: float
    flexion_deg: float

    @property
    def neck_length_mm(self) -> float:
        """From the head centre along the neck axis to the shaft axis."""
        return self.offset_mm / float(np.sin(np.radians(self.neck_shaft_angle_deg)))

    @property
    def junction_level_mm(self) -> float:
        """Height of the crossing of neck axis and shaft axis below the head centre, along the shaft (negative)."""
        return self.offset_mm / float(np.tan(np.radians(self.neck_shaft_angle_deg)))

    @property
    def metaphysis_level_mm(self) -> float:
        """Height that the trochanters are placed from: follows the crossing of the axes, but less than fully."""
        return 0.55 * self.junction_level_mm - 0.45 * 33.0 * self.size

    def to_dict(self) -> dict[str, object]:
        """JSON form."""
        return {**asdict(self), "head_centre": list(self.head_centre), "neck_length_mm": self.neck_length_mm}


def draw_femur_shape(plan: BodyPlan, side: str) -> FemurShape:
    """Draw the femur of one side; both sides share what is the person's and differ by a little."""
    person, own = rng_of(plan.traits, "femur"), rng_of(plan.traits, f"femur {side}")
    male = plan.traits.sex == "M"
    radius = plan.head_radius_mm

    def draw(mean: float, deviation: float, side_deviation: float, reach: float = 2.4) -> float:
        total = deviation * np.clip(person.normal(), -reach, reach) + side_deviation * np.clip(own.normal(), -2.0, 2.0)
        return float(mean + total)

    scale = radius / STANDARD_HEAD_RADIUS_MM
    size = scale * draw(1.0, 0.025, 0.006)
    angle = draw(127.0, 4.6, 1.4)
    # A steep neck reaches less far to the side: offset falls by half a millimetre per degree.
    offset = float(np.clip(draw(43.0, 3.2, 0.9) * scale - 0.45 * (angle - 127.0), 30.0, 58.0))
    obliquity = float(np.degrees(np.arctan2(offset, HEAD_TO_KNEE_MM * plan.scale)))
    shaft = (13.7 if male else 12.9) * 0.5 * (1.0 + plan.scale) * draw(1.0, 0.05, 0.01)
    return FemurShape(
        side=side,
        head_centre=plan.head_centre(side),
        head_radius_mm=radius,
        size=size,
        neck_shaft_angle_deg=angle,
        anteversion_deg=draw(10.0 if male else 13.0, 7.0, 2.5, 2.0),
        offset_mm=offset,
        neck_half_height_mm=radius * draw(0.700, 0.025, 0.006),
        neck_half_depth_mm=radius * draw(0.572, 0.025, 0.006),
        shaft_half_width_mm=shaft,
        shaft_half_depth_mm=shaft * draw(1.04, 0.04, 0.01),
        shaft_cortex_mm=0.5 * shaft * draw(1.04, 0.07, 0.01),
        bow_radius_mm=draw(1120.0, 160.0, 20.0, 2.0),
        trochanter_height=draw(1.0, 0.07, 0.015),
        lesser_trochanter=draw(1.0, 0.10, 0.02),
        rotation_deg=draw(4.0, 5.0, 4.0, 2.0),
        abduction_deg=-obliquity - draw(1.0, 1.6, 0.6, 2.0),
        flexion_deg=draw(2.5, 1.5, 0.8, 2.0),
    )
