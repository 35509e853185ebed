"""Pictures of the whole window: the panel at the left, the views of the layout at the right."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

WIDTH = 460
BAR = 18
GAP = 2
BARS = {"Red": ("R", "#f34a33"), "Yellow": ("Y", "#edd54c"), "Green": ("G", "#6eb04b"), "3D": ("1", "#7576c4")}
"""Letter and colour of the bar above each view, as Slicer's users know them."""

Role = QtGui.QPalette.ColorRole


def dark_palette() -> QtGui.QPalette:
    """A dark palette, as Slicer's dark style has one."""
    palette = QtGui.QPalette()
    for role, colour in {
        Role.Window: "#353535",
        Role.WindowText: "#ffffff",
        Role.Base: "#252525",
        Role.AlternateBase: "#353535",
        Role.Text: "#ffffff",
        Role.Button: "#404040",
        Role.ButtonText: "#ffffff",
        Role.ToolTipBase: "#353535",
        Role.ToolTipText: "#ffffff",
        Role.Highlight: "#2a82da",
        Role.HighlightedText: "#000000",
        Role.PlaceholderText: "#9a9a9a",
    }.items():
        palette.setColor(role, QtGui.QColor(colour))
    for role in (Role.WindowText, Role.Text, Role.ButtonText):
        palette.setColor(QtGui.QPalette.ColorGroup.Disabled, role, QtGui.QColor("#8a8a8a"))
    return palette


def draw_panel(host: Any, panel: Any, path: Path, scale: float = 1.0) -> None:
    """Write the panel alone, as high as its content wants to be."""
    image = _panel_image(host, panel, scale)
    assert image.save(str(path)), f"the picture cannot be written to {path}"


def draw_section(host: Any, panel: Any, name: str, path: Path, scale: float = 1.0) -> None:
    """Write one section of the panel, such as ``exportCollapsibleButton``."""
    whole = _panel_image(host, panel, scale)
    widget = panel.parent.qt_widget()
    section = widget.findChild(QtWidgets.QWidget, name)
    corner = section.mapTo(widget, QtCore.QPoint(0, 0)) * scale
    part = whole.copy(QtCore.QRect(corner, section.size() * scale))
    assert part.save(str(path)), f"the picture cannot be written to {path}"


def draw_window(host: Any, panel: Any, path: Path, scale: float = 1.0, height: int = 0) -> None:
    """Write panel and views.

    Args:
        height: of the window in points; 0: that of the panel.
    """
    left = _panel_image(host, panel, scale)
    high = round(height * scale) or left.height()
    each = ((high - round(GAP * scale)) // 2 - round(BAR * scale)) * 11 // 10
    width = left.width() + 2 * each + 2 * round(GAP * scale)
    whole = QtGui.QImage(width, high, QtGui.QImage.Format.Format_RGB32)
    palette = host.application.palette()
    whole.fill(palette.color(Role.Window))
    painter = QtGui.QPainter(whole)
    painter.drawImage(0, 0, left, 0, 0, left.width(), high)
    for number, name in enumerate(("Red", "3D", "Green", "Yellow")):
        x = left.width() + round(GAP * scale) + (number % 2) * (each + round(GAP * scale))
        y = (number // 2) * (high // 2 + round(GAP * scale) // 2)
        _draw_view(host, painter, name, QtCore.QRect(x, y, each, (high - round(GAP * scale)) // 2), scale)
    painter.end()
    assert whole.save(str(path)), f"the picture cannot be written to {path}"


def _panel_image(host: Any, panel: Any, scale: float) -> QtGui.QImage:
    widget = panel.parent.qt_widget()
    for _ in range(3):  # a table tells its height once it knows its width
        widget.resize(WIDTH, widget.heightForWidth(WIDTH))
        host.pump()
    image = QtGui.QImage(widget.size() * scale, QtGui.QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    image.fill(widget.palette().color(Role.Window))
    widget.render(image)
    image.setDevicePixelRatio(1.0)
    return image


def _draw_view(host: Any, painter: QtGui.QPainter, name: str, where: QtCore.QRect, scale: float) -> None:
    """A view and the bar above it."""
    letter, colour = BARS[name]
    bar = QtCore.QRect(where.x(), where.y(), where.width(), round(BAR * scale))
    painter.fillRect(bar, QtGui.QColor(colour))
    font = QtGui.QFont(host.application.font())
    font.setPixelSize(round(12 * scale))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QtGui.QColor("#202020"))
    painter.drawText(bar.adjusted(round(6 * scale), 0, 0, 0), QtCore.Qt.AlignmentFlag.AlignVCenter, letter)
    view = where.adjusted(0, bar.height(), 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "view.png"
        size = (view.width(), view.height())
        if name == "3D":
            host.views.draw_3d(path, size)
        else:
            host.views.draw_slice(name, path, size)
        painter.drawImage(view.topLeft(), QtGui.QImage(str(path)))
