"""``osteoscreen screen``: CT in, an honest account of it out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from OsteoScreenLib.cli import logs
from OsteoScreenLib.cli.density_options import DensityRequest, densitometry_for_screening, takes_density_options
from OsteoScreenLib.cli.femur_options import (
    EngineName,
    Mask,
    NoSegmentation,
    ScreenSourceName,
    Threads,
    source_for_screening,
)
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import JsonLines, ProgressKind, ProgressOption, Teller, teller_of
from OsteoScreenLib.cli.series_list import list_series_of
from OsteoScreenLib.cli.status_options import NoStatusModels, StatusModelNames, status_models_for_screening
from OsteoScreenLib.cli.summary_table import show_summary
from OsteoScreenLib.ct.reader import WANTED_THICKNESS_MM
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.models.engines import AUTO
from OsteoScreenLib.report.files import write_case_files, write_run_files
from OsteoScreenLib.result.case_outcome import CaseOutcome
from OsteoScreenLib.screening.cohort import CohortRun, CohortWriters, run_cohort
from OsteoScreenLib.screening.cohort_paths import CohortScan, cohort_scans
from OsteoScreenLib.screening.inputs import case_inputs
from OsteoScreenLib.screening.settings import ScreenSettings

Scans = Annotated[
    list[Path] | None,
    typer.Argument(metavar="INPUT...", show_default=False, help="CT file, DICOM folder or zip; several are a cohort."),
]
Cohort = Annotated[
    Path | None,
    typer.Option(
        "--cohort",
        metavar="PATH",
        help="Instead of INPUT: a folder with a scan in each entry, or a CSV table with a column 'path' "
        "and, where known, 'sex', 'age' and 'contrast'.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Folder for results.csv, index.html and one folder per case."),
]
Series = Annotated[
    str | None,
    typer.Option("--series", metavar="UID_OR_NUMBER", help="Read this DICOM series instead of the one chosen."),
]
ListSeries = Annotated[
    bool,
    typer.Option("--list-series", help="Show the series of each input, with their UIDs, and which would be read."),
]
Thickness = Annotated[
    float,
    typer.Option(
        "--thickness", metavar="MM", min=0.1, max=50.0, help="Slice thickness wanted where an input has several series."
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Keep earlier results in DIR that were made from the same input by this version of OsteoScreen.",
    ),
]


@takes_density_options
def screen(
    inputs: Scans = None,
    out: Out = None,
    cohort: Cohort = None,
    series: Series = None,
    list_series: ListSeries = False,
    thickness: Thickness = WANTED_THICKNESS_MM,
    segmentation: Mask = None,
    no_segmentation: NoSegmentation = False,
    source: ScreenSourceName = None,
    engine: EngineName = AUTO,
    threads: Threads = None,
    density: DensityRequest = DensityRequest(),
    status_model: StatusModelNames = None,
    no_status_models: NoStatusModels = False,
    resume: Resume = False,
    progress: ProgressOption = ProgressKind.BAR,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Read and check CTs, outline their femora and measure bone density: what was found, whether it can be trusted.

    Exit code 0: every case has a result (withheld counts as one). 1: some case failed; results.csv says why, and the
    others are done. 2: the call was wrong. 130: interrupted; finished cases are intact.
    """
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    scans = _scans(inputs, cohort, out)
    if list_series:
        raise typer.Exit(list_series_of([scan.path for scan in scans]))
    out = _results_folder(out, series)
    segmenter = source_for_screening(segmentation, no_segmentation, engine, threads, len(scans), source)
    options = densitometry_for_screening(density, segmenter is not None, len(scans), cohort is None)
    status = status_models_for_screening(status_model, no_status_models, options is not None, threads)
    settings = ScreenSettings(series, thickness, options, status)
    teller = teller_of(progress)

    def on_case(outcome: CaseOutcome) -> None:
        if isinstance(teller, JsonLines):
            teller.event("case", **outcome.to_dict())

    try:
        run = run_cohort(
            case_inputs([scan.path for scan in scans], [scan.facts for scan in scans]),
            out,
            CohortWriters(write_case_files, write_run_files),
            settings=settings,
            segmenter=segmenter,
            resume=resume,
            on_case=on_case,
            progress=teller,
        )
    finally:
        teller.close()
    raise typer.Exit(_tell_end(run, teller, out))


def _tell_end(run: CohortRun, teller: Teller, out: Path) -> int:
    """Say how the run ended; returns the exit code."""
    code = _exit_code(run)
    if isinstance(teller, JsonLines):
        teller.event("end", exit_code=code, message=run.stopped)
    else:
        show_summary(run, out)
    return code


def _scans(inputs: list[Path] | None, cohort: Path | None, out: Path | None) -> list[CohortScan]:
    """What is to be screened. Raises UsageError where nothing is, or the cohort cannot be read."""
    if bool(inputs) == (cohort is not None):
        raise UsageError(
            "There is no INPUT" if cohort is None else "INPUT and --cohort exclude each other",
            next_step="Give scans, or --cohort with a folder or a table of them.",
        )
    return [CohortScan(path) for path in inputs or ()] if cohort is None else list(cohort_scans(cohort, out))


def _results_folder(out: Path | None, series: str | None) -> Path:
    """The folder for the results. Raises UsageError where it, or the series that was named, is nothing."""
    if out is None:
        raise UsageError("There is no folder for the results", next_step="Add --out DIR.")
    if series is not None and not series.strip():
        raise UsageError("--series is empty", next_step="Run with --list-series to see what there is.")
    return out


def _exit_code(run: CohortRun) -> int:
    if run.by_user:
        return 130
    return 0 if run.complete else 1
