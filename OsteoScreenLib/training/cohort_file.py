"""Reading and checking a cohort table; everything that is wrong with it is said at once, by line."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from OsteoScreenLib.ct.digest import file_sha256
from OsteoScreenLib.densitometry.settings import default_settings
from OsteoScreenLib.densitometry.status_rule import who_class
from OsteoScreenLib.errors import InputError, printable
from OsteoScreenLib.training.cohort import Cohort, CohortCase
from OsteoScreenLib.training.cohort_columns import ALSO_CALLED, BY_NAME, COLUMNS
from OsteoScreenLib.training.cohort_groups import groups_of
from OsteoScreenLib.training.table_file import TextTable, read_table

Problems = list[tuple[int, str]]
"""Line in the file (0: of the whole table) and a sentence without a full stop."""

_SEX_WORDS = {"f": "female", "w": "female", "m": "male"}
_SHOWN = 40


def read_cohort(path: Path) -> Cohort:
    """Read a cohort table: CSV, Excel or Parquet, with the columns of ``COLUMNS``; others are passed over.

    Image files are hashed, so that a scan that is there twice is found: under one patient it is a repeat, under two it
    joins the patients into one group.

    Raises:
        InputError: the table cannot be read, or something is wrong with it; the message lists every problem by line
            (the first 40, with their number). MissingPackageError: as :func:`read_table`.
    """
    table = _with_our_headings(read_table(path))
    problems: Problems = [
        (0, f"the column {column.name} is missing")
        for column in COLUMNS
        if column.required and column.name not in table.header
    ]
    problems += [
        (0, f"the columns {other} and {name} say the same; keep one")
        for other, name in ALSO_CALLED.items()
        if {other, name} <= set(table.header)
    ]
    rows = []
    for line, cells in zip(table.lines, table.rows, strict=True):
        rows.append(_values(cells, line, problems))
    if not rows:
        problems.append((0, "the table has no cases"))
    problems += _between_rows(rows, table.lines)
    for row, line in zip(rows, table.lines, strict=True):
        _check_files(row, path.parent, line, problems)
    if problems:
        raise InputError(
            _account(problems),
            path=path,
            next_step="Correct these lines; Docs/status-model.md describes every column.",
            code="unusable_cohort",
        )
    return _cohort(rows)


def _with_our_headings(table: TextTable) -> TextTable:
    """Columns under their other names renamed, where a table does not have both."""
    names = {n: ALSO_CALLED.get(n, n) for n in table.header}
    names = {n: new if new == n or new not in table.header else n for n, new in names.items()}
    rows = tuple({names[n]: cell for n, cell in row.items()} for row in table.rows)
    return TextTable(tuple(names.values()), rows, table.lines)


def _values(cells: Mapping[str, str], line: int, problems: Problems) -> dict[str, Any]:
    """Typed values of one row; None where a cell is empty or wrong (which is then a problem)."""
    values: dict[str, Any] = {}
    for column in COLUMNS:
        text = cells.get(column.name, "")
        values[column.name] = None
        if not text:
            if column.required and column.name in cells:
                problems.append((line, f"{column.name} is empty"))
        elif column.is_number:
            values[column.name] = _number(column.name, text, line, problems)
        elif column.choices:
            word = _SEX_WORDS.get(text.lower(), text) if column.name == "sex" else text
            match = next((choice for choice in column.choices if choice.lower() == word.lower()), None)
            if match is None:
                problems.append((line, f"{column.name} is {printable(text)!r}, not {' or '.join(column.choices)}"))
            values[column.name] = match
        else:
            values[column.name] = text
    if values["date"] is not None:
        try:
            datetime.date.fromisoformat(values["date"])
        except ValueError:
            problems.append((line, f"date is {printable(values['date'])!r}, not YYYY-MM-DD"))
    if values["image"] is not None and values["side"] is None and not cells.get("side"):
        problems.append((line, "there is an image and no side, left or right"))
    if values["mask"] is not None and values["image"] is None:
        problems.append((line, "there is a mask and no image"))
    return values


def _number(name: str, text: str, line: int, problems: Problems) -> float | None:
    column = BY_NAME[name]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    low, high = column.low or 0.0, column.high or 0.0
    if not math.isfinite(value):
        problems.append((line, f"{name} is {printable(text)!r}, which is no number"))
        return None
    if not low <= value <= high:
        problems.append((line, f"{name} is {value:g} {column.unit}, which is not between {low:g} and {high:g}"))
        return None
    return value


def _between_rows(rows: Sequence[Mapping[str, Any]], lines: Sequence[int]) -> Problems:
    """A case twice, facts of one patient that contradict each other, T-scores of two places of the body."""
    found: Problems = []
    first: dict[str, int] = {}
    sex: dict[str, tuple[str, int]] = {}
    for row, line in zip(rows, lines, strict=True):
        case, patient = row["case_id"], row["patient_id"]
        if case is not None and (earlier := first.setdefault(case, line)) != line:
            found.append((line, f"the case {printable(case)!r} is in line {earlier} already"))
        if patient is not None and row["sex"] is not None:
            known, earlier = sex.setdefault(patient, (row["sex"], line))
            if known != row["sex"]:
                found.append((line, f"the patient {printable(patient)!r} is {known} in line {earlier}"))
    places = sorted({row["t_score_site"] for row in rows if row["t_score_site"] is not None})
    if len(places) > 1:
        found.append((0, f"t_score_site is {' and '.join(places)}: a model has one, so part the table"))
    return found


def _check_files(row: dict[str, Any], folder: Path, line: int, problems: Problems) -> None:
    """Make paths absolute, and take the digest of an image that is one file."""
    for name in ("image", "mask"):
        if row[name] is None:
            continue
        row[name] = folder / row[name]
        if not row[name].exists():
            problems.append((line, f"{name}: there is no {printable(str(row[name]))}"))
        elif name == "image" and row[name].is_file():
            try:
                row["image_sha256"] = file_sha256(row[name])
            except OSError as error:
                problems.append((line, f"image cannot be read: {error.strerror or error}"))


def _account(problems: Problems) -> str:
    ordered = sorted(problems)
    shown = [message if line == 0 else f"line {line}: {message}" for line, message in ordered[:_SHOWN]]
    more = f"; and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return f"The cohort table has {len(ordered)} problem{'s' * (len(ordered) > 1)}: {'; '.join(shown)}{more}"


def _cohort(rows: Sequence[dict[str, Any]]) -> Cohort:
    settings = default_settings()
    groups = groups_of([row["patient_id"] for row in rows], [row["image_sha256"] for row in rows])
    kept = {name for name in BY_NAME if name not in ("t_score_source", "t_score_site")}
    cases = tuple(
        CohortCase(
            **{name: row[name] for name in kept},
            group=group,
            status=who_class(row["t_score"], settings),
        )
        for row, group in zip(rows, groups, strict=True)
    )
    sources = " and ".join(sorted({row["t_score_source"] for row in rows}))
    return Cohort(cases, sources, rows[0]["t_score_site"])
