"""A table of results: what its columns mean, and its rows, before it becomes CSV, HTML or LaTeX."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from OsteoScreenLib.evaluation.estimate import Estimate


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: in CSV. An :class:`Estimate` becomes three there: ``name``, ``name_low``, ``name_high``.
        title: for readers.
        digits: decimals for readers.
        estimate: whether its cells are estimates.
    """

    name: str
    title: str
    digits: int = 3
    estimate: bool = False


@dataclass(frozen=True)
class ResultTable:
    """One table.

    Attributes:
        name: of its files. title: its caption. columns: in order.
        rows: by column name; a value that is absent, None or NaN is not defined there.
        notes: sentences under the table: methods, and what is not in it.
        long: whether it is for machines (curves) and left out of pages for readers.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()
    long: bool = False

    def plain_header(self) -> list[str]:
        """Names of the columns of the CSV file."""
        names = []
        for column in self.columns:
            names += [column.name, f"{column.name}_low", f"{column.name}_high"] if column.estimate else [column.name]
        return names

    def plain_rows(self) -> list[list[Any]]:
        """Cells of the CSV file: numbers at full precision, None where not defined."""
        return [
            [value for column in self.columns for value in _plain(row.get(column.name), column)] for row in self.rows
        ]

    def shown_rows(self) -> list[list[str]]:
        """Cells for readers: rounded, an estimate with its interval in brackets, a dash where not defined."""
        return [[shown(row.get(column.name), column) for column in self.columns] for row in self.rows]


def shown(value: Any, column: Column) -> str:
    """One cell for readers."""
    if isinstance(value, Estimate):
        text = _number(value.value, column.digits)
        if value.low is None or value.high is None or text == NOT_DEFINED:
            return text
        return f"{text} ({_number(value.low, column.digits)} to {_number(value.high, column.digits)})"
    if value is None:
        return NOT_DEFINED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if column.name.startswith("p_value") and value < 0.001:
            return "<0.001"
        return _number(value, column.digits)
    return str(value)


NOT_DEFINED = "–"


def _number(value: float | None, digits: int) -> str:
    if value is None or math.isnan(value):
        return NOT_DEFINED
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text  # no minus before a rounded nought


def _plain(value: Any, column: Column) -> Sequence[Any]:
    if not column.estimate:
        return [_defined(value)]
    if value is None:
        return [None, None, None]
    return [_defined(value.value), _defined(value.low), _defined(value.high)]


def _defined(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
