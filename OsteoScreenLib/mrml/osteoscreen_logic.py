"""OsteoScreenLogic: what the panel's buttons and the Python console call. No dialogs, no widgets."""

from __future__ import annotations

from typing import Any

from OsteoScreenLib.mrml.flags_table import clear_flags, write_flags
from OsteoScreenLib.mrml.volume import volume_from_node
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.result.case_result import CaseResult


class OsteoScreenLogic:
    """Nodes of the scene in, results and nodes of the scene out; every call is synchronous."""

    def check(
        self,
        volumeNode: Any,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> CaseResult:
        """Read and check the CT of a volume node.

        Args:
            volumeNode: ``vtkMRMLScalarVolumeNode`` in HU; left as it is.
            progress: told how far the work is.
            cancelled: asked whether to stop.

        Returns:
            The result, named after the node, with its flags, the gravest first. A result that withholds is an
            answer, not an error.

        Raises:
            InputError: the node does not hold a CT on a regular grid; see :func:`volume_from_node`.
            CancelledError: ``cancelled`` said so.
        """
        from OsteoScreenLib.screening.inputs import safe_name
        from OsteoScreenLib.screening.pipeline import screen

        ct = volume_from_node(volumeNode, dicom_database())
        return screen(ct, safe_name(ct.source.name), progress=progress, cancelled=cancelled).result

    def writeFlagsTable(self, result: CaseResult, tableNode: Any, volumeNode: Any | None = None) -> None:
        """Replace what a table node holds by the flags of a result; see :func:`write_flags`."""
        write_flags(result, tableNode, volumeNode)

    def clearFlagsTable(self, tableNode: Any) -> None:
        """Empty a table of flags, so that an old answer cannot be taken for a new one; see :func:`clear_flags`."""
        clear_flags(tableNode)


def dicom_database() -> Any | None:
    """Slicer's DICOM database; None where Slicer has not opened one (and outside Slicer)."""
    import slicer

    return getattr(slicer, "dicomDatabase", None)
