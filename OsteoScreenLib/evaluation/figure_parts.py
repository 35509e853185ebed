"""The look of the figures of a study, and how they become files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from OsteoScreenLib.errors import MissingPackageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Told apart by colour-blind readers too (Okabe and Ito 2008)."""

LINES = ("-", "--", "-.", ":")
PNG_DPI = 300
_MM_PER_INCH = 25.4

_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.3,
    "svg.hashsalt": "osteoscreen",
}


def style() -> AbstractContextManager[None]:
    """Context in which figures are drawn alike whatever the user's own settings of Matplotlib.

    Raises:
        MissingPackageError: Matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise MissingPackageError(
            "Figures need the package Matplotlib",
            next_step="Run: pip install matplotlib, or add --no-figures for the tables alone.",
        ) from error
    return matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE})


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """An empty figure of a size in millimetres; journals print columns of about 85 and pages of about 180."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH), layout="constrained")


def look_of(index: int) -> dict[str, Any]:
    """Colour and line of a model: told apart in grey print by the line."""
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": LINES[index % len(LINES)]}


def as_files(figures: Sequence[tuple[str, Figure]]) -> dict[str, bytes]:
    """SVG and PNG (300 dpi, white ground) of each figure, by file name; the same bytes for the same figure."""
    found = {}
    for name, figure in figures:
        for kind, options in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": PNG_DPI})):
            content = io.BytesIO()
            figure.savefig(content, format=kind, facecolor="white", **options)
            found[f"{name}.{kind}"] = content.getvalue()
    return found
