"""The label table of digital patients: numbers, names, SNOMED CT codes, colours.

Codes are those of DICOM PS3.16 (its context groups of anatomy) or, for muscle compartments, of TotalSegmentator's
published terminology table. A structure whose code could not be confirmed there has none. Femora are 1 (left) and
2 (right), as in every mask that OsteoScreen writes; left is the patient's left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

ANATOMICAL_STRUCTURE = ("123037004", "Anatomical Structure")
TISSUE = ("85756007", "Tissue")
PHYSICAL_OBJECT = ("260787004", "Physical object")
LATERALITY = MappingProxyType({"left": ("7771000", "Left"), "right": ("24028007", "Right")})

_BONE, _DISC, _CARTILAGE = (241, 214, 145), (193, 220, 226), (111, 184, 210)
_MUSCLE, _FAT, _LUNG = (192, 104, 88), (230, 220, 70), (197, 165, 145)
_ARTERY, _VEIN = (216, 101, 79), (0, 151, 206)

# Number, name, SNOMED CT code and meaning (None: not confirmed), colour. A pair takes two numbers, left then right.
_SINGLE: tuple[tuple[int, str, str | None, str, tuple[int, int, int]], ...] = (
    (5, "sacrum", "54735007", "Sacrum", (163, 140, 140)),
    (6, "coccyx", "64688005", "Coccyx", (180, 160, 130)),
    (7, "vertebra_T8", "11068009", "T8 vertebra", (164, 216, 199)),
    (8, "vertebra_T9", "82687006", "T9 vertebra", (96, 188, 62)),
    (9, "vertebra_T10", "7610001", "T10 vertebra", (26, 97, 228)),
    (10, "vertebra_T11", "12989004", "T11 vertebra", (16, 164, 144)),
    (11, "vertebra_T12", "23215003", "T12 vertebra", (166, 89, 255)),
    (12, "vertebra_L1", "66794005", "L1 vertebra", (255, 255, 1)),
    (13, "vertebra_L2", "14293000", "L2 vertebra", (255, 144, 32)),
    (14, "vertebra_L3", "36470004", "L3 vertebra", (157, 126, 0)),
    (15, "vertebra_L4", "11994002", "L4 vertebra", (255, 255, 128)),
    (16, "vertebra_L5", "49668003", "L5 vertebra", (117, 78, 55)),
    (17, "disc", "360499006", "Intervertebral disc", _DISC),
    (20, "implant", "40388003", "Implant", (220, 245, 20)),
    (21, "cartilage", "309312004", "Cartilage", _CARTILAGE),
    (22, "vertebra_unnamed", "51282000", "Vertebra", (120, 90, 70)),
    (23, "sternum", "56873002", "Sternum", (244, 217, 130)),
    (40, "abdominal_wall", "1142228004", "Abdominal wall muscle", _MUSCLE),
    (55, "other_muscle", "127954009", "Skeletal muscle", (170, 90, 80)),
    (60, "skin", "39937001", "Skin", (177, 122, 101)),
    (61, "subcutaneous_fat", "67769002", "Subcutaneous fatty tissue", _FAT),
    (62, "visceral_fat", None, "Visceral fat", (250, 200, 60)),
    (63, "intermuscular_fat", None, "Intermuscular fat", (210, 200, 90)),
    (72, "liver", "10200004", "Liver", (221, 130, 101)),
    (73, "spleen", "78961009", "Spleen", (157, 108, 162)),
    (76, "bowel", None, "Bowel", (205, 167, 142)),
    (77, "bladder", "89837001", "Bladder", (222, 154, 132)),
    (78, "prostate_or_uterus", None, "Prostate or uterus", (230, 158, 140)),
    (79, "pancreas", "15776009", "Pancreas", (249, 180, 111)),
    (80, "aorta", "15825003", "Aorta", _ARTERY),
    (81, "inferior_vena_cava", "64131007", "Inferior vena cava", _VEIN),
    (90, "spinal_canal", "61853006", "Vertebral canal", (244, 214, 49)),
    (91, "heart", "80891009", "Heart", (206, 110, 84)),
)
_PAIRS: tuple[tuple[int, str, str | None, str, tuple[int, int, int]], ...] = (
    (1, "femur", "71341001", "Femur", (130, 222, 207)),
    # "Hip bone" has no code in DICOM's context groups; the bony pelvis with a side is what it has.
    (3, "hip", "118645006", "Bone structure of pelvis", _BONE),
    (18, "rib", "113197003", "Rib", (253, 232, 158)),
    (30, "gluteus_maximus", "181674001", "Gluteus maximus muscle", (200, 100, 80)),
    (32, "gluteus_medius", "78333006", "Gluteus medius muscle", (180, 90, 110)),
    (34, "gluteus_minimus", "75297007", "Gluteus minimus muscle", (160, 80, 70)),
    (36, "iliopsoas", "68455001", "Iliopsoas muscle", (220, 120, 110)),
    (38, "paraspinal", "244849004", "Deep muscle of back", (150, 70, 60)),
    (41, "quadratus_lumborum", None, "Quadratus lumborum muscle", (230, 140, 120)),
    (43, "thigh_anterior", "21989003", "Quadriceps femoris muscle", (190, 80, 90)),
    (45, "thigh_medial", "1179657002", "Structure of medial muscle of thigh", (210, 130, 90)),
    (47, "thigh_posterior", "128511007", "Posterior muscle of thigh structure", (170, 110, 100)),
    (49, "tensor_fasciae_latae", None, "Tensor fasciae latae muscle", (240, 150, 130)),
    (51, "sartorius", "12595009", "Sartorius muscle", (140, 90, 110)),
    (53, "obturator", None, "Obturator muscle", (200, 140, 140)),
    (70, "lung", "39607008", "Lung", _LUNG),
    (74, "kidney", "64033007", "Kidney", (212, 126, 151)),
    (82, "iliac_artery", "10293006", "Iliac artery", (217, 120, 60)),
    (84, "iliac_vein", "244411005", "Iliac vein", (60, 150, 197)),
    (86, "femoral_artery", "7657000", "Femoral artery", (230, 90, 60)),
    (88, "femoral_vein", "83419000", "Femoral vein", (40, 130, 210)),
)


@dataclass(frozen=True)
class Structure:
    """One row of the table.

    Attributes:
        number: voxel value. name: such as ``femur_left``.
        code, meaning: SNOMED CT; the code is None where none is confirmed, the meaning is then plain English.
        side: ``left``, ``right`` or None. colour: red, green, blue, 0 to 255.
    """

    number: int
    name: str
    code: str | None
    meaning: str
    side: str | None
    colour: tuple[int, int, int]

    def to_dict(self) -> dict[str, Any]:
        """JSON form: coding scheme designator, value and meaning as in DICOM."""
        category = ANATOMICAL_STRUCTURE
        if self.name == "implant":
            category = PHYSICAL_OBJECT
        elif self.name.endswith("_fat"):
            category = TISSUE
        row: dict[str, Any] = {
            "number": self.number,
            "name": self.name,
            "colour_rgb": list(self.colour),
            "category": _code(*category),
        }
        row["type"] = {"meaning": self.meaning} if self.code is None else _code(self.code, self.meaning)
        if self.side is not None:
            row["laterality"] = _code(*LATERALITY[self.side])
        return row


def _code(value: str, meaning: str) -> dict[str, str]:
    return {"scheme": "SCT", "value": value, "meaning": meaning}


def _structures() -> tuple[Structure, ...]:
    rows = [Structure(number, name, code, meaning, None, colour) for number, name, code, meaning, colour in _SINGLE]
    for number, name, code, meaning, colour in _PAIRS:
        rows.append(Structure(number, f"{name}_left", code, meaning, "left", colour))
        rows.append(Structure(number + 1, f"{name}_right", code, meaning, "right", colour))
    return tuple(sorted(rows, key=lambda row: row.number))


STRUCTURES: tuple[Structure, ...] = _structures()
"""Every structure, by number."""

LABEL: Mapping[str, int] = MappingProxyType({row.name: row.number for row in STRUCTURES})
"""Number of a structure by its name."""

NAME: Mapping[int, str] = MappingProxyType({row.number: row.name for row in STRUCTURES})
"""Name of a structure by its number."""

_NOT_BONE = ("disc", "implant", "cartilage")
BONES: tuple[str, ...] = tuple(row.name for row in STRUCTURES if row.number <= 23 and row.name not in _NOT_BONE)
MUSCLES: tuple[str, ...] = tuple(row.name for row in STRUCTURES if 30 <= row.number <= 55)


def sided(name: str, side: str) -> int:
    """Number of a paired structure: ``sided("femur", "L")``. Raises KeyError."""
    return LABEL[f"{name}_{'left' if side == 'L' else 'right'}"]


def table() -> dict[str, Any]:
    """The whole table in its published JSON form."""
    return {"background": 0, "structures": [row.to_dict() for row in STRUCTURES]}
