"""Where the features of a cohort come from: a table, or images and masks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from OsteoScreenLib.ct.digest import file_sha256
from OsteoScreenLib.densitometry.settings import default_settings
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.radiomics.settings_file import load_settings
from OsteoScreenLib.segmentation.segmenter import FemurSegmenter
from OsteoScreenLib.training.cohort import Cohort
from OsteoScreenLib.training.extract_cohort import extract_cohort
from OsteoScreenLib.training.feature_file import read_features
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.measure_case import measure_case


@dataclass(frozen=True, eq=False)
class MeasuredCohort:
    """A cohort with its features.

    Attributes:
        cohort: its cases. matrix: a row for each. settings: how they were measured, for the bundle.
        failed: why a case has no features, by case_id.
    """

    cohort: Cohort
    matrix: FeatureMatrix
    settings: Mapping[str, Any]
    failed: Mapping[str, str] = field(default_factory=dict)


def cohort_features(
    cohort: Cohort,
    table: Path | None,
    out: Path,
    params: str = "femur",
    *,
    threads: int | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> MeasuredCohort:
    """Read the features, or measure them into ``out/features``; a second run goes on where the first one ended.

    Args:
        table: of features; None: images are measured. params: of radiomics, a shipped name or a file.

    Raises:
        InputError, UsageError: the table or the parameters cannot be used. ModelError: masks are to be made and no
            network is there. OutputError, CancelledError: as :func:`extract_cohort`.
    """
    if table is not None:
        facts = {"source": "table", "name": table.name, "sha256": file_sha256(table)}
        return MeasuredCohort(cohort, read_features(table, cohort), facts)
    settings = load_settings(params)
    needs_masks = any(case.mask is None for case in cohort.cases)
    segmenter = _network(threads) if needs_masks else None
    how: dict[str, Any] = {
        "source": "images",
        "radiomics": json.loads(json.dumps(asdict(settings), default=str)),
        "densitometry": default_settings().to_dict(),
        "masks": list(getattr(segmenter, "models", ())),
    }
    found = extract_cohort(
        cohort,
        out / "features",
        json.dumps(how, sort_keys=True, default=str),
        lambda case: measure_case(case, settings, segmenter, threads, cancelled),
        progress,
        cancelled,
    )
    return MeasuredCohort(cohort, found.matrix, json.loads(json.dumps(how, default=str)), found.failed)


def _network(threads: int | None) -> FemurSegmenter:
    from OsteoScreenLib.segmentation.vbnet_segmenter import femur_segmenter

    return femur_segmenter(threads=threads)
