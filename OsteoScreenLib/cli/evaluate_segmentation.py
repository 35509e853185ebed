"""``osteoscreen evaluate --segmentation``: masks of the femora against reference masks."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from OsteoScreenLib.cli import console
from OsteoScreenLib.cli.mask_pairs import MaskPairs, mask_pairs
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.same_grid import same_grid
from OsteoScreenLib.errors import InputError, OsteoScreenError
from OsteoScreenLib.evaluation.head_region import TOP_MM
from OsteoScreenLib.evaluation.segmentation_metrics import FAILURE_BELOW_DSC, TOLERANCE_MM
from OsteoScreenLib.evaluation.segmentation_study import Comparison, compare_case, summarise
from OsteoScreenLib.evaluation.segmentation_tables import write_study
from OsteoScreenLib.progress import ProgressCallback

logger = logging.getLogger(__name__)

_MEASURES = (
    ("DSC", "dsc", 3),
    ("VD %", "vd_percent", 1),
    ("|VD| %", "abs_vd_percent", 1),
    ("HD95 mm", "hd95_mm", 2),
    ("ASSD mm", "assd_mm", 2),
    ("Surface Dice", "surface_dice", 3),
)


def evaluate_segmentation(
    predicted: Path, reference: Path, out: Path, tolerance: float = TOLERANCE_MM, top: float = TOP_MM, seed: int = 0
) -> int:
    """Compare masks with reference masks, write the tables, show the summary.

    Returns:
        Exit code: 0, or 1 where some could not be compared.
    """
    pairs = mask_pairs(predicted, reference)
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
    return 1 if failed else 0


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
