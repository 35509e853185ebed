"""Flags about the masks of the femora; each code is explained in Docs/quality-flags.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.segmentation.femur_masks import FemurFinding
from OsteoScreenLib.segmentation.mask_features import MaskFeatures
from OsteoScreenLib.segmentation.mask_model import HEAD_RADIUS_MM

DOUBTFUL_BELOW_DSC = 0.90
"""Own choice. Of 360 masks of nine real hips with artificial errors, each hip estimated by a fit to the others, this
names 9 in 10 of those with a true coefficient under 0.8, and 9 in 100 of those over 0.95. Of 107 masks of sound and
weakened networks, left out case by case, it names all 8 under 0.9 and 5 of 84 from 0.95 on."""
BAD_BELOW_DSC = 0.85
"""Own choice. Of the same masks this names 8 in 10 of those under 0.8, and 1 in 100 of those over 0.95."""
MIN_VOLUME_ML = 10.0
"""Own choice: a femoral head alone has 30 to 60 ml."""
ML_PER_CM = (3.0, 30.0)
"""Own choice: mean cross-section of a femur in view. Shafts have 5 to 9 ml/cm, hips at hand 6 to 11, head and
trochanters up to 20."""
MAX_HEIGHT_MM = 580.0
"""Own choice: the longest femora of adults have about 550 mm."""
BAD_EDGE_SHARE = 0.4
BAD_SOFT_RIM_SHARE = 0.4
BAD_LOW_HU_SHARE = 0.2
DOUBTFUL_LOW_HU_SHARE = 0.02
"""Own choices: right masks at hand have an edge of bone at 0.79 to 0.98 of their surface, a soft rim at under 0.03 and
nothing under -150 HU."""
SYMMETRY = (0.8, 1.25)
"""Own choice: the two femora of a person differ by a few per cent."""


@dataclass(frozen=True)
class MaskRating:
    """What is held against one side's mask.

    Attributes:
        estimated_dsc: None where it cannot be estimated.
        bad, doubtful: reasons in words; both empty for a good mask.
    """

    estimated_dsc: float | None
    bad: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def rating_of(features: MaskFeatures | None, estimated: float | None, reasons: Sequence[str]) -> MaskRating:
    """Judge one side's mask: by limits that hold for every femur, and by its estimated DSC.

    Without an estimate a mask is doubtful, with the reason, however well the rest looks.
    """
    if features is None:
        return MaskRating(None, (), ("nothing could be measured of it",))
    bad, doubtful = _against_limits(features)
    why = ", ".join(reasons)
    if estimated is None:
        doubtful.append(f"its quality could not be estimated ({why})")
    elif estimated < DOUBTFUL_BELOW_DSC:
        said = f"its estimated Dice similarity coefficient is {estimated:.2f}" + (f" ({why})" if why else "")
        (bad if estimated < BAD_BELOW_DSC else doubtful).append(said)
    return MaskRating(estimated, tuple(bad), tuple(doubtful))


def _against_limits(f: MaskFeatures) -> tuple[list[str], list[str]]:
    bad: list[str] = []
    doubtful: list[str] = []
    if f.volume_ml < MIN_VOLUME_ML:
        bad.append(f"it has {f.volume_ml:.1f} ml only")
    if not ML_PER_CM[0] <= f.ml_per_cm <= ML_PER_CM[1]:
        bad.append(f"its mean cross-section is {f.ml_per_cm:.1f} ml/cm, no femur's")
    if f.height_mm > MAX_HEIGHT_MM:
        bad.append(f"it is {f.height_mm:.0f} mm high, more than a femur")
    if f.edge_share is not None and f.edge_share < BAD_EDGE_SHARE:
        bad.append(f"only {f.edge_share:.0%} of its surface lie at an edge of bone")
    if f.soft_rim_share is not None and f.soft_rim_share > BAD_SOFT_RIM_SHARE:
        bad.append(f"{f.soft_rim_share:.0%} of its rim lie in soft tissue")
    if f.low_hu_share is not None and f.low_hu_share > DOUBTFUL_LOW_HU_SHARE:
        worse = bad if f.low_hu_share > BAD_LOW_HU_SHARE else doubtful
        worse.append(f"{f.low_hu_share:.0%} of it are darker than fat")
    if f.head_radius_mm is not None and not HEAD_RADIUS_MM[0] <= f.head_radius_mm <= HEAD_RADIUS_MM[1]:
        doubtful.append(f"its head has a radius of {f.head_radius_mm:.0f} mm")
    if f.head_in_view and f.head_radius_mm is None:
        doubtful.append("it has no femoral head, and no border of the scan cuts it off")
    return bad, doubtful


def mask_flags(femurs: Mapping[str, FemurFinding], ratings: Mapping[str, MaskRating]) -> list[QualityFlag]:
    """Flags about presence, cuts, implants and the quality of the masks; one for each code, with its sides.

    ``femur_mask_bad`` withholds where no other femur can be measured; where one can, it is a warning that this side is
    left out.
    """
    flags = [*_presence_flags(femurs), *_implant_flags(femurs)]
    bad = {side: rating for side, rating in ratings.items() if rating.bad}
    doubtful = {side: rating for side, rating in ratings.items() if rating.doubtful and not rating.bad}
    if bad:
        others = [side for side in ratings if side not in bad]
        severity = Severity.WARNING if others else Severity.WITHHOLD
        message = " ".join(f"The mask of the {side} femur is not usable: {'; '.join(bad[side].bad)}." for side in bad)
        message += " What depends on it is withheld." if others else " Nothing can be measured at a femur."
        flags.append(QualityFlag("femur_mask_bad", severity, message, _evidence(bad)))
    if doubtful:
        message = " ".join(
            f"The mask of the {side} femur is doubtful: {'; '.join(doubtful[side].doubtful)}." for side in doubtful
        )
        message += " Look at the picture before you use what was measured."
        flags.append(QualityFlag("femur_mask_doubtful", Severity.WARNING, message, _evidence(doubtful)))
    return flags


def asymmetry_flag(ratio_and_height: tuple[float, float] | None) -> list[QualityFlag]:
    """``femora_asymmetric`` where left by right volume over the common height is outside 0.8 to 1.25."""
    if ratio_and_height is None or SYMMETRY[0] <= ratio_and_height[0] <= SYMMETRY[1]:
        return []
    ratio, height = ratio_and_height
    message = f"Over the {height:.0f} mm that both show, the left femur's mask has {ratio:.2f} times the volume of the "
    message += "right one's. Either a mask is wrong or the femora differ."
    evidence = {"left_by_right": round(ratio, 3), "common_mm": round(height, 1)}
    return [QualityFlag("femora_asymmetric", Severity.WARNING, message, evidence)]


def side_flag(misplaced: Sequence[str]) -> list[QualityFlag]:
    """``femur_sides_swapped`` where a femur lies on the side of the patient that it is not named after."""
    if not misplaced:
        return []
    message = f"By the orientation of the scan, the femur named {' and that named '.join(misplaced)} lies on the other "
    message += "side of the patient. Check the labels of the mask: 1 is the patient's left, 2 the right."
    return [QualityFlag("femur_sides_swapped", Severity.WARNING, message, {"sides": list(misplaced)})]


def _presence_flags(femurs: Mapping[str, FemurFinding]) -> list[QualityFlag]:
    flags = []
    for presence, code in (("absent", "femur_absent"), ("cut", "femur_cut")):
        sides = [side for side, finding in femurs.items() if finding.presence == presence]
        if not sides:
            continue
        evidence = {side: {"reason": femurs[side].reason, "cut_at": list(femurs[side].cut_at)} for side in sides}
        if code == "femur_absent":
            message = " ".join(_sentence(f"No {side} femur", femurs[side].reason) for side in sides)
            flags.append(QualityFlag("femur_absent", Severity.INFO, message, evidence))
        else:
            message = " ".join(_sentence(f"The {side} femur is cut", femurs[side].reason) for side in sides)
            message += " What needs the missing part is not measured."
            flags.append(QualityFlag("femur_cut", Severity.WARNING, message, evidence))
    return flags


def _implant_flags(femurs: Mapping[str, FemurFinding]) -> list[QualityFlag]:
    sides = [side for side, finding in femurs.items() if finding.implant]
    if not sides:
        return []
    message = (
        f"There is metal in or at the {' and the '.join(sides)} femur. HU and shape near it are not the bone's; use "
    )
    message += "the other side." if len(sides) == 1 else "another site."
    return [QualityFlag("femur_implant", Severity.WARNING, message, {"sides": sides})]


def _sentence(what: str, reason: str) -> str:
    return f"{what}: {reason.rstrip('.')}." if reason else f"{what}."


def _evidence(ratings: Mapping[str, MaskRating]) -> dict[str, object]:
    return {
        side: {
            "estimated_dsc": None if rating.estimated_dsc is None else round(rating.estimated_dsc, 3),
            "reasons": [*rating.bad, *rating.doubtful],
        }
        for side, rating in ratings.items()
    }
