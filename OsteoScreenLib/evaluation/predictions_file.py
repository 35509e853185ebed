"""Reading and writing a table of predictions as CSV; everything that is wrong with a file is said at once."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from OsteoScreenLib.errors import InputError, printable
from OsteoScreenLib.evaluation.predictions import (
    COLUMNS,
    NO_PROBABILITIES,
    POSITIVE_COLUMNS,
    PROBABILITY_COLUMNS,
    REQUIRED_COLUMNS,
    THREE_CLASSES,
    TWO_CLASSES,
    Prediction,
    PredictionTable,
    problems_of,
)
from OsteoScreenLib.evaluation.write_files import write_files

ONLY_MODEL = "model"
"""Name of the model where a file has no column ``model``: it holds one."""

LARGEST_BYTES = 200_000_000
_SHOWN = 30
_YES, _NO = ("1", "yes", "true"), ("0", "no", "false")
_SEX_WORDS = {"f": "female", "w": "female", "m": "male"}

Problems = list[tuple[int | None, str]]


def read_predictions(path: Path) -> PredictionTable:
    """Read and check a table of predictions: CSV, UTF-8, separated by commas, semicolons or tabs, header first.

    Columns are those of ``COLUMNS``; others are passed over. Without ``p_normal`` and ``p_osteopenia`` the table is
    binary. An empty cell is a fact not stated. Line numbers in messages count the header as line 1.

    Raises:
        InputError: the file cannot be read, or something is wrong with the table; the message lists every problem (the
            first 30, with their number) by line.
    """
    lines = _lines(path)
    header = [name.strip() for name in lines[0][1]] if lines else []
    _check_header(header, path)
    problems: Problems = []
    classes = THREE_CLASSES if "p_normal" in header or "p_osteopenia" in header else TWO_CLASSES
    rows = []
    for index, (_, values) in enumerate(lines[1:]):
        if len(values) != len(header):
            problems.append((index, f"there are {len(values)} cells under {len(header)} headings"))
        cells = {name: value.strip() for name, value in zip(header, values, strict=False)}
        complaints: list[str] = []
        rows.append(_row(cells, classes, complaints.append))
        problems += [(index, message) for message in complaints]
    table = PredictionTable(classes, tuple(rows))
    unparsed = {index for index, _ in problems}
    problems += [
        (index, message)
        for index, message in problems_of(table)
        if not (index in unparsed and message == NO_PROBABILITIES)  # why they could not be read is said already
    ]
    if problems:
        raise InputError(
            f"The table of predictions has {_account(problems, [number for number, _ in lines[1:]])}",
            path=path,
            next_step="Correct these lines; Docs/evaluation.md describes every column.",
            code="unusable_predictions",
        )
    return table


def write_predictions(table: PredictionTable, path: Path) -> Path:
    """Write a table as :func:`read_predictions` reads it; probabilities with all their digits.

    Raises:
        ValueError: the table has problems (:func:`problems_of`). OutputError: the file cannot be written.
    """
    if found := problems_of(table):
        raise ValueError("The table has " + _account(found, range(2, len(table.rows) + 2)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    binary = table.classes == TWO_CLASSES
    left_out = {"p_normal", "p_osteopenia", *POSITIVE_COLUMNS} if binary else set()
    columns = [name for name in COLUMNS if name not in left_out]
    writer.writerow(columns)
    for row in table.rows:
        cells = _cells(row, table.classes)
        writer.writerow([cells[name] for name in columns])
    return write_files(path.parent, {path.name: text.getvalue()})[0]


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Number of the line and cells of each row that is not empty."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(
                "The table of predictions is larger than 200 MB",
                path=path,
                next_step="Give a CSV file with one row for each case and model.",
                code="unusable_predictions",
            )
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"The table of predictions cannot be read: {error.strerror or error}",
            path=path,
            next_step="Give a CSV file that you may read.",
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            "The table of predictions is not text in UTF-8", path=path, next_step="Save it as CSV (UTF-8)."
        ) from error
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    try:
        return [(reader.line_num, values) for values in reader if any(value.strip() for value in values)]
    except csv.Error as error:
        raise InputError(
            f"The table of predictions is not CSV: {error}", path=path, next_step="Save it as CSV (UTF-8)."
        ) from error


def _check_header(header: Sequence[str], path: Path) -> None:
    problems = [f"the column {name} is missing" for name in REQUIRED_COLUMNS if name not in header]
    if len({"p_normal", "p_osteopenia"} & set(header)) == 1:
        problems.append("of p_normal and p_osteopenia only one is there: three classes need both, two classes neither")
    problems += [f"the column {name} is there twice" for name in COLUMNS if header.count(name) > 1]
    if problems:
        raise InputError(
            f"The table of predictions cannot be used: {'; '.join(problems)}",
            path=path,
            next_step="Docs/evaluation.md describes every column.",
            code="unusable_predictions",
        )


def _row(cells: Mapping[str, str], classes: tuple[str, ...], complain: Callable[[str], None]) -> Prediction:
    def number(name: str) -> float | None:
        text = cells.get(name, "")
        try:
            value = float(text) if text else None
        except ValueError:
            value = math.nan
        if value is not None and not math.isfinite(value):
            complain(f"{name} is {printable(text)!r}, which is no number")
            return None
        return value

    sex = cells.get("sex", "").lower()
    return Prediction(
        case_id=cells.get("case_id", ""),
        model=cells.get("model", ONLY_MODEL),
        truth=_class(cells.get("truth", ""), classes),
        probabilities=_probabilities(number, classes, cells, complain),
        patient_id=cells.get("patient_id") or None,
        predicted=_class(cells.get("predicted", ""), classes),
        positive=_positive(cells, complain) if classes == THREE_CLASSES else None,
        withheld=cells.get("withheld", ""),
        split=cells.get("split", "").lower() or None,
        sex=_SEX_WORDS.get(sex, sex) or None,
        age=number("age"),
        site=cells.get("site") or None,
        kvp=number("kvp"),
        slice_thickness_mm=number("slice_thickness_mm"),
    )


def _class(text: str, classes: tuple[str, ...]) -> str | None:
    word = text.lower()
    if classes == TWO_CLASSES:
        word = {"0": classes[0], "1": classes[1], "normal": classes[0], "osteopenia": classes[0]}.get(word, word)
    return word or None


def _probabilities(
    number: Callable[[str], float | None],
    classes: tuple[str, ...],
    cells: Mapping[str, str],
    complain: Callable[[str], None],
) -> tuple[float, ...] | None:
    if classes == TWO_CLASSES:
        value = number("p_osteoporosis")
        return None if value is None else (1 - value, value)
    values = [number(name) for name in PROBABILITY_COLUMNS]
    given = [value for value in values if value is not None]
    if len(given) == len(values):
        return tuple(given)
    written = [name for name in PROBABILITY_COLUMNS if cells.get(name)]
    if 0 < len(written) < len(values):
        complain("one of the three probabilities is missing")
    return None


def _positive(cells: Mapping[str, str], complain: Callable[[str], None]) -> tuple[bool, ...] | None:
    words = [cells.get(name, "").lower() for name in POSITIVE_COLUMNS]
    if not any(words):
        return None
    if wrong := [name for name, word in zip(POSITIVE_COLUMNS, words, strict=True) if word not in (*_YES, *_NO)]:
        complain(f"{', '.join(wrong)} must be yes or no, in all three columns or in none")
        return None
    return tuple(word in _YES for word in words)


def _account(problems: Problems, line_numbers: Sequence[int]) -> str:
    ordered = sorted(problems, key=lambda found: -1 if found[0] is None else found[0])
    shown = [f"{message}" if at is None else f"line {line_numbers[at]}: {message}" for at, message in ordered[:_SHOWN]]
    more = f"; and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    number = f"{len(ordered)} problem{'s' if len(ordered) > 1 else ''}"
    return f"{number}: {'; '.join(shown)}{more}"


def _cells(row: Prediction, classes: tuple[str, ...]) -> dict[str, str]:
    def class_cell(name: str | None) -> str:
        if name is None:
            return ""
        return str(classes.index(name)) if classes == TWO_CLASSES else name

    cells = {
        name: ""
        if (value := getattr(row, name, None)) is None
        else f"{value:.17g}"
        if isinstance(value, float)
        else value
        for name in COLUMNS
    }
    cells |= {"truth": class_cell(row.truth), "predicted": class_cell(row.predicted)}
    if row.probabilities is not None:
        of_class = dict(zip(classes, row.probabilities, strict=True))
        cells |= {f"p_{name}": repr(float(of_class[name])) for name in classes if name in THREE_CLASSES}
    if row.positive is not None:
        cells |= dict(zip(POSITIVE_COLUMNS, ("yes" if value else "no" for value in row.positive), strict=True))
    return {name: str(value) for name, value in cells.items()}
