"""PyRadiomics itself as the engine, where it is installed: the reference that ours is measured against."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from OsteoScreenLib.errors import InputError, MissingPackageError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if
from OsteoScreenLib.radiomics.feature_table import FeatureRow, FeatureTable
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.mask_checks import labels_in, refuse_absent
from OsteoScreenLib.radiomics.settings import Settings

_FACTS = "diagnostics_"


def extract_with_pyradiomics(
    image: GridImage,
    mask: GridImage,
    settings: Settings | None = None,
    *,
    labels: Sequence[int] | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> FeatureTable:
    """As :func:`OsteoScreenLib.radiomics.extraction.extract`, computed by PyRadiomics.

    Raises:
        MissingPackageError: PyRadiomics is not installed. InputError: as ``extract``, and ``ibsi_unsupported``.
    """
    settings = settings or Settings()
    try:
        pyradiomics: Any = importlib.import_module("radiomics")
        featureextractor: Any = importlib.import_module("radiomics.featureextractor")
    except ImportError as error:
        raise MissingPackageError(
            "PyRadiomics is not installed",
            next_step="pip install 'osteoscreen[reference]' (it wants a C compiler), or use --engine builtin.",
        ) from error
    if settings.ibsi:
        raise InputError(
            "PyRadiomics does not know the setting ibsi", next_step="Use --engine builtin.", code="ibsi_unsupported"
        )
    pyradiomics.setVerbosity(logging.CRITICAL)
    present = labels_in(mask)
    wanted = tuple(dict.fromkeys(labels)) if labels is not None else (int(settings.values["label"]),)
    for label in wanted:
        refuse_absent(label, present)
    extractor = featureextractor.RadiomicsFeatureExtractor(_parameters(settings))
    whole, marked = image.to_itk(), GridImage(mask.array.astype(np.uint16), mask.geometry).to_itk()
    rows = []
    for done, label in enumerate(wanted):
        stop_if(cancelled)
        progress(done / len(wanted), f"PyRadiomics computes label {label}")
        rows.append(_row(extractor, whole, marked, label, settings.notes))
    progress(1.0, "Features computed")
    return FeatureTable(tuple(rows))


def _row(extractor: Any, image: Any, mask: Any, label: int, notes: tuple[str, ...]) -> FeatureRow:
    try:
        answer = extractor.execute(image, mask, label=label)
    except (ValueError, RuntimeError, AssertionError, IndexError) as error:
        said = InputError(f"PyRadiomics: {' '.join(str(error).split())[:300]}", code="pyradiomics_failed")
        return FeatureRow(label, {}, notes=notes, error=said)
    features = {name: float(value) for name, value in answer.items() if not name.startswith(_FACTS)}
    facts = {name: value for name, value in answer.items() if name.startswith(_FACTS)}
    return FeatureRow(label, features, facts, notes)


def _parameters(settings: Settings) -> dict[str, Any]:
    """The settings as PyRadiomics takes them; what it must not see as null is left out."""
    said = settings.to_dict()
    said["setting"] = {name: value for name, value in said["setting"].items() if value is not None and name != "ibsi"}
    return said
