"""Measuring a cohort, case by case, each kept on disk: what was measured is not measured again after a kill."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import OsteoScreenLib
from OsteoScreenLib.ct.digest import combined_sha256, file_sha256
from OsteoScreenLib.errors import CancelledError, OsteoScreenError, OutputError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if
from OsteoScreenLib.training.cohort import Cohort, CohortCase
from OsteoScreenLib.training.feature_matrix import FeatureMatrix

_LOG = logging.getLogger(__name__)

MeasureCase = Callable[[CohortCase], Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class Extracted:
    """Features of a cohort.

    Attributes:
        matrix: a row for each case; a case that could not be measured has no values.
        failed: why, by case_id. measured: how many cases were measured now and not taken from disk.
    """

    matrix: FeatureMatrix
    failed: Mapping[str, str]
    measured: int


def extract_cohort(
    cohort: Cohort,
    folder: Path,
    how: str,
    measure: MeasureCase,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> Extracted:
    """Measure every case that is not measured yet, and gather all.

    A case's file is used again where image, mask, side, ``how`` and the program's version are the same. It is written
    whole or not at all. A case that fails is tried again next time.

    Args:
        folder: for the files, made where absent; their names are digests, no patient's.
        how: everything that changes the features of any case, as text: parameters, models.
        measure: features of a case; what it raises as :class:`OsteoScreenError` makes the case fail and no other.

    Raises:
        OutputError: the folder cannot be written. CancelledError: the user asked to stop; what was measured stays.
    """
    found: list[Mapping[str, float]] = []
    failed: dict[str, str] = {}
    measured = 0
    for number, case in enumerate(cohort.cases):
        stop_if(cancelled)
        progress(number / len(cohort.cases), f"Features of case {number + 1} of {len(cohort.cases)}")
        try:
            key = _key(case, how)
            file = folder / f"{key[:32]}.json"
            features = _kept(file, key)
            if features is None:
                features = dict(measure(case))
                measured += 1
                _keep(file, key, features)
        except (CancelledError, OutputError):
            raise
        except (OsteoScreenError, OSError) as error:
            _LOG.warning("a case could not be measured: %s", error)
            failed[case.case_id] = str(error)
            features = {}
        found.append(features)
    names = tuple(dict.fromkeys(name for features in found for name in features))
    rows = [[features.get(name, np.nan) for name in names] for features in found]
    progress(1.0, "Features measured")
    return Extracted(FeatureMatrix(names, np.array(rows).reshape(len(rows), len(names))), failed, measured)


def _key(case: CohortCase, how: str) -> str:
    parts = [
        case.image_sha256 or ("" if case.image is None else _digest(case.image)),
        "" if case.mask is None else _digest(case.mask),
        str(case.side),
        str((case.kvp, case.sex, case.age)),
        how,
        OsteoScreenLib.__version__,
    ]
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()


def _digest(path: Path) -> str:
    """Of a file, or of all files of a DICOM folder."""
    if path.is_dir():
        return combined_sha256(file_sha256(file) for file in path.rglob("*") if file.is_file())
    return file_sha256(path)


def _kept(file: Path, key: str) -> dict[str, float] | None:
    """The features in a file; None where there is none, or it is damaged or another case's."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["key"] != key:
            return None
        return {str(name): float(value) for name, value in data["features"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _keep(file: Path, key: str, features: Mapping[str, float]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}.partial")
        partial.write_text(json.dumps({"key": key, "features": dict(features)}), encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        raise OutputError(
            f"Features cannot be kept: {error.strerror or error}",
            path=file.parent,
            next_step="Choose a folder that you may write to, with space left.",
        ) from error
