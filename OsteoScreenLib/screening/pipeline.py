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
from OsteoScreenLib.screening.femora import FemurStep, find_femora
from OsteoScreenLib.screening.plain_values import plain, plain_finding, plain_flag
from OsteoScreenLib.screening.software import software_versions
from OsteoScreenLib.segmentation.segmenter import FemurSegmenter

_SHARE_OF_CHECKS = 0.2


def screen(
    ct: CTVolume,
    case_id: str,
    segmenter: FemurSegmenter | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> ScreenedCase:
    """Check a CT, find its femora, and account for both.

    Args:
        ct: the volume as read.
        case_id: name of the case in the result.
        segmenter: the source of femur masks; None: checks only. Where it fails, the case keeps its checks and says in
            the flag ``no_femur_mask`` why there is no mask.
        progress, cancelled: see :mod:`OsteoScreenLib.progress`.

    Returns:
        The result with its masks; ``withheld`` where a flag forbids a bone status from this scan.

    Raises:
        CancelledError: the user asked to stop.
        InputError, UsageError: what the user gave the segmenter does not fit the volume.
        MissingPackageError: a package that a check needs is not installed.
    """
    stop_if(cancelled)
    started = time.perf_counter()
    share = 1.0 if segmenter is None else _SHARE_OF_CHECKS
    flags = checks.check_volume(ct, progress=part_of(progress, 0.0, share), cancelled=cancelled)
    seconds = time.perf_counter() - started
    stop_if(cancelled)
    step = None
    if segmenter is not None:
        step = find_femora(ct, segmenter, flags, part_of(progress, share, 1.0), cancelled)
        stop_if(cancelled)
    result = _result(ct, case_id, flags, seconds, step)
    return ScreenedCase(result, None if step is None else step.masks)


def input_facts(ct: CTVolume) -> dict[str, Any]:
    """What a result records of where its volume came from."""
    source = ct.source.to_dict()
    if ct.stack is not None:
        source["stack"] = ct.stack.to_dict()
    facts: dict[str, Any] = plain(source)
    return facts


def _result(
    ct: CTVolume, case_id: str, flags: tuple[QualityFlag, ...], seconds: float, step: FemurStep | None
) -> CaseResult:
    timings = {"checks": seconds}
    masks = None if step is None else step.masks
    if step is not None and step.seconds is not None:
        timings["segmentation"] = step.seconds
    return CaseResult(
        case_id=case_id,
        input=input_facts(ct),
        geometry=ct.geometry,
        acquisition=ct.acquisition,
        quality=_in_order((*flags, *(() if step is None else step.flags))),
        femurs={} if masks is None else {side: plain_finding(entry) for side, entry in masks.femurs.items()},
        segmentation=None if step is None else step.facts,
        models=() if masks is None else tuple({**model} for model in masks.models),
        timings_s=timings,
        software=software_versions(),
    )


def _in_order(flags: Iterable[QualityFlag]) -> tuple[QualityFlag, ...]:
    """The gravest first, then in the order of the registry."""
    return tuple(plain_flag(flag) for flag in sorted(flags, key=lambda flag: gravity(flag.code, flag.severity)))
