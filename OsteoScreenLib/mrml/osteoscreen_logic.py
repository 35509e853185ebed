"""OsteoScreenLogic: what the panel's buttons and the Python console call. No dialogs, no widgets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.densitometry_result import Densitometry
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.mrml.acquisition_attribute import acquisition_in_scene, keep_acquisition
from OsteoScreenLib.mrml.bone_status_order import BoneStatusOrder
from OsteoScreenLib.mrml.case_nodes import CaseNodes, nodes_of, note_masks, speaks_of_another
from OsteoScreenLib.mrml.density_markups import remove_landmarks, show_landmarks
from OsteoScreenLib.mrml.density_order import AUTO, DensityOrder
from OsteoScreenLib.mrml.density_view import is_shown, set_shown
from OsteoScreenLib.mrml.dicom_facts import dicom_database
from OsteoScreenLib.mrml.femur_segmentation_logic import FemurSegmentationLogic
from OsteoScreenLib.mrml.flags_table import CHECKED_VOLUME_ROLE, clear_flags, write_flags
from OsteoScreenLib.mrml.measures_table import MEASURED_VOLUME_ROLE, clear_measures, write_measures
from OsteoScreenLib.mrml.patient_facts import facts_of
from OsteoScreenLib.mrml.region_node import show_regions_of
from OsteoScreenLib.mrml.segmentation_node import read_masks
from OsteoScreenLib.mrml.volume import volume_from_node
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.result.screened_case import ScreenedCase
from OsteoScreenLib.screening.densitometry_options import first_known
from OsteoScreenLib.segmentation.segmenter import FemurSegmenter


class OsteoScreenLogic:
    """Nodes of the scene in, results and nodes of the scene out; every call is synchronous.

    A screening is three steps, so that the long one can run beside the window: :meth:`read` and :meth:`show` touch the
    scene and belong to the main thread; :meth:`compute` sees arrays only. :meth:`screen` does all three.
    """

    def check(
        self,
        volumeNode: Any,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> CaseResult:
        """Read and check the CT of a volume node; no femur is looked for.

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
        return self.compute(self.read(volumeNode), None, progress, cancelled).result

    def screen(
        self,
        volumeNode: Any,
        segmentationNode: Any | None = None,
        measuresTable: Any | None = None,
        flagsTable: Any | None = None,
        segmenter: FemurSegmenter | None = None,
        density: DensityOrder | None = None,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
        models: BoneStatusOrder | None = None,
    ) -> CaseResult:
        """Check the CT of a volume node, outline its femora, measure them, and put all of it into the scene.

        Args:
            volumeNode: ``vtkMRMLScalarVolumeNode`` in HU; left as it is.
            segmentationNode: receives the femora; None: a new node, where there are masks.
            measuresTable: ``vtkMRMLTableNode`` that receives what was measured; None: no table.
            flagsTable: ``vtkMRMLTableNode`` that receives the flags; None: no table.
            segmenter: the source of masks; None: OsteoScreen's own networks.
            density: what is known of the patient and wanted of bone density; None: what the user noted with the volume
                (:mod:`patient_facts`), and the best calibration that can be had.
            models: the bone-status models to ask; None: none.

        Returns:
            The result. Where no mask could be made (for instance because no model is installed), it says why in the
            flag ``no_femur_mask`` and the segmentation is left as it was.

        Raises:
            InputError: the node does not hold a CT on a regular grid; see :func:`volume_from_node`.
            CancelledError: ``cancelled`` said so; the scene is then as it was.
        """
        source = FemurSegmentationLogic(segmenter).segmenter
        ct = self.read(volumeNode)
        wanted = density or DensityOrder(facts_of(volumeNode))
        case = self.compute(ct, source, progress, cancelled, wanted, models)
        self.show(case, volumeNode, segmentationNode, measuresTable, flagsTable)
        self.showDensity(case, volumeNode)
        return case.result

    def measureDensity(
        self,
        volumeNode: Any,
        segmentationNode: Any,
        sex: str | None = None,
        ageYears: float | None = None,
        contrast: bool | None = None,
        calibration: str = AUTO,
        siteLines: str | None = None,
        siteSettings: str | None = None,
    ) -> Densitometry:
        """Measure bone density in the femora as they are outlined now, as *Re-score after editing* does.

        Measures, flags, regions and landmarks of the volume are replaced in the scene, or made where there are none.

        Args:
            volumeNode: ``vtkMRMLScalarVolumeNode`` in HU.
            segmentationNode: with the segments of the femora.
            sex: ``F`` or ``M``. ageYears: when scanned. contrast: whether a contrast agent was given. What is None is
                taken from what the user noted with the volume, then from the scan; nothing is assumed.
            calibration: ``auto``, ``internal``, ``site`` or ``fixed``.
            siteLines, siteSettings: paths of a site's files (``Docs/densitometry.md``); None: none.

        Returns:
            What was measured, and why the rest was not.

        Raises:
            InputError: the volume holds no CT, or the segmentation no femur (``no_femur_segment``).
            UsageError: a file of the site cannot be used. ValueError: no such sex, age or calibration.
        """
        facts = first_known(PatientFacts(sex, ageYears, contrast), facts_of(volumeNode))
        lines, values = (None if path is None else Path(path) for path in (siteLines, siteSettings))
        order = DensityOrder(facts, calibration, lines, values)
        order.options()  # before the long work: a file that cannot be used
        segmenter = self.segmenterOf(segmentationNode, volumeNode)
        case = self.compute(self.read(volumeNode), segmenter, density=order)
        self.showCase(case, volumeNode, replace(nodes_of(volumeNode), segmentation=segmentationNode))
        assert case.result.densitometry is not None
        return case.result.densitometry

    def read(self, volumeNode: Any) -> CTVolume:
        """The CT of a volume node, a copy of its own; see :func:`volume_from_node`. Main thread only."""
        return volume_from_node(volumeNode, dicom_database())

    def acquisition(self, volumeNode: Any | None) -> Acquisition:
        """How the scan in a volume node was made and of whom, as far as the scene knows; its voxels are not touched.

        Raises:
            MissingPackageError: a package that reads DICOM headers is not installed.
        """
        return Acquisition() if volumeNode is None else acquisition_in_scene(volumeNode, dicom_database())

    def compute(
        self,
        ct: CTVolume,
        segmenter: FemurSegmenter | None,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
        density: DensityOrder | None = None,
        models: BoneStatusOrder | None = None,
    ) -> ScreenedCase:
        """Check a CT, outline its femora and measure them; touches no node, so any thread may call it.

        Args:
            ct: as read.
            segmenter: the source of masks; None: checks only.
            density: what is wanted of bone density; None: none is measured.
            models: the bone-status models to ask where bone density is measured; None: none.

        Raises:
            CancelledError: ``cancelled`` said so.
            InputError: a mask that the user gave does not fit. UsageError: a file of the site cannot be used.
            UsageError, ModelError, MissingPackageError: a model that was named cannot be asked.
        """
        from OsteoScreenLib.screening.inputs import safe_name
        from OsteoScreenLib.screening.pipeline import screen

        options = None if density is None or segmenter is None else density.options()
        asked = None if options is None or models is None else models.models()
        return screen(ct, safe_name(ct.source.name), segmenter, progress, cancelled, options, asked)

    def show(
        self,
        case: ScreenedCase,
        volumeNode: Any,
        segmentationNode: Any | None = None,
        measuresTable: Any | None = None,
        flagsTable: Any | None = None,
    ) -> Any | None:
        """Put a screened case into the scene. Main thread only.

        A node that speaks of another volume is not written into; that volume would lose its answer. A new one is made.

        Args:
            case: of :meth:`compute`, from this volume.
            volumeNode, segmentationNode, measuresTable, flagsTable: as in :meth:`screen`.

        Returns:
            The segmentation node with the femora; None where the case has no masks.
        """
        import slicer

        geometry_role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
        if speaks_of_another(segmentationNode, geometry_role, volumeNode):
            segmentationNode = None
        keep_acquisition(case.result.acquisition, volumeNode)
        shown = None
        if case.masks is not None:
            shown = FemurSegmentationLogic().show(case.masks, volumeNode, segmentationNode)
        if measuresTable is not None:
            table = _table_for(volumeNode, measuresTable, MEASURED_VOLUME_ROLE)
            write_measures(case.result, table, volumeNode)
            note_masks(None if case.masks is None else case.masks.labels, table)
        if flagsTable is not None:
            write_flags(case.result, _table_for(volumeNode, flagsTable, CHECKED_VOLUME_ROLE), volumeNode)
        return shown

    def showCase(self, case: ScreenedCase, volumeNode: Any, nodes: CaseNodes) -> CaseNodes:
        """Put a screened case into the scene as the panel does: with tables, and new nodes where there are none.

        Args:
            case: of :meth:`compute`, from this volume.
            volumeNode: the volume.
            nodes: where to write; a node that speaks of another volume is left alone.

        Returns:
            The nodes that now speak of the volume. Where only checks were asked for, the femora stay as they were.
        """
        scene, name = volumeNode.GetScene(), volumeNode.GetName()
        measures, flags = nodes.measures, nodes.flags
        if flags is None or speaks_of_another(flags, CHECKED_VOLUME_ROLE, volumeNode):
            flags = scene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} flags")
        checks_only = case.result.segmentation is None
        if not checks_only and (measures is None or speaks_of_another(measures, MEASURED_VOLUME_ROLE, volumeNode)):
            measures = scene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} measures")
        shown = self.show(case, volumeNode, nodes.segmentation, None if checks_only else measures, flags)
        if not checks_only:
            self.showDensity(case, volumeNode)
        return CaseNodes(shown or nodes.segmentation, measures, flags)

    def showDensity(self, case: ScreenedCase, volumeNode: Any) -> None:
        """Replace the measured regions and the landmarks of a volume by those of a case.

        They are hidden at first (:mod:`density_view` shows them), and stay as visible as those that they replace.
        """
        visible = is_shown(volumeNode)
        show_regions_of(case.regions, volumeNode)
        show_landmarks(case.result, volumeNode)
        set_shown(volumeNode, visible)

    def forget(self, volumeNode: Any, nodes: CaseNodes) -> None:
        """Empty the tables that speak of a volume, because what they say of it no longer holds."""
        for table, role, clear in (
            (nodes.measures, MEASURED_VOLUME_ROLE, clear_measures),
            (nodes.flags, CHECKED_VOLUME_ROLE, clear_flags),
        ):
            if table is not None and not speaks_of_another(table, role, volumeNode):
                clear(table)
        show_regions_of(None, volumeNode)
        remove_landmarks(volumeNode)

    def segmenterOf(self, segmentationNode: Any, volumeNode: Any) -> FemurSegmenter:
        """The segments as they are now, for instance after editing, as the source of masks for :meth:`compute`.

        Raises:
            InputError: ``no_femur_segment``, there is no femur segment to take.
        """
        from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter

        return GivenMaskSegmenter(read_masks(segmentationNode, volumeNode), name="The segmentation")

    def writeFlagsTable(self, result: CaseResult, tableNode: Any, volumeNode: Any | None = None) -> None:
        """Replace what a table node holds by the flags of a result; see :func:`write_flags`."""
        write_flags(result, tableNode, volumeNode)

    def clearFlagsTable(self, tableNode: Any) -> None:
        """Empty a table of flags, so that an old answer cannot be taken for a new one; see :func:`clear_flags`."""
        clear_flags(tableNode)

    def writeMeasuresTable(self, result: CaseResult, tableNode: Any, volumeNode: Any | None = None) -> None:
        """Replace what a table node holds by the measures of a result; see :func:`write_measures`."""
        write_measures(result, tableNode, volumeNode)

    def clearMeasuresTable(self, tableNode: Any) -> None:
        """Empty a table of measures; see :func:`clear_measures`."""
        clear_measures(tableNode)


def _table_for(volume_node: Any, table_node: Any, role: str) -> Any:
    """The table itself, or a new one where it speaks of another volume."""
    if not speaks_of_another(table_node, role, volume_node):
        return table_node
    return volume_node.GetScene().AddNewNodeByClass("vtkMRMLTableNode", volume_node.GetName() + " table")
