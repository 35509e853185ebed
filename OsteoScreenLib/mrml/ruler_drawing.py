"""The T-score ruler as boxes, dots and words, so that whoever paints it needs no arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from OsteoScreenLib.report.t_ruler import WIDTH, Ruler

LINES_WIDE = 23.0
"""Own choice: width in heights of a line of text, so that the words fit and a narrow panel still holds the ruler."""
_WORDS, _SHARES, _BAND, _FIRST_ROW, _ROW = 0.0, 1.05, 2.2, 3.7, 2.3
"""Where names, probabilities, coloured band and first measure begin, and how high a measure is; in lines."""
_ZONES = {"low": (210, 59, 59, 60), "middle": (217, 142, 4, 60), "high": (46, 158, 79, 60)}
"""Red, green, blue and opacity of each class: those of the lights, washed, so that words on them can be read on a light
and on a dark background. The words say the same without the colour."""

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
    across = LINES_WIDE * line / WIDTH
    band = _BAND * line
    height = (_FIRST_ROW + _ROW * len(ruler.rows) + 0.2) * line
    boxes = [Box(x * across, band, width * across, height - band, _ZONES[style]) for style, _, x, width in ruler.zones]
    boxes += [Box(x * across, band, 1.0, 0.4 * line) for x, _ in ruler.ticks]
    boxes += [Box(x * across - 0.5, band, 1.5, height - band) for x, _ in ruler.limits]
    words = [
        Words(x * across, row * line, width * across, line, text, bold=row == _SHARES)
        for _, word, x, width in ruler.zones
        for row, text in ((_WORDS, word), (_SHARES, _share(probabilities.get(word))))
    ]
    words += [_at(x * across, band + 0.4 * line, line, text) for x, text in ruler.ticks if text]
    words += [_beside(x * across, band + 0.4 * line, line, text) for x, text in ruler.limits]
    dots = []
    for number, row in enumerate(ruler.rows):
        top = (_FIRST_ROW + _ROW * number) * line
        middle, first, last = top + 1.55 * line, row.low * across, row.high * across
        words.append(Words(0.4 * line, top, (LINES_WIDE - 0.8) * line, line, f"{row.name}: {row.text}", centred=False))
        boxes += [Box(first, middle - 1.0, last - first, 2.0)] if last > first else []
        boxes += [Box(x - 1.0, middle - 0.3 * line, 2.0, 0.6 * line) for x in (first, last) if last > first]
        size = 0.7 * line
        dots.append(Box(row.x * across - size / 2.0, middle - size / 2.0, size, size))
    return RulerDrawing(round(LINES_WIDE * line), round(height), tuple(boxes), tuple(dots), tuple(words))


def _share(value: float | None) -> str:
    return "" if value is None else f"{100.0 * value:.0f} %"


def _at(x: float, y: float, line: float, text: str) -> Words:
    """A number below its tick."""
    return Words(x - 2.0 * line, y, 4.0 * line, line, text)


def _beside(x: float, y: float, line: float, text: str) -> Words:
    """A limit to the right of its line, which would strike it through."""
    return Words(x + 0.25 * line, y, 4.0 * line, line, text, bold=True, centred=False)
