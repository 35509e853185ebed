"""FemurFinder: finds the femora of a volume node once, beside the window, and puts them where the user wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import OsteoScreenError
from OsteoScreenLib.mrml.background_job import BackgroundJob
from OsteoScreenLib.mrml.child_screening import ChildScreening
from OsteoScreenLib.mrml.dicom_facts import dicom_database
from OsteoScreenLib.mrml.femur_fill import fill, plan, sides_meant
from OsteoScreenLib.mrml.screening_files import ScreeningOrder
from OsteoScreenLib.mrml.volume import volume_from_node
from OsteoScreenLib.progress import ProgressCallback
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.segmentation.femur_masks import FemurMasks

SearchJob = Callable[[CTVolume, ProgressCallback, Callable[[FemurMasks], None], Callable[[BaseException], None]], Any]
"""Makes the job that looks for femora: called with the CT and with whom to tell of progress, of the masks and of a
failure; what it returns has ``start()``, ``poll()`` and ``cancel()``."""


_ABOUT_MASKS = ("femur_mask_", "femora_", "femur_sides_")
"""How the codes of flags begin that speak of an outline."""


def search_in_child(
    ct: CTVolume,
    on_progress: ProgressCallback,
    on_done: Callable[[FemurMasks], None],
    on_failed: Callable[[BaseException], None],
) -> ChildScreening:
    """OsteoScreen's networks in a process of its own, as the panel screens, so that the window stays free."""
    import slicer

    def found(case: ScreenedCase) -> None:
        if case.masks is None:
            reason = "" if case.result.segmentation is None else case.result.segmentation.reason or ""
            on_failed(OsteoScreenError(reason or "No outline was made", code="no_femur_mask"))
            return
        doubts = tuple(flag for flag in case.result.quality if flag.code.startswith(_ABOUT_MASKS))
        on_done(replace(case.masks, flags=doubts))

    return ChildScreening(ct, ScreeningOrder(), on_progress, found, on_failed, directory=slicer.app.temporaryPath)


class FemurFinder:
    """The work behind the Segment Editor effect "Femur (VB-Net)".

    Call :meth:`read`, run a :meth:`job`, then :meth:`fill`; again for the next seed, which then is quick, because what
    was found in a volume is kept until the volume is changed.

    Args:
        search: how femora are looked for; None: :func:`search_in_child`.
    """

    def __init__(self, search: SearchJob | None = None) -> None:
        self._search = search
        self._of: tuple[Any, ...] = ()
        self._geometry: Geometry | None = None
        self._ct: CTVolume | None = None
        self._masks: FemurMasks | None = None

    def read(self, volume_node: Any) -> None:
        """Take the CT of a volume node, unless it is the one that was taken last. Main thread only.

        Raises:
            InputError: the node does not hold a CT on a regular grid; see :func:`volume_from_node`.
        """
        of = _state_of(volume_node)
        if of != self._of or (self._ct is None and self._masks is None):
            self._ct, self._masks, self._of = None, None, ()
            self._ct = volume_from_node(volume_node, dicom_database())
            self._geometry, self._of = self._ct.geometry, of

    def job(
        self,
        on_progress: ProgressCallback,
        on_done: Callable[[FemurMasks], None],
        on_failed: Callable[[BaseException], None],
    ) -> Any:
        """The search in the CT that was read, with ``start()``, ``poll()`` and ``cancel()``; touches no node."""
        ct, known = self._ct, self._masks
        if known is not None:
            return BackgroundJob(lambda progress, cancelled: known, on_progress, on_done, on_failed)
        if ct is None:
            raise OsteoScreenError("No volume was read", code="no_volume")

        def keep(masks: FemurMasks) -> None:
            if self._ct is ct:  # the masks answer from now on; a large scan need not be kept for that
                self._masks, self._ct = masks, None
            on_done(masks)

        return (self._search or search_in_child)(ct, on_progress, keep, on_failed)

    def fill(self, effect: Any, masks: FemurMasks, seed_lps_mm: Sequence[float] | None, target: str) -> tuple[str, ...]:
        """Put what was found into the segments of an editor, one step for its undo.

        Args:
            effect: ``qSlicerSegmentEditorScriptedEffect`` of the editor.
            masks: of the job.
            seed_lps_mm: where the user clicked; None: the whole volume.
            target: see :func:`plan`.

        Returns:
            The sides that were filled.

        Raises:
            InputError: the user means no femur that was found, or it does not fit the segment; see
                :func:`sides_meant` and :func:`plan`. Nothing is then changed.
        """
        if self._geometry is None:
            raise OsteoScreenError("No volume was read", code="no_volume")
        node = effect.parameterSetNode()
        sides = sides_meant(masks, self._geometry, seed_lps_mm)
        fillings = plan(sides, target, node.GetSegmentationNode(), node.GetSelectedSegmentID() or "")
        fill(effect, masks, node.GetSourceVolumeNode(), fillings)
        return tuple(filling.side for filling in fillings)


def seed_in_slice(slice_node: Any, xy: Sequence[int]) -> tuple[float, float, float]:
    """The place of a click in a slice view, LPS millimetres in the world.

    Args:
        slice_node: ``vtkMRMLSliceNode``.
        xy: pixels from the lower left corner of the view, as VTK counts.
    """
    right, anterior, superior, _ = slice_node.GetXYToRAS().MultiplyPoint((float(xy[0]), float(xy[1]), 0.0, 1.0))
    return (-right, -anterior, superior)


def _state_of(volume_node: Any) -> tuple[Any, ...]:
    """What changes when the voxels of a volume node or its place in the world do."""
    import vtk

    image = volume_node.GetImageData()
    to_world = vtk.vtkMatrix4x4()
    transform = volume_node.GetParentTransformNode()
    linear = transform is None or bool(transform.GetMatrixTransformToWorld(to_world))
    to_ras = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(to_ras)
    numbers = [m.GetElement(row, column) for m in (to_ras, to_world) for row in range(4) for column in range(4)]
    return (volume_node.GetID(), None if image is None else image.GetMTime(), linear, *numbers)
