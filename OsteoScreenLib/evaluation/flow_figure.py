"""The flow of the cases of one model as a diagram (STARD 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from OsteoScreenLib.errors import printable
from OsteoScreenLib.evaluation.figure_parts import new_figure
from OsteoScreenLib.evaluation.study_flow import Flow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_REASONS, _LONGEST = 6, 38
_WIDTH_MM, _LINE_MM, _GAP_MM = 180.0, 3.9, 8.0


def flow_figure(flow: Flow) -> Figure:
    """Boxes from the cases of the table to those of each predicted class; beside them what leaves, and why."""
    classes = list(flow.by_class)
    stages = [
        ([f"Cases in the table: {flow.n_cases}", f"({flow.n_patients} patients)"], _left_out(flow)),
        (["With reference standard: " + str(flow.n_answered + flow.n_withheld), *_truths(flow)], _withheld(flow)),
        ([f"With a status: {flow.n_answered}"], []),
    ]
    results = [
        [f"Status {called}: {sum(by.values())}", *(f"truth {name}: {by[name]}" for name in classes)]
        for called, by in flow.results.items()
    ]
    heights = [_height(max(len(middle), len(side))) for middle, side in stages] + [_height(len(classes) + 1)]
    total = sum(heights) + _GAP_MM * len(stages)
    figure = new_figure(_WIDTH_MM, total + 12)
    panel = figure.add_subplot()
    panel.set(xlim=(-1, _WIDTH_MM + 1), ylim=(total + 1, -1), title=printable(flow.model)[:60].replace("$", r"\$"))
    panel.axis("off")
    top = 0.0
    for index, ((middle, side), height) in enumerate(zip(stages, heights[:-1], strict=True)):
        _box(panel, 60, top + height / 2, 74, _height(len(middle)), middle)
        if side:
            _box(panel, 143, top + height / 2, 72, _height(len(side)), side)
            _arrow(panel, (97, top + height / 2), (107, top + height / 2))
        bottom = top + height / 2 + _height(len(middle)) / 2
        top += height + _GAP_MM
        if index + 1 < len(stages):
            next_middle = stages[index + 1][0]
            _arrow(panel, (60, bottom), (60, top + heights[index + 1] / 2 - _height(len(next_middle)) / 2))
    turn = (bottom + top) / 2
    width = (_WIDTH_MM - 4) / len(results) - 4
    for index, lines in enumerate(results):
        x = 4 + (index + 0.5) * (width + 4)
        _box(panel, x, top + heights[-1] / 2, width, heights[-1], lines)
        panel.plot([60, 60, x], [bottom, turn, turn], color="0.2", linewidth=0.8)
        _arrow(panel, (x, turn), (x, top))
    return figure


def _height(lines: int) -> float:
    return 3.5 + _LINE_MM * lines


def _left_out(flow: Flow) -> list[str]:
    return [f"Without reference standard: {flow.n_without_truth}"]


def _truths(flow: Flow) -> list[str]:
    return [f"{name}: {answered + withheld}" for name, (answered, withheld) in flow.by_class.items()]


def _withheld(flow: Flow) -> list[str]:
    if not flow.n_withheld:
        return ["Withheld: 0"]
    reasons = [f"{_short(reason)}: {count}" for reason, count in flow.reasons[:_MOST_REASONS]]
    if more := sum(count for _, count in flow.reasons[_MOST_REASONS:]):
        reasons.append(f"other reasons: {more}")
    truth = ", ".join(f"{name} {withheld}" for name, (_, withheld) in flow.by_class.items() if withheld)
    return [f"Withheld: {flow.n_withheld}", *reasons, f"truth: {truth}"]


def _short(text: str) -> str:
    safe = printable(text)
    return (safe if len(safe) <= _LONGEST else safe[: _LONGEST - 1] + "…").replace("$", r"\$")


def _box(panel: Axes, x: float, y: float, width: float, height: float, lines: list[str]) -> None:
    from matplotlib.patches import Rectangle

    frame = Rectangle((x - width / 2, y - height / 2), width, height, facecolor="white", edgecolor="0.2", linewidth=0.8)
    panel.add_patch(frame)
    panel.text(x, y, "\n".join(lines), ha="center", va="center", fontsize=7.5, linespacing=1.35)


def _arrow(panel: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = {"arrowstyle": "-|>", "color": "0.2", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    panel.annotate("", xy=end, xytext=start, arrowprops=arrow)
