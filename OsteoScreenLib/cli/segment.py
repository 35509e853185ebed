"""``osteoscreen segment``: the masks of the proximal femora of one CT, as an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.femur_options import EngineName, SourceName, Threads, refuse_unknown_engine
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.ct import reader
from OsteoScreenLib.ct.write import check_name, write_labels
from OsteoScreenLib.errors import CancelledError, OsteoScreenError, OutputError, UsageError
from OsteoScreenLib.models.engines import AUTO
from OsteoScreenLib.progress import part_of
from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.femur_source import VBNET, FemurSource, femur_source
from OsteoScreenLib.screening.pipeline import screen
from OsteoScreenLib.segmentation.femur_masks import FemurFinding

_STYLES = {Severity.WITHHOLD: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def segment(
    input_path: Annotated[
        Path, typer.Argument(metavar="INPUT", show_default=False, help="CT file, DICOM folder or zip.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="MASK", show_default=False, help="File to write: .nii.gz, .nii, .nrrd or .mha."
        ),
    ],
    source: SourceName = VBNET,
    engine: EngineName = AUTO,
    threads: Threads = None,
    series: Annotated[
        str | None, typer.Option("--series", metavar="UID_OR_NUMBER", help="Read this DICOM series.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace MASK where it exists.")] = False,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Outline the proximal femora of a CT: 1 left, 2 right (the patient's), on the scan's own grid.

    Exit code 0: the mask is written; that a femur is absent or cut is an answer too. 1: the scan could not be read or
    no mask could be made. 2: the call was wrong.
    """
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    refuse_unknown_engine(engine)
    _refuse_output(out, overwrite)
    made_by = femur_source(source, engine, threads)
    bar = ProgressBar(console.err())
    try:
        case = _segmented(input_path, series, made_by, bar)
    except CancelledError:
        raise
    except OsteoScreenError as error:
        console.say(console.err(), f"Error: {error}", "bold red")
        raise typer.Exit(1) from error
    finally:
        bar.close()
    if case.masks is None:
        facts = case.result.segmentation
        why = "" if facts is None else facts.reason
        console.say(console.err(), f"No mask was made. {why}", "bold red")
        raise typer.Exit(1)
    write_labels(case.masks.labels, case.result.geometry, out)
    _show(case, out)


def _refuse_output(out: Path, overwrite: bool) -> None:
    """Say before the work what would keep its result from being written."""
    check_name(out)
    if out.is_dir():
        raise UsageError("This is a folder", path=out, next_step="Give the name of a file as --out.")
    if out.exists() and not overwrite:
        raise UsageError(
            "This file exists", path=out, next_step="Add --overwrite to replace it, or give another --out."
        )
    if not out.absolute().parent.is_dir():
        raise OutputError("The folder of --out does not exist", path=out, next_step="Make it, or give another --out.")


def _segmented(path: Path, series: str | None, source: FemurSource, bar: ProgressBar) -> ScreenedCase:
    ct = reader.read_ct(path, series=series, progress=part_of(bar, 0.0, 0.2))
    return screen(ct, "segment", source, progress=part_of(bar, 0.2, 1.0))


def _show(case: ScreenedCase, out: Path) -> None:
    """A line for each side, what made the mask, and what is doubtful."""
    screen_of_results = console.out()
    for side in ("left", "right"):
        finding = case.result.femurs.get(side)
        if finding is not None:
            console.say(screen_of_results, f"{side.capitalize() + ' femur':<13}{in_words(finding)}")
    models = ", ".join(f"{m.get('id', '')} {m.get('version', '')}".strip() for m in case.result.models)
    source = "" if case.masks is None else case.masks.source
    console.say(screen_of_results, f"Made by      {source}{f' ({models})' if models else ''}")
    console.say(screen_of_results, f"Mask         {out}")
    for flag in case.result.quality:
        if flag.severity is not Severity.INFO:
            console.say(screen_of_results, f"{flag.code}: {flag.message}", _STYLES[flag.severity])
    console.say(screen_of_results, "Look at the mask before you use it. Research use only.", "dim")


def in_words(finding: FemurFinding) -> str:
    """One side in a line: ``present, 152.3 mL, estimated DSC 0.96``."""
    if finding.presence == "absent":
        return f"absent. {finding.reason}".strip().rstrip(".") + "."
    parts = [finding.presence, f"{finding.volume_ml:.1f} mL"]
    if finding.implant:
        parts.append("metal in or at the bone")
    parts.append("DSC not estimated" if finding.estimated_dsc is None else f"estimated DSC {finding.estimated_dsc:.2f}")
    return ", ".join(parts) + (f". {finding.reason.rstrip('.')}." if finding.reason else "")
