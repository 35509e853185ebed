"""Acquisition facts kept with a volume node, so that they go with it through edits, re-scoring and saved scenes."""

from __future__ import annotations

import json
from typing import Any

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.sidecar import facts_of_document
from OsteoScreenLib.mrml.dicom_facts import acquisition_of

ACQUISITION_ATTRIBUTE = "OsteoScreen.acquisition"
"""On a volume node: how the scan was made and of whom, as JSON; no name, no identifier, no date."""


def acquisition_in_scene(volume_node: Any, database: Any | None) -> Acquisition:
    """All that the scene knows of how a volume was made: by Slicer's DICOM database, else by what was left with it.

    Raises:
        MissingPackageError: pydicom is not installed, and the node came from DICOM.
    """
    told = acquisition_of(volume_node, database)
    return told if told.facts_from != "none" else kept_acquisition(volume_node)


def keep_acquisition(acquisition: Acquisition, volume_node: Any) -> None:
    """Leave facts with a volume node; where nothing is known, those of what it held before are taken away.

    Args:
        acquisition: of the CT in the node.
        volume_node: ``vtkMRMLScalarVolumeNode``.
    """
    known = acquisition != Acquisition()
    volume_node.SetAttribute(ACQUISITION_ATTRIBUTE, json.dumps(acquisition.to_dict()) if known else None)


def kept_acquisition(volume_node: Any) -> Acquisition:
    """The facts that were left with a volume node; an empty Acquisition where there are none.

    A scene may come from anywhere: a value that is not of its field's kind is left out.
    """
    try:
        document = json.loads(volume_node.GetAttribute(ACQUISITION_ATTRIBUTE) or "null")
    except (ValueError, RecursionError):
        return Acquisition()
    return facts_of_document(document) if isinstance(document, dict) else Acquisition()
