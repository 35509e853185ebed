"""The bone density of one case: measured in the masks, or a clear word on why not; it never costs checks and masks."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from OsteoScreenLib.ct.acquisition import names_contrast_agent
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.densitometry_result import Densitometry
from OsteoScreenLib.densitometry.measure import facts_of, measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.errors import CancelledError, OsteoScreenError, printable
from OsteoScreenLib.progress import CancelToken, ProgressCallback
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.screening.densitometry_options import DensitometryOptions, first_known
from OsteoScreenLib.screening.vertebrae import read_vertebrae
from OsteoScreenLib.segmentation.femur_masks import FemurMasks
from OsteoScreenLib.status.bone_status import BoneStatus
from OsteoScreenLib.status.ct_abmd_rule import statuses_by_rule, without_status

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class DensitometryStep:
    """What densitometry gave.

    Attributes:
        measured: with the reason where nothing was. status: by rule, of each side.
        regions: (z, y, x) uint8 label map (``densitometry/region_labels.py``); None where none was asked for or drawn.
        seconds: None where nothing was tried.
    """

    measured: Densitometry
    status: tuple[BoneStatus, ...]
    regions: np.ndarray | None = None
    seconds: float | None = None


def measure_bones(
    ct: CTVolume,
    masks: FemurMasks | None,
    why_no_masks: str,
    flags: Sequence[QualityFlag],
    options: DensitometryOptions,
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> DensitometryStep:
    """Measure the femora of a checked and segmented scan.

    Args:
        masks: None where there are none; then why_no_masks says why.
        flags: of the checks and of the masks. One that withholds, withholds the status; most withhold every measure.
        options: what the user asked and knows.

    Returns:
        The step. Where the measurement fails for what lies in this scan (arithmetic, no memory, a missing package), it
        says so in ``measured.withheld``, and the case keeps its checks and masks.

    Raises:
        CancelledError: the user asked to stop.
        InputError: the user's label map of vertebrae cannot be read or does not fit the scan.
    """
    if masks is None:
        return _step(Densitometry(withheld=f"There is no femur mask. {why_no_masks}".strip()), flags, options)
    started = time.perf_counter()
    known, said = facts_used(ct, options.facts)
    drawn = np.zeros(masks.labels.shape, np.uint8) if options.regions else None
    spine = {} if options.vertebrae is None else read_vertebrae(ct, options.vertebrae, drawn)
    try:
        measured = measure(
            ct,
            masks.labels,
            options.choice,
            known,
            flags=flags,
            implants=[side for side, finding in masks.femurs.items() if finding.implant],
            unusable=unusable_sides(masks, flags),
            vertebral_hu=spine,
            settings=options.table,
            drawn=drawn,
            progress=progress,
            cancelled=cancelled,
        )
    except CancelledError:
        raise
    except (OsteoScreenError, ArithmeticError, ValueError, MemoryError) as error:
        _LOG.exception("no densitometry")
        return _step(Densitometry(withheld=why_it_failed(error, "to measure bone density")), flags, options)
    measured = replace(measured, notes=(*measured.notes, *said))
    seconds = time.perf_counter() - started
    return _step(measured, flags, options, drawn if drawn is not None and drawn.any() else None, seconds)


def facts_used(ct: CTVolume, given: PatientFacts) -> tuple[PatientFacts, tuple[str, ...]]:
    """What is known of the patient, the user's word before the header's; and sentences on where they differ."""
    header = facts_of(ct)
    pairs = (("sex", given.sex, header.sex), ("age in years", given.age_years, header.age_years))
    notes = [
        f"The patient's {name} is taken as {_word(own)}, as the user says; the scan says {_word(other)}."
        for name, own, other in pairs
        if own is not None and other is not None and own != other
    ]
    if given.contrast is False and names_contrast_agent(ct.acquisition.contrast_agent):
        notes.append("No contrast agent was given, as the user says; the scan says that one was.")
    return first_known(given, header), tuple(notes)


def unusable_sides(masks: FemurMasks, flags: Sequence[QualityFlag]) -> dict[str, str]:
    """Why a side's mask must not be measured: there is none, or the checks of the masks say that it is bad."""
    reasons = {
        side: f"there is no femur on this side: {finding.reason}"
        if finding.reason
        else "there is no femur on this side"
        for side, finding in masks.femurs.items()
        if finding.presence == "absent"
    }
    for flag in flags:
        if flag.code != "femur_mask_bad":
            continue
        named = [side for side in masks.femurs if side in flag.evidence]
        for side in named or masks.femurs:
            why = "; ".join(_reasons_in(flag.evidence.get(side))) or flag.message
            reasons.setdefault(side, f"its mask is not usable: {why}")
    return reasons


def _reasons_in(evidence: Any) -> list[str]:
    return [str(entry) for entry in evidence.get("reasons", ())] if isinstance(evidence, dict) else []


def _step(
    measured: Densitometry,
    flags: Sequence[QualityFlag],
    options: DensitometryOptions,
    regions: np.ndarray | None = None,
    seconds: float | None = None,
) -> DensitometryStep:
    grave = [flag.message for flag in flags if flag.severity is Severity.WITHHOLD]
    if not measured.withheld:
        measured = without_status(measured, grave)
    return DensitometryStep(measured, statuses_by_rule(measured, options.settings), regions, seconds)


def why_it_failed(error: Exception, what: str) -> str:
    """In sentences that may be passed on: no path of this computer. what: such as ``to measure bone density``."""
    if isinstance(error, OsteoScreenError):
        return f"{error.message}. {error.next_step}".strip()
    if isinstance(error, MemoryError):
        return f"There is not enough memory {what}. Close other programs."
    why = f"An unexpected error ended the measurement: {type(error).__name__}: {printable(str(error))[:300]}."
    return f"{why} Run with -v or --log-file FILE to see where, and report it."


def _word(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
