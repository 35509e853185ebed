"""What a case and a run leave behind on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import write_labels
from OsteoScreenLib.errors import OutputError
from OsteoScreenLib.report.case_report import case_report
from OsteoScreenLib.report.cohort_index import cohort_index
from OsteoScreenLib.report.table import results_csv
from OsteoScreenLib.result.case_outcome import CaseOutcome
from OsteoScreenLib.result.screened_case import ScreenedCase


def write_case_files(case: ScreenedCase, ct: CTVolume, folder: Path) -> None:
    """Write ``result.json``, ``report.html`` and, where there are any, ``segmentation.nii.gz`` and ``regions.nii.gz``.

    Raises:
        OSError, OutputError: a file cannot be written.
        MissingPackageError: Jinja2 or Pillow is not installed.
    """
    labels = None if case.masks is None else case.masks.labels
    for name, array in (("segmentation.nii.gz", labels), ("regions.nii.gz", case.regions)):
        if array is not None:
            _write_labels(array, ct, folder / name)
    _write(folder / "report.html", case_report(case.result, ct, labels))
    _write(folder / "result.json", case.result.to_json())


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


def _write_labels(labels: np.ndarray, ct: CTVolume, path: Path) -> None:
    """Labels on the scan's own grid. A full disk must be told from a bad name: it ends the whole run."""
    try:
        write_labels(labels, ct.geometry, path)
    except OutputError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from error
        raise


def _write(path: Path, text: str) -> None:
    """UTF-8 with line feeds on every platform; an undecodable part of a name appears as an escape (valid in JSON)."""
    path.write_bytes(text.encode("utf-8", "backslashreplace"))
