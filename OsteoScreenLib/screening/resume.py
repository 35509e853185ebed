"""``--resume``: which earlier results still stand."""

from __future__ import annotations

import logging
import os
import zipfile
from pathlib import Path
from typing import Any

import OsteoScreenLib
from OsteoScreenLib.ct.digest import combined_sha256, file_sha256
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.femora import NO_MASK
from OsteoScreenLib.screening.femur_source import FemurSource
from OsteoScreenLib.screening.inputs import CaseInput
from OsteoScreenLib.screening.output_folder import MASK_FILE, REGIONS_FILE, RESULT_FILE
from OsteoScreenLib.screening.settings import ScreenSettings

_LOG = logging.getLogger(__name__)
_MAX_RESULT_BYTES = 50_000_000


def asked_for(settings: ScreenSettings, segmenter: FemurSource | None) -> dict[str, Any]:
    """What the user asked of a run, as a result records it."""
    return {**settings.to_dict(), "segmentation": None if segmenter is None else segmenter.to_dict()}


def earlier_result(
    case: CaseInput, out: Path, settings: ScreenSettings, segmenter: FemurSource | None = None
) -> CaseResult | None:
    """The result of an earlier run for this case, where it still stands; else None.

    It stands where ``out/case_id/result.json`` can be read, was made by this version of OsteoScreen with the same
    settings, and is of the same input: a file must have the same SHA-256; of a folder or a zip only what was read was
    digested, so it must have the same name, and nothing in it may have changed since the result was written. Where it
    tells of femora, their mask and regions must be there and the models must be those that would be used now; where a
    mask could not be made, it is tried anew.
    """
    path = out / case.case_id / RESULT_FILE
    try:
        if path.stat().st_size > _MAX_RESULT_BYTES:
            return None
        result = CaseResult.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, UsageError, RecursionError):
        _LOG.info("%s: the earlier result cannot be read and is made anew", case.case_id)
        return None
    why_not = (
        _why_it_does_not_stand(result, case, asked_for(settings, segmenter))
        or _why_another_input(result, case.path, path)
        or _why_other_masks(result, path.with_name(MASK_FILE), segmenter)
        or _why_other_regions(result, path.with_name(REGIONS_FILE), settings)
    )
    if why_not:
        _LOG.info("%s: made anew: %s", case.case_id, why_not)
        return None
    return result


def _why_it_does_not_stand(result: CaseResult, case: CaseInput, wanted: dict[str, Any]) -> str:
    """Why an earlier result must be made anew; empty where it stands."""
    if result.case_id != case.case_id or result.input.get("name") != case.name:
        return "the input has another name"
    if result.software.get("osteoscreen") != OsteoScreenLib.__version__:
        return "another version of OsteoScreen made the earlier result"
    if result.input.get("settings") != wanted:
        return "the settings differ"
    return ""


def _why_another_input(result: CaseResult, path: Path, result_file: Path) -> str:
    """Why what lies at the path is not what the result was made from; empty where it is."""
    try:
        if path.is_dir() or (path.is_file() and zipfile.is_zipfile(path)):
            changed = _changed_since(path, result_file.stat().st_mtime, result_file.parents[1])
            return "the input has changed since" if changed else ""
        if not path.is_file():
            return "the input is not there"
        digest = file_sha256(path)
    except OSError:
        return "the input cannot be read"
    same = result.input.get("sha256") in (digest, combined_sha256([digest]))
    return "" if same else "the file has changed"


def _why_other_masks(result: CaseResult, mask: Path, segmenter: FemurSource | None) -> str:
    """Why the femur masks must be made anew; empty where they stand or none were asked for."""
    if segmenter is None:
        return ""
    if any(flag.code == NO_MASK for flag in result.quality):
        return "no femur mask could be made the last time"
    if not result.femurs:
        return ""  # the scan itself left nothing to segment
    if not mask.is_file():
        return "its mask is not there"
    models = segmenter.models()
    # Where no model can be had now, the earlier mask is better than none.
    same = models is None or [dict(model) for model in models] == [dict(model) for model in result.models]
    return "" if same else "the models have changed"


def _why_other_regions(result: CaseResult, regions: Path, settings: ScreenSettings) -> str:
    """Why the regions must be drawn anew; empty where they stand, or none were asked for or found."""
    asked, measured = settings.densitometry, result.densitometry
    if asked is None or not asked.regions or measured is None:
        return ""
    marks = [femur.landmarks for femur in measured.femora.values()]
    divided = any(entry is not None and entry.neck_axis is not None for entry in marks)
    return "its regions are not there" if divided and not regions.is_file() else ""


def _changed_since(path: Path, moment: float, out: Path) -> bool:
    """Whether a file, or a folder or anything below it, was changed after a moment (seconds of the epoch).

    A copy may keep the time at which the original was written; where the system notes when the copy was made, that
    counts too. The output folder, which may lie in the input, does not count.
    """
    places = [path]
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if Path(folder, name).resolve() != out.resolve()]
        places += [Path(folder), *(Path(folder, name) for name in names)]
    stamps = (place.lstat() for place in places)
    return any(max(stamp.st_mtime, stamp.st_ctime) > moment for stamp in stamps)
