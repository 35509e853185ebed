"""One case: a CT goes in, what was learnt of it comes out."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if
from OsteoScreenLib.quality import checks
from OsteoScreenLib.quality.flag import QualityFlag
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.software import software_versions


def screen(
    ct: CTVolume,
    case_id: str,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> CaseResult:
    """Check a CT and account for it.

    Args:
        ct: the volume as read.
        case_id: name of the case in the result.
        progress, cancelled: see :mod:`OsteoScreenLib.progress`.

    Returns:
        The result; ``withheld`` where a flag forbids a bone status from this scan.

    Raises:
        CancelledError: the user asked to stop.
        MissingPackageError: a package that a check needs is not installed.
    """
    stop_if(cancelled)
    started = time.perf_counter()
    flags = checks.check_volume(ct, progress=progress, cancelled=cancelled)
    seconds = time.perf_counter() - started
    stop_if(cancelled)
    source = ct.source.to_dict()
    if ct.stack is not None:
        source["stack"] = ct.stack.to_dict()
    return CaseResult(
        case_id=case_id,
        input=_plain(source),
        geometry=ct.geometry,
        acquisition=ct.acquisition,
        quality=tuple(_with_plain_evidence(flag) for flag in flags),
        timings_s={"checks": seconds},
        software=software_versions(),
    )


def _with_plain_evidence(flag: QualityFlag) -> QualityFlag:
    return replace(flag, evidence=_plain(flag.evidence))


def _plain(value: Any) -> Any:
    """The value as JSON can hold it: numpy scalars and arrays as Python's own, a number that is not finite as None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
