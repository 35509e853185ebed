"""The flags of a result as a table node, with one traffic-light word for each severity."""

from __future__ import annotations

from typing import Any

from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.result.case_result import CaseResult

COLUMNS = ("light", "severity", "code", "message")
LIGHTS = {Severity.INFO: "green", Severity.WARNING: "amber", Severity.WITHHOLD: "red"}
"""What a severity means at a glance: green, to know; amber, be careful; red, no bone status from this scan."""

LIGHT_ATTRIBUTE = "OsteoScreen.light"
CHECKED_VOLUME_ROLE = "OsteoScreen.checkedVolume"


def light_of(result: CaseResult) -> str:
    """The traffic light of a whole result: that of its gravest flag, green where there is none."""
    severities = {flag.severity for flag in result.quality}
    for severity in (Severity.WITHHOLD, Severity.WARNING):
        if severity in severities:
            return LIGHTS[severity]
    return LIGHTS[Severity.INFO]


def write_flags(result: CaseResult, table_node: Any, volume_node: Any | None = None) -> None:
    """Replace what a table node holds by the flags of a result, the gravest first.

    Args:
        result: of a check.
        table_node: ``vtkMRMLTableNode``. It gets the columns ``light``, ``severity``, ``code`` and ``message``, and
            the light of the whole result as the attribute ``OsteoScreen.light``.
        volume_node: the volume that was checked; the table then refers to it, also in a saved scene.
    """
    import vtk

    table = vtk.vtkTable()
    for name in COLUMNS:
        column = vtk.vtkStringArray()
        column.SetName(name)
        for flag in result.quality:
            column.InsertNextValue(
                {
                    "light": LIGHTS[flag.severity],
                    "severity": flag.severity.value,
                    "code": flag.code,
                    "message": flag.message,
                }[name]
            )
        table.AddColumn(column)
    table_node.SetAndObserveTable(table)
    table_node.SetUseColumnNameAsColumnHeader(True)
    table_node.SetLocked(True)  # a finding is not to be edited in the panel
    table_node.SetAttribute(LIGHT_ATTRIBUTE, light_of(result))
    table_node.SetNodeReferenceID(CHECKED_VOLUME_ROLE, volume_node.GetID() if volume_node else None)


def clear_flags(table_node: Any) -> None:
    """Empty a table of flags: it says nothing of any volume until the next check succeeds."""
    table_node.RemoveAllColumns()
    table_node.RemoveAttribute(LIGHT_ATTRIBUTE)
    table_node.SetNodeReferenceID(CHECKED_VOLUME_ROLE, None)


def light_for_volume(table_node: Any | None, volume_node: Any | None) -> str:
    """The light that a table of flags gives a volume; empty where it belongs to another volume or to none."""
    if table_node is None or volume_node is None:
        return ""
    if table_node.GetNodeReferenceID(CHECKED_VOLUME_ROLE) != volume_node.GetID():
        return ""
    return table_node.GetAttribute(LIGHT_ATTRIBUTE) or ""


def flags_in(table_node: Any) -> list[tuple[str, str]]:
    """Light and message of each flag in a table, in its order."""
    return [
        (table_node.GetCellText(row, 0), table_node.GetCellText(row, 3)) for row in range(table_node.GetNumberOfRows())
    ]
