"""A T-score equivalent on a ruler: the value, its interval, and the limits of the WHO classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from OsteoScreenLib.densitometry.measures import Measure

WIDTH, MARGIN = 1000.0, 40.0
FIRST_ROW, ROW = 92.0, 58.0
"""Drawing units: where the first measure lies, and how far one lies below the other."""
INTERVAL = 1.959964
"""Standard deviations on either side that hold 95 % of a normal distribution."""
_SHORTEST = (-4.0, 1.0)


@dataclass(frozen=True)
class RulerRow:
    """One measure: its name, its text, and where value and interval lie, in drawing units."""

    name: str
    text: str
    y: float
    x: float
    low: float
    high: float


@dataclass(frozen=True)
class Ruler:
    """All lengths in drawing units.

    Attributes:
        rows: the measures. ticks: (x, text) of whole T-scores; no text where a limit's stands.
        zones: (style, word, x, width) of osteoporosis, osteopenia and normal. limits: (x, text) between them.
        height: of the drawing. alt: the ruler in words.
    """

    rows: tuple[RulerRow, ...]
    ticks: tuple[tuple[float, str], ...]
    zones: tuple[tuple[str, str, float, float], ...]
    limits: tuple[tuple[float, str], ...]
    height: float
    alt: str


def t_ruler(measures: Sequence[tuple[str, Measure]], osteoporosis_t: float, normal_t: float) -> Ruler | None:
    """The ruler of some T-score equivalents; None where none has a value.

    Args:
        measures: name and T-score of each. osteoporosis_t, normal_t: the limits in use.
    """
    known = [(name, float(m.value), INTERVAL * (m.sd or 0.0)) for name, m in measures if m.value is not None]
    if not known:
        return None
    first = min(_SHORTEST[0], *(int(t - reach) - 1 for _, t, reach in known))
    last = max(_SHORTEST[1], *(int(t + reach) + 1 for _, t, reach in known))
    per_unit = (WIDTH - 2 * MARGIN) / (last - first)

    def place(t: float) -> float:
        return MARGIN + (t - first) * per_unit

    rows = tuple(
        RulerRow(name, _text(t, reach), FIRST_ROW + number * ROW, place(t), place(t - reach), place(t + reach))
        for number, (name, t, reach) in enumerate(known)
    )
    ends = (first, osteoporosis_t, normal_t, last)
    styles = (("low", "osteoporosis"), ("middle", "osteopenia"), ("high", "normal"))
    zones = tuple(
        (style, word, place(a), place(b) - place(a))
        for (style, word), a, b in zip(styles, ends[:-1], ends[1:], strict=True)
    )
    return Ruler(
        rows=rows,
        ticks=tuple((place(t), _tick(t, (osteoporosis_t, normal_t))) for t in range(int(first), int(last) + 1)),
        zones=zones,
        limits=((place(osteoporosis_t), signed(osteoporosis_t)), (place(normal_t), signed(normal_t))),
        height=FIRST_ROW + len(rows) * ROW + 20.0,
        alt="; ".join(f"{row.name}: T-score equivalent {row.text}" for row in rows),
    )


def _tick(t: int, limits: tuple[float, float]) -> str:
    """The number at a tick; none where a limit has its own there."""
    return "" if any(abs(t - limit) < 0.3 for limit in limits) else signed(t, 0)


def signed(value: float, digits: int = 1) -> str:
    """A score with its sign, as a true minus; zero has none."""
    text = f"{value:+.{digits}f}".replace("-", "−")
    return text[1:] if float(f"{value:.{digits}f}") == 0.0 else text


def _text(t: float, reach: float) -> str:
    return f"{signed(t)} (95 % interval {signed(t - reach)} to {signed(t + reach)})" if reach else signed(t)
