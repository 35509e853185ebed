"""A case that ``osteoscreen screen`` has finished, from its files into the scene."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.same_grid import same_grid
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import InputError, UsageError
from OsteoScreenLib.mrml.case_nodes import CaseNodes
from OsteoScreenLib.mrml.osteoscreen_logic import OsteoScreenLogic
from OsteoScreenLib.mrml.screening_files import read_regions
from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, part_of, stop_if
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.output_folder import MASK_FILE, REGIONS_FILE, RESULT_FILE
from OsteoScreenLib.segmentation.femur_masks import FemurMasks

_MAX_RESULT_BYTES = 50_000_000


@dataclass(frozen=True, eq=False)
class FinishedCase:
    """A case read from its files.

    Attributes:
        ct: the scan, read again.
        case: result and masks as they were written.
    """

    ct: CTVolume
    case: ScreenedCase


def read_finished_case(
    scan: Path, folder: Path, progress: ProgressCallback = no_progress, cancelled: CancelToken = never_cancelled
) -> FinishedCase:
    """Read a scan again, and what a run wrote of it; touches no node.

    Args:
        scan: file, DICOM folder or zip.
        folder: the case's folder of results.

    Raises:
        InputError: the scan or the mask cannot be read; ``input_changed``, the scan is no longer that of the result.
        UsageError: the result cannot be read.
        CancelledError: ``cancelled`` said so.
    """
    result = _read_result(folder / RESULT_FILE)
    ct = read_ct(scan, progress=part_of(progress, 0.0, 0.8), cancelled=cancelled)
    if result.input.get("sha256") != ct.source.sha256:
        raise _changed("The scan is no longer the one that the result speaks of", scan)
    _refuse_other(ct.geometry, result, scan)
    stop_if(cancelled)
    masks = None
    if result.femurs:
        labels, geometry = read_labels(folder / MASK_FILE)
        _refuse_other(geometry, result, folder / MASK_FILE)
        source = "given" if result.segmentation is None else result.segmentation.source or "given"
        masks = FemurMasks(labels.astype(np.uint8, copy=False), result.femurs, source, result.models)
    regions = read_regions(folder / REGIONS_FILE, result.geometry)
    progress(1.0, "Read")
    return FinishedCase(ct, ScreenedCase(result, masks, regions))


def show_finished_case(finished: FinishedCase, scene: Any, logic: OsteoScreenLogic) -> tuple[Any, CaseNodes]:
    """Put a finished case into the scene as if it had been screened there: a new volume, femora, tables.

    Returns:
        The volume node, and the nodes that speak of it.
    """
    name = scene.GenerateUniqueName(finished.case.result.case_id)
    volume_node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    write_volume_node(finished.ct, volume_node)
    volume_node.CreateDefaultDisplayNodes()
    return volume_node, logic.showCase(finished.case, volume_node, CaseNodes())


def _read_result(path: Path) -> CaseResult:
    try:
        if path.stat().st_size > _MAX_RESULT_BYTES:
            raise UsageError("This is not a result of OsteoScreen", path=path)
        return CaseResult.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The case's result cannot be read", path=path, next_step="Run the cohort again.", code="no_result"
        ) from error


def _refuse_other(geometry: Any, result: CaseResult, path: Path) -> None:
    same, why = same_grid(geometry, result.geometry)
    if not same:
        raise _changed(f"This lies on another grid than the scan that the result speaks of: {why}", path)


def _changed(message: str, path: Path) -> InputError:
    advice = "Run the cohort again: a scan that changed is screened anew."
    return InputError(message, path=path, next_step=advice, code="input_changed")
