"""The nodes of one case in the scene: which belong to a volume, and the case that they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.flags_table import CHECKED_VOLUME_ROLE
from OsteoScreenLib.mrml.measures_table import MEASURED_VOLUME_ROLE, result_for_volume
from OsteoScreenLib.mrml.region_node import read_regions_of
from OsteoScreenLib.mrml.segmentation_node import digest_of, has_femora, read_masks
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.segmentation.femur_masks import FemurMasks

MASKS_ATTRIBUTE = "OsteoScreen.masks"
"""On a table of measures: digest of the masks that were measured, so that later editing is noticed."""


@dataclass(frozen=True)
class CaseNodes:
    """What belongs to a volume: segmentation, table of measures, table of flags; None where there is none."""

    segmentation: Any | None = None
    measures: Any | None = None
    flags: Any | None = None


def nodes_of(volume_node: Any) -> CaseNodes:
    """The nodes in the volume's scene that speak of it; the newest where there are several."""
    import slicer

    def newest(class_name: str, role: str, fits: Any = lambda node: True) -> Any | None:
        scene = volume_node.GetScene()
        nodes = [scene.GetNthNodeByClass(n, class_name) for n in range(scene.GetNumberOfNodesByClass(class_name))]
        ours = [node for node in nodes if node.GetNodeReferenceID(role) == volume_node.GetID() and fits(node)]
        return ours[-1] if ours else None

    geometry_role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    return CaseNodes(
        newest("vtkMRMLSegmentationNode", geometry_role, has_femora),
        newest("vtkMRMLTableNode", MEASURED_VOLUME_ROLE),
        newest("vtkMRMLTableNode", CHECKED_VOLUME_ROLE),
    )


def speaks_of_another(node: Any | None, role: str, volume_node: Any) -> bool:
    """Whether a node refers to another volume than this one, so that writing into it would lose that one's answer."""
    named = None if node is None else node.GetNodeReferenceID(role)
    return bool(named) and named != volume_node.GetID()


def note_masks(labels: np.ndarray | None, measures_table: Any) -> None:
    """Remember in a table which masks its measures were taken from; None: from none."""
    measures_table.SetAttribute(MASKS_ATTRIBUTE, None if labels is None else digest_of(labels))


def edited_since(volume_node: Any, nodes: CaseNodes) -> bool:
    """Whether the segments differ from the masks that were measured; False where none were."""
    noted = nodes.measures.GetAttribute(MASKS_ATTRIBUTE) if nodes.measures else None
    if not noted or nodes.segmentation is None:
        return False
    return digest_of(read_masks(nodes.segmentation, volume_node)) != noted


def case_in_scene(volume_node: Any, nodes: CaseNodes) -> ScreenedCase:
    """The case that a scene holds of a volume, result, masks and regions as they belong together.

    Raises:
        InputError: ``no_result``, the volume has not been screened; ``edited_since``, its segments were edited after
            that; ``no_femur_segment``, they are gone.
    """
    result = result_for_volume(nodes.measures, volume_node)
    if nodes.measures is None or result is None:
        raise InputError("This volume has not been screened", next_step="Screen it first.", code="no_result")
    if not result.femurs:
        return ScreenedCase(result)
    labels = read_masks(nodes.segmentation, volume_node)
    if digest_of(labels) != nodes.measures.GetAttribute(MASKS_ATTRIBUTE):
        raise InputError(
            "The segmentation was edited after the result was made",
            next_step="Score it again first.",
            code="edited_since",
        )
    source = "given" if result.segmentation is None else result.segmentation.source or "given"
    masks = FemurMasks(labels, result.femurs, source, result.models)
    return ScreenedCase(result, masks, read_regions_of(volume_node))
