"""The inputs of a cohort: what lies in a folder, or what a table lists."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.errors import UsageError, printable
from OsteoScreenLib.screening.patient_columns import facts_in, patient_columns

PATH_COLUMN = "path"
MAX_TABLE_BYTES = 20_000_000
_SCAN_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr", ".zip")
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class CohortScan:
    """One scan of a cohort, and what a table says of its patient; None: nothing."""

    path: Path
    facts: PatientFacts | None = None


def cohort_paths(source: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> tuple[Path, ...]:
    """Paths of the scans of a cohort; see :func:`cohort_scans`."""
    return tuple(scan.path for scan in cohort_scans(source, out))


def cohort_scans(source: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> tuple[CohortScan, ...]:
    """The scans of a cohort, in the order of their names or of the table.

    Args:
        source: a folder, in which each folder (of DICOM files), image file and zip is a scan and other files do not
            count; or a CSV table with a column ``path``, whose relative paths begin at the table's folder, and, where
            that is known, ``sex`` (F or M), ``age`` (years) and ``contrast`` (yes or no). Columns are separated by
            commas, semicolons or tabs; other columns do not count.
        out: the folder of the results; where it lies among the scans it is none of them.

    Raises:
        UsageError: ``not_found``, ``no_scan`` (nothing there), ``loose_dicom`` (the folder is itself a DICOM folder),
            ``not_a_table`` (no text, no column ``path``, a row without one or with a sex, age or contrast that cannot
            be), ``unreadable_cohort``.
    """
    place = Path(source)
    try:
        if place.is_dir():
            found = tuple(map(CohortScan, _in_folder(place, None if out is None else Path(out))))
        elif place.is_file():
            found = tuple(_in_table(place))
        else:
            raise UsageError(
                "There is no such folder or table", path=place, next_step="Check the path.", code="not_found"
            )
    except OSError as error:
        raise UsageError(
            f"The cohort cannot be read: {error.strerror or error}",
            path=place,
            next_step="Check that the disk is there and that you may read it.",
            code="unreadable_cohort",
        ) from error
    if not found:
        raise UsageError(
            "There is no scan here",
            path=place,
            next_step="Give a folder of DICOM folders, image files or zips, or a table with a column path.",
            code="no_scan",
        )
    return found


def _in_folder(folder: Path, out: Path | None) -> tuple[Path, ...]:
    results = None if out is None else out.resolve()
    found = []
    for entry in sorted(folder.iterdir(), key=lambda path: (path.name.casefold(), path.name)):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if entry.resolve() != results:
                found.append(entry)
        elif entry.name.lower().endswith(_SCAN_SUFFIXES):
            found.append(entry)
        elif _is_dicom(entry):
            raise UsageError(
                "DICOM files lie directly in this folder, so it seems to be one scan and not a cohort",
                path=folder,
                next_step="Give the folder above it, in which each scan has a folder, or list the scans in a table.",
                code="loose_dicom",
            )
    return tuple(found)


def _is_dicom(path: Path) -> bool:
    """Whether a file has the mark of DICOM's file format (PS3.10, 7.1): DICM behind 128 bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def _in_table(path: Path) -> Iterator[CohortScan]:
    with path.open("rb") as stream:
        data = stream.read(MAX_TABLE_BYTES + 1)
    if len(data) > MAX_TABLE_BYTES:
        raise _not_a_table(f"The table is larger than {MAX_TABLE_BYTES // 10**6} MB", path)
    try:
        text = data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _not_a_table(f"This is not a table that can be read: {printable(str(error))[:100]}", path) from error
    header = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if header.count(PATH_COLUMN) != 1:
        raise _not_a_table(f"The first line of the table does not name one column {PATH_COLUMN}", path)
    column = header.index(PATH_COLUMN)
    try:
        about = patient_columns(header)
    except ValueError as error:
        raise _not_a_table(f"In the table {printable(str(error))}", path) from error
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        named = row[column].strip() if column < len(row) else ""
        if not named or "\0" in named:
            raise _not_a_table(f"Row {number} of the table has no {PATH_COLUMN}", path)
        try:
            facts = facts_in(row, about)
        except ValueError as error:
            raise _not_a_table(f"Row {number} of the table: {printable(str(error))}", path) from error
        yield CohortScan(path.parent / Path(named).expanduser(), facts)


def _delimiter(text: str) -> str:
    """The separator by which the first line has a cell ``path``; a comma where none does."""
    first = text.lstrip("\r\n").splitlines()[0] if text.strip() else ""
    for delimiter in _DELIMITERS:
        if PATH_COLUMN in [cell.strip(' "').casefold() for cell in first.split(delimiter)]:
            return delimiter
    return ","


def _not_a_table(message: str, path: Path) -> UsageError:
    advice = f"Give a CSV table (UTF-8) whose first line names a column {PATH_COLUMN}, a scan in each further line."
    return UsageError(message, path=path, next_step=advice, code="not_a_table")
