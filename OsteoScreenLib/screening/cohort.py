"""Many cases, one after another: each on its own, so that one that fails costs only itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from OsteoScreenLib.ct import reader
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError, OsteoScreenError, OutputError, printable
from OsteoScreenLib.progress import (
    CancelToken,
    ProgressCallback,
    never_cancelled,
    no_progress,
    part_of,
    stop_if,
)
from OsteoScreenLib.result.case_outcome import CaseOutcome, CaseState
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.femur_source import FemurSource
from OsteoScreenLib.screening.inputs import CaseInput
from OsteoScreenLib.screening.output_folder import (
    STOPS_THE_RUN,
    case_folder,
    output_error,
    prepare_output,
    refuse_foreign_folder,
)
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.screening.resume import asked_for, earlier_result
from OsteoScreenLib.screening.settings import ScreenSettings

_LOG = logging.getLogger(__name__)

CaseFilesWriter = Callable[[ScreenedCase, CTVolume, Path], None]
"""``write(case, ct, folder)``: everything a case leaves behind."""

TableWriter = Callable[[Sequence[CaseOutcome], Path], None]
"""``write(outcomes, out)``: the tables of the run, each complete or not at all."""


@dataclass(frozen=True)
class CohortWriters:
    """How results are written. Given by the caller, because the reports live on the floor of this room.

    Attributes:
        case_files: writes one case into its folder.
        tables: writes the tables of the whole run; called before the first case and after each.
    """

    case_files: CaseFilesWriter
    tables: TableWriter


@dataclass(frozen=True)
class CohortRun:
    """How a run ended.

    Attributes:
        outcomes: one for each input, in the order given.
        stopped: why the run ended before its last case; empty where it did not.
        by_user: whether the user stopped it.
    """

    outcomes: tuple[CaseOutcome, ...]
    stopped: str = ""
    by_user: bool = False

    @property
    def complete(self) -> bool:
        """Whether every case has a result (a withheld one counts) and the tables are written."""
        ended = all(entry.state in (CaseState.DONE, CaseState.WITHHELD) for entry in self.outcomes)
        return ended and not self.stopped


def run_cohort(
    cases: Sequence[CaseInput],
    out: Path,
    writers: CohortWriters,
    *,
    settings: ScreenSettings | None = None,
    segmenter: FemurSource | None = None,
    resume: bool = False,
    on_case: Callable[[CaseOutcome], None] | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> CohortRun:
    """Screen every case and write ``out/<case_id>/`` and the tables.

    A case folder appears complete or not at all, and the tables are rewritten after each case: whatever ends the run,
    what lies on disk is whole and true. A keyboard interrupt ends the run as a cancel does. The tables tell of this
    call's cases only. Where a case fails, an earlier result in its folder stays as it was, and the tables say failed.

    Args:
        cases: from :func:`OsteoScreenLib.screening.inputs.case_inputs`.
        out: the output folder; made if absent.
        writers: how results are written.
        settings: what the user asked for.
        segmenter: where femur masks come from, made once for the whole run; None: no masks.
        resume: keep an earlier result that still stands (:mod:`OsteoScreenLib.screening.resume`).
        on_case: told of each outcome as it comes.

    Raises:
        OutputError: nothing can be written to ``out``; no case has been read.
    """
    settings = settings or ScreenSettings()
    outcomes = [_not_run(case, "The run has not come to this case.") for case in cases]
    prepare_output(out)
    _write_tables(outcomes, out, writers)
    stopped, by_user = "", False
    try:
        for position, case in enumerate(cases):
            stop_if(cancelled)
            told = _named(part_of(progress, position / len(cases), (position + 1) / len(cases)), case.case_id)
            outcome = run_case(case, out, writers.case_files, settings, segmenter, resume, told, cancelled)
            outcomes[position] = outcome
            _write_tables(outcomes, out, writers)
            if on_case is not None:
                on_case(outcome)
            if outcome.error_code in STOPS_THE_RUN:
                stopped = outcome.message
                break
    except (KeyboardInterrupt, CancelledError):
        stopped, by_user = "Stopped by the user.", True
    except OutputError as error:
        stopped = f"The tables could not be written: {error}"
    stopped = _close_early(outcomes, out, writers, stopped) if stopped else ""
    return CohortRun(tuple(outcomes), stopped, by_user)


def run_case(
    case: CaseInput,
    out: Path,
    write_files: CaseFilesWriter,
    settings: ScreenSettings,
    segmenter: FemurSource | None = None,
    resume: bool = False,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> CaseOutcome:
    """One case from file to folder. Shares nothing with other cases but the source of masks.

    Returns:
        The outcome; failed, with the reason, for whatever went wrong.

    Raises:
        CancelledError, KeyboardInterrupt: the user asked to stop; nothing of this case is left behind.
    """
    started = time.perf_counter()
    settings = settings.knowing(case.facts)
    try:
        kept = earlier_result(case, out, settings, segmenter) if resume else None
        if kept is not None:
            _LOG.info("%s: kept from an earlier run", case.case_id)
            return CaseOutcome.of(kept, case.name, seconds=time.perf_counter() - started, kept=True)
        result = _read_screen_write(case, out, write_files, settings, segmenter, progress, cancelled)
        _LOG.info("%s: %s", case.case_id, "withheld" if result.withheld else "done")
        return CaseOutcome.of(result, case.name, seconds=time.perf_counter() - started)
    except CancelledError:
        raise
    except OsteoScreenError as error:
        # The message may name files of a scan, and those often bear its UIDs: the tables show it, not the log.
        _LOG.warning("%s: failed (%s); results.csv says why", case.case_id, error.code)
        _LOG.debug("%s: where it failed", case.case_id, exc_info=True)
        code, message = error.code, str(error)
    except MemoryError:
        _LOG.exception("%s: out of memory", case.case_id)
        code = "out_of_memory"
        message = "There is not enough memory for this case. Close other programs, or use a machine with more memory."
    except Exception as error:
        _LOG.exception("%s: unexpected error", case.case_id)
        code = "unexpected_error"
        message = (
            f"An unexpected error ended this case: {type(error).__name__}: {printable(str(error))[:300]}. "
            "This is a fault of the program. Run with -v or --log-file FILE to see where, and report it."
        )
    seconds = time.perf_counter() - started
    return CaseOutcome(case.case_id, case.name, CaseState.FAILED, None, code, message, seconds)


def _read_screen_write(
    case: CaseInput,
    out: Path,
    write_files: CaseFilesWriter,
    settings: ScreenSettings,
    segmenter: FemurSource | None,
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> CaseResult:
    """Read, screen and write one case; the volume is let go before this returns."""
    refuse_foreign_folder(out / case.case_id)
    started = time.perf_counter()
    reading_share = 0.6 if segmenter is None else 0.2  # networks take longer than files
    ct = reader.read_ct(
        case.path,
        series=settings.series,
        wanted_thickness_mm=settings.wanted_thickness_mm,
        progress=part_of(progress, 0.0, reading_share),
        cancelled=cancelled,
    )
    reading = time.perf_counter() - started
    told = part_of(progress, reading_share, 0.9)
    screened = screen(ct, case.case_id, segmenter, told, cancelled, settings.densitometry, settings.status)
    result = replace(
        screened.result,
        input={**screened.result.input, "settings": asked_for(settings, segmenter)},
        timings_s={"reading": reading, **screened.result.timings_s},
    )
    progress(0.9, "Writing the report")
    with case_folder(out, case.case_id) as folder:
        write_files(replace(screened, result=result), ct, folder)
        stop_if(cancelled)
    progress(1.0, "Written")
    return result


def _close_early(outcomes: list[CaseOutcome], out: Path, writers: CohortWriters, stopped: str) -> str:
    """Say in the tables why the rest was not run; returns why the run stopped, with what went wrong here."""
    for position, outcome in enumerate(outcomes):
        if outcome.state is CaseState.NOT_RUN:
            outcomes[position] = replace(outcome, message=f"Not run. {stopped}")
    try:
        _write_tables(outcomes, out, writers)
    except OutputError as error:
        if "tables" not in stopped:
            return f"{stopped} The tables could not be written: {error}"
    return stopped


def _write_tables(outcomes: Sequence[CaseOutcome], out: Path, writers: CohortWriters) -> None:
    """Write the tables of the run. Raises OutputError where the disk refuses."""
    try:
        writers.tables(outcomes, out)
    except OSError as error:
        raise output_error(error, out) from error


def _not_run(case: CaseInput, why: str) -> CaseOutcome:
    return CaseOutcome(case.case_id, case.name, CaseState.NOT_RUN, error_code="not_run", message=why)


def _named(progress: ProgressCallback, case_id: str) -> ProgressCallback:
    """Progress whose messages begin with the case they are about."""
    return lambda fraction, message: progress(fraction, f"{case_id}: {message}")
