"""How long work will still take, said only where that can be said honestly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

MIN_ELAPSED_S = 10.0
"""Before that, the first steps, which are quick, say nothing of the later ones."""
MIN_FRACTION = 0.1
AGREEMENT = 2.0
"""The pace of the second and of the last third of the time may differ by this factor; else nothing is said."""


SMOOTHING_S = 4.0
"""A new estimate takes over from the earlier ones within a few of these, so that the words do not jump."""
_SAMPLE_EVERY_S = 0.5


class TimeLeft:
    """Listens to the progress of a work and says how long it will still take.

    Args:
        now_s: the moment at which the work begins.
    """

    def __init__(self, now_s: float) -> None:
        self._samples = [(now_s, 0.0)]
        self._end_s: float | None = None
        self._estimated_s = now_s

    def note(self, now_s: float, fraction: float) -> None:
        """So much is done now."""
        if now_s - self._samples[-1][0] >= _SAMPLE_EVERY_S:
            self._samples.append((now_s, fraction))

    def words(self, now_s: float) -> str:
        """The time left in words; empty where it cannot be said."""
        left = seconds_left(self._samples, now_s)
        if left is None:
            return ""
        if self._end_s is None:
            self._end_s = now_s + left
        share = 1.0 - math.exp((self._estimated_s - now_s) / SMOOTHING_S)
        self._end_s += share * (now_s + left - self._end_s)
        self._estimated_s = now_s
        return words_for(max(0.0, self._end_s - now_s))


def seconds_left(samples: Sequence[tuple[float, float]], now_s: float) -> float | None:
    """Seconds until the work is done, judged by its pace so far.

    The first third of the time does not count: reading a file is over in no time and says nothing of the rest. Of the
    second and the last third the paces are compared. Where they disagree, the work is not even and any number would be
    a guess. Of two that agree, the slower counts. A step that tells nothing for long slows the last pace down, so that
    an old estimate does not stand on. Work that advances in large steps may be anywhere within one: the rest counts as
    whole steps.

    Args:
        samples: (seconds, fraction done) as they were told, in order, the first at the beginning of the work.
        now_s: the present, on the same clock.

    Returns:
        The seconds; None where they cannot be estimated, or where the work is done.
    """
    if not samples:
        return None
    start_s, done = samples[0][0], samples[-1][1]
    third = (now_s - start_s) / 3.0
    if 3.0 * third < MIN_ELAPSED_S or not MIN_FRACTION <= done < 1.0:
        return None
    first, second = _done_at(samples, start_s + third), _done_at(samples, start_s + 2.0 * third)
    slower, faster = sorted(((second - first) / third, (done - second) / third))
    if slower <= 0.0 or faster / slower > AGREEMENT:
        return None
    step = _largest_step(samples, start_s + third)
    return step * math.ceil((1.0 - done) / step) / slower


def _largest_step(samples: Sequence[tuple[float, float]], since_s: float) -> float:
    return max(after[1] - before[1] for before, after in itertools.pairwise(samples) if after[0] > since_s)


def _done_at(samples: Sequence[tuple[float, float]], moment_s: float) -> float:
    return max((fraction for seconds, fraction in samples if seconds <= moment_s), default=0.0)


def words_for(seconds: float | None) -> str:
    """Seconds as a person says them, such as ``about 10 s left``; empty where there are none."""
    if seconds is None:
        return ""
    if seconds < 8.0:
        return "a few seconds left"
    if seconds < 55.0:
        step = 5 if seconds < 28.0 else 10
        return f"about {step * max(1, round(seconds / step))} s left"
    minutes = max(1, round(seconds / 60.0))
    return f"about {minutes} min left" if minutes < 60 else "more than an hour left"
