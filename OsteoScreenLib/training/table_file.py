"""Reading a table of text cells from CSV, Excel or Parquet."""

from __future__ import annotations

import csv
import datetime
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import InputError, MissingPackageError, printable

LARGEST_BYTES = 500_000_000
SUFFIXES = (".csv", ".xlsx", ".parquet")


@dataclass(frozen=True)
class TextTable:
    """Cells as text.

    Attributes:
        header: names of the columns, each once.
        rows: one mapping by column for each row; an empty cell is an empty text.
        lines: number of each row in the file, the header being 1, for messages.
    """

    header: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]


def read_table(path: Path) -> TextTable:
    """Read ``.csv`` (UTF-8; commas, semicolons or tabs), ``.xlsx`` (its first sheet) or ``.parquet``.

    Rows without any value are passed over.

    Raises:
        InputError: the file cannot be read, has no header, or a column twice.
        MissingPackageError: openpyxl (Excel) or pyarrow (Parquet) is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError("A table is a CSV, Excel (.xlsx) or Parquet file", path=path, next_step="Save it as CSV.")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError("The table is larger than 500 MB", path=path, next_step="Keep the needed columns only.")
        reader = {".csv": _csv_rows, ".xlsx": _excel_rows, ".parquet": _parquet_rows}[suffix]
        rows = list(reader(path))
    except OSError as error:
        raise InputError(
            f"The table cannot be read: {error.strerror or error}", path=path, next_step="Check path and permissions."
        ) from error
    return _table(rows, path)


def _table(rows: Sequence[tuple[int, list[str]]], path: Path) -> TextTable:
    if not rows:
        raise InputError("The table is empty", path=path, next_step="Its first line names the columns.")
    header = [name.strip() for name in rows[0][1]]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise InputError(f"The column {printable(twice[0])} is there twice", path=path, next_step="Keep one of them.")
    kept = [(line, cells) for line, cells in rows[1:] if any(cell.strip() for cell in cells)]
    wide = next((line for line, cells in kept if any(cell.strip() for cell in cells[len(header) :])), None)
    if wide is not None:
        raise InputError(f"Line {wide} has more cells than there are headings", path=path, next_step="Correct it.")
    return TextTable(
        tuple(name for name in header if name),
        tuple({n: c.strip() for n, c in zip(header, cells, strict=False) if n} for _, cells in kept),
        tuple(line for line, _ in kept),
    )


def _csv_rows(path: Path) -> Iterable[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.partition("\n")[0]
        reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
        return [(reader.line_num, cells) for cells in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("The table is not CSV in UTF-8", path=path, next_step="Save it as CSV (UTF-8).") from error


def _excel_rows(path: Path) -> Iterable[tuple[int, list[str]]]:
    try:
        import openpyxl
    except ImportError as error:
        raise MissingPackageError(
            "Excel files want the package openpyxl", next_step="pip install openpyxl, or save the table as CSV."
        ) from error
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            rows = list(book.worksheets[0].iter_rows(values_only=True))
        finally:
            book.close()
    except OSError:
        raise
    except Exception as error:  # a zip, XML or number that is broken has an error of its own each
        raise InputError("This is not an Excel file", path=path, next_step="Save it as .xlsx again.") from error
    return [(line, [_text(cell) for cell in cells]) for line, cells in enumerate(rows, 1)]


def _parquet_rows(path: Path) -> Iterable[tuple[int, list[str]]]:
    try:
        from pyarrow import lib, parquet
    except ImportError as error:
        raise MissingPackageError(
            "Parquet wants the package pyarrow", next_step="pip install pyarrow, or save the table as CSV."
        ) from error
    try:
        table = parquet.read_table(path)
    except lib.ArrowException as error:
        raise InputError("This is not a Parquet file", path=path, next_step="Write it again.") from error
    columns = [table.column(name).to_pylist() for name in table.column_names]
    body = [(line, [_text(cell) for cell in cells]) for line, cells in enumerate(zip(*columns, strict=True), 2)]
    return [(1, list(table.column_names)), *body]


def _text(cell: Any) -> str:
    """A typed cell as CSV would hold it: dates as YYYY-MM-DD, numbers with every digit."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat()
    return cell.isoformat() if isinstance(cell, datetime.date) else str(cell)
