"""A bone-status study from its table of predictions: every table of results, and what the figures draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.evaluation.bootstrap import RESAMPLES
from OsteoScreenLib.evaluation.model_arrays import ModelArrays, arrays_of
from OsteoScreenLib.evaluation.predictions import PredictionTable
from OsteoScreenLib.evaluation.reporting import (
    Answered,
    StudyFacts,
    checklist_table,
    checklists,
    hints,
    known_answers,
)
from OsteoScreenLib.evaluation.result_table import ResultTable
from OsteoScreenLib.evaluation.status_probabilities import calibration_groups, calibration_table, decision_table
from OsteoScreenLib.evaluation.status_tables import (
    COMPLETE,
    accuracy_table,
    classification_table,
    comparisons,
    confusion_table,
    discrimination,
    enumerate_names,
    predictive_values,
    resampled,
)
from OsteoScreenLib.evaluation.study_flow import Flow, flow_of, flow_table
from OsteoScreenLib.evaluation.subgroups import subgroup_table
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if

FEW_EVENTS = 100
"""Cases of the rarest class under which an external validation is imprecise (Collins, Ogundimu and Altman 2016)."""

FITTED_SPLITS = ("train", "development", "validation")


@dataclass(frozen=True)
class StudySettings:
    """What a user decides.

    Attributes:
        split: which to evaluate; None where the table has one at most.
        prevalence: by class, where PPV and NPV are wanted elsewhere.
        reference: model to compare all others with; None: every pair.
        seed, resamples: of the bootstrap.
        answers: of the checklists, by the user.
    """

    split: str | None = None
    prevalence: Mapping[str, float] = field(default_factory=dict)
    reference: str | None = None
    seed: int = 0
    resamples: int = RESAMPLES
    answers: Answered = field(default_factory=dict)


@dataclass(frozen=True)
class StatusStudy:
    """Results.

    Attributes:
        split: evaluated; None where the table names none.
        models: arrays of each model. flows: their cases.
        tables: of results, in the order of a page. checklists: METRICS, CLEAR, TRIPOD+AI.
        warnings: what a reader must know first.
    """

    split: str | None
    models: tuple[ModelArrays, ...]
    flows: tuple[Flow, ...]
    tables: tuple[ResultTable, ...]
    checklists: tuple[ResultTable, ...]
    warnings: tuple[str, ...]

    def table(self, name: str) -> ResultTable:
        """A table by its name. Raises KeyError where there is none: one without rows is left out."""
        found = {table.name: table for table in (*self.tables, *self.checklists)}
        return found[name]


def evaluate_status(
    table: PredictionTable,
    settings: StudySettings,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> StatusStudy:
    """Evaluate every model of a table of predictions.

    Args:
        table: without problems.

    Raises:
        UsageError: a setting does not fit the table; the split is not said and there are several; no case has a truth.
        CancelledError: as asked.
    """
    split = _split(table, settings)
    chosen = PredictionTable(table.classes, tuple(row for row in table.rows if row.split == split))
    _check_settings(chosen, settings)
    models = tuple(arrays_of(chosen, model) for model in chosen.models)
    intervals = {}
    for done, arrays in enumerate(models):
        stop_if(cancelled)
        progress(done / len(models), f"Resampling the patients of {arrays.model}")
        intervals[arrays.model] = resampled(arrays, settings.seed, settings.resamples)
    progress(1.0, "Evaluated")
    flows = tuple(flow_of(chosen, arrays) for arrays in models)
    tables = [
        *(flow_table(flows), discrimination(models, intervals), comparisons(models, settings.reference)),
        *(accuracy_table(models), predictive_values(models, settings.prevalence)),
        *(classification_table(models, intervals), confusion_table(models), calibration_table(models, intervals)),
        *(calibration_groups(models), decision_table(models), subgroup_table(models)),
    ]
    facts = _facts(table, split, models, tables)
    known, hint = known_answers(facts), hints(facts)
    return StatusStudy(
        split=split,
        models=models,
        flows=flows,
        tables=tuple(one for one in tables if one.rows),
        checklists=tuple(checklist_table(name, known, settings.answers, hint) for name in checklists()),
        warnings=tuple(_warnings(facts, models)),
    )


def _split(table: PredictionTable, settings: StudySettings) -> str | None:
    splits = table.splits
    if settings.split is not None and settings.split not in splits:
        there = ", ".join(splits) or "no column split"
        raise UsageError(f"The table has no rows of the split {settings.split!r}", next_step=f"It has {there}.")
    if settings.split is None and len(splits) > 1:
        raise UsageError(
            f"The table holds several splits: {', '.join(splits)}",
            next_step="Say which to evaluate with --split; figures of several together would mean little.",
        )
    return settings.split or (splits[0] if splits else None)


def _check_settings(table: PredictionTable, settings: StudySettings) -> None:
    reported = [name for name, _ in enumerate_names(table.classes)]
    for name in settings.prevalence:
        if name not in reported:
            raise UsageError(f"There is no class {name!r} to give a prevalence of", next_step=f"Say {reported}.")
    if settings.reference is not None and settings.reference not in table.models:
        raise UsageError(
            f"The table has no model {settings.reference!r}", next_step=f"It has: {', '.join(table.models)}."
        )
    if not any(row.truth for row in table.rows):
        raise UsageError("No case has a truth to compare with", next_step="Fill in the column truth.")


def _facts(
    table: PredictionTable, split: str | None, models: tuple[ModelArrays, ...], tables: list[ResultTable]
) -> StudyFacts:
    by_name = {one.name: one for one in tables}
    evaluated = {row.patient for row in table.rows if row.split == split}
    fitted = {row.patient for row in table.rows if row.split in FITTED_SPLITS and row.split != split}
    leaking = evaluated & fitted if split in ("test", "external") else set()
    return StudyFacts(
        models=tuple(arrays.model for arrays in models),
        split=split,
        sites=tuple(sorted({row.site for row in models[0].rows if row.site})),
        leaking_patients=tuple(sorted(leaking)),
        measured=any(row["view"] == COMPLETE for row in by_name["discrimination"].rows),
        calibrated=any(row.get("slope") is not None for row in by_name["calibration"].rows),
        subgroups=tuple(dict.fromkeys(row["factor"] for row in by_name["subgroups"].rows)),
        n_cases=len(models[0]),
        n_withheld=max(int(arrays.withheld.sum()) for arrays in models),
    )


def _warnings(facts: StudyFacts, models: tuple[ModelArrays, ...]) -> list[str]:
    found = []
    if facts.leaking_patients:
        found.append(
            f"{len(facts.leaking_patients)} patients of the evaluated split are in training or tuning too "
            f"({', '.join(facts.leaking_patients[:5])}): every figure here is too good."
        )
    if facts.split in FITTED_SPLITS:
        found.append(f"The split evaluated is {facts.split}: these figures are not those of unseen patients.")
    counts = {name: int((models[0].truth == index).sum()) for index, name in enumerate(models[0].classes)}
    rare = [f"{count} {name}" for name, count in counts.items() if count < FEW_EVENTS]
    if rare:
        found.append(
            f"Few cases of a class ({', '.join(rare)}): under {FEW_EVENTS}, an evaluation is imprecise (Collins 2016)."
        )
    for arrays in models:
        if arrays.withheld.any():
            n, total = int(arrays.withheld.sum()), len(arrays)
            found.append(
                f"{arrays.model}: {n} of {total} cases withheld; figures of complete cases are without them, those of "
                "the intention to diagnose count them as wrong."
            )
    return found
