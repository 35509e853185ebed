"""FemurMasks: where the proximal femora are in a volume, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from OsteoScreenLib.quality.flag import QualityFlag

LEFT, RIGHT = 1, 2
SIDE_LABELS: Mapping[str, int] = {"left": LEFT, "right": RIGHT}
"""Numbers in a mask; left is the patient's left."""


@dataclass(frozen=True)
class FemurFinding:
    """One side's proximal femur.

    Attributes:
        presence: ``present`` (head to below the lesser trochanter in view), ``cut`` (part of that is out of view) or
            ``absent``.
        reason: why it is cut or absent, as a sentence; empty where present.
        volume_ml: of the mask.
        cut_at: borders of the image that the mask touches: ``superior``, ``inferior``, ``anterior``, ``posterior``,
            ``left``, ``right``. The shaft always leaves below; ``inferior`` alone does not make a femur ``cut``.
        implant: whether metal lies in or at the bone.
        head_centre_lps_mm, head_radius_mm: of the sphere fitted to the femoral head; None where no head was found.
        estimated_dsc: Dice similarity coefficient to be expected against a careful reader; None where not estimated.
    """

    presence: str
    reason: str = ""
    volume_ml: float = 0.0
    cut_at: tuple[str, ...] = ()
    implant: bool = False
    head_centre_lps_mm: tuple[float, float, float] | None = None
    head_radius_mm: float | None = None
    estimated_dsc: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form; inverse of :meth:`from_dict`."""
        return {
            "presence": self.presence,
            "reason": self.reason,
            "volume_ml": self.volume_ml,
            "cut_at": list(self.cut_at),
            "implant": self.implant,
            "head_centre_lps_mm": None if self.head_centre_lps_mm is None else list(self.head_centre_lps_mm),
            "head_radius_mm": self.head_radius_mm,
            "estimated_dsc": self.estimated_dsc,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FemurFinding:
        """Read what :meth:`to_dict` wrote. Raises KeyError or TypeError where a field is missing or malformed."""
        centre = data["head_centre_lps_mm"]
        return cls(
            presence=data["presence"],
            reason=data["reason"],
            volume_ml=data["volume_ml"],
            cut_at=tuple(data["cut_at"]),
            implant=data["implant"],
            head_centre_lps_mm=None if centre is None else (float(centre[0]), float(centre[1]), float(centre[2])),
            head_radius_mm=data["head_radius_mm"],
            estimated_dsc=data["estimated_dsc"],
        )


@dataclass(frozen=True, eq=False)
class FemurMasks:
    """The answer of a segmenter.

    Attributes:
        labels: (z, y, x) uint8 on the grid of the volume that was given: 0 background, 1 left, 2 right.
        femurs: finding by side, ``left`` and ``right``.
        source: who made the mask: ``vbnet``, ``given``, ``totalsegmentator`` or ``monai_bundle``.
        models: the models that were used: ``{"id", "version", "sha256"}`` each.
        flags: doubts about the mask.
        timings_s: seconds by step.
    """

    labels: np.ndarray
    femurs: Mapping[str, FemurFinding]
    source: str
    models: tuple[Mapping[str, str], ...] = ()
    flags: tuple[QualityFlag, ...] = ()
    timings_s: Mapping[str, float] = field(default_factory=dict)
