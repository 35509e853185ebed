"""Who a digital patient is: sex, age, size, and where he or she stands among others in bone, fat and muscle."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PatientTraits:
    """Everything about a patient that anatomy and bone density follow from. Z-values are standard normal.

    Attributes:
        seed: of everything that is drawn for this patient.
        sex: ``M`` or ``F``; age_years; height_m; weight_kg.
        bone_z: bone density relative to others of the same sex, age and BMI.
        fat_z, muscle_z: subcutaneous fat and muscle relative to others of the same sex, age and BMI.
        visceral_z: visceral fat relative to others of the same sex, age and BMI.
        implant: None, ``stem`` (hip stem), ``nail`` (femoral nail) or ``screws``; implant_side: ``L`` or ``R``.
        fractured_vertebra: name such as ``L1`` with a compression fracture, or None.
        osteophytes, sclerosis: severity 0 (none) to 1. bone_island: whether there is one.
    """

    seed: int
    sex: str
    age_years: float
    height_m: float
    weight_kg: float
    bone_z: float = 0.0
    fat_z: float = 0.0
    muscle_z: float = 0.0
    visceral_z: float = 0.0
    implant: str | None = None
    implant_side: str | None = None
    fractured_vertebra: str | None = None
    osteophytes: float = 0.0
    sclerosis: float = 0.0
    bone_island: bool = False

    @property
    def bmi(self) -> float:
        """Body mass index, kg/m2."""
        return self.weight_kg / self.height_m**2
