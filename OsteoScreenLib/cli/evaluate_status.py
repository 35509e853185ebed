"""``osteoscreen evaluate PREDICTIONS.csv``: a table of predicted bone status against the truth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

import OsteoScreenLib
from OsteoScreenLib.cli import console
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.ct.digest import file_sha256
from OsteoScreenLib.errors import UsageError, printable
from OsteoScreenLib.evaluation.predictions_file import read_predictions
from OsteoScreenLib.evaluation.reporting import answers_file
from OsteoScreenLib.evaluation.result_table import ResultTable
from OsteoScreenLib.evaluation.status_figures import draw_study
from OsteoScreenLib.evaluation.status_study import StatusStudy, StudySettings, evaluate_status
from OsteoScreenLib.evaluation.table_files import as_csv, as_latex
from OsteoScreenLib.evaluation.write_files import write_files
from OsteoScreenLib.report.study_page import study_page

SCHEMA_VERSION = 1
PAGE, TO_ANSWER, SETTINGS = "evaluation.html", "to_answer.csv", "evaluation.json"


def evaluate_status_file(predictions: Path, out: Path, settings: StudySettings, figures: bool) -> None:
    """Evaluate a table, write tables, figures and the page, and show the main figures."""
    table = read_predictions(predictions)
    bar = ProgressBar(console.err())
    try:
        study = evaluate_status(table, settings, bar)
    finally:
        bar.close()
    drawn = draw_study(study) if figures else {}
    facts = _facts(predictions, study, settings)
    tables = (*study.tables, *study.checklists)
    contents: dict[str, str | bytes] = {
        **{f"{one.name}.csv": as_csv(one) for one in tables},
        **{f"{one.name}.tex": as_latex(one) for one in tables if not one.long},
        **drawn,
        TO_ANSWER: answers_file(study.checklists),
        SETTINGS: _account(predictions, study, settings),
        PAGE: study_page(study, drawn, facts),
    }
    write_files(out, contents)
    _show(study)
    screen = console.out()
    console.say(screen, f"Page:    {out / PAGE}")
    console.say(screen, f"Tables:  {len(tables)} as CSV and LaTeX; figures: {len(drawn) // 2} as SVG and PNG")
    console.say(screen, f"Yours to answer: {out / TO_ANSWER} (give it back with --answers)")
    for warning in study.warnings:
        console.say(console.err(), f"Note: {warning}", "yellow")


def prevalences(words: Sequence[str]) -> dict[str, float]:
    """By class, from ``CLASS=SHARE`` or a bare share, which is that of osteoporosis.

    Raises:
        UsageError: it is no share between 0 and 1, or a class is named twice.
    """
    found: dict[str, float] = {}
    for word in words:
        name, _, share = word.rpartition("=")
        name = name.strip().lower() or "osteoporosis"
        try:
            value = float(share)
        except ValueError:
            value = -1.0
        if not 0 < value < 1 or name in found:
            raise UsageError(
                f"The prevalence {word!r} cannot be used",
                next_step="Say a share between 0 and 1, such as 0.1 or osteopenia=0.3, once for each class.",
            )
        found[name] = value
    return found


def _facts(predictions: Path, study: StatusStudy, settings: StudySettings) -> list[str]:
    n = len(study.models[0])
    split = "no split named" if study.split is None else f"split {study.split}"
    return [
        f"{n} cases with a reference standard ({split}), from {predictions.name}.",
        f"95 % intervals; bootstrap of {settings.resamples} draws of patients, seed {settings.seed}.",
    ]


def _account(predictions: Path, study: StatusStudy, settings: StudySettings) -> str:
    """How it was made, and every table, as JSON."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "software": {"osteoscreen": OsteoScreenLib.__version__},
        "input": {"name": predictions.name, "sha256": file_sha256(predictions)},
        "settings": {
            "split": study.split,
            "prevalence": dict(settings.prevalence),
            "reference": settings.reference,
            "seed": settings.seed,
            "resamples": settings.resamples,
        },
        "warnings": list(study.warnings),
        "tables": {one.name: _as_dicts(one) for one in (*study.tables, *study.checklists)},
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _as_dicts(table: ResultTable) -> list[dict[str, object]]:
    return [dict(zip(table.plain_header(), row, strict=True)) for row in table.plain_rows()]


def _show(study: StatusStudy) -> None:
    """AUC, sensitivity and specificity of the predicted class, complete cases; the files have the rest."""
    shown = Table(show_edge=False, pad_edge=False)
    for title in ("Model", "Class", "n", "AUC", "Sensitivity", "Specificity"):
        shown.add_column(title, overflow="fold")
    accuracy = study.table("accuracy")
    areas = [row for table in study.tables if table.name == "discrimination" for row in table.shown_rows()]
    by_name = {column.name: index for index, column in enumerate(accuracy.columns)}
    rates = {
        (row[by_name["model"]], row[by_name["class"]]): (row[by_name["sensitivity"]], row[by_name["specificity"]])
        for row in reversed(accuracy.shown_rows())  # the first of several is the predicted class of complete cases
    }
    for model, view, name, n, _, area, *_ in areas:
        if view == "complete cases":
            cells = (model, name, n, area, *rates.get((model, name), ("", "")))
            shown.add_row(*(Text(printable(cell)) for cell in cells))
    screen = console.out()
    if not screen.is_terminal:
        screen.width = 200
    screen.print(shown)
    console.say(screen, "Complete cases, predicted class, 95 % intervals.", "dim")
