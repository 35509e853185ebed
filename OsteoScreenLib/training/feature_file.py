"""Features of a cohort that were measured before: one table with a line for each case."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from OsteoScreenLib.errors import InputError, OutputError, printable
from OsteoScreenLib.status.feature_names import CLINICAL_NAMES
from OsteoScreenLib.training.cohort import Cohort
from OsteoScreenLib.training.cohort_columns import ALSO_CALLED, BY_NAME
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.table_file import read_table

_PASSED_OVER = {*BY_NAME, *ALSO_CALLED, *CLINICAL_NAMES, "label", "status", "notes", "truth"}
"""Of the case and not measured: age and sex come from the cohort table, and the reference standard is no feature."""
_SHOWN = 20


def read_features(path: Path, cohort: Cohort) -> FeatureMatrix:
    """Read features by ``case_id``; every other column is a feature, except those of the cohort table and provenance.

    Args:
        path: CSV, Excel or Parquet; lines of other cases are passed over.
        cohort: its cases give the order of the rows.

    Raises:
        InputError: a case has no line or two, a cell is no number, or there is no feature.
    """
    table = read_table(path)
    names = [n for n in table.header if n not in _PASSED_OVER and not n.startswith("diagnostics_")]
    problems = [] if "case_id" in table.header else ["the column case_id is missing"]
    if not names:
        problems.append("there is no column of features")
    by_case: dict[str, dict[str, str]] = {}
    wanted = {case.case_id for case in cohort.cases}
    for line, row in zip(table.lines, table.rows, strict=True):
        case = row.get("case_id", "")
        if case in by_case:
            problems.append(f"line {line}: the case {printable(case)!r} is there twice")
        if case in wanted:
            by_case[case] = row
    absent = sorted(wanted - by_case.keys())
    if absent:
        problems.append(f"{len(absent)} cases of the cohort have no line, such as {printable(absent[0])}")
    values = np.full((len(cohort.cases), len(names)), np.nan)
    for i, one in enumerate(cohort.cases):
        values[i] = _numbers(by_case.get(one.case_id, {}), names, one.case_id, problems)
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise InputError(
            f"The features cannot be used: {'; '.join(problems[:_SHOWN])}{more}",
            path=path,
            next_step="Give one line of numbers for each case_id.",
            code="unusable_features",
        )
    return FeatureMatrix(tuple(names), values)


def _numbers(row: dict[str, str], names: Sequence[str], case: str, problems: list[str]) -> list[float]:
    found = []
    for name in names:
        text = row.get(name, "")
        try:
            value = float(text) if text else np.nan
        except ValueError:
            problems.append(f"{printable(name)} of the case {printable(case)} is {printable(text)[:40]!r}, no number")
            value = np.nan
        found.append(value if np.isfinite(value) else np.nan)
    return found


def write_features(matrix: FeatureMatrix, cohort: Cohort, path: Path) -> None:
    """Write what :func:`read_features` reads, numbers with every digit. Raises OutputError."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["case_id", *matrix.names])
    for case, row in zip(cohort.cases, matrix.values, strict=True):
        writer.writerow([case.case_id, *("" if np.isnan(value) else repr(float(value)) for value in row)])
    try:
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(text.getvalue(), encoding="utf-8", newline="\n")
        partial.replace(path)
    except OSError as error:
        raise OutputError(
            f"The features cannot be written: {error.strerror or error}",
            path=path,
            next_step="Choose a folder that you may write to, with space left.",
        ) from error
