"""Probabilities of a bone-status model as bars with their thresholds: boxes and words, painted as the ruler is."""

from __future__ import annotations

from collections.abc import Sequence

from OsteoScreenLib.mrml.ruler_drawing import LINES_WIDE, SOLID, ZONES, Box, RulerDrawing, Words
from OsteoScreenLib.report.model_section import ProbabilityBar, percent

BAR_LEFT, BAR_WIDE = 6.2, 7.6
"""Own choice: where a bar begins and how long a probability of 1 is, in heights of a line of text."""
_SHARE, _FROM = 14.3, 17.5
"""Where the probability and its threshold stand."""
_ROW, _BAR = 1.5, 0.9
_TRACK = (138, 143, 152, 60)
"""What a bar could fill: grey, seen on a light and on a dark background."""


def draw_probabilities(bars: Sequence[ProbabilityBar], line: float) -> RulerDrawing:
    """Lay out the classes of one femur, one below the other.

    Args:
        bars: of the classes, in order.
        line: height of a line of text in pixels.
    """
    boxes: list[Box] = []
    words: list[Words] = []
    left, wide, high = BAR_LEFT * line, BAR_WIDE * line, _BAR * line
    for number, bar in enumerate(bars):
        top = (_ROW * number + 0.2) * line
        boxes.append(Box(left, top, wide, high, _TRACK))
        boxes.append(Box(left, top, wide * bar.share, high, (*ZONES[bar.style], SOLID)))
        words.append(_words(0.0, top, BAR_LEFT, line, bar.name))
        words.append(_words(_SHARE, top, _FROM - _SHARE, line, bar.text, bold=True))
        if bar.threshold is not None:
            boxes.append(Box(left + wide * bar.threshold - 1.0, top - 0.2 * line, 2.0, high + 0.4 * line))
            words.append(_words(_FROM, top, LINES_WIDE - _FROM, line, f"from {percent(bar.threshold)}"))
    return RulerDrawing(
        round(LINES_WIDE * line), round((_ROW * len(bars) + 0.1) * line), tuple(boxes), (), tuple(words)
    )


def _words(x: float, top: float, room: float, line: float, text: str, bold: bool = False) -> Words:
    return Words(x * line, top - 0.05 * line, room * line, line, text, bold=bold, centred=False)
