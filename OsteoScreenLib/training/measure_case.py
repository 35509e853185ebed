"""The features of one case, from its image and mask: radiomics and densitometry of one femur."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.measure import measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.progress import CancelToken, never_cancelled
from OsteoScreenLib.quality.checks import check_volume
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurMasks
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter
from OsteoScreenLib.segmentation.segmenter import FemurSegmenter
from OsteoScreenLib.status.case_features import density_features, radiomics_features
from OsteoScreenLib.training.cohort import CohortCase


def measure_case(
    case: CohortCase,
    settings: Settings,
    segmenter: FemurSegmenter | None = None,
    threads: int | None = None,
    cancelled: CancelToken = never_cancelled,
) -> dict[str, float]:
    """Features by name; what is not defined or withheld is left out.

    Args:
        case: with image and side; without a mask the segmenter makes one.
        settings: of radiomics. segmenter: the source of masks; None where every case has its own.

    Raises:
        InputError: the image or the mask cannot be used, a check withholds a bone status, or there is no femur on that
            side. CancelledError: the user asked to stop.
    """
    if case.image is None or case.side is None:
        raise InputError("The case names no image", next_step="Fill in image and side, or give the features.")
    ct = _with_facts(read_ct(case.image, cancelled=cancelled), case)
    source = GivenMaskSegmenter(case.mask) if case.mask is not None else segmenter
    if source is None:
        raise InputError(
            "The case names no mask, and nothing is there to make one", path=case.image, next_step="Give a mask."
        )
    masks = source.segment(ct, cancelled=cancelled)
    # A mask that was given was looked at by who drew it; of one that a network made, the doubts count.
    flags = (*check_volume(ct, cancelled=cancelled), *(masks.flags if case.mask is None else ()))
    if forbidding := [flag.message for flag in flags if flag.severity == Severity.WITHHOLD]:
        raise _withheld(" ".join(forbidding), case)
    if not (masks.labels == SIDE_LABELS[case.side]).any():
        raise InputError(
            f"There is no {case.side} femur in the mask",
            path=case.mask or case.image,
            next_step="Correct the side or the mask: 1 is the left femur, 2 the right.",
        )
    features = radiomics_features(ct, masks, case.side, settings, threads, cancelled=cancelled)
    return {**features, **_densities(ct, masks, case, flags, cancelled)}


def _with_facts(ct: CTVolume, case: CohortCase) -> CTVolume:
    """The table's tube voltage where the header is silent."""
    if ct.acquisition.kvp is not None or case.kvp is None:
        return ct
    return replace(ct, acquisition=replace(ct.acquisition, kvp=case.kvp))


def _densities(
    ct: CTVolume, masks: FemurMasks, case: CohortCase, flags: Sequence[QualityFlag], cancelled: CancelToken
) -> dict[str, float]:
    facts = PatientFacts(sex=case.sex[0].upper() if case.sex else None, age_years=case.age)
    femur = measure(ct, masks.labels, facts=facts, flags=flags, cancelled=cancelled).femora.get(str(case.side))
    if femur is None:
        return {}
    if femur.withheld:  # such as metal: texture would be of the implant
        raise _withheld(femur.withheld, case)
    return density_features(femur)


def _withheld(why: str, case: CohortCase) -> InputError:
    return InputError(
        f"A bone status is withheld: {why}",
        path=case.image,
        next_step="Leave the case in the table: it is counted as withheld.",
        code="withheld",
    )
