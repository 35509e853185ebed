"""One case: a CT goes in, what was learnt of it comes out."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, part_of, stop_if
from OsteoScreenLib.quality import checks
from OsteoScreenLib.quality.flag import QualityFlag
from OsteoScreenLib.quality.registry import gravity
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions
from OsteoScreenLib.screening.densitometry_step import DensitometryStep, measure_bones
from OsteoScreenLib.screening.femora import FemurStep, find_femora
from OsteoScreenLib.screening.plain_values import plain, plain_finding, plain_flag
from OsteoScreenLib.screening.software import software_versions
from OsteoScreenLib.screening.status_models import StatusModels
from OsteoScreenLib.screening.status_step import StatusStep, ask_models
from OsteoScreenLib.segmentation.segmenter import FemurSegmenter

_CHECKED, _SEGMENTED = 0.2, 0.75
"""Where checks and masks end on the bar, where densitometry follows."""
_MEASURED = 0.4
"""Share of densitometry in what then follows, where models are asked."""


def screen(
    ct: CTVolume,
    case_id: str,
    segmenter: FemurSegmenter | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
    densitometry: DensitometryOptions | None = None,
    status: StatusModels | None = None,
) -> ScreenedCase:
    """Check a CT, find its femora, measure their bone density, ask the bone-status models, and account for all of it.

    Args:
        ct: the volume as read.
        case_id: name of the case in the result.
        segmenter: the source of femur masks; None: checks only. Where it fails, the case keeps its checks and says in
            the flag ``no_femur_mask`` why there is no mask.
        progress, cancelled: see :mod:`OsteoScreenLib.progress`.
        densitometry: what is asked of it; None: no bone density is measured. Without a segmenter there is nothing to
            measure in.
        status: the models to ask about each femur that was measured; None: none.

    Returns:
        The result with its masks and regions; ``withheld`` where a flag forbids a bone status from this scan.

    Raises:
        CancelledError: the user asked to stop.
        InputError, UsageError: what the user gave the segmenter does not fit the volume.
        MissingPackageError: a package that a check needs is not installed.
    """
    stop_if(cancelled)
    started = time.perf_counter()
    checked = 1.0 if segmenter is None else _CHECKED
    flags = checks.check_volume(ct, progress=part_of(progress, 0.0, checked), cancelled=cancelled)
    seconds = time.perf_counter() - started
    stop_if(cancelled)
    if segmenter is None:
        return ScreenedCase(_result(ct, case_id, flags, seconds))
    segmented = 1.0 if densitometry is None else _SEGMENTED
    femora = find_femora(ct, segmenter, flags, part_of(progress, checked, segmented), cancelled)
    stop_if(cancelled)
    bones, answers = None, None
    if densitometry is not None:
        told = part_of(progress, segmented, 1.0)
        bones, answers = _bones_and_answers(ct, femora, flags, densitometry, status, told, cancelled)
        progress(1.0, "Screened")
    result = _result(ct, case_id, flags, seconds, femora, bones, answers)
    return ScreenedCase(result, femora.masks, None if bones is None else bones.regions)


def _bones_and_answers(
    ct: CTVolume,
    femora: FemurStep,
    flags: tuple[QualityFlag, ...],
    densitometry: DensitometryOptions,
    status: StatusModels | None,
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> tuple[DensitometryStep, StatusStep | None]:
    """Bone density, and what the models say of it."""
    flags = (*flags, *femora.flags)
    measured = 1.0 if status is None else _MEASURED
    told = part_of(progress, 0.0, measured)
    bones = measure_bones(ct, femora.masks, femora.facts.reason, flags, densitometry, told, cancelled)
    stop_if(cancelled)
    if status is None:
        return bones, None
    told = part_of(progress, measured, 1.0)
    return bones, ask_models(ct, femora.masks, bones.measured, flags, densitometry, status, told, cancelled)


def input_facts(ct: CTVolume) -> dict[str, Any]:
    """What a result records of where its volume came from."""
    source = ct.source.to_dict()
    if ct.stack is not None:
        source["stack"] = ct.stack.to_dict()
    facts: dict[str, Any] = plain(source)
    return facts


def _result(
    ct: CTVolume,
    case_id: str,
    flags: tuple[QualityFlag, ...],
    seconds: float,
    step: FemurStep | None = None,
    bones: DensitometryStep | None = None,
    answers: StatusStep | None = None,
) -> CaseResult:
    timings = {"checks": seconds}
    masks = None if step is None else step.masks
    if step is not None and step.seconds is not None:
        timings["segmentation"] = step.seconds
    if bones is not None and bones.seconds is not None:
        timings["densitometry"] = bones.seconds
    if answers is not None and answers.answers:
        timings["bone-status models"] = answers.seconds
    return CaseResult(
        case_id=case_id,
        input=input_facts(ct),
        geometry=ct.geometry,
        acquisition=ct.acquisition,
        quality=_in_order((*flags, *(() if step is None else step.flags))),
        femurs={} if masks is None else {side: plain_finding(entry) for side, entry in masks.femurs.items()},
        segmentation=None if step is None else step.facts,
        models=() if masks is None else tuple({**model} for model in masks.models),
        densitometry=None if bones is None else bones.measured,
        status=() if bones is None else bones.status,
        model_status=() if answers is None else answers.answers,
        status_notes=() if answers is None else answers.notes,
        timings_s=timings,
        software=software_versions(),
    )


def _in_order(flags: Iterable[QualityFlag]) -> tuple[QualityFlag, ...]:
    """The gravest first, then in the order of the registry."""
    return tuple(plain_flag(flag) for flag in sorted(flags, key=lambda flag: gravity(flag.code, flag.severity)))
