"""Rows of text in a Qt table, written so that what did not change is left alone."""

from collections.abc import Sequence
from html import escape
from typing import Any

import qt

from OsteoScreenLib.mrml.panel_words import COLORS


def showRows(table: Any, rows: Sequence[Sequence[str]], lights: Sequence[str] = (), lightColumn: int = 0) -> None:
    """Make a QTableWidget show rows of text; the chosen row stays chosen where it is still there.

    Args:
        table: with as many columns as a row has texts.
        rows: the texts, taken as plain ones; each is also the tool tip of its cell, which may be too narrow for it.
        lights: for each row ``green``, ``amber``, ``red`` or nothing: the colour of its text in one column.
        lightColumn: that column.
    """
    if table.rowCount != len(rows):
        table.setRowCount(len(rows))
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            item = table.item(number, column)
            if item is None:
                item = qt.QTableWidgetItem()
                table.setItem(number, column, item)
            if item.text() != text:
                item.setText(text)
                item.setToolTip(f"<qt>{escape(text)}</qt>" if text else "")
            if lights and column == lightColumn:
                item.setForeground(qt.QBrush(qt.QColor(COLORS[lights[number]])) if lights[number] else qt.QBrush())


def chosenRow(table: Any) -> int:
    """Number of the chosen row; -1 where none is."""
    return table.currentRow()
