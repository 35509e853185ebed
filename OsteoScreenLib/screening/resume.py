"""``--resume``: which earlier results still stand."""

from __future__ import annotations

import logging
from pathlib import Path

import OsteoScreenLib
from OsteoScreenLib.ct.digest import combined_sha256, file_sha256
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.inputs import CaseInput
from OsteoScreenLib.screening.output_folder import RESULT_FILE
from OsteoScreenLib.screening.settings import ScreenSettings

_LOG = logging.getLogger(__name__)
_MAX_RESULT_BYTES = 50_000_000


def earlier_result(case: CaseInput, out: Path, settings: ScreenSettings) -> CaseResult | None:
    """The result of an earlier run for this case, where it still stands; else None.

    It stands where ``out/case_id/result.json`` can be read, was made by this version of OsteoScreen with the same
    settings, and is of the same input: a file must have the same SHA-256; a DICOM folder or a zip of one, of which
    only the files of one series were digested, must have the same name.
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
    why_not = _why_it_does_not_stand(result, case, settings)
    if why_not:
        _LOG.info("%s: made anew: %s", case.case_id, why_not)
        return None
    return result


def _why_it_does_not_stand(result: CaseResult, case: CaseInput, settings: ScreenSettings) -> str:
    """Why an earlier result must be made anew; empty where it stands."""
    if result.case_id != case.case_id or result.input.get("name") != case.name:
        return "the input has another name"
    if result.software.get("osteoscreen") != OsteoScreenLib.__version__:
        return "another version of OsteoScreen made the earlier result"
    if result.input.get("settings") != settings.to_dict():
        return "the settings differ"
    try:
        if case.path.is_file():
            return _why_another_file(result, case.path)
    except OSError:
        return "the input cannot be read"
    return "" if case.path.is_dir() else "the input is not there"


def _why_another_file(result: CaseResult, path: Path) -> str:
    """Why a file is not the one of the result; empty where it is, or where it is an archive (known by its name)."""
    if result.input.get("kind") == "dicom-zip":
        return ""
    digest = file_sha256(path)
    same = result.input.get("sha256") in (digest, combined_sha256([digest]))
    return "" if same else "the file has changed"
