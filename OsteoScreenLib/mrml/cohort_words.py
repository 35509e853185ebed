"""What the panel says of a cohort."""

from __future__ import annotations

from OsteoScreenLib.errors import printable
from OsteoScreenLib.mrml.cohort_progress import CohortProgress, CohortRow, Stage
from OsteoScreenLib.mrml.panel_words import percent
from OsteoScreenLib.mrml.time_left import words_for

STAGE_WORDS = {
    Stage.WAITING: "waiting",
    Stage.RUNNING: "running",
    Stage.DONE: "done",
    Stage.WITHHELD: "withheld",
    Stage.FAILED: "failed",
    Stage.NOT_RUN: "not run",
}
STAGE_LIGHTS = {Stage.DONE: "green", Stage.WITHHELD: "amber", Stage.FAILED: "red"}
_HOUR_S = 3600.0


def row_texts(row: CohortRow) -> tuple[str, str, str]:
    """Case, state and remark of one line of the table."""
    state = STAGE_WORDS[row.stage]
    if row.stage is Stage.RUNNING:
        state += f" {percent(row.fraction)} %"
    if row.kept:
        state += " (kept)"
    return row.case_id, state, printable(row.message)


def cohort_text(progress: CohortProgress) -> str:
    """How far the whole run is, such as ``3 of 10 cases: 2 done, 1 failed; about 12 min left``."""
    counts = [(progress.count(stage), STAGE_WORDS[stage]) for stage in Stage if stage not in _UNTOLD]
    parts = ", ".join(f"{count} {word}" for count, word in counts if count)
    text = f"{progress.n_ended - progress.count(Stage.NOT_RUN)} of {len(progress.rows)} cases"
    left = "" if progress.n_ended == len(progress.rows) else left_words(progress.seconds_left())
    return text + (f": {parts}" if parts else "") + (f"; {left}" if left else "") + "."


def left_words(seconds: float | None) -> str:
    """Seconds as a person says them; a cohort may take many hours."""
    if seconds is None or seconds < _HOUR_S:
        return words_for(seconds)
    return f"about {seconds / _HOUR_S:.0f} h left"


_UNTOLD = (Stage.WAITING, Stage.RUNNING)
