"""The femora of one case: a mask, or a clear word on why there is none; a missing model never costs the checks."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError, InputError, OsteoScreenError, UsageError, printable
from OsteoScreenLib.progress import CancelToken, ProgressCallback
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.segmentation_facts import SegmentationFacts
from OsteoScreenLib.segmentation.femur_masks import FemurMasks
from OsteoScreenLib.segmentation.segmenter import FemurSegmenter

_LOG = logging.getLogger(__name__)

NO_MASK = "no_femur_mask"
"""Code of the flag that says why a mask could not be made."""

NOT_TRIED_AFTER = frozenset({"not_ct", "localizer", "impossible_geometry", "non_finite_voxels", "not_hounsfield"})
"""Flags that leave nothing to segment: no CT, no numbers in HU, or no grid on which a mask could lie."""


@dataclass(frozen=True, eq=False)
class FemurStep:
    """What looking for the femora gave: masks or None, why, doubts, and the seconds it took."""

    masks: FemurMasks | None
    facts: SegmentationFacts
    flags: tuple[QualityFlag, ...] = ()
    seconds: float | None = None


def find_femora(
    ct: CTVolume,
    segmenter: FemurSegmenter,
    checked: Iterable[QualityFlag],
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> FemurStep:
    """Segment the femora of a checked volume.

    Args:
        ct: the volume.
        segmenter: the source of masks.
        checked: flags of the checks; some of them leave nothing to segment, and then nothing is tried.

    Returns:
        The step; where the source fails (no model, no engine, no memory, a fault), without masks and with the flag
        ``no_femur_mask``, which withholds: without a mask nothing can be measured.

    Raises:
        CancelledError: the user asked to stop.
        InputError, UsageError: what the user gave the source, such as a mask, does not fit the volume.
    """
    refused = next((flag for flag in checked if flag.code in NOT_TRIED_AFTER), None)
    if refused is not None:
        return FemurStep(None, SegmentationFacts(None, f"Not tried: {refused.message}"))
    started = time.perf_counter()
    try:
        masks = segmenter.segment(ct, progress, cancelled)
    except (CancelledError, InputError, UsageError):
        raise
    except OsteoScreenError as error:
        _LOG.warning("no femur mask (%s)", error.code)
        # Not str(error): that may name a folder of this computer, and results are passed on.
        return _without(f"{error.message}. {error.next_step}".strip(), error.code)
    except MemoryError:
        _LOG.warning("no femur mask (out of memory)", exc_info=True)
        return _without("There is not enough memory to segment this scan. Close other programs.", "out_of_memory")
    except Exception as error:
        _LOG.exception("no femur mask (unexpected error)")
        why = f"An unexpected error ended the segmentation: {type(error).__name__}: {printable(str(error))[:300]}."
        return _without(f"{why} Run with -v or --log-file FILE to see where, and report it.", "unexpected_error")
    seconds = time.perf_counter() - started
    facts = SegmentationFacts(masks.source, timings_s={step: round(s, 3) for step, s in masks.timings_s.items()})
    return FemurStep(masks, facts, tuple(masks.flags), seconds)


def _without(why: str, error_code: str) -> FemurStep:
    message = f"No femur mask could be made, and without one nothing is measured at the femur. {why}"
    flag = QualityFlag("no_femur_mask", Severity.WITHHOLD, message, {"error_code": error_code})
    return FemurStep(None, SegmentationFacts(None, why), (flag,))
