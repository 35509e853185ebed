"""``results.csv``: one line for each case of a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from OsteoScreenLib.errors import printable
from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.report.density_columns import DENSITY_COLUMNS, density_row
from OsteoScreenLib.report.model_columns import model_columns, model_row
from OsteoScreenLib.result.case_outcome import CaseOutcome
from OsteoScreenLib.result.case_result import CaseResult

_FIRST = (
    *("case_id", "input", "state", "withhold_flags", "warning_flags", "info_flags"),
    *("kvp", "kernel", "slice_thickness_mm", "spacing_x_mm", "spacing_y_mm", "spacing_z_mm"),
    *("size_x", "size_y", "size_z", "contrast_agent", "sex", "age_years", "manufacturer", "model"),
    *("femur_left_presence", "femur_left_volume_ml", "femur_left_implant", "femur_left_estimated_dsc"),
    *("femur_right_presence", "femur_right_volume_ml", "femur_right_implant", "femur_right_estimated_dsc"),
    *("segmentation_source", "segmentation_model"),
    *DENSITY_COLUMNS,
)
_LAST = ("withheld_because", "error_code", "error_message", "seconds", "kept_from_earlier_run")
COLUMNS = (*_FIRST, *_LAST)
"""Columns of every run, in order; those of the bone-status models that a run asked come before ``_LAST``. An empty cell
means that the input does not say, or that a measure is withheld. Sex and age are those that the scores go by."""

_FORMULA_STARTS = "=+-@＝＋－＠"


def results_csv(outcomes: Sequence[CaseOutcome]) -> str:
    """The table as CSV text (comma, double quotes, line feeds), header first.

    A text that a spreadsheet would run as a formula is led by an apostrophe, and control characters appear as escapes:
    a name in a header must not become a command on the reader's computer.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    models = model_columns(outcome.result for outcome in outcomes if outcome.result is not None)
    columns = (*_FIRST, *models, *_LAST)
    writer.writerow([cell_text(column) for column in columns])
    for outcome in outcomes:
        row = _row(outcome)
        writer.writerow([cell_text(row.get(column)) for column in columns])
    return text.getvalue()


def _row(outcome: CaseOutcome) -> dict[str, object]:
    row: dict[str, object] = {
        "case_id": outcome.case_id,
        "input": outcome.input_name,
        "state": outcome.state.value,
        "error_code": outcome.error_code,
        "error_message": outcome.message,
        "seconds": round(outcome.seconds, 3),
        "kept_from_earlier_run": "yes" if outcome.kept else "no",
    }
    for severity in Severity:
        row[f"{severity.value}_flags"] = ";".join(outcome.flag_codes(severity))
    result = outcome.result
    if result is None:
        return row
    facts = result.acquisition
    names = ("kvp", "kernel", "slice_thickness_mm", "contrast_agent", "sex", "age_years", "manufacturer", "model")
    row.update({name: getattr(facts, name) for name in names})
    row.update(zip(("spacing_x_mm", "spacing_y_mm", "spacing_z_mm"), result.geometry.spacing_xyz_mm, strict=True))
    row.update(zip(("size_z", "size_y", "size_x"), result.geometry.shape_zyx, strict=True))
    row.update(_femora(result))
    if result.densitometry is not None and result.densitometry.facts is not None:
        row.update(sex=result.densitometry.facts.sex, age_years=result.densitometry.facts.age_years)
    row.update(density_row(result))
    row.update(model_row(result))
    row["withheld_because"] = " ".join(result.reasons)
    return row


def _femora(result: CaseResult) -> dict[str, object]:
    """What was found on each side, and by what; empty where no mask was made."""
    row: dict[str, object] = {
        "segmentation_source": None if result.segmentation is None else result.segmentation.source,
        "segmentation_model": ";".join(f"{m.get('id', '')} {m.get('version', '')}".strip() for m in result.models),
    }
    for side, finding in result.femurs.items():
        there = finding.presence != "absent"
        row[f"femur_{side}_presence"] = finding.presence
        row[f"femur_{side}_volume_ml"] = finding.volume_ml if there else None
        row[f"femur_{side}_implant"] = ("yes" if finding.implant else "no") if there else None
        row[f"femur_{side}_estimated_dsc"] = finding.estimated_dsc
    return row


def cell_text(value: object) -> str:
    """A value as a spreadsheet may safely show it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if not isinstance(value, str):
        return str(value)
    text = printable(value)
    return f"'{text}" if text.lstrip()[:1] and text.lstrip()[0] in _FORMULA_STARTS else text
