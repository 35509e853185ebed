"""Probabilities as bars: as long as they are, the threshold where it lies, nothing out of the picture."""

from __future__ import annotations

import pytest

from OsteoScreenLib.mrml.probability_drawing import BAR_LEFT, BAR_WIDE, draw_probabilities
from OsteoScreenLib.mrml.ruler_drawing import SOLID, ZONES
from OsteoScreenLib.report.model_section import ProbabilityBar

LINE = 14.0


def bar(name: str, style: str, share: float, threshold: float | None = None) -> ProbabilityBar:
    return ProbabilityBar(name, style, 0.0, 0.0, f"{100 * share:.0f} %", None, share, threshold)


BARS = [bar("normal", "high", 0.04, 0.5), bar("osteopenia", "middle", 0.65, 0.0), bar("osteoporosis", "low", 0.31, 1.0)]


def test_a_bar_is_as_long_as_its_probability_in_the_colour_of_its_class():
    drawn = draw_probabilities(BARS, LINE)
    for entry in BARS:
        (filled,) = [box for box in drawn.boxes if box.color == (*ZONES[entry.style], SOLID)]
        assert filled.x == pytest.approx(BAR_LEFT * LINE)
        assert filled.width == pytest.approx(entry.share * BAR_WIDE * LINE)


def test_a_threshold_lies_where_its_probability_would_end_and_is_told():
    drawn = draw_probabilities(BARS, LINE)
    limits = [box for box in drawn.boxes if box.color is None]
    places = [(box.x + box.width / 2 - BAR_LEFT * LINE) / (BAR_WIDE * LINE) for box in limits]
    assert places == pytest.approx([0.5, 0.0, 1.0])
    assert [words.text for words in drawn.words if words.text.startswith("from")] == [
        "from 50 %",
        "from < 1 %",
        "from > 99 %",
    ]
    without = draw_probabilities([bar("normal", "high", 0.4)], LINE)
    assert not [box for box in without.boxes if box.color is None]


def test_each_class_has_a_line_of_its_own_within_the_picture():
    drawn = draw_probabilities(BARS, LINE)
    rows = {name: [words.y for words in drawn.words if words.text == name] for name in ("normal", "4 %", "65 %")}
    assert rows["normal"] == rows["4 %"] != rows["65 %"]
    for entry in (*drawn.boxes, *drawn.words):
        assert entry.x >= 0
        assert entry.x + entry.width <= drawn.width + 0.5
        assert entry.y >= -0.01
        assert entry.y + entry.height <= drawn.height + 0.5
