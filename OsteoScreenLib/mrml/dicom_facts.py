"""What Slicer's DICOM database knows of a volume that was loaded from DICOM."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.errors import MissingPackageError

UIDS_ATTRIBUTE = "DICOM.instanceUIDs"
"""Where Slicer's DICOM module leaves the SOP Instance UIDs of the files a volume came from, separated by blanks."""

logger = logging.getLogger(__name__)


def dicom_database() -> Any | None:
    """Slicer's DICOM database; None where Slicer has not opened one (and outside Slicer)."""
    import slicer

    return getattr(slicer, "dicomDatabase", None)


def instance_uids(volume_node: Any) -> tuple[str, ...]:
    """SOP Instance UIDs of the files the node was loaded from; empty where it did not come from DICOM."""
    return tuple((volume_node.GetAttribute(UIDS_ATTRIBUTE) or "").split())


def acquisition_of(volume_node: Any, database: Any | None) -> Acquisition:
    """Acquisition facts from the header of the first of the node's files that the database knows and that can be read.

    Args:
        volume_node: any MRML node.
        database: ``ctkDICOMDatabase`` or None. Asked ``fileForInstance(uid)``, which gives an empty text for an
            instance it does not know.

    Returns:
        The facts; an empty Acquisition where the node did not come from DICOM or none of its files can be found.

    Raises:
        MissingPackageError: pydicom is not installed.
    """
    if database is None:
        return Acquisition()
    for uid in instance_uids(volume_node):
        path = database.fileForInstance(uid)
        if path and Path(path).is_file():
            facts = _facts_in(path)
            if facts is not None:
                return facts
    return Acquisition()


def _facts_in(path: str) -> Acquisition | None:
    """Facts in the header of one file; None where it cannot be read."""
    try:
        from pydicom import dcmread
    except ImportError as error:
        raise MissingPackageError("pydicom is not installed", next_step="Run: pip install pydicom") from error

    from OsteoScreenLib.ct.dicom_tags import acquisition_of as facts_of
    from OsteoScreenLib.ct.dicom_tags import tolerant_reading

    try:
        with tolerant_reading():
            return facts_of(dcmread(path, stop_before_pixels=True))
    except Exception as error:  # a damaged header raises whatever its bytes lead to; the facts are then unknown
        logger.warning("A DICOM header of the volume cannot be read: %s", type(error).__name__)
        return None
