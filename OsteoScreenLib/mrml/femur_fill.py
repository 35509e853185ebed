"""What the Segment Editor effect "Femur (VB-Net)" puts where: which femur a seed means, which segment it fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.femur_terms import FEMUR_TERMS
from OsteoScreenLib.mrml.segment_labelmap import write_modifier
from OsteoScreenLib.mrml.segment_side import is_unnamed, name_as_femur, segment_is_empty, side_of_segment
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurMasks

SEED_REACH_MM = 50.0
"""Own choice: a seed further than this from every femur means none. The hips' centres lie about 180 mm apart, so that a
seed in the soft tissue around a hip still means that hip."""

SELECTED, NEW = "selected", "new"
"""Where the voxels go: into the selected segment, or into one of their own for each femur."""


@dataclass(frozen=True)
class Filling:
    """One femur and the segment that receives it; an empty ``segment_id`` stands for a new one."""

    side: str
    segment_id: str = ""


def sides_meant(masks: FemurMasks, geometry: Geometry, seed_lps_mm: Sequence[float] | None) -> tuple[str, ...]:
    """The femora that the user means: every one that was found, or the one at or nearest to a seed.

    Args:
        masks: what the segmenter found.
        geometry: of the volume.
        seed_lps_mm: where the user clicked, LPS millimetres; None: the whole volume.

    Raises:
        InputError: ``no_femur``, none was found; ``no_femur_at_seed``, none within :data:`SEED_REACH_MM`.
    """
    found = [side for side, number in SIDE_LABELS.items() if (masks.labels == number).any()]
    if not found:
        reasons = " ".join(f"{finding.reason.rstrip('.')}." for finding in masks.femurs.values() if finding.reason)
        raise InputError(f"No femur was found. {reasons}".rstrip(), code="no_femur")
    if seed_lps_mm is None:
        return tuple(found)
    far = {side: _distance_mm(masks.labels == SIDE_LABELS[side], geometry, seed_lps_mm) for side in found}
    nearest = min(far, key=lambda side: far[side])
    if far[nearest] > SEED_REACH_MM:
        raise InputError(
            f"The nearest femur, the {nearest} one, is {far[nearest]:.0f} mm from the seed",
            next_step="Click at a hip.",
            code="no_femur_at_seed",
        )
    return (nearest,)


def plan(sides: Sequence[str], target: str, segmentation_node: Any, selected_id: str) -> tuple[Filling, ...]:
    """Which segment receives which femur.

    Args:
        sides: the femora that are meant.
        target: :data:`SELECTED` or :data:`NEW`. Where nothing is selected, both mean new segments.
        segmentation_node: ``vtkMRMLSegmentationNode``.
        selected_id: the selected segment; empty where there is none.

    Raises:
        InputError: ``which_side``, two femora for one segment that does not say which it is; ``other_side``, the
            segment is that of the other femur.
    """
    segmentation = segmentation_node.GetSegmentation()
    selected = segmentation.GetSegment(selected_id) if selected_id else None
    if target == NEW or selected is None:
        return tuple(Filling(side, _free_id(segmentation_node, side)) for side in sides)
    own = side_of_segment(selected_id, selected)
    if own is None and len(sides) > 1:
        raise InputError(
            f"Both femora were found, and '{selected.GetName()}' does not say which of them it is",
            next_step="Click at one hip in a slice view, or choose new segments.",
            code="which_side",
        )
    side = sides[0] if own is None else own
    if side not in sides:
        raise InputError(
            f"The femur found is the {sides[0]} one, and '{selected.GetName()}' is that of the {side}",
            next_step="Select the segment of that side, or choose new segments.",
            code="other_side",
        )
    return (Filling(side, selected_id),)


def fill(effect: Any, masks: FemurMasks, volume_node: Any, fillings: Sequence[Filling]) -> tuple[str, ...]:
    """Put femora into segments through the Segment Editor, so that its masking settings and its undo hold.

    Args:
        effect: ``qSlicerSegmentEditorScriptedEffect`` that is active.
        masks: of the volume.
        volume_node: the editor's source volume.
        fillings: of :func:`plan`; all of them are one step for undo.

    Returns:
        The ids of the segments; the last of them is the selected one.
    """
    import slicer

    node = effect.parameterSetNode()
    segmentation_node = node.GetSegmentationNode()
    segmentation = segmentation_node.GetSegmentation()
    mode = slicer.qSlicerSegmentEditorAbstractEffect.ModificationModeSet
    effect.saveStateForUndo()
    filled = []
    for filling in fillings:
        segment_id = filling.segment_id
        if not segment_id or segmentation.GetSegment(segment_id) is None:
            segment_id = segmentation.AddEmptySegment(segment_id)
        segment = segmentation.GetSegment(segment_id)
        if is_unnamed(segment) and segment_is_empty(segmentation_node, segment_id):
            name_as_femur(segmentation, segment, filling.side)
        node.SetSelectedSegmentID(segment_id)
        modifier = effect.defaultModifierLabelmap()
        write_modifier(masks.labels == SIDE_LABELS[filling.side], volume_node, segmentation_node, modifier)
        effect.modifySelectedSegmentByLabelmap(modifier, mode)
        filled.append(segment_id)
    return tuple(filled)


def _free_id(segmentation_node: Any, side: str) -> str:
    """The id that screening gives this femur, where it is free or its segment empty; else none."""
    segment_id = FEMUR_TERMS[side].segment_id
    segment = segmentation_node.GetSegmentation().GetSegment(segment_id)
    return segment_id if segment is None or segment_is_empty(segmentation_node, segment_id) else ""


def _distance_mm(mask: np.ndarray, geometry: Geometry, point_lps_mm: Sequence[float]) -> float:
    """From a point to the centre of the nearest voxel of a mask."""
    index = np.asarray(geometry.to_index(point_lps_mm))
    away = (np.argwhere(mask)[:, ::-1] - index) * geometry.spacing_xyz_mm
    return float(np.sqrt((away**2).sum(axis=1).min()))
