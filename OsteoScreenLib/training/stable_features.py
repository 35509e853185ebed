"""Which features a table of ``osteoscreen stability`` calls stable."""

from __future__ import annotations

from pathlib import Path

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.radiomics.stability import ALL
from OsteoScreenLib.training.table_file import read_table


def read_stable(path: Path) -> frozenset[str]:
    """Names of the features that are stable under all perturbations together (lower end of ICC(2,1) at least 0.75).

    Raises:
        InputError: this is no such table, or no feature is stable.
    """
    table = read_table(path)
    if not {"feature", "perturbation", "stable"} <= set(table.header):
        raise InputError("This is no table of stability", path=path, next_step="Make one with: osteoscreen stability")
    rows = [row for row in table.rows if row["perturbation"] == ALL]
    found = frozenset(row["feature"] for row in rows if row["stable"] == "yes")
    if not found:
        raise InputError("No feature is stable by this table", path=path, next_step="Measure more subjects.")
    return found
