"""FemurLandmarks: where the head, neck, trochanters and shaft of a proximal femur are, in LPS millimetres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

Point = tuple[float, float, float]

POINTS = (
    "head_centre_lps_mm",
    "neck_axis",
    "neck_centre_lps_mm",
    "shaft_axis",
    "shaft_point_lps_mm",
    "greater_trochanter_lps_mm",
    "lesser_trochanter_lps_mm",
)
NUMBERS = (
    "head_radius_mm",
    "neck_distance_mm",
    "neck_area_mm2",
    "neck_height_mm",
    "neck_depth_mm",
    "neck_shaft_angle_deg",
    "neck_to_frontal_plane_deg",
    "neck_length_mm",
    "femoral_offset_mm",
    "shaft_length_mm",
)


@dataclass(frozen=True)
class FemurLandmarks:
    """Landmarks of one proximal femur. What could not be measured is None, and ``withheld`` says why.

    Attributes:
        side: ``left`` or ``right``, the patient's.
        head_centre_lps_mm, head_radius_mm: of the sphere through the femoral head's outer surface.
        neck_axis: unit vector from the head's centre through the middle of the narrowest section, to lateral.
        neck_centre_lps_mm: that middle. neck_distance_mm: of the section from the head's centre, along the axis.
        neck_area_mm2: of the narrowest section, square to the neck axis.
        neck_height_mm, neck_depth_mm: its longest chords in the plane of neck and shaft, and square to that plane.
        shaft_axis: unit vector up the shaft. shaft_point_lps_mm: on it, where it passes the neck axis.
        shaft_length_mm: length of shaft that the axis was fitted to.
        neck_shaft_angle_deg: between neck axis and shaft axis.
        neck_length_mm: from the head's centre along the neck axis to where it passes the shaft axis.
        femoral_offset_mm: distance of the head's centre from the shaft axis.
        neck_to_frontal_plane_deg: angle by which the neck axis points forwards out of the scan's frontal plane. It is
            anteversion only of a leg whose knee looks straight ahead; without the knee, anteversion is not measured.
        greater_trochanter_lps_mm, lesser_trochanter_lps_mm: their tips.
        withheld: reason by the name of the field that is None.
        notes: what to know of the values that are given.
    """

    side: str
    head_centre_lps_mm: Point | None = None
    head_radius_mm: float | None = None
    neck_axis: Point | None = None
    neck_centre_lps_mm: Point | None = None
    neck_distance_mm: float | None = None
    neck_area_mm2: float | None = None
    neck_height_mm: float | None = None
    neck_depth_mm: float | None = None
    shaft_axis: Point | None = None
    shaft_point_lps_mm: Point | None = None
    shaft_length_mm: float | None = None
    neck_shaft_angle_deg: float | None = None
    neck_length_mm: float | None = None
    femoral_offset_mm: float | None = None
    neck_to_frontal_plane_deg: float | None = None
    greater_trochanter_lps_mm: Point | None = None
    lesser_trochanter_lps_mm: Point | None = None
    withheld: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        plain: dict[str, Any] = {"side": self.side}
        for name in POINTS:
            value = getattr(self, name)
            plain[name] = None if value is None else list(value)
        plain.update({name: getattr(self, name) for name in NUMBERS})
        return {**plain, "withheld": dict(self.withheld), "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FemurLandmarks:
        """Read what :meth:`to_dict` wrote. Raises KeyError, TypeError or ValueError where a field is malformed."""
        values: dict[str, Any] = {"side": data["side"]}
        for name in POINTS:
            value = data[name]
            values[name] = None if value is None else point(np.array(value, float))
        for name in NUMBERS:
            values[name] = None if data[name] is None else float(data[name])
        withheld = {str(name): str(reason) for name, reason in data["withheld"].items()}
        return cls(**values, withheld=withheld, notes=tuple(str(note) for note in data["notes"]))


MEASURES = tuple(f.name for f in fields(FemurLandmarks) if f.name not in ("side", "withheld", "notes"))


def point(values: np.ndarray) -> Point:
    """Three plain floats. Raises ValueError where there are more or fewer."""
    x, y, z = (float(value) for value in values)
    return (x, y, z)
