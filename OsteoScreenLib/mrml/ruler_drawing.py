"""The T-score ruler as boxes, dots and words, so that whoever paints it needs no arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from OsteoScreenLib.report.t_ruler import WIDTH, Ruler, RulerRow

LINES_WIDE = 23.0
"""Own choice: width in heights of a line of text, so that the words fit and a narrow panel still holds the ruler."""
_NAMES, _SHARES, _BAND, _FIRST_ROW, _ROW = 0.0, 1.05, 2.4, 3.9, 2.3
"""Where names, probabilities, coloured band and first measure begin, and how high a measure is; in lines."""
ZONES = {"low": (210, 59, 59), "middle": (217, 142, 4), "high": (46, 158, 79)}
"""Red, green and blue of each class: those of the lights. Names and order say the same without the colour."""
WASH, SOLID = 60, 150
"""Opacity of the band, so that words on it can be read on a light and on a dark background, and of the key to it."""
_ROOM = (1.0, 3.0)
"""Lines beside a limit, left and right, where no tick has a number: the limit has its own there."""

Color = tuple[int, int, int, int]


@dataclass(frozen=True)
class Box:
    """A filled rectangle; pixels. No colour: that of the text."""

    x: float
    y: float
    width: float
    height: float
    color: Color | None = None


@dataclass(frozen=True)
class Words:
    """A line of text in a box; pixels. ``centred``, or from the left."""

    x: float
    y: float
    width: float
    height: float
    text: str
    bold: bool = False
    centred: bool = True


@dataclass(frozen=True)
class RulerDrawing:
    """What to paint, in this order: boxes, dots, words. A dot is the ellipse in its box."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    dots: tuple[Box, ...]
    words: tuple[Words, ...]

    def pixels(self, ratio: float) -> tuple[int, int]:
        """Width and height of the picture on a screen with so many real pixels to each."""
        return round(self.width * ratio), round(self.height * ratio)


def draw_ruler(ruler: Ruler, probabilities: Mapping[str, float], line: float) -> RulerDrawing:
    """Lay out a ruler.

    Args:
        ruler: of one femur. probabilities: of each class, written below its name; empty where there are none.
        line: height of a line of text in pixels.
    """
    across, band = LINES_WIDE * line / WIDTH, _BAND * line
    height = (_FIRST_ROW + _ROW * len(ruler.rows) + 0.2) * line
    boxes = [
        Box(x * across, band, width * across, height - band, (*ZONES[style], WASH))
        for style, _, x, width in ruler.zones
    ]
    boxes += [Box(x * across - 0.5, band, 1.0, 0.4 * line) for x, _ in ruler.ticks]
    boxes += [Box(x * across - 0.75, band, 1.5, 1.4 * line) for x, _ in ruler.limits]
    key_boxes, words = _key(ruler, probabilities, line)
    limits = [x * across for x, _ in ruler.limits]
    start = ruler.zones[0][2] * across + 0.3 * line
    words += [
        Words(x * across - 2.0 * line, band + 0.4 * line, 4.0 * line, line, text)
        for x, text in ruler.ticks
        if text and not any(-_ROOM[0] * line < x * across - limit < _ROOM[1] * line for limit in limits)
    ]
    words += [
        Words(x * across + 0.25 * line, band + 0.4 * line, 4.0 * line, line, text, bold=True, centred=False)
        for x, text in ruler.limits
    ]
    dots: list[Box] = []
    for number, row in enumerate(ruler.rows):
        top = (_FIRST_ROW + _ROW * number) * line
        text = f"{row.name}: {row.text}"
        words.append(Words(start, top, LINES_WIDE * line - start, line, text, centred=False))
        boxes += _bar(row, top + 1.55 * line, across, line)
        boxes += [Box(limit - 0.75, top + 1.15 * line, 1.5, 0.8 * line) for limit in limits]
        dots.append(_dot(row.x * across, top + 1.55 * line, 0.7 * line))
    return RulerDrawing(round(LINES_WIDE * line), round(height), (*key_boxes, *boxes), tuple(dots), tuple(words))


def _key(ruler: Ruler, probabilities: Mapping[str, float], line: float) -> tuple[list[Box], list[Words]]:
    """Name and probability of each class, side by side above the band, where they have room however narrow it is."""
    boxes, words = [], []
    each = LINES_WIDE * line / len(ruler.zones)
    for number, (style, name, _, _) in enumerate(ruler.zones):
        x, share = number * each, probabilities.get(name)
        boxes.append(Box(x, 0.15 * line, 0.7 * line, 0.7 * line, (*ZONES[style], SOLID)))
        place, room = x + line, each - line
        words.append(Words(place, _NAMES * line, room, line, name, centred=False))
        if share is not None:
            words.append(Words(place, _SHARES * line, room, line, f"{100.0 * share:.0f} %", bold=True, centred=False))
    return boxes, words


def _bar(row: RulerRow, middle: float, across: float, line: float) -> list[Box]:
    """The 95 % interval with its ends; nothing where there is none."""
    first, last = row.low * across, row.high * across
    if last <= first:
        return []
    ends = [Box(x - 1.0, middle - 0.3 * line, 2.0, 0.6 * line) for x in (first, last)]
    return [Box(first, middle - 1.0, last - first, 2.0), *ends]


def _dot(x: float, middle: float, size: float) -> Box:
    return Box(x - size / 2.0, middle - size / 2.0, size, size)
