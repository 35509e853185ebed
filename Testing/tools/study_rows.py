"""Rows of a long study in a CSV file, written as they are made: a study that was broken off goes on from there."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

Row = Mapping[str, str]


class StudyRows:
    """The rows of a CSV file, by groups that are written at once.

    A group that is not whole, because the program was ended while it was written, is dropped and made again.

    Args:
        path: CSV file; made with the first rows.
        columns: its columns. key: those that name a group. per_group: rows of a whole group.
    """

    def __init__(self, path: Path, columns: Sequence[str], key: Sequence[str], per_group: int = 1) -> None:
        self.path, self._columns, self._key = path, list(columns), list(key)
        self.rows: list[dict[str, str]] = []
        if path.exists():
            self._read(per_group)

    def _read(self, per_group: int) -> None:
        with self.path.open(newline="", encoding="utf-8") as stream:
            text = stream.read()
        reader = csv.DictReader(text.splitlines(), strict=False)
        if list(reader.fieldnames or []) != self._columns:
            sys.exit(f"{self.path} has other columns than this version writes: choose another folder, or remove it.")
        lines = list(reader)
        if not text.endswith("\n"):
            lines = lines[:-1]
        whole = [row for row in lines if None not in row and None not in row.values()]
        counts: dict[tuple[str, ...], int] = {}
        for row in whole:
            counts[self._name(row)] = counts.get(self._name(row), 0) + 1
        self.rows = [dict(row) for row in whole if counts[self._name(row)] == per_group]
        if len(self.rows) != len(lines) or not text.endswith("\n"):
            self._rewrite()

    def _rewrite(self) -> None:
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, self._columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
        fresh.replace(self.path)

    def _name(self, row: Row) -> tuple[str, ...]:
        return tuple(row[column] for column in self._key)

    def has(self, *key: object) -> bool:
        """Whether the group of this key is there."""
        wanted = tuple(str(part) for part in key)
        return any(self._name(row) == wanted for row in self.rows)

    def add(self, group: Sequence[Mapping[str, object]]) -> None:
        """Append a group; numbers in as few digits as carry them, None as an empty cell."""
        rows = [{column: as_cell(row.get(column)) for column in self._columns} for row in group]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, self._columns, lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerows(rows)
        self.rows += rows


def as_cell(value: object) -> str:
    """A value as it stands in a CSV file."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def number(row: Row, column: str) -> float | None:
    """A cell as a number; None where it is empty."""
    return float(row[column]) if row[column] else None


def numbers(rows: Sequence[Row], column: str) -> list[float]:
    """The numbers of a column, empty cells left out."""
    return [float(row[column]) for row in rows if row[column]]
