"""A small CT with two bright boxes for femora, and a Segment Editor over it in the test host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if
from OsteoScreenLib.quality.flag import QualityFlag
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurFinding, FemurMasks

SHAPE = (24, 40, 60)
SPACING_MM = (5.0, 5.0, 5.0)
BOXES = {
    "left": (slice(4, 20), slice(14, 26), slice(40, 52)),
    "right": (slice(4, 20), slice(14, 26), slice(8, 20)),
}
"""Indices (z, y, x); x runs to the patient's left."""
N_VOXELS = 16 * 12 * 12
DENSE_FROM_Z = 12
"""The boxes have 600 HU from this slice upwards and 150 HU below it."""


def two_femora() -> CTVolume:
    """Two boxes of bone in muscle, with fat around it and air around that, so that the checks see Hounsfield units."""
    hu = np.full(SHAPE, -1000.0)
    hu[:, 3:-3, 3:-3] = -100.0
    hu[:, 8:-8, 6:-6] = 55.0
    hu = np.rint(hu + np.random.default_rng(1).normal(0.0, 8.0, SHAPE)).clip(-1024).astype(np.int16)
    for box in BOXES.values():
        hu[box] = 150
        hu[box][DENSE_FROM_Z - box[0].start :] = 600
    return CTVolume(hu=hu, geometry=Geometry(SHAPE, SPACING_MM, (-147.5, -100.0, -60.0), (1, 0, 0, 0, 1, 0, 0, 0, 1)))


def labels_of(*sides: str) -> np.ndarray:
    """The boxes of some sides as a mask, (z, y, x) uint8."""
    labels = np.zeros(SHAPE, np.uint8)
    for side in sides:
        labels[BOXES[side]] = SIDE_LABELS[side]
    return labels


def centre_ras(side: str) -> tuple[float, float, float]:
    """Middle of a box, RAS millimetres."""
    z, y, x = ((part.start + part.stop - 1) / 2 for part in BOXES[side])
    lps = two_femora().geometry.to_physical((x, y, z))
    return (-lps[0], -lps[1], lps[2])


class BoxesSegmenter:
    """Finds the boxes of some sides.

    Args:
        sides: which are found. flags: doubts.
    """

    def __init__(self, *sides: str, flags: tuple[QualityFlag, ...] = ()) -> None:
        self.sides, self.flags, self.calls = sides, flags, 0

    def segment(
        self, ct: CTVolume, progress: ProgressCallback = no_progress, cancelled: CancelToken = never_cancelled
    ) -> FemurMasks:
        """The boxes."""
        self.calls += 1
        progress(0.5, "Boxes")
        stop_if(cancelled)
        femurs = {
            side: FemurFinding("present", volume_ml=N_VOXELS * 0.125)
            if side in self.sides
            else FemurFinding("absent", f"No bone on the {side}.")
            for side in SIDE_LABELS
        }
        return FemurMasks(labels_of(*self.sides), femurs, "vbnet", flags=self.flags)


def search_with(segmenter: Any) -> Any:
    """A search for femora in a thread of the test, by a segmenter of the test's own."""
    from OsteoScreenLib.mrml.background_job import BackgroundJob

    return lambda ct, *callbacks: BackgroundJob(
        lambda progress, cancelled: segmenter.segment(ct, progress, cancelled), *callbacks
    )


class EditorCase:
    """A Segment Editor in the test host with the small CT as its source volume.

    Attributes:
        volume, segmentation, node: the nodes. editor: the widget, as PythonQt shows it.
    """

    def __init__(self, host: Any, repository: Path, ct: CTVolume | None = None) -> None:
        from slicer_host.pythonqt import wrap
        from slicer_host.segment_editor import qMRMLSegmentEditorWidget

        from OsteoScreenLib.mrml.volume import write_volume_node

        self.host = host
        host.start(repository / "OsteoScreen")
        self.volume = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Hips")
        write_volume_node(two_femora() if ct is None else ct, self.volume)
        self.segmentation = host.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Bones")
        self.segmentation.CreateDefaultDisplayNodes()
        self.segmentation.SetReferenceImageGeometryParameterFromVolumeNode(self.volume)
        self.node = host.scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
        self.qt_editor = qMRMLSegmentEditorWidget()
        self.editor = wrap(self.qt_editor)
        self.editor.setMRMLSegmentEditorNode(self.node)
        self.editor.setMRMLScene(host.scene)
        self.editor.setSegmentationNode(self.segmentation)
        self.editor.setSourceVolumeNode(self.volume)
        self.editor.setupViewObservations()
        self.qt_editor.show()
        host.pump()

    def close(self) -> None:
        """The editor is left."""
        self.editor.setActiveEffect(None)
        self.editor.removeViewObservations()
        self.editor.setMRMLSegmentEditorNode(None)
        self.qt_editor.close()

    def button(self, name: str) -> Any:
        """A button of the editor, by the name of its effect or as AddButton, UndoButton, RedoButton."""
        from PySide6 import QtWidgets

        found = self.qt_editor.findChild(QtWidgets.QPushButton, name)
        assert found is not None, f"the editor has no button {name}"
        return found

    def choose(self, name: str) -> Any:
        """Click on the button of an effect; its Python object."""
        self.host.click(self.button(name))
        effect = self.editor.activeEffect()
        assert effect is not None, f"{name} is not active"
        assert effect.name == name
        return effect.self()

    def click_at(self, point_ras: tuple[float, float, float], view: str = "Red", **how: Any) -> None:
        """Click at a place in a slice view."""
        import slicer
        from slicer_host.pythonqt import unwrap
        from slicer_host.slice_widget import click_at

        click_at(unwrap(slicer.app.layoutManager().sliceWidget(view)), point_ras, **how)
        self.host.pump()

    def wait(self, effect: Any) -> None:
        """Until the effect's work has come to its end."""
        self.host.wait_until(lambda: effect.work.idle)

    def add_segment(self, name: str = "") -> str:
        """Click on Add; the new segment's id, and it is the selected one."""
        self.host.click(self.button("AddButton"))
        segment_id = self.editor.currentSegmentID()
        if name:
            self.segmentation.GetSegmentation().GetSegment(segment_id).SetName(name)
        return segment_id

    def ids(self) -> list[str]:
        """The segments."""
        segmentation = self.segmentation.GetSegmentation()
        return [segmentation.GetNthSegmentID(number) for number in range(segmentation.GetNumberOfSegments())]

    def name(self, segment_id: str) -> str:
        """Name of a segment."""
        return str(self.segmentation.GetSegmentation().GetSegment(segment_id).GetName())

    def mask(self, segment_id: str) -> np.ndarray:
        """A segment on the volume's grid, (z, y, x) bool."""
        from OsteoScreenLib.errors import InputError
        from OsteoScreenLib.mrml.segment_labelmap import read_segment

        try:
            return read_segment(self.segmentation, segment_id)[0]
        except InputError as error:
            if error.code != "empty_segment":
                raise
            return np.zeros(SHAPE, bool)
