"""RadiomicsLogic: features of the femora of a scene, for the panel and the Python console. No dialogs, no widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from OsteoScreenLib.mrml.case_nodes import speaks_of_another
from OsteoScreenLib.mrml.features_table import FEATURES_VOLUME_ROLE, is_features_table, write_features
from OsteoScreenLib.mrml.radiomics_order import SIDES, RadiomicsOrder, read_order
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.feature_table import FeatureTable
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.radiomics.settings_file import load_settings
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS


class RadiomicsLogic:
    """Nodes of the scene in, features and table nodes out; every call is synchronous.

    Three steps, so that the long one can run beside the window: :meth:`read` and :meth:`show` touch the scene and
    belong to the main thread; :meth:`compute` sees arrays only. :meth:`extract` and :meth:`extractToTable` do them in
    one call.
    """

    def extract(
        self,
        volumeNode: Any,
        segmentationNode: Any,
        settings: Settings | str = "femur",
        sides: Sequence[str] = SIDES,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> FeatureTable:
        """Compute the features of the femora.

        Args:
            volumeNode: ``vtkMRMLScalarVolumeNode``; left as it is.
            segmentationNode: ``vtkMRMLSegmentationNode`` with the segments of the femora; left as it is.
            settings: what to compute, or a parameter file: its path, or the name of a shipped one.
            sides: ``left``, ``right`` or both; an empty one is left out.
            progress: told how far the work is.
            cancelled: asked whether to stop.

        Returns:
            One row for each femur, its ``mask`` being ``left`` or ``right``. A femur whose region cannot be used has
            the reason in its row and no features.

        Raises:
            InputError: see :func:`OsteoScreenLib.mrml.radiomics_order.read_order`.
            UsageError: the parameters are wrong. CancelledError: ``cancelled`` said so.
        """
        return self.compute(self.read(volumeNode, segmentationNode, settings, sides), progress, cancelled)

    def extractToTable(
        self,
        volumeNode: Any,
        segmentationNode: Any,
        settings: Settings | str = "femur",
        sides: Sequence[str] = SIDES,
        tableNode: Any | None = None,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> Any:
        """Compute the features of the femora and put them into a table node; arguments and errors of :meth:`extract`.

        Args:
            tableNode: where to; None: a new one. See :meth:`show`.

        Returns:
            The table node.
        """
        order = self.read(volumeNode, segmentationNode, settings, sides)
        return self.show(self.compute(order, progress, cancelled), order, volumeNode, tableNode)

    def read(
        self,
        volumeNode: Any,
        segmentationNode: Any,
        settings: Settings | str = "femur",
        sides: Sequence[str] = SIDES,
    ) -> RadiomicsOrder:
        """Image and masks as they are now, as copies of their own. Main thread only; errors as :meth:`extract`."""
        if isinstance(settings, Settings):
            return read_order(volumeNode, segmentationNode, settings, sides)
        name = str(settings).replace("\\", "/").rpartition("/")[2]  # a folder's name may be a patient's
        return read_order(volumeNode, segmentationNode, load_settings(settings), sides, name)

    def compute(
        self,
        order: RadiomicsOrder,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> FeatureTable:
        """Compute what was read; touches no node, so any thread may call it.

        Raises:
            CancelledError: ``cancelled`` said so.
        """
        table = extract(
            order.image, order.masks, order.settings, labels=order.labels, progress=progress, cancelled=cancelled
        )
        return named_by_side(table)

    def show(self, table: FeatureTable, order: RadiomicsOrder, volumeNode: Any, tableNode: Any | None = None) -> Any:
        """Put features into the scene. Main thread only.

        Args:
            table: of :meth:`compute`.
            order: what it was computed from.
            volumeNode: the volume.
            tableNode: where to. A table that holds features of another volume, or something else than features, is
                left alone, and a new one made, as where there is None.

        Returns:
            The table node.
        """
        kept = tableNode is not None and (tableNode.GetNumberOfColumns() == 0 or is_features_table(tableNode))
        if not kept or speaks_of_another(tableNode, FEATURES_VOLUME_ROLE, volumeNode):
            name = f"{volumeNode.GetName()} features"
            tableNode = volumeNode.GetScene().AddNewNodeByClass("vtkMRMLTableNode", name)
        write_features(table, order, tableNode, volumeNode)
        return tableNode


def named_by_side(table: FeatureTable) -> FeatureTable:
    """The same rows; the mask of each is called after its side."""
    side_of = {label: side for side, label in SIDE_LABELS.items()}
    return FeatureTable(tuple(replace(row, mask=side_of[row.label]) for row in table.rows))
