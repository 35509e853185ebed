"""The features of the femora as a table node, which knows what they were taken from and is saved with the scene."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import OsteoScreenLib
from OsteoScreenLib.errors import OutputError
from OsteoScreenLib.mrml.case_nodes import MASKS_ATTRIBUTE, digest_of, note_masks
from OsteoScreenLib.mrml.radiomics_order import RadiomicsOrder, of_sides
from OsteoScreenLib.mrml.segmentation_node import has_femora, read_masks
from OsteoScreenLib.radiomics.feature_table import FeatureTable
from OsteoScreenLib.report.table import cell_text
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS

FEATURE_COLUMN = "Feature"
FEATURES_VOLUME_ROLE = "OsteoScreen.featuresVolume"
_PREFIX = "OsteoScreen.features."
PARAMETERS_ATTRIBUTE = f"{_PREFIX}parameters"
"""What the settings are called."""
SETTINGS_ATTRIBUTE = f"{_PREFIX}settings"
"""The settings themselves, as a PyRadiomics parameter file in JSON."""
ENGINE_ATTRIBUTE = f"{_PREFIX}engine"
"""Who computed, with its version."""
SIDES_ATTRIBUTE = f"{_PREFIX}sides"
NOTES_ATTRIBUTE = f"{_PREFIX}notes"
"""What could not be computed and why: a JSON list of sentences."""


def write_features(table: FeatureTable, order: RadiomicsOrder, table_node: Any, volume_node: Any) -> None:
    """Replace what a table node holds by features: one row for each feature, one column for each femur.

    The cells are texts with every digit of the number, as Slicer's own files of tables keep fewer; a feature that is
    not defined is an empty cell.

    Args:
        table: the features, one row for each label of the order.
        order: what they were computed from.
        table_node: ``vtkMRMLTableNode``.
        volume_node: the volume; the table then refers to it.
    """
    import vtk

    side_of = {label: side for side, label in SIDE_LABELS.items()}
    names = table.feature_names
    columns = {FEATURE_COLUMN: list(names)}
    for row in table.rows:
        columns[side_of[row.label].capitalize()] = [_cell(row.features.get(name)) for name in names]
    written = vtk.vtkTable()
    for title, cells in columns.items():
        column = vtk.vtkStringArray()
        column.SetName(title)
        for cell in cells:
            column.InsertNextValue(cell)
        written.AddColumn(column)
    table_node.SetAndObserveTable(written)
    table_node.SetUseColumnNameAsColumnHeader(True)
    table_node.SetLocked(True)
    table_node.SetAttribute(PARAMETERS_ATTRIBUTE, order.parameters)
    table_node.SetAttribute(SETTINGS_ATTRIBUTE, json.dumps(order.settings.to_dict()))
    table_node.SetAttribute(ENGINE_ATTRIBUTE, f"OsteoScreen {OsteoScreenLib.__version__}")
    table_node.SetAttribute(SIDES_ATTRIBUTE, " ".join(order.sides))
    table_node.SetAttribute(NOTES_ATTRIBUTE, json.dumps([*order.notes, *_notes(table, side_of)]))
    note_masks(order.masks.array, table_node)
    table_node.SetNodeReferenceID(FEATURES_VOLUME_ROLE, volume_node.GetID())


def is_features_table(table_node: Any | None) -> bool:
    """Whether a table node holds features that OsteoScreen wrote."""
    return table_node is not None and bool(table_node.GetAttribute(ENGINE_ATTRIBUTE))


def features_of_volume(table_node: Any | None, volume_node: Any | None) -> Any | None:
    """The table node itself where it holds features of this volume; else None."""
    if volume_node is None or not is_features_table(table_node):
        return None
    assert table_node is not None
    return table_node if table_node.GetNodeReferenceID(FEATURES_VOLUME_ROLE) == volume_node.GetID() else None


def newest_features(volume_node: Any | None) -> Any | None:
    """The newest table in a volume's scene that holds features of it; None where there is none."""
    scene = None if volume_node is None else volume_node.GetScene()
    if scene is None:
        return None
    kind = "vtkMRMLTableNode"
    nodes = [scene.GetNthNodeByClass(number, kind) for number in range(scene.GetNumberOfNodesByClass(kind))]
    return next((node for node in reversed(nodes) if features_of_volume(node, volume_node) is not None), None)


def features_in(table_node: Any, side: str) -> dict[str, float]:
    """The features of a side in a table, NaN where one is not defined; empty where the side is not there."""
    titles = [table_node.GetColumnName(number) for number in range(table_node.GetNumberOfColumns())]
    if side.capitalize() not in titles:
        return {}
    column = titles.index(side.capitalize())
    rows = range(table_node.GetNumberOfRows())
    cells = {table_node.GetCellText(row, 0): table_node.GetCellText(row, column) for row in rows}
    return {name: float(cell) if cell else math.nan for name, cell in cells.items()}


def notes_in(table_node: Any) -> tuple[str, ...]:
    """What could not be computed and why, in sentences."""
    try:
        said = json.loads(table_node.GetAttribute(NOTES_ATTRIBUTE) or "[]")
    except ValueError:  # a scene is hostile input
        return ()
    return tuple(note for note in said if isinstance(note, str)) if isinstance(said, list) else ()


def taken_from_other_masks(table_node: Any, volume_node: Any, segmentation_node: Any | None) -> bool:
    """Whether the femora are not, or not any more, those that the features of a table were taken from."""
    if not has_femora(segmentation_node):
        return True
    sides = [side for side in (table_node.GetAttribute(SIDES_ATTRIBUTE) or "").split() if side in SIDE_LABELS]
    now = digest_of(of_sides(read_masks(segmentation_node, volume_node), sides))
    return bool(now != table_node.GetAttribute(MASKS_ATTRIBUTE))


def write_features_csv(table_node: Any, path: Path) -> None:
    """Write a table of features as CSV, with parameters and version as its last rows.

    Raises:
        OutputError: it cannot be written.
    """
    titles = [table_node.GetColumnName(number) for number in range(table_node.GetNumberOfColumns())]
    facts = {
        "diagnostics_Configuration_Parameters": table_node.GetAttribute(PARAMETERS_ATTRIBUTE) or "",
        "diagnostics_Versions_OsteoScreen": (table_node.GetAttribute(ENGINE_ATTRIBUTE) or "").rpartition(" ")[2],
    }
    rows = [
        [table_node.GetCellText(row, column) for column in range(len(titles))]
        for row in range(table_node.GetNumberOfRows())
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows([cell_text(name), *map(_number_text, numbers)] for name, *numbers in rows)
    writer.writerows([name, *[cell_text(value)] * (len(titles) - 1)] for name, value in facts.items())
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text.getvalue(), encoding="utf-8", newline="\n")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(
            f"The features cannot be written: {error.strerror or error}",
            path=path,
            next_step="Choose a folder that you may write to, with space left.",
        ) from error


def _cell(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else repr(float(value))


def _notes(table: FeatureTable, side_of: dict[int, str]) -> list[str]:
    """What the rows say, each sentence with its side."""
    found = []
    for row in table.rows:
        said = [*row.notes, *([] if row.error is None else [str(row.error)])]
        found += [f"{side_of[row.label].capitalize()} femur: {note}" for note in said if note]
    return found


def _number_text(cell: str) -> str:
    """A number as it stands, be it negative; what is none, as a spreadsheet may safely show it."""
    try:
        float(cell)
    except ValueError:
        return cell_text(cell)
    return cell
