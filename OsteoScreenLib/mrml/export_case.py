"""A case of the scene as files: those that the command line writes, and those that Slicer reads."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import OutputError
from OsteoScreenLib.mrml.case_nodes import CaseNodes
from OsteoScreenLib.mrml.dicom_facts import instance_uids
from OsteoScreenLib.mrml.measures_table import NONE
from OsteoScreenLib.report.table import cell_text
from OsteoScreenLib.result.screened_case import ScreenedCase

CASE, SEGMENTATION, TABLES, SCENE = "case", "segmentation", "tables", "scene"
FILES: Mapping[str, tuple[str, ...]] = {
    CASE: ("report.html", "result.json", "segmentation.nii.gz", "regions.nii.gz"),
    SEGMENTATION: ("segmentation.seg.nrrd",),
    TABLES: ("measures.csv", "flags.csv"),
    SCENE: ("scene.mrb",),
}
"""What can be written, and the names of the files. No name holds anything of the patient: the case's folder has the
name that the user gave the volume, made safe."""


def case_folder(directory: str | os.PathLike[str], case: ScreenedCase) -> Path:
    """The folder of a case in a directory, named after the case."""
    return Path(directory) / case.result.case_id


def files_in_the_way(folder: Path, kinds: Iterable[str]) -> tuple[str, ...]:
    """Names of the files in a folder that an export of these kinds would replace."""
    return tuple(name for kind in kinds for name in FILES[kind] if (folder / name).exists())


def directory_of(volume_node: Any, passing: Iterable[str] = ()) -> Path | None:
    """The folder that a volume was loaded from; None where it has none that lasts and is a place for results.

    Args:
        volume_node: ``vtkMRMLScalarVolumeNode``.
        passing: folders that do not last, such as Slicer's temporary one, into which a scene bundle is unpacked.
    """
    if volume_node is None or instance_uids(volume_node):
        return None  # the folder of a DICOM series, most often in Slicer's database, is no place for results
    storage = volume_node.GetStorageNode()
    name = None if storage is None else storage.GetFileName()
    if not name:
        return None
    folder = Path(name).resolve().parent
    if any(folder.is_relative_to(Path(place).resolve()) for place in passing if place):
        return None
    return folder if folder.is_dir() and os.access(folder, os.W_OK) else None


def export_case(case: ScreenedCase, ct: CTVolume, folder: Path) -> Path:
    """Write ``report.html``, ``result.json`` and, where there are any, ``segmentation.nii.gz`` and ``regions.nii.gz``.

    Touches no node.

    Args:
        case: result and masks as they belong together.
        ct: the volume they were made from.
        folder: made where it is not there; files of an earlier export are replaced, or removed where there is nothing
            to put in their place.

    Returns:
        The folder.

    Raises:
        OSError, OutputError: a file cannot be written.
        MissingPackageError: a package that the report needs is not installed.
    """
    from OsteoScreenLib.report.files import write_case_files

    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES[CASE]:
        (folder / name).unlink(missing_ok=True)
    write_case_files(case, ct, folder)
    return folder


def export_segmentation(segmentation_node: Any, folder: Path) -> Path:
    """Write ``segmentation.seg.nrrd``: all segments of a node, with names, colours and terminology.

    A transform above the node is applied, so that the file lies where the other files of the case lie; the node itself
    is left as it is. Main thread only.

    Raises:
        OSError, OutputError: the file cannot be written.
    """
    import slicer
    import vtk

    aside = slicer.vtkMRMLScene()
    copy = aside.AddNewNodeByClass("vtkMRMLSegmentationNode", "Femora")
    copy.GetSegmentation().DeepCopy(segmentation_node.GetSegmentation())
    copy.RemoveClosedSurfaceRepresentation()
    if segmentation_node.GetParentTransformNode() is not None:
        to_world = vtk.vtkGeneralTransform()
        segmentation_node.GetParentTransformNode().GetTransformToWorld(to_world)
        copy.ApplyTransform(to_world)
    storage = aside.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetUseCompression(True)
    with _whole_file(folder, FILES[SEGMENTATION][0]) as partial:
        storage.SetFileName(str(partial))
        if not storage.WriteData(copy):
            raise _not_written(folder / partial.name)
    return folder / FILES[SEGMENTATION][0]


def export_tables(nodes: CaseNodes, folder: Path) -> tuple[Path, ...]:
    """Write ``measures.csv`` and ``flags.csv`` (comma, double quotes, UTF-8); a table that is not there has no file.

    Raises:
        OSError: a file cannot be written.
    """
    written = []
    for node, name in zip((nodes.measures, nodes.flags), FILES[TABLES], strict=True):
        if node is None or node.GetNumberOfColumns() == 0:
            continue
        with _whole_file(folder, name) as partial:
            partial.write_text(table_text(node), encoding="utf-8", newline="\n")
        written.append(folder / name)
    return tuple(written)


def table_text(table_node: Any) -> str:
    """A table node as CSV; a measure that does not exist is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = range(table_node.GetNumberOfColumns())
    writer.writerow([table_node.GetColumnName(column) for column in columns])
    for row in range(table_node.GetNumberOfRows()):
        cells = [table_node.GetCellText(row, column) for column in columns]
        writer.writerow(["" if cell == NONE else cell_text(cell) for cell in cells])
    return text.getvalue()


def export_scene(scene: Any, folder: Path) -> Path:
    """Write ``scene.mrb``: everything that the scene holds, whatever it says of the patient. Main thread only.

    The scene itself still belongs to the file that the user saved it to last.

    Raises:
        OSError, OutputError: the file cannot be written.
    """
    with _whole_file(folder, FILES[SCENE][0]) as partial:
        if not scene.WriteToMRB(str(partial), None, None) or not partial.exists():
            raise _not_written(folder / partial.name)
    return folder / FILES[SCENE][0]


@contextmanager
def _whole_file(folder: Path, name: str) -> Iterator[Path]:
    """A place to write a file of this name; it appears in the folder when all of it is written, or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as aside:
        partial = Path(aside) / name
        yield partial
        partial.replace(folder / name)


def _not_written(path: Path) -> OutputError:
    return OutputError(
        "Slicer could not write the file",
        path=path,
        next_step="See whether the folder can be written to and the disk has room; Slicer's error log says more.",
    )
