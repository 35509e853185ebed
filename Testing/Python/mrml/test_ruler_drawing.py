"""The ruler is laid out so that words stay inside of it, value and interval lie where they belong, nothing overlaps."""

from __future__ import annotations

import pytest

from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.mrml.ruler_drawing import LINES_WIDE, Box, RulerDrawing, draw_ruler
from OsteoScreenLib.report.t_ruler import t_ruler

LINE = 14.0
SHARES = {"normal": 0.031, "osteopenia": 0.6, "osteoporosis": 0.369}


def drawing(*scores: tuple[float, float | None]) -> RulerDrawing:
    measures = [(f"site {n}", Measure(value, "SD", sd)) for n, (value, sd) in enumerate(scores)]
    ruler = t_ruler(measures, -2.5, -1.0)
    assert ruler is not None
    return draw_ruler(ruler, SHARES, LINE)


def band_of(drawn: RulerDrawing) -> list[Box]:
    """The coloured zones, without the key to them."""
    found = [box for box in drawn.boxes if box.color is not None]
    assert len(found) == 6
    return found[3:]


def middle_of(box) -> float:
    return box.x + box.width / 2.0


def test_a_value_at_a_limit_lies_on_the_limit():
    drawn = drawing((-2.5, 0.4), (-1.0, 0.4))
    zones = band_of(drawn)
    low, middle, high = zones
    assert low.x + low.width == pytest.approx(middle.x)
    assert middle.x + middle.width == pytest.approx(high.x)
    assert middle_of(drawn.dots[0]) == pytest.approx(middle.x)
    assert middle_of(drawn.dots[1]) == pytest.approx(high.x)


def test_the_bar_is_the_95_percent_interval():
    drawn = drawing((-1.75, 0.5))
    per_unit = band_of(drawn)[1].width / 1.5
    (bar,) = [box for box in drawn.boxes if box.height == 2.0]
    assert bar.width == pytest.approx(2 * 1.959964 * 0.5 * per_unit)
    assert middle_of(bar) == pytest.approx(middle_of(drawn.dots[0]))


def test_a_value_without_uncertainty_has_a_dot_and_no_bar():
    drawn = drawing((-1.75, None))
    assert not [box for box in drawn.boxes if box.height == 2.0]
    assert len(drawn.dots) == 1


def test_the_probability_of_a_class_stands_below_its_name():
    drawn = drawing((-2.0, 0.4))
    placed = {words.text: words for words in drawn.words}
    for name, share in (("normal", "3 %"), ("osteopenia", "60 %"), ("osteoporosis", "37 %")):
        assert placed[share].x == placed[name].x
        assert placed[share].y > placed[name].y
    without = draw_ruler(t_ruler([("a", Measure(-2.0, "SD", 0.4))], -2.5, -1.0), {}, LINE)
    assert not any(words.text.endswith(" %") for words in without.words)


@pytest.mark.parametrize("score", [-2.0, -7.9, 6.2])
def test_no_number_of_a_tick_runs_into_that_of_a_limit(score):
    drawn = drawing((score, 0.4))
    limits = [words for words in drawn.words if words.text in ("−2.5", "−1.0")]
    assert len(limits) == 2
    ticks = [words for words in drawn.words if words.y == limits[0].y and words not in limits]
    assert ticks
    wide = 0.9 * LINE  # more than half of a number like -4
    for tick in ticks:
        assert all(
            middle_of(tick) + wide <= limit.x or middle_of(tick) - wide >= limit.x + 2 * LINE for limit in limits
        )


@pytest.mark.parametrize("scores", [[(-2.0, 0.4), (-0.5, 0.6)], [(-7.9, 1.2)], [(6.2, 2.0), (-1.0, 0.1)]])
def test_everything_lies_inside_of_the_picture(scores):
    drawn = drawing(*scores)
    assert drawn.width == round(LINES_WIDE * LINE)
    for box in (*drawn.boxes, *drawn.dots):
        assert box.x >= -0.5
        assert box.x + box.width <= drawn.width + 0.5
        assert box.y + box.height <= drawn.height + 0.5
    assert all(words.y + words.height <= drawn.height for words in drawn.words)


def test_a_sharp_screen_has_more_pixels():
    drawn = drawing((-2.0, 0.4))
    assert drawn.pixels(2.0) == (2 * drawn.width, 2 * drawn.height)
