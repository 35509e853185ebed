"""How long work will still take, said only where that can be said honestly."""

from __future__ import annotations

from collections.abc import Sequence

MIN_ELAPSED_S = 4.0
"""Before that, the first steps say nothing of the later ones."""
MIN_FRACTION = 0.1
AGREEMENT = 2.0
"""The pace of all the work so far and that of its last half may differ by this factor; else nothing is said."""


def seconds_left(samples: Sequence[tuple[float, float]], now_s: float) -> float | None:
    """Seconds until the work is done, judged by its pace so far.

    Two paces are compared: that since the beginning, and that of the last half of the time. Where they disagree, the
    work is not even and any number would be a guess. Of two that agree, the slower counts. A step that tells nothing
    for long slows the second pace down, so that an old estimate does not stand on.

    Args:
        samples: (seconds, fraction done) as they were told, in order, the first at the beginning of the work.
        now_s: the present, on the same clock.

    Returns:
        The seconds; None where they cannot be estimated, or where the work is done.
    """
    if not samples:
        return None
    start_s, first = samples[0]
    done = samples[-1][1]
    elapsed = now_s - start_s
    if elapsed < MIN_ELAPSED_S or not MIN_FRACTION <= done - first < 1.0 - first:
        return None
    middle_s = start_s + elapsed / 2.0
    at_middle = max(fraction for seconds, fraction in samples if seconds <= middle_s)
    overall, recent = (done - first) / elapsed, (done - at_middle) / (elapsed / 2.0)
    slower, faster = sorted((overall, recent))
    if slower <= 0.0 or faster / slower > AGREEMENT:
        return None
    return (1.0 - done) / slower


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
