"""``index.html``: the cases of a run on one page, each linked to its report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import OsteoScreenLib
from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.report.pages import render_page
from OsteoScreenLib.report.status_words import model_words, status_words
from OsteoScreenLib.report.summary import SEVERITY_SYMBOLS, summarise
from OsteoScreenLib.result.case_outcome import CaseOutcome, CaseState

_WORDS = {
    CaseState.DONE: "with a result",
    CaseState.WITHHELD: "withheld",
    CaseState.FAILED: "failed",
    CaseState.NOT_RUN: "not run",
}


def cohort_index(outcomes: Sequence[CaseOutcome]) -> str:
    """The page as HTML. Links lead to ``<case_id>/report.html`` beside it.

    Raises:
        MissingPackageError: Jinja2 is not installed.
    """
    counts = [(sum(entry.state is state for entry in outcomes), word) for state, word in _WORDS.items()]
    return render_page(
        "index.html.j2",
        total="1 case" if len(outcomes) == 1 else f"{len(outcomes)} cases",
        counts=", ".join(f"{count} {word}" for count, word in counts if count) or "none",
        rows=[_row(outcome) for outcome in outcomes],
        version=OsteoScreenLib.__version__,
    )


def _row(outcome: CaseOutcome) -> dict[str, Any]:
    result = outcome.result
    if result is None:
        failed = outcome.state is CaseState.FAILED
        return {
            "case_id": outcome.case_id,
            "link": "",
            "style": "failed" if failed else "",
            "symbol": "✕" if failed else "–",
            "word": "Failed" if failed else "Not run",
            "text": outcome.message,
            "flags": [],
            "status": [],
        }
    summary = summarise(result)
    grave = [flag for flag in result.quality if flag.severity is not Severity.INFO]
    return {
        "case_id": outcome.case_id,
        "link": f"{quote(outcome.case_id)}/report.html",
        "style": summary.state,
        "symbol": summary.symbol,
        "word": summary.heading,
        "text": "",
        "status": [*status_words(result), *model_words(result)],
        "flags": [
            {"severity": f.severity.value, "symbol": SEVERITY_SYMBOLS[f.severity], "code": f.code} for f in grave
        ],
    }
