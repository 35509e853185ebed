"""The files of a segmentation study: one CSV line for each mask, and one JSON with the summary."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from OsteoScreenLib.evaluation.segmentation_metrics import METRICS
from OsteoScreenLib.evaluation.segmentation_study import Comparison
from OsteoScreenLib.evaluation.write_files import spreadsheet_cell, write_files

SCHEMA_VERSION = 1
CASES_CSV, SUMMARY_JSON = "segmentation_cases.csv", "segmentation_summary.json"

COLUMNS = (
    *("case_id", "side", "region", "predicted_ml", "reference_ml"),
    *METRICS,
    *("failure", "both_empty"),
)
"""Columns in order. An empty cell means that the measure is not defined there."""


def cases_csv(rows: Sequence[Comparison]) -> str:
    """One line for each side, case and region, header first; comma, double quotes, line feeds."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        fields = row.to_dict()
        writer.writerow([spreadsheet_cell(fields[column], digits=6) for column in COLUMNS])
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
    account = json.dumps(content, indent=1, allow_nan=False) + "\n"
    table, summary_file = write_files(folder, {CASES_CSV: cases_csv(rows), SUMMARY_JSON: account})
    return table, summary_file
