"""``osteoscreen evaluate``: predictions against the truth."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.mask_pairs import MaskPairs, mask_pairs
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.same_grid import same_grid
from OsteoScreenLib.errors import InputError, OsteoScreenError, UsageError
from OsteoScreenLib.evaluation.head_region import TOP_MM
from OsteoScreenLib.evaluation.segmentation_metrics import FAILURE_BELOW_DSC, TOLERANCE_MM
from OsteoScreenLib.evaluation.segmentation_study import Comparison, compare_case, summarise
from OsteoScreenLib.evaluation.segmentation_tables import write_study
from OsteoScreenLib.progress import ProgressCallback

logger = logging.getLogger(__name__)

Segmentation = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        "--segmentation",
        metavar="PREDICTED REFERENCE",
        show_default=False,
        help="Two mask files, or two folders of masks with the same file names; 1 is the left femur, 2 the right.",
    ),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder for the tables.")]
Tolerance = Annotated[
    float, typer.Option("--tolerance", metavar="MM", min=0.0, max=100.0, help="Tolerance of the surface Dice.")
]
Top = Annotated[
    float,
    typer.Option(
        "--top", metavar="MM", min=1.0, max=1000.0, help="Height of the region of the head under the reference's top."
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Of the bootstrap intervals.")]

_MEASURES = (
    ("DSC", "dsc", 3),
    ("VD %", "vd_percent", 1),
    ("|VD| %", "abs_vd_percent", 1),
    ("HD95 mm", "hd95_mm", 2),
    ("ASSD mm", "assd_mm", 2),
    ("Surface Dice", "surface_dice", 3),
)


def evaluate(
    segmentation: Segmentation = None,
    out: Out = None,
    tolerance: Tolerance = TOLERANCE_MM,
    top: Top = TOP_MM,
    seed: Seed = 0,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Compare masks of the femora with reference masks: Dice, volume difference, surface distances.

    Exit code 0: every reference was compared. 1: some could not be; the tables hold the others. 2: the call was wrong.
    """
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    if segmentation is None:
        raise UsageError("It is not said what to evaluate", next_step="Add --segmentation PREDICTED REFERENCE.")
    if out is None:
        raise UsageError("There is no folder for the tables", next_step="Add --out DIR.")
    pairs = mask_pairs(*segmentation)
    bar = ProgressBar(console.err())
    try:
        rows, failed = _compare(pairs, tolerance, top, bar)
    finally:
        bar.close()
    summary = summarise(rows, seed)
    settings = {"tolerance_mm": tolerance, "head_top_mm": top, "seed": seed, "failure_below_dsc": FAILURE_BELOW_DSC}
    table, account = write_study(out, rows, summary, settings, failed)
    if summary:
        _show(summary, tolerance, top)
    console.say(console.out(), f"Table:   {table}")
    console.say(console.out(), f"Summary: {account}")
    for entry in failed:
        console.say(console.err(), f"{entry['case_id']} was not compared: {entry['message']}", "red")
    if pairs.without_reference:
        console.say(console.err(), f"No reference for: {', '.join(pairs.without_reference)}")
    raise typer.Exit(1 if failed else 0)


def _compare(
    pairs: MaskPairs, tolerance: float, top: float, progress: ProgressCallback
) -> tuple[list[Comparison], list[dict[str, str]]]:
    rows: list[Comparison] = []
    failed = [
        {"case_id": case, "code": "no_prediction", "message": "There is no predicted mask of this name."}
        for case in pairs.without_prediction
    ]
    for done, (case, (predicted, reference)) in enumerate(pairs.pairs.items()):
        progress(done / len(pairs.pairs), f"Comparing {case}")
        try:
            rows += _compare_files(case, predicted, reference, tolerance, top)
        except OsteoScreenError as error:
            logger.debug("%s was not compared", case, exc_info=True)
            failed.append({"case_id": case, "code": error.code, "message": str(error)})
    progress(1.0, "Compared")
    return rows, failed


def _compare_files(case: str, predicted: Path, reference: Path, tolerance: float, top: float) -> list[Comparison]:
    (labels, geometry), (truth, truth_geometry) = read_labels(predicted), read_labels(reference)
    for values, path in ((labels, predicted), (truth, reference)):
        if (highest := int(values.max())) > 2:
            raise InputError(
                f"The mask holds the label {highest}; 1 is the left femur, 2 the right, and there is nothing else",
                path=path,
                next_step="Give a mask of the femora alone.",
                code="unexpected_labels",
            )
    same, why = same_grid(geometry, truth_geometry)
    if not same:
        raise InputError(
            f"The mask and its reference are not on the same grid: {why}",
            path=predicted,
            next_step="Resample the mask onto the grid of the reference.",
            code="geometry_mismatch",
        )
    return compare_case(case, labels, truth, truth_geometry, tolerance_mm=tolerance, top_mm=top)


def _show(summary: list[dict[str, Any]], tolerance: float, top: float) -> None:
    """Both sides together; the JSON file has each side as well."""
    screen = console.out()
    table = Table(show_edge=False, pad_edge=False)
    shown = [entry for entry in summary if entry["side"] == "both"]
    table.add_column("")
    for entry in shown:
        table.add_column(f"{entry['region']}: mean", justify="right")
        table.add_column("median (quartiles)", justify="right")
    counts = (("Masks compared", "n"), ("Failures", "n_failures"), ("Both empty", "n_both_empty"))
    for title, key in counts:
        table.add_row(title, *(text for entry in shown for text in (str(entry[key]), "")))
    for title, name, digits in _MEASURES:
        table.add_row(title, *(Text(text) for entry in shown for text in _cells(entry["metrics"][name], digits)))
    screen.print(table)
    note = f"head: the top {top:g} mm of the reference. Surface Dice at {tolerance:g} mm. "
    console.say(screen, note + f"Failure: DSC under {FAILURE_BELOW_DSC:g}, or one mask empty.", "dim")


def _cells(statistics: dict[str, Any], digits: int) -> tuple[str, str]:
    if statistics["n"] == 0:
        return "none", ""
    mean, median, q1, q3 = (f"{statistics[key]:.{digits}f}" for key in ("mean", "median", "q1", "q3"))
    return mean, f"{median} ({q1} to {q3})"
