"""METRICS, CLEAR and TRIPOD+AI, filled in as far as the files of a study tell; the rest is the user's to answer."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.evaluation.result_table import Column, ResultTable

YES, NO, NOT_APPLICABLE = "yes", "no", "not applicable"
ANSWERS = (YES, NO, NOT_APPLICABLE)
MUST_ANSWER = "you must answer"
FILE_COLUMNS = ("checklist", "item", "section", "text", "answer", "note")

_FILL_IN = "Fill in the column answer of to_answer.csv: yes, no or not applicable."

Answered = Mapping[tuple[str, str], tuple[str, str]]
"""By checklist and item: the answer, and its evidence or note."""


@dataclass(frozen=True)
class StudyFacts:
    """What the files of a study tell.

    Attributes:
        models: names. split: the split that was evaluated, None where the table names none.
        sites: that occur in the table. leaking_patients: in training or tuning and in the evaluated split.
        measured: whether an AUC could be computed.
        calibrated: whether calibration could be assessed. subgroups: factors that could be looked at.
        n_cases: evaluated, with a reference standard. n_withheld: of these.
    """

    models: tuple[str, ...]
    split: str | None
    sites: tuple[str, ...]
    leaking_patients: tuple[str, ...]
    measured: bool
    calibrated: bool
    subgroups: tuple[str, ...]
    n_cases: int
    n_withheld: int


@lru_cache(maxsize=1)
def checklists() -> dict[str, dict[str, Any]]:
    """By name: title and items (item, section, text, and for METRICS weight and condition).

    METRICS' weights are those of its tool, version 1.0. Wording is ours; the published one is what counts.
    """
    found: dict[str, dict[str, Any]] = json.loads(
        (Path(__file__).parent / "reporting_items.json").read_text(encoding="utf-8")
    )
    return found


def known_answers(facts: StudyFacts) -> Answered:
    """Items that follow from the files; all others are left to the user."""
    found: dict[tuple[str, str], tuple[str, str]] = {
        ("tripod_ai", "20a"): (
            YES,
            f"flow: {facts.n_cases} cases with a reference standard, {facts.n_withheld} withheld",
        )
    }
    if facts.measured:
        intervals = "95 % intervals: DeLong (logit), stratified bootstrap of patients, Clopper-Pearson"
        found |= {
            ("metrics", "20"): (
                YES,
                "AUC, sensitivity, specificity, F1, matrix: discrimination, accuracy, classification",
            ),
            ("metrics", "21"): (YES, intervals),
            ("clear", "40"): (YES, intervals),
            ("clear", "47"): (YES, "discrimination, accuracy, classification, calibration, decision_curve"),
            ("tripod_ai", "12e"): (
                YES,
                "Discrimination, calibration, net benefit; Docs/evaluation.md names the methods",
            ),
        }
        if facts.subgroups:
            found["tripod_ai", "23a"] = (YES, f"discrimination, accuracy; subgroups: {_listed(facts.subgroups)}")
    if facts.calibrated:
        found["metrics", "22"] = (YES, "Intercept, slope, curve, Brier score: calibration, calibration_groups")
    if len(facts.sites) > 1:
        found["metrics", "4"] = (YES, f"Sites in the table: {_listed(facts.sites)}")
        if facts.measured:
            found["tripod_ai", "23b"] = (YES, f"subgroups, by site: {_listed(facts.sites)}")
    if facts.leaking_patients:
        leak = f"In the evaluated split and in training or tuning: {_listed(facts.leaking_patients)}"
        found["metrics", "18"] = (NO, leak)
    if facts.split in ("test", "external"):
        found["metrics", "26" if facts.split == "test" else "27"] = (YES, f"Split evaluated: {facts.split}")
        found["clear", "38"] = (YES, f"Split evaluated: {facts.split}")
    if len(facts.models) > 1 and facts.measured:
        found["clear", "41"] = (YES, "Paired DeLong tests with Holm's adjustment: comparisons")
    return found


def hints(facts: StudyFacts) -> dict[tuple[str, str], str]:
    """What the files add to items that they do not answer."""
    found = {
        ("metrics", "18"): "No patient of the table is in training or tuning and in the evaluated split"
        if facts.split
        else "The table names no split",
        ("clear", "39"): "The metrics are given; say why these",
        ("clear", "45"): "flow counts from the table on; exclusions before it are yours",
        ("tripod_ai", "21"): "flow and confusion_matrix have those of this evaluation",
        ("tripod_ai", "15"): "The table has probabilities and classes; say how the thresholds were chosen",
    }
    if len(facts.models) > 1:
        of = f"Paired DeLong tests of {_listed(facts.models)}"
        found["metrics", "24"] = found["clear", "42"] = found["clear", "48"] = f"{of}: is one without radiomics?"
        found["metrics", "25"] = f"{of}: is one a simple model?"
    if facts.leaking_patients:
        del found["metrics", "18"]
    return found


def checklist_table(name: str, known: Answered, given: Answered, hint: Mapping[tuple[str, str], str]) -> ResultTable:
    """One checklist; the user's answers go before what the files tell."""
    rows = []
    for item in checklists()[name]["items"]:
        key = (name, item["item"])
        source = "you" if key in given else "files" if key in known else ""
        answer, note = given.get(key) or known.get(key) or (MUST_ANSWER, hint.get(key, ""))
        if "condition" in item and not note:
            note = f"Only where the study has {item['condition']}; else: {NOT_APPLICABLE}"
        rows.append({**item, "answer": answer, "source": source, "note": note})
    columns = [Column("item", "Item"), Column("section", "Section"), Column("text", "Asks for")]
    if name == "metrics":
        columns.append(Column("weight", "Weight", 4))
    columns += [Column("answer", "Answer"), Column("source", "By"), Column("note", "Where, or what is missing")]
    open_items = sum(row["answer"] == MUST_ANSWER for row in rows)
    notes = [f"{open_items} of {len(rows)} items are yours to answer, in to_answer.csv. Wording shortened."]
    if name == "metrics":
        notes.insert(0, _score_in_words(rows))
    return ResultTable(f"checklist_{name}", checklists()[name]["title"], tuple(columns), tuple(rows), tuple(notes))


def metrics_range(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Score in per cent if every open item were "no", and if every one were "yes".

    100 x weights of "yes" / weights of the items that apply (Kocak 2024).

    Raises:
        ValueError: no item applies.
    """
    applying = [row for row in rows if row["answer"] != NOT_APPLICABLE]
    total = sum(row["weight"] for row in applying)
    if not total:
        raise ValueError("no item of METRICS applies")
    sure = sum(row["weight"] for row in applying if row["answer"] == YES)
    maybe = sum(row["weight"] for row in applying if row["answer"] == MUST_ANSWER)
    return 100 * sure / total, 100 * (sure + maybe) / total


def metrics_grade(score: float) -> str:
    """METRICS' word for a score in per cent."""
    bounds = ((20, "very low"), (40, "low"), (60, "moderate"), (80, "good"))
    return next((word for limit, word in bounds if score < limit), "excellent")


def _score_in_words(rows: Sequence[Mapping[str, Any]]) -> str:
    low, high = metrics_range(rows)
    if all(row["answer"] != MUST_ANSWER for row in rows):
        return f"METRICS score: {low:.1f} % ({metrics_grade(low)})."
    return (
        f"METRICS score so far: {low:.1f} % ({metrics_grade(low)}) with every open item as no; "
        f"up to {high:.1f} % if all are yes."
    )


def answers_file(tables: Sequence[ResultTable]) -> str:
    """CSV for the user: the items that are open or that they answered, to fill in and give back."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FILE_COLUMNS)
    for table in tables:
        name = table.name.removeprefix("checklist_")
        for row in table.rows:
            if row["source"] != "files":
                answer = "" if row["answer"] == MUST_ANSWER else row["answer"]
                writer.writerow([name, row["item"], row["section"], row["text"], answer, row["note"]])
    return text.getvalue()


def read_answers(path: Path) -> Answered:
    """Read the file of :func:`answers_file` with answers filled in; open items may stay empty.

    Raises:
        InputError: the file cannot be read, or an item or answer is unknown; every problem by line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("The answers cannot be read", path=path, next_step=_FILL_IN) from error
    items = {(name, item["item"]) for name, checklist in checklists().items() for item in checklist["items"]}
    found, problems = {}, []
    for line, row in enumerate(rows, start=2):
        key = (row.get("checklist") or "", row.get("item") or "")
        answer = (row.get("answer") or "").strip().lower()
        if key not in items:
            problems.append(f"line {line}: there is no item {key[1]!r} of {key[0]!r}")
        elif answer and answer not in ANSWERS:
            problems.append(f"line {line}: the answer {answer!r} is none of {', '.join(ANSWERS)}")
        elif answer:
            found[key] = (answer, (row.get("note") or "").strip())
    if problems:
        raise InputError(
            f"The answers cannot be used: {'; '.join(problems[:20])}",
            path=path,
            next_step=_FILL_IN,
            code="bad_answers",
        )
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
