"""The T-score ruler and the probabilities of a model painted for a label, in the colours and the font of the window."""

from collections.abc import Callable
from typing import Any

import qt

from OsteoScreenLib.mrml.probability_drawing import draw_probabilities
from OsteoScreenLib.mrml.ruler_drawing import draw_ruler


def showRuler(label: Any, ruler: Any, probabilities: Any) -> None:
    """Paint a ruler into a label, or hide the label where there is none.

    Args:
        label: a QLabel.
        ruler: of OsteoScreenLib.report.t_ruler, or None.
        probabilities: of each class by its name.
    """
    draw = None if ruler is None else (lambda line: draw_ruler(ruler, probabilities, line))
    showDrawing(label, draw, "" if ruler is None else ruler.alt)


def showBars(label: Any, bars: Any, words: str) -> None:
    """Paint the probability of each class into a label, or hide the label where there are none.

    Args:
        label: a QLabel.
        bars: of OsteoScreenLib.report.model_section; may be empty.
        words: the same in words.
    """
    showDrawing(label, (lambda line: draw_probabilities(bars, line)) if bars else None, words)


def showDrawing(label: Any, draw: Callable[[float], Any] | None, words: str) -> None:
    """Paint into a label what is laid out for the height of a line of its text; hide it where there is nothing."""
    label.visible = draw is not None
    label.toolTip = words
    if draw is None:
        label.clear()
        return
    drawing = draw(float(label.fontMetrics().height()))
    ratio = label.devicePixelRatioF()
    picture = qt.QPixmap(*drawing.pixels(ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(qt.QColor(0, 0, 0, 0))
    paint(drawing, picture, label.font, label.palette.color(qt.QPalette.WindowText))
    label.setPixmap(picture)


def paint(drawing: Any, picture: Any, font: Any, ink: Any) -> None:
    """Paint boxes, dots and words.

    Args:
        drawing: of OsteoScreenLib.mrml.ruler_drawing.
        picture: a QPixmap. font, ink: of the words.
    """
    plain, bold = qt.QFont(font), qt.QFont(font)
    bold.setBold(True)
    painter = qt.QPainter(picture)
    painter.setRenderHint(qt.QPainter.Antialiasing, True)
    for box in drawing.boxes:
        color = ink if box.color is None else qt.QColor(*box.color)
        painter.fillRect(qt.QRectF(box.x, box.y, box.width, box.height), color)
    painter.setPen(ink)
    painter.setBrush(qt.QBrush(ink))
    for dot in drawing.dots:
        painter.drawEllipse(qt.QRectF(dot.x, dot.y, dot.width, dot.height))
    middle, centre, left = (int(flag) for flag in (qt.Qt.AlignVCenter, qt.Qt.AlignHCenter, qt.Qt.AlignLeft))
    for words in drawing.words:
        painter.setFont(bold if words.bold else plain)
        place = qt.QRectF(words.x, words.y, words.width, words.height)
        painter.drawText(place, middle | (centre if words.centred else left), words.text)
    painter.end()
