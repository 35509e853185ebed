"""The inserts of a phantom in the scan, as a user or a phantom's software writes them down.

The file::

    {"schema_version": 1, "phantom": "name", "equivalent": "k2hpo4", "inserts": [
        {"name": "A", "density_mg_cm3": 0.0, "mean_hu": 3.1},
        {"name": "B", "density_mg_cm3": 58.9, "mean_hu": 80.2},
        {"name": "C", "density_mg_cm3": 157.0, "mean_hu": 208.7}]}

``mean_hu``: of the insert in this very scan, so the file belongs to one scan.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from OsteoScreenLib.densitometry.calibrate_inserts import EQUIVALENTS, Insert, PhantomInserts
from OsteoScreenLib.densitometry.settings_rules import is_number
from OsteoScreenLib.errors import UsageError, printable

_KEYS = {"schema_version", "phantom", "equivalent", "inserts"}
_LARGEST_FILE = 1_000_000


def read_inserts(path: Path) -> PhantomInserts:
    """Read a file of inserts. Raises UsageError where it cannot be read or used."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise _refused(path, "it is larger than 1 MB")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(path, f"it cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, "it is not JSON") from error
    if not isinstance(document, dict) or document.get("schema_version") != 1:
        raise _refused(path, "it lacks schema_version 1")
    if set(document) != _KEYS or not isinstance(document["inserts"], list):
        raise _refused(path, "it needs phantom, equivalent and inserts, and nothing else")
    name, equivalent = document["phantom"], document["equivalent"]
    if not (isinstance(name, str) and name.strip()):
        raise _refused(path, "the phantom's name is missing")
    if equivalent not in EQUIVALENTS:
        raise _refused(path, f"equivalent is {' or '.join(EQUIVALENTS)}")
    return PhantomInserts(tuple(_insert(row, path) for row in document["inserts"]), equivalent, name.strip())


def _insert(row: Any, path: Path) -> Insert:
    if not isinstance(row, dict) or set(row) != {"name", "density_mg_cm3", "mean_hu"}:
        raise _refused(path, "an insert has name, density_mg_cm3 and mean_hu")
    if not (isinstance(row["name"], str) and row["name"].strip()):
        raise _refused(path, "an insert's name is text")
    if not (is_number(row["density_mg_cm3"]) and is_number(row["mean_hu"])):
        raise _refused(path, f"{row['name']}: density_mg_cm3 and mean_hu are numbers")
    return Insert(row["name"].strip(), float(row["density_mg_cm3"]), float(row["mean_hu"]))


def _refused(path: Path, what: str) -> UsageError:
    return UsageError(
        f"This file of phantom inserts cannot be used: {printable(what)}",
        path=path,
        next_step="Docs/densitometry.md shows an example.",
        code="phantom_inserts",
    )
