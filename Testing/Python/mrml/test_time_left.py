"""The time left is said where the pace allows it, and only there."""

from __future__ import annotations

import pytest

from OsteoScreenLib.mrml.time_left import TimeLeft, seconds_left, words_for


def even(seconds: int, pace: float) -> list[tuple[float, float]]:
    """Work that advances evenly: a sample each second."""
    return [(100.0 + second, pace * second) for second in range(seconds + 1)]


def test_of_even_work_the_rest_is_what_its_pace_says():
    assert seconds_left(even(12, 0.05), 112.0) == pytest.approx(8.0)
    assert seconds_left(even(42, 0.02), 142.0) == pytest.approx(8.0)


def test_work_in_large_steps_is_taken_to_be_at_the_beginning_of_one():
    samples = [(0.0, 0.0), (7.0, 0.35), (14.0, 0.51), (21.0, 0.67)]
    left = seconds_left(samples, 21.0)
    assert left == pytest.approx(21.0)  # three steps of seven seconds, where 0.33 / 0.16 are two and a bit


def test_a_quick_beginning_does_not_count():
    samples = [(0.0, 0.0), (0.5, 0.4), *((float(second), 0.4 + 0.01 * second) for second in range(1, 31))]
    assert seconds_left(samples, 30.0) == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("samples", "now_s"),
    [
        ([], 10.0),
        (even(9, 0.1), 109.0),  # too early
        (even(15, 0.005), 115.0),  # too little is done
        (even(10, 0.1), 110.0),  # done
        ([(0.0, 0.0), (1.0, 0.5), (20.0, 0.55)], 20.0),  # quick first, then slow
        ([(0.0, 0.0), (19.0, 0.05), (20.0, 0.5)], 20.0),  # slow first, then quick
    ],
)
def test_of_work_that_is_young_or_uneven_or_done_nothing_is_said(samples, now_s):
    assert seconds_left(samples, now_s) is None


def test_an_estimate_grows_while_nothing_is_told_and_then_is_taken_back():
    samples = even(12, 0.05)
    first, later = seconds_left(samples, 112.0), seconds_left(samples, 113.0)
    assert first is not None
    assert later is not None
    assert later > first
    assert seconds_left(samples, 120.0) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.0, "a few seconds left"),
        (9.0, "about 10 s left"),
        (21.0, "about 20 s left"),
        (44.0, "about 40 s left"),
        (56.0, "about 1 min left"),
        (150.0, "about 2 min left"),
        (3569.0, "about 59 min left"),
        (3599.0, "more than an hour left"),
    ],
)
def test_seconds_are_said_as_a_person_says_them(seconds, words):
    assert words_for(seconds) == words


def test_of_even_work_the_words_count_down_to_its_end():
    listener = TimeLeft(0.0)
    said = {}
    for second in range(60):
        listener.note(float(second), second / 60.0)
        said[second] = listener.words(float(second))
    assert said[5] == ""
    assert (said[15], said[30], said[45]) == ("about 50 s left", "about 30 s left", "about 15 s left")
    assert said[58] == "a few seconds left"


def test_a_moment_without_news_does_not_make_the_words_jump():
    samples, listener = [(float(second), second / 60.0) for second in range(31)], TimeLeft(0.0)
    for second, fraction in samples:
        listener.note(second, fraction)
        listener.words(second)
    assert words_for(seconds_left(samples, 32.0)) == "about 40 s left"
    assert listener.words(32.0) == "about 30 s left"
