"""FemurSegmentationLogic: the femora of a volume node as a segmentation node. No dialogs, no widgets."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.mrml.dicom_facts import dicom_database
from OsteoScreenLib.mrml.segmentation_node import has_femora, place_beside, read_masks, write_masks
from OsteoScreenLib.mrml.volume import volume_from_node
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.segmentation.femur_masks import FemurMasks
from OsteoScreenLib.segmentation.segmenter import FemurSegmenter


class FemurSegmentationLogic:
    """Volume node in, segmentation node out; every call is synchronous.

    Args:
        segmenter: the source of masks; None: OsteoScreen's own networks, opened when they are first needed.
    """

    def __init__(self, segmenter: FemurSegmenter | None = None) -> None:
        self._segmenter = segmenter

    @property
    def segmenter(self) -> FemurSegmenter:
        """The source of masks."""
        if self._segmenter is None:
            from OsteoScreenLib.screening.femur_source import femur_source

            self._segmenter = femur_source()
        return self._segmenter

    def segment(
        self,
        volumeNode: Any,
        segmentationNode: Any | None = None,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> Any:
        """Outline the proximal femora of a volume.

        Args:
            volumeNode: ``vtkMRMLScalarVolumeNode`` in HU; left as it is.
            segmentationNode: ``vtkMRMLSegmentationNode`` that receives the segments; None: a new one.

        Returns:
            The segmentation node, with the segments ``Left femur`` and ``Right femur``.

        Raises:
            InputError: the node does not hold a CT on a regular grid; see :func:`volume_from_node`.
            CancelledError: ``cancelled`` said so; the scene is then as it was.
            OsteoScreenError: the source cannot work, for instance because no model is installed.
        """
        ct = volume_from_node(volumeNode, dicom_database())
        masks = self.segmenter.segment(ct, progress, cancelled)
        return self.show(masks, volumeNode, segmentationNode)

    def show(self, masks: FemurMasks, volumeNode: Any, segmentationNode: Any | None = None) -> Any:
        """Put masks that were made from a volume into the scene; returns the segmentation node.

        Segments that hold these voxels already are not touched, so that their editing can still be undone.

        Raises:
            InputError: ``geometry_mismatch``, the masks are not of the volume's shape.
        """
        if segmentationNode is None:
            name = f"{volumeNode.GetName()} femora"
            segmentationNode = volumeNode.GetScene().AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        if not has_femora(segmentationNode) or not np.array_equal(
            read_masks(segmentationNode, volumeNode), masks.labels
        ):
            write_masks(masks.labels, volumeNode, segmentationNode)
        place_beside(segmentationNode, volumeNode)
        return segmentationNode

    def labels(self, segmentationNode: Any, volumeNode: Any) -> np.ndarray:
        """The segments, as they are now, as an array on the volume's grid; see :func:`read_masks`."""
        return read_masks(segmentationNode, volumeNode)
