"""What a case and a run leave behind on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.report.case_report import case_report
from OsteoScreenLib.report.cohort_index import cohort_index
from OsteoScreenLib.report.table import results_csv
from OsteoScreenLib.result.case_outcome import CaseOutcome
from OsteoScreenLib.result.case_result import CaseResult


def write_case_files(result: CaseResult, ct: CTVolume, folder: Path) -> None:
    """Write ``result.json`` and ``report.html`` into an existing folder.

    Raises:
        OSError: a file cannot be written.
        MissingPackageError: Jinja2 or Pillow is not installed.
    """
    _write(folder / "report.html", case_report(result, ct))
    _write(folder / "result.json", result.to_json())


def write_run_files(outcomes: Sequence[CaseOutcome], out: Path) -> None:
    """Write ``results.csv`` and ``index.html``, each complete or not at all.

    Raises:
        OSError: a file cannot be written; what was there before is untouched.
        MissingPackageError: Jinja2 is not installed.
    """
    for name, text in (("results.csv", results_csv(outcomes)), ("index.html", cohort_index(outcomes))):
        partial = out / f".{name}.partial"
        try:
            _write(partial, text)
            partial.replace(out / name)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


def _write(path: Path, text: str) -> None:
    """UTF-8 with line feeds on every platform; an undecodable part of a name appears as an escape (valid in JSON)."""
    path.write_bytes(text.encode("utf-8", "backslashreplace"))
