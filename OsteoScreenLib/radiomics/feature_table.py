"""The features of regions as a table: one row for each mask and label."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import MissingPackageError, OsteoScreenError, OutputError, printable

_FORMULA_STARTS = "=+-@＝＋－＠"


@dataclass(frozen=True)
class FeatureRow:
    """One region.

    Attributes:
        label: its number in the mask.
        features: value by PyRadiomics' name; NaN where a feature is not defined for this region.
        facts: provenance by PyRadiomics' names (``diagnostics_...``).
        notes: what could not be computed and why, in sentences.
        error: why there are no features at all, where there are none.
        image, mask: what they were called, where the caller said.
    """

    label: int
    features: Mapping[str, float]
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: OsteoScreenError | None = None
    image: str = ""
    mask: str = ""

    @property
    def undefined(self) -> tuple[str, ...]:
        """The features that are not defined for this region."""
        return tuple(name for name, value in self.features.items() if math.isnan(value))


@dataclass(frozen=True)
class FeatureTable:
    """Rows of features; not every row must have every column."""

    rows: tuple[FeatureRow, ...]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Every feature that some row has, in order of appearance."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.features))

    def columns(self) -> tuple[str, ...]:
        """Columns of the table: which region, how it went, provenance, features."""
        facts = dict.fromkeys(name for row in self.rows for name in row.facts)
        return ("image", "mask", "label", "status", "notes", *facts, *self.feature_names)

    def records(self) -> list[dict[str, Any]]:
        """One mapping by column for each row; a feature that is not defined is None."""
        found = []
        for row in self.rows:
            features = {name: None if math.isnan(value) else value for name, value in row.features.items()}
            notes = list(row.notes)
            if row.undefined:
                notes.append(f"Not defined for this region: {', '.join(row.undefined)}.")
            if row.error is not None:
                notes.insert(0, str(row.error))
            status = "features" if row.error is None else row.error.code
            head = {"image": row.image, "mask": row.mask, "label": row.label, "status": status}
            found.append({**head, "notes": " ".join(notes), **row.facts, **features})
        return found

    def to_csv(self) -> str:
        """Comma, double quotes, line feeds; numbers with every digit; an empty cell where there is no value."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = self.columns()
        writer.writerow(columns)
        for record in self.records():
            writer.writerow([_cell(record.get(column)) for column in columns])
        return text.getvalue()

    def write(self, path: Path) -> None:
        """Write the table as ``.csv`` or ``.parquet`` (which wants the package pyarrow).

        Raises:
            OutputError: it cannot be written. MissingPackageError: pyarrow is absent.
        """
        content = self.to_parquet() if path.suffix.lower() == ".parquet" else self.to_csv().encode()
        partial = path.with_name(f".{path.name}.partial")
        try:
            partial.write_bytes(content)
            partial.replace(path)
        except OSError as error:
            raise OutputError(
                f"The features cannot be written: {error.strerror or error}",
                path=path,
                next_step="Choose a folder that you may write to, with space left.",
            ) from error

    def to_parquet(self) -> bytes:
        """The table as a Parquet file. Raises MissingPackageError where pyarrow is absent."""
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError as error:
            raise MissingPackageError(
                "Parquet wants the package pyarrow", next_step="pip install pyarrow, or write a .csv file."
            ) from error
        names, records = set(self.feature_names), self.records()
        columns = {
            column: [
                record.get(column) if column in names or column == "label" else _text(record.get(column))
                for record in records
            ]
            for column in self.columns()
        }
        types = {column: pa.float64() if column in names else None for column in columns}
        arrays = {column: pa.array(cells, type=types[column]) for column, cells in columns.items()}
        sink = pa.BufferOutputStream()
        parquet.write_table(pa.table(arrays), sink)
        content: bytes = sink.getvalue().to_pybytes()
        return content


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (tuple, list, dict)):
        return json.dumps(value)
    return repr(float(value)) if isinstance(value, float) else str(value)


def _cell(value: Any) -> str:
    """A value as a spreadsheet may safely show it; a name must not become a formula."""
    text = _text(value)
    if isinstance(value, str):
        text = printable(text)
        return f"'{text}" if text.strip() and text.strip()[0] in _FORMULA_STARTS else text
    return text


def joined(tables: Sequence[FeatureTable]) -> FeatureTable:
    """The rows of several tables in one."""
    return FeatureTable(tuple(row for table in tables for row in table.rows))
