"""The table at the end of a run: each case in one line, by symbol and colour."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from OsteoScreenLib.cli import console
from OsteoScreenLib.errors import printable
from OsteoScreenLib.quality.flag import Severity
from OsteoScreenLib.report.status_words import StatusWord, model_words, status_words
from OsteoScreenLib.result.case_outcome import CaseOutcome, CaseState
from OsteoScreenLib.screening.cohort import CohortRun

_STATES = {
    CaseState.DONE: ("✓", "+", "done", "green"),
    CaseState.WITHHELD: ("■", "#", "withheld", "red"),
    CaseState.FAILED: ("✕", "x", "failed", "bold red"),
    CaseState.NOT_RUN: ("–", "-", "not run", "dim"),
}
_LONGEST_REASON = 90
_FLAGS = {
    Severity.WITHHOLD: ("■", "#", "red"),
    Severity.WARNING: ("▲", "!", "yellow"),
    Severity.INFO: ("●", "o", "blue"),
}


def show_summary(run: CohortRun, out: Path) -> None:
    """Print the table on stdout, and what did not go well on stderr."""
    screen = console.out()
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("Case", overflow="fold")
    table.add_column("State", no_wrap=True)
    words = [_words(outcome) for outcome in run.outcomes]
    if any(words):
        table.add_column("Bone status", overflow="fold", ratio=1)
    table.add_column("Findings", overflow="fold", ratio=1)
    for outcome, status in zip(run.outcomes, words, strict=True):
        cells = [_status(status)] if any(words) else []
        table.add_row(Text(printable(outcome.case_id)), _state(screen, outcome), *cells, _findings(screen, outcome))
    screen.print(table)
    legend = "  ".join(
        f"{console.symbol(screen, fancy, plain)}{word}"
        for (fancy, plain, _), word in zip(
            _FLAGS.values(), (" withholds", " warning", " things to know, in the report"), strict=True
        )
    )
    console.say(screen, legend, "dim")
    reports = [outcome for outcome in run.outcomes if outcome.result is not None]
    if len(run.outcomes) == 1 and reports:
        console.say(screen, f"Report: {out / reports[0].case_id / 'report.html'}")
    else:
        console.say(screen, f"Reports: {out / 'index.html'}")
    console.say(screen, f"Table:  {out / 'results.csv'}")
    if any(words):
        named = any(outcome.result is not None and outcome.result.model_status for outcome in run.outcomes)
        models = ", or by the model that is named" if named else ""
        console.say(
            screen,
            f"Bone status: by rule from CT's T-score equivalent, no DXA T-score{models}; confirm with DXA.",
            "dim",
        )
    console.say(screen, "Research use only.", "dim")
    _say_what_went_wrong(run)


def _state(screen: Console, outcome: CaseOutcome) -> Text:
    fancy, plain, word, style = _STATES[outcome.state]
    kept = " (kept)" if outcome.kept else ""
    return Text(f"{console.symbol(screen, fancy, plain)} {word}{kept}", style=style)


def _words(outcome: CaseOutcome) -> list[StatusWord]:
    result = outcome.result
    return [] if result is None else [*status_words(result), *model_words(result)]


def _status(words: list[StatusWord]) -> Text:
    """Each side's class in a line, or why there is none; long reasons are in the report."""
    lines = []
    for entry in words:
        why = printable(entry.why)
        why = why if len(why) <= _LONGEST_REASON else f"{why[: _LONGEST_REASON - 4].rstrip()} ..."
        warning = f" ({entry.warning})" if entry.warning else ""
        lines.append(f"{printable(entry.who)}: {entry.word}{warning}" + (f": {why}" if why else ""))
    return Text("\n".join(lines))


def _findings(screen: Console, outcome: CaseOutcome) -> Text:
    if outcome.result is None:
        return Text(outcome.error_code.replace("_", " "), style="dim" if outcome.state is CaseState.NOT_RUN else "red")
    parts = []
    for severity, (fancy, plain, style) in _FLAGS.items():
        mark = console.symbol(screen, fancy, plain)
        codes = outcome.flag_codes(severity)
        if severity is Severity.INFO and codes:
            codes = (str(len(codes)),)
        # No space between mark and code: a line must not break there.
        parts += [Text(f"{mark}{printable(code)}", style=style) for code in codes]
    return Text("  ").join(parts) if parts else Text("no findings", style="green")


def _say_what_went_wrong(run: CohortRun) -> None:
    messages = console.err()
    for outcome in run.outcomes:
        if outcome.state is CaseState.FAILED:
            console.say(messages, f"{outcome.case_id} failed: {outcome.message}", "red")
    if run.stopped:
        undone = sum(outcome.state is CaseState.NOT_RUN for outcome in run.outcomes)
        rest = f" {undone} of {len(run.outcomes)} cases were not run; add --resume to go on." if undone else ""
        console.say(messages, f"{run.stopped} Finished cases are intact.{rest}", "bold")
