"""Result tables as CSV and LaTeX, and figures as SVG and PNG."""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from factory.prediction_tables import binary, rows_of_model, three_models
from PIL import Image

from OsteoScreenLib.errors import MissingPackageError
from OsteoScreenLib.evaluation.auc import auc_of
from OsteoScreenLib.evaluation.estimate import Estimate
from OsteoScreenLib.evaluation.figure_parts import as_files, style
from OsteoScreenLib.evaluation.predictions import THREE_CLASSES, PredictionTable
from OsteoScreenLib.evaluation.result_table import Column, ResultTable, shown
from OsteoScreenLib.evaluation.status_figures import draw_study, roc_figure, roc_points
from OsteoScreenLib.evaluation.status_study import StudySettings, evaluate_status
from OsteoScreenLib.evaluation.table_files import as_csv, as_latex

FEW = StudySettings(resamples=100)
TABLE = ResultTable(
    "small_table",
    "Small & short",
    (Column("model", "Model"), Column("auc", "AUC", estimate=True), Column("p_value", "p")),
    (
        {"model": "=50%_{x}\\", "auc": Estimate(0.5, 0.25, 1 / 3), "p_value": 0.0001},
        {"model": "b", "auc": Estimate(0.75), "p_value": float("nan")},
        {"model": None},
    ),
    ("A note of 5 %.",),
)


def test_csv_has_a_column_for_each_bound_full_precision_and_no_formula():
    lines = list(csv.reader(io.StringIO(as_csv(TABLE))))
    assert lines[0] == ["model", "auc", "auc_low", "auc_high", "p_value"]
    assert lines[1] == ["'=50%_{x}\\", "0.5", "0.25", "0.3333333333", "0.0001"]
    assert lines[2] == ["b", "0.75", "", "", ""]
    assert lines[3] == ["", "", "", "", ""]


def test_latex_escapes_what_it_would_take_as_commands():
    text = as_latex(TABLE)
    assert r"=50\%\_\{x\}\textbackslash{} & 0.500 (0.250 to 0.333) & $<$0.001 \\" in text
    assert r"\caption{Small \& short}\label{tab:small-table}" in text
    assert r"A note of 5 \%." in text
    assert r"b & 0.750 & -- \\" in text


def test_cells_for_readers_are_rounded_and_say_where_nothing_is_defined():
    assert shown(-0.0004, Column("x", "x")) == "0.000"
    assert shown(Estimate(None), Column("x", "x", estimate=True)) == "–"
    assert shown(True, Column("x", "x")) == "yes"
    assert shown(0.0004, Column("p_value_holm", "p")) == "<0.001"
    assert shown(0.0004, Column("other", "p")) == "0.000"


def test_the_area_under_the_drawn_curve_is_the_auc_with_ties_too():
    random = np.random.default_rng(1)
    truth = random.random(200) < 0.3
    for score in (random.random(200) + 0.5 * truth, random.integers(0, 4, 200) + truth):
        x, y = roc_points(truth, score)
        assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
        assert float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2)) == pytest.approx(auc_of(truth, score).value)


@pytest.mark.needs_module("matplotlib")
def test_every_figure_is_drawn_as_svg_and_png_fit_for_print_and_alike_each_time():
    study = evaluate_status(three_models(), FEW)
    files = draw_study(study)
    stems = {name.rsplit(".", 1)[0] for name in files}
    assert {name for name in stems if name.startswith("flow")} == {"flow_1_forest", "flow_2_ct_abmd", "flow_3_mean_hu"}
    assert len(stems) == 2 + 3 * 3
    for stem in stems:
        assert ElementTree.fromstring(files[f"{stem}.svg"]).tag.endswith("svg")
        image = Image.open(io.BytesIO(files[f"{stem}.png"]))
        assert image.info["dpi"] == pytest.approx((300, 300), abs=1)
        assert min(image.size) > 600
        ink = np.asarray(image.convert("L"))
        assert ink.min() < 60
        assert (ink[0] == 255).all()  # nothing is cut at the upper edge
        assert (ink[-1] == 255).all()
    with style():
        again = as_files([("roc", roc_figure(study.models))])
    assert again == {name: files[name] for name in ("roc.svg", "roc.png")}


@pytest.mark.needs_module("matplotlib")
def test_names_from_a_file_cannot_break_a_figure():
    names = ["$x_{", "a\x00\n\u202eb", "M" * 200]
    rows = [replace(row, model=name) for name in names for row in rows_of_model("m", 1, {3: name})]
    study = evaluate_status(PredictionTable(THREE_CLASSES, tuple(rows)), FEW)
    files = draw_study(study)
    ink = np.asarray(Image.open(io.BytesIO(files["roc.png"])).convert("L"))
    assert (ink[:, 0] == 255).all()
    assert (ink[:, -1] == 255).all()  # long names are shortened, not cut off
    assert {"flow_1_x.svg", "flow_2_a_b.svg", f"flow_3_{'m' * 40}.png", "roc.png"} <= set(files)


@pytest.mark.needs_module("matplotlib")
def test_binary_tables_and_models_without_a_status_are_drawn_too():
    assert "roc.svg" in draw_study(evaluate_status(binary(), FEW))
    none = [replace(row, probabilities=None, withheld="no calibration") for row in rows_of_model("m", 1)]
    both = PredictionTable(THREE_CLASSES, (*none, *rows_of_model("other", 2)))
    assert "flow_1_m.svg" in draw_study(evaluate_status(both, FEW))


def test_without_matplotlib_the_error_says_how_to_have_the_tables_alone(monkeypatch):
    study = evaluate_status(three_models(), FEW)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match="Matplotlib") as raised:
        draw_study(study)
    assert "--no-figures" in str(raised.value)
