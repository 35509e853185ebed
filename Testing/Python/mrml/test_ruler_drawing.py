"""The ruler is laid out so that words stay inside of it, value and interval lie where they belong, nothing overlaps."""

from __future__ import annotations

import pytest

from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.mrml.ruler_drawing import LINES_WIDE, RulerDrawing, draw_ruler
from OsteoScreenLib.report.t_ruler import t_ruler

LINE = 14.0
SHARES = {"normal": 0.031, "osteopenia": 0.6, "osteoporosis": 0.369}


def drawing(*scores: tuple[float, float | None]) -> RulerDrawing:
    measures = [(f"site {n}", Measure(value, "SD", sd)) for n, (value, sd) in enumerate(scores)]
    ruler = t_ruler(measures, -2.5, -1.0)
    assert ruler is not None
    return draw_ruler(ruler, SHARES, LINE)


def middle_of(box) -> float:
    return box.x + box.width / 2.0


def test_a_value_at_a_limit_lies_on_the_limit():
    drawn = drawing((-2.5, 0.4), (-1.0, 0.4))
    zones = [box for box in drawn.boxes if box.color is not None]
    assert len(zones) == 3
    low, middle, high = zones
    assert low.x + low.width == pytest.approx(middle.x)
    assert middle.x + middle.width == pytest.approx(high.x)
    assert middle_of(drawn.dots[0]) == pytest.approx(middle.x)
    assert middle_of(drawn.dots[1]) == pytest.approx(high.x)


def test_the_bar_is_the_95_percent_interval():
    drawn = drawing((-1.75, 0.5))
    per_unit = (drawn.boxes[1].width) / 1.5
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
    assert "60 %" not in {
        words.text for words in draw_ruler(t_ruler([("a", Measure(-2.0, "SD", 0.4))], -2.5, -1.0), {}, LINE).words
    }


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
