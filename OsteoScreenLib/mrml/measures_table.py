"""What was measured of each femur as a table node, which also keeps the whole result for later."""

from __future__ import annotations

from typing import Any

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.mrml.density_rows import Row, density_rows
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.segmentation.femur_masks import FemurFinding

RESULT_ATTRIBUTE = "OsteoScreen.result"
MEASURED_VOLUME_ROLE = "OsteoScreen.measuredVolume"
COLUMNS = ("Measure", "Left", "Right", "Withheld because")
NONE = "–"
_PRESENCE = {"present": "in view", "cut": "cut off", "absent": "not found"}


def measures_of(result: CaseResult) -> list[Row]:
    """Rows of measure, left, right and reason; empty where no masks were made."""
    if not result.femurs:
        return []
    left, right = (_texts(result.femurs.get(side)) for side in ("left", "right"))
    return [(name, left[name], right[name], "") for name in left] + density_rows(result)


def write_measures(result: CaseResult, table_node: Any, volume_node: Any | None = None) -> None:
    """Replace what a table node holds by the measures of a result.

    Args:
        result: of a screening.
        table_node: ``vtkMRMLTableNode``. It gets the columns :data:`COLUMNS`, and the result itself as an attribute,
            which is saved with the scene.
        volume_node: the volume that was screened; the table then refers to it.
    """
    import vtk

    rows = measures_of(result)
    table = vtk.vtkTable()
    for number, name in enumerate(COLUMNS):
        column = vtk.vtkStringArray()
        column.SetName(name)
        for row in rows:
            column.InsertNextValue(row[number])
        table.AddColumn(column)
    table_node.SetAndObserveTable(table)
    table_node.SetUseColumnNameAsColumnHeader(True)
    table_node.SetLocked(True)
    table_node.SetAttribute(RESULT_ATTRIBUTE, result.to_json())
    table_node.SetNodeReferenceID(MEASURED_VOLUME_ROLE, volume_node.GetID() if volume_node else None)


def clear_measures(table_node: Any) -> None:
    """Empty a table of measures: it says nothing of any volume until the next screening succeeds."""
    table_node.RemoveAllColumns()
    table_node.RemoveAttribute(RESULT_ATTRIBUTE)
    table_node.SetNodeReferenceID(MEASURED_VOLUME_ROLE, None)


def result_for_volume(table_node: Any | None, volume_node: Any | None) -> CaseResult | None:
    """The result that a table keeps of a volume; None where it keeps none, or that of another volume."""
    if table_node is None or volume_node is None:
        return None
    if table_node.GetNodeReferenceID(MEASURED_VOLUME_ROLE) != volume_node.GetID():
        return None
    text = table_node.GetAttribute(RESULT_ATTRIBUTE)
    try:
        return CaseResult.from_json(text) if text else None
    except UsageError:  # a scene saved by another version of OsteoScreen: screening again is the way out
        return None


def _texts(finding: FemurFinding | None) -> dict[str, str]:
    """One side's cells by the name of the measure."""
    if finding is None or finding.presence == "absent":
        return {
            "Proximal femur": _PRESENCE["absent"],
            "Volume (mL)": NONE,
            "Head radius (mm)": NONE,
            "Metal in or at the bone": NONE,
            "Expected DSC": NONE,
        }
    return {
        "Proximal femur": _PRESENCE.get(finding.presence, finding.presence),
        "Volume (mL)": f"{finding.volume_ml:.1f}",
        "Head radius (mm)": NONE if finding.head_radius_mm is None else f"{finding.head_radius_mm:.1f}",
        "Metal in or at the bone": "yes" if finding.implant else "no",
        "Expected DSC": NONE if finding.estimated_dsc is None else f"{finding.estimated_dsc:.2f}",
    }
