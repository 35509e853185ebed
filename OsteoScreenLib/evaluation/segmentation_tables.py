"""The files of a segmentation study: one CSV line for each mask, and one JSON with the summary."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import OutputError, printable
from OsteoScreenLib.evaluation.segmentation_metrics import METRICS
from OsteoScreenLib.evaluation.segmentation_study import Comparison

SCHEMA_VERSION = 1
CASES_CSV, SUMMARY_JSON = "segmentation_cases.csv", "segmentation_summary.json"

COLUMNS = (
    *("case_id", "side", "region", "predicted_ml", "reference_ml"),
    *METRICS,
    *("failure", "both_empty"),
)
"""Columns in order. An empty cell means that the measure is not defined there."""

_FORMULA_STARTS = "=+-@＝＋－＠"


def cases_csv(rows: Sequence[Comparison]) -> str:
    """One line for each side, case and region, header first; comma, double quotes, line feeds."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        fields = row.to_dict()
        writer.writerow([_cell(fields[column]) for column in COLUMNS])
    return text.getvalue()


def write_study(
    folder: Path,
    rows: Sequence[Comparison],
    summary: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    not_compared: Sequence[Mapping[str, str]] = (),
) -> tuple[Path, Path]:
    """Write ``segmentation_cases.csv`` and ``segmentation_summary.json`` into a folder, which is made where it lacks.

    Args:
        settings: what the study was made with (tolerance, seed, ...), kept in the JSON file.
        not_compared: cases that could not be compared: ``{"case_id", "code", "message"}`` each.

    Returns:
        Both paths.

    Raises:
        OutputError: the folder or a file cannot be written.
    """
    content = {
        "schema_version": SCHEMA_VERSION,
        "settings": dict(settings),
        "summary": [dict(entry) for entry in summary],
        "not_compared": [dict(entry) for entry in not_compared],
        "cases": [row.to_dict() for row in rows],
    }
    texts = {CASES_CSV: cases_csv(rows), SUMMARY_JSON: json.dumps(content, indent=1, allow_nan=False) + "\n"}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            partial = folder / f".{name}.partial"
            partial.write_text(text, encoding="utf-8", newline="\n")
            partial.replace(folder / name)
    except OSError as error:
        raise OutputError(
            f"The tables cannot be written: {error.strerror or error}",
            path=folder,
            next_step="Choose a folder that you may write to, with space left.",
        ) from error
    return folder / CASES_CSV, folder / SUMMARY_JSON


def _cell(value: object) -> str:
    """A value as a spreadsheet may safely show it; a name must not become a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = printable(str(value))
    return f"'{text}" if text.lstrip()[:1] and text.lstrip()[0] in _FORMULA_STARTS else text
