"""Figures of a bone-status study: ROC, calibration, decision curve, matrix, flow of cases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from OsteoScreenLib.errors import printable
from OsteoScreenLib.evaluation.calibration import calibration_line, groups_of
from OsteoScreenLib.evaluation.decision_curve import THRESHOLDS, net_benefit, net_benefit_of_all
from OsteoScreenLib.evaluation.estimate import Estimate
from OsteoScreenLib.evaluation.figure_parts import as_files, look_of, new_figure, style
from OsteoScreenLib.evaluation.flow_figure import flow_figure
from OsteoScreenLib.evaluation.model_arrays import ModelArrays
from OsteoScreenLib.evaluation.status_probabilities import decision_targets
from OsteoScreenLib.evaluation.status_study import StatusStudy
from OsteoScreenLib.evaluation.status_tables import areas_of, targets

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL_MM = 62.0
_LARGEST_THRESHOLD = 0.8


def draw_study(study: StatusStudy) -> dict[str, bytes]:
    """Every figure as SVG and PNG, by file name.

    Raises:
        MissingPackageError: Matplotlib is not installed.
    """
    with style():
        figures = [("roc", roc_figure(study.models)), ("decision_curve", decision_figure(study.models))]
        for index, (arrays, flow) in enumerate(zip(study.models, study.flows, strict=True)):
            ending = f"_{index + 1}_{_slug(arrays.model)}" if len(study.models) > 1 else ""
            figures += [
                (f"calibration{ending}", calibration_figure(arrays, index)),
                (f"confusion_matrix{ending}", matrix_figure(arrays)),
                (f"flow{ending}", flow_figure(flow)),
            ]
        return as_files(figures)


def roc_figure(models: Sequence[ModelArrays]) -> Figure:
    """ROC curves of complete cases: a panel for each class against the rest, a line for each model."""
    named = targets(models[0])
    figure, panels, below = _panels_over_legends((_PANEL_MM if len(named) > 1 else 85, 62), len(named), len(models) + 1)
    for panel, legend, (name, which) in zip(panels, below, named, strict=True):
        for index, cases in enumerate(arrays.answered for arrays in models):
            area = areas_of(cases).get(name) if len(cases) else None
            if area is None:
                continue
            x, y = roc_points(cases.truth == which, cases.probabilities[:, which])
            label = f"{_name(cases.model)}: {_interval(area.estimate(cases.patients))}"
            panel.plot(x, y, label=label, clip_on=False, **look_of(index))
        panel.plot([0, 1], [0, 1], color="0.7", linewidth=0.7, zorder=0)
        ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
        panel.set(xlim=(0, 1), ylim=(0, 1), xticks=ticks, yticks=ticks, title=_title(name), aspect="equal")
        panel.set(xlabel="1 - specificity", ylabel="sensitivity")
        _legend(panel, legend, -0.17 if len(named) > 1 else 0.0, "AUC (95 % interval)")
    return figure


def roc_points(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False positive and true positive share at every threshold, from (0, 0) to (1, 1); ties are one step."""
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    true = np.cumsum(positive[order])[last_of_tie] / positive.sum()
    false = np.cumsum(~positive[order])[last_of_tie] / (~positive).sum()
    return np.concatenate([[0.0], false]), np.concatenate([[0.0], true])


def calibration_figure(arrays: ModelArrays, index: int = 0) -> Figure:
    """Observed share against probability: groups with exact intervals, recalibration line with its band."""
    cases = arrays.answered
    named = targets(cases)
    figure = new_figure(_PANEL_MM * len(named) + (15 if len(named) == 1 else 0), 84)
    grid = figure.add_gridspec(2, len(named), height_ratios=(5, 1))
    figure.suptitle(_name(arrays.model, 60), fontsize=9)
    for column, (name, which) in enumerate(named):
        upper, lower = figure.add_subplot(grid[0, column]), figure.add_subplot(grid[1, column])
        slope = _calibration_panel(upper, cases.truth == which, cases.probabilities[:, which], look_of(index)["color"])
        upper.set(title=f"{_title(name)}\n{slope}", xlim=(0, 1), ylim=(0, 1), ylabel="observed share")
        upper.set_xticklabels([])
        lower.hist(cases.probabilities[:, which], bins=np.linspace(0, 1, 21).tolist(), color="0.6")
        lower.set(xlim=(0, 1), xlabel="probability", ylabel="cases")
    return figure


def _calibration_panel(panel: Axes, truth: np.ndarray, probability: np.ndarray, colour: str) -> str:
    """Draw it; returns the slope in words."""
    panel.plot([0, 1], [0, 1], color="0.7", linewidth=0.7, zorder=0)
    line = calibration_line(truth, probability)
    if line is not None:
        x = np.linspace(max(0.001, probability.min()), min(0.999, probability.max()), 200)
        value, low, high = line.at(x)
        panel.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        panel.plot(x, value, color=colour)
    for group in groups_of(truth, probability):
        share = group.observed
        panel.vlines(group.mean_probability, share.low or 0.0, share.high or 0.0, color=colour, linewidth=0.7)
        panel.plot([group.mean_probability], [share.value or 0.0], "o", color=colour, markersize=3.5, clip_on=False)
    return "slope not defined" if line is None else f"slope {_interval(line.slope_estimate(), 2)}"


def decision_figure(models: Sequence[ModelArrays]) -> Figure:
    """Net benefit against threshold: of each model, of acting on all and on none."""
    first = decision_targets(models[0].answered)
    figure, panels, below = _panels_over_legends((88, 62), len(first), len(models) + 2)
    shown = THRESHOLDS <= _LARGEST_THRESHOLD
    for number, (panel, legend) in enumerate(zip(panels, below, strict=True)):
        name, truth, _ = first[number]
        top = 0.01
        for index, arrays in enumerate(models):
            _, cases_truth, probability = decision_targets(arrays.answered)[number]
            benefit = net_benefit(cases_truth, probability)[shown]
            top = max(top, float(np.nanmax(benefit, initial=0.0)))
            panel.plot(THRESHOLDS[shown], benefit, label=_name(arrays.model), **look_of(index))
        panel.plot(THRESHOLDS[shown], net_benefit_of_all(truth)[shown], color="0.45", linewidth=0.9, label="act on all")
        panel.axhline(0, color="0.7", linewidth=0.9, label="act on none")
        panel.set(xlim=(0, _LARGEST_THRESHOLD), ylim=(-0.25 * top, 1.1 * top), title=_title(name))
        panel.set(xlabel="threshold probability", ylabel="net benefit")
        _legend(panel, legend, 0.0)
    return figure


def matrix_figure(arrays: ModelArrays) -> Figure:
    """Truth against prediction: counts, and the share of the row in grey; withheld cases in a column of their own."""
    matrix = arrays.matrix()
    called = list(arrays.classes)
    if arrays.withheld.any():
        called.append("withheld")
    matrix = matrix[:, : len(called)]
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = new_figure(28 + 19 * len(called), 30 + 17 * len(arrays.classes))
    panel = figure.add_subplot()
    panel.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(matrix):
        ink = "white" if share[row, column] > 0.55 else "black"
        panel.text(column, row, f"{count}\n{100 * share[row, column]:.0f} %", ha="center", va="center", color=ink)
    panel.set_xticks(range(len(called)), labels=[_wrapped(name) for name in called])
    panel.set_yticks(range(len(arrays.classes)), labels=[_wrapped(name) for name in arrays.classes])
    panel.tick_params(length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)
    if len(called) > len(arrays.classes):
        panel.axvline(len(arrays.classes) - 0.5, color="0.3", linewidth=1)
    panel.set(xlabel="predicted", ylabel="truth", title=_name(arrays.model, 40))
    return figure


def _panels_over_legends(
    panel_mm: tuple[float, float], count: int, lines: int
) -> tuple[Figure, list[Axes], list[Axes]]:
    """Panels side by side, and under each an empty place for a legend of so many lines."""
    legend_mm = 4 + 3.6 * lines
    figure = new_figure(panel_mm[0] * count, panel_mm[1] + legend_mm)
    grid = figure.add_gridspec(2, count, height_ratios=(panel_mm[1], legend_mm))
    panels = [figure.add_subplot(grid[0, column]) for column in range(count)]
    below = [figure.add_subplot(grid[1, column]) for column in range(count)]
    for place in below:
        place.axis("off")
    return figure, panels, below


def _legend(panel: Axes, below: Axes, left: float, title: str | None = None) -> None:
    entries = panel.get_legend_handles_labels()
    legend = below.legend(
        *entries,
        loc="upper left",
        bbox_to_anchor=(left, 1),
        borderaxespad=0,
        handlelength=2.4,
        title=title,
        alignment="left",
    )
    legend.set_in_layout(False)  # or long names would make the panels small


def _interval(estimate: Estimate, digits: int = 3) -> str:
    text = f"{estimate.value:.{digits}f}"
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} ({estimate.low:.{digits}f}–{estimate.high:.{digits}f})"


def _name(text: str, longest: int = 18) -> str:
    """A name from a file, as Matplotlib may show it: no mathematics, no control characters, shortened in its middle."""
    safe = printable(text)
    if len(safe) > longest:
        tail = longest // 2 - 1
        safe = f"{safe[: longest - tail - 1]}…{safe[-tail:]}"
    return safe.replace("$", r"\$")


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]


def _wrapped(name: str) -> str:
    return name.replace(" ", "\n")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40] or "model"
