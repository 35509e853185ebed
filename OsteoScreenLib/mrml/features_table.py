"""The features of the femora as a table node, which knows what they were taken from and is saved with the scene."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import OsteoScreenLib
from OsteoScreenLib.errors import OutputError
from OsteoScreenLib.mrml.case_nodes import MASKS_ATTRIBUTE, note_masks
from OsteoScreenLib.mrml.radiomics_order import RadiomicsOrder, of_sides
from OsteoScreenLib.mrml.segmentation_node import digest_of, has_femora, read_masks
from OsteoScreenLib.radiomics.feature_table import FeatureTable
from OsteoScreenLib.report.table import cell_text
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS

FEATURE_COLUMN = "Feature"
FEATURES_VOLUME_ROLE = "OsteoScreen.featuresVolume"
_Kind = TypeVar("_Kind", dict, list)
_PREFIX = "OsteoScreen.features."
PARAMETERS_ATTRIBUTE = f"{_PREFIX}parameters"
"""What the settings are called."""
SETTINGS_ATTRIBUTE = f"{_PREFIX}settings"
"""The settings themselves, as a PyRadiomics parameter file in JSON."""
ENGINE_ATTRIBUTE = f"{_PREFIX}engine"
"""Who computed, with its version."""
VALUES_ATTRIBUTE = f"{_PREFIX}values"
"""Every digit of the numbers: JSON, for each side a list in the order of the rows, null where not defined."""
SIDES_ATTRIBUTE = f"{_PREFIX}sides"
NOTES_ATTRIBUTE = f"{_PREFIX}notes"
"""What could not be computed and why: a JSON list of sentences."""


def write_features(table: FeatureTable, order: RadiomicsOrder, table_node: Any, volume_node: Any) -> None:
    """Replace what a table node holds by features: one row for each feature, one column for each femur.

    The cells are numbers, NaN where a feature is not defined. As Slicer's files of tables keep six digits of them, all
    digits are in an attribute, which :func:`features_in` and :func:`write_features_csv` read.

    Args:
        table: the features, one row for each label of the order.
        order: what they were computed from.
        table_node: ``vtkMRMLTableNode``.
        volume_node: the volume; the table then refers to it.
    """
    import vtk

    side_of = {label: side for side, label in SIDE_LABELS.items()}
    names = table.feature_names
    values = {side_of[row.label]: [row.features.get(name, math.nan) for name in names] for row in table.rows}
    written = vtk.vtkTable()
    first = vtk.vtkStringArray()
    first.SetName(FEATURE_COLUMN)
    for name in names:
        first.InsertNextValue(name)
    written.AddColumn(first)
    for side, numbers in values.items():
        column = vtk.vtkDoubleArray()
        column.SetName(side.capitalize())
        for number in numbers:
            column.InsertNextValue(number)
        written.AddColumn(column)
    table_node.SetAndObserveTable(written)
    table_node.SetUseColumnNameAsColumnHeader(True)
    table_node.SetLocked(True)
    table_node.SetAttribute(VALUES_ATTRIBUTE, json.dumps({side: _defined(all_) for side, all_ in values.items()}))
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
    names = [table_node.GetCellText(row, 0) for row in range(table_node.GetNumberOfRows())]
    numbers = _json_in(table_node, VALUES_ATTRIBUTE, dict).get(side)  # floats, as they were written
    if not isinstance(numbers, list) or len(numbers) != len(names):
        return {}
    known = [number if isinstance(number, float) else math.nan for number in numbers]
    return dict(zip(names, known, strict=True))


def notes_in(table_node: Any) -> tuple[str, ...]:
    """What could not be computed and why, in sentences."""
    return tuple(note for note in _json_in(table_node, NOTES_ATTRIBUTE, list) if isinstance(note, str))


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
    by_side = {side: features_in(table_node, side) for side in SIDE_LABELS}
    by_side = {side: features for side, features in by_side.items() if features}
    facts = {
        "diagnostics_Configuration_Parameters": table_node.GetAttribute(PARAMETERS_ATTRIBUTE) or "",
        "diagnostics_Versions_OsteoScreen": (table_node.GetAttribute(ENGINE_ATTRIBUTE) or "").rpartition(" ")[2],
    }
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([FEATURE_COLUMN, *[side.capitalize() for side in by_side]])
    for name in dict.fromkeys(name for features in by_side.values() for name in features):
        numbers = [features[name] for features in by_side.values()]
        writer.writerow([cell_text(name), *["" if math.isnan(number) else repr(number) for number in numbers]])
    writer.writerows([name, *[cell_text(value)] * len(by_side)] for name, value in facts.items())
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


def _defined(numbers: Sequence[float]) -> list[float | None]:
    """Numbers as JSON may hold them: None where there is none."""
    return [None if math.isnan(number) else float(number) for number in numbers]


def _json_in(table_node: Any, attribute: str, kind: type[_Kind]) -> _Kind:
    """What an attribute holds; an empty value where that is not of the kind: a scene is hostile input."""
    try:
        said = json.loads(table_node.GetAttribute(attribute) or "null")
    except (ValueError, RecursionError):
        return kind()
    return said if isinstance(said, kind) else kind()


def _notes(table: FeatureTable, side_of: dict[int, str]) -> list[str]:
    """What the rows say, each sentence with its side."""
    found = []
    for row in table.rows:
        said = [*row.notes, *([] if row.error is None else [str(row.error)])]
        found += [f"{side_of[row.label].capitalize()} femur: {note}" for note in said if note]
    return found
