"""What the femur segments of a segmentation node are called, coded and coloured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FemurTerm:
    """One side's segment.

    Attributes:
        segment_id: stable in every scene, so that an edited segment is found again.
        name: what the user sees.
        side_code, side_name: SNOMED CT qualifier of the side.
        color: red, green, blue from 0 to 1; the two differ in lightness as well, for readers who see no red or green.
    """

    segment_id: str
    name: str
    side_code: str
    side_name: str
    color: tuple[float, float, float]

    @property
    def terminology_entry(self) -> str:
        """The segment's tag as Slicer's terminologies write it; category, type and side are SNOMED CT codes."""
        return (
            "Segmentation category and type - DICOM master list"
            "~SCT^123037004^Anatomical Structure"
            "~SCT^71341001^Femur"
            f"~SCT^{self.side_code}^{self.side_name}"
            "~Anatomic codes - DICOM master list~^^~^^"
        )


FEMUR_TERMS: Mapping[str, FemurTerm] = {
    "left": FemurTerm("femur_left", "Left femur", "7771000", "Left", (0.98, 0.71, 0.25)),
    "right": FemurTerm("femur_right", "Right femur", "24028007", "Right", (0.27, 0.55, 0.86)),
}
"""By the patient's side; order and numbers of the sides are those of a mask (1 left, 2 right)."""
