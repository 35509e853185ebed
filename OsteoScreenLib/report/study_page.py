"""The page of a bone-status study: figures and tables in one HTML file."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import OsteoScreenLib
from OsteoScreenLib.evaluation.status_study import StatusStudy
from OsteoScreenLib.report.pages import render_page

_TITLES = {
    "roc": "ROC curves",
    "decision_curve": "Decision curves",
    "calibration": "Calibration",
    "confusion_matrix": "Truth against prediction",
    "flow": "Flow of cases",
}


def study_page(study: StatusStudy, figures: Mapping[str, bytes], facts: Sequence[str]) -> str:
    """HTML with every table but the long ones, and every figure in it.

    Args:
        figures: content by file name; the SVG files are shown.
        facts: sentences on how it was made.
    """
    shown = [
        {"file": name, "title": _title(name, study), "data": base64.b64encode(content).decode("ascii")}
        for name, content in figures.items()
        if name.endswith(".svg")
    ]
    return render_page(
        "study.html.j2",
        models=[arrays.model for arrays in study.models],
        facts=facts,
        warnings=study.warnings,
        figures=shown,
        tables=[table for table in (*study.tables, *study.checklists) if not table.long],
        version=OsteoScreenLib.__version__,
    )


def _title(file_name: str, study: StatusStudy) -> str:
    stem = file_name.removesuffix(".svg")
    kind = next(kind for kind in _TITLES if stem.startswith(kind))
    number = stem[len(kind) :].split("_")[1:2]
    return f"{_TITLES[kind]}: {study.models[int(number[0]) - 1].model}" if number else _TITLES[kind]
