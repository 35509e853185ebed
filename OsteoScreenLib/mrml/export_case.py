"""A case of the scene as the files that the command line writes."""

from __future__ import annotations

import os
from pathlib import Path

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.result.screened_case import ScreenedCase


def case_folder(directory: str | os.PathLike[str], case: ScreenedCase) -> Path:
    """The folder of a case in a directory, named after the case."""
    return Path(directory) / case.result.case_id


def export_case(case: ScreenedCase, ct: CTVolume, folder: Path) -> Path:
    """Write ``report.html``, ``result.json`` and, where there are masks, ``segmentation.nii.gz``; touches no node.

    Args:
        case: result and masks as they belong together.
        ct: the volume they were made from.
        folder: made where it is not there; files of an earlier export are replaced.

    Returns:
        The folder.

    Raises:
        OSError, OutputError: a file cannot be written.
        MissingPackageError: a package that the report needs is not installed.
    """
    from OsteoScreenLib.report.files import write_case_files

    folder.mkdir(parents=True, exist_ok=True)
    write_case_files(case, ct, folder)
    return folder
