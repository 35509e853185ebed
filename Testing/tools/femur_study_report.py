"""The tables of the simulated study of the femur segmentation, from its rows alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from femur_study_patients import SERIES
from study_rows import number, numbers
from study_tables import by_bins, markdown, mean, median_and_quartiles, pearson, shown, spearman

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.evaluation.segmentation_metrics import FAILURE_BELOW_DSC
from OsteoScreenLib.segmentation.mask_features import MaskFeatures
from OsteoScreenLib.segmentation.mask_flags import BAD_BELOW_DSC, DOUBTFUL_BELOW_DSC
from OsteoScreenLib.segmentation.mask_model import DscModel, estimate_dsc, read_models
from OsteoScreenLib.training.calibrate_mask_quality import NETWORK_TERMS, calibrate, fit_model, read_table, write_table

Row = Mapping[str, str]
FEATURE_PREFIX = "f_"
EDGES = (0.0, 0.6, FAILURE_BELOW_DSC, BAD_BELOW_DSC, DOUBTFUL_BELOW_DSC, 0.95, 0.97, 1.0)
GOOD_FROM_DSC = 0.95
DOUBTS = {"femur_mask_bad", "femur_mask_doubtful"}
PRESENCE = ("present", "cut", "stem", "absent")
SOURCE = "Simulated patients of the study of the femur segmentation: masks of our networks, truth of the simulator."


def write_report(rows: Sequence[Row], folder: Path) -> str:
    """The report in Markdown; also written into the folder, with the tables of features and the fitted model."""
    parts = ["## Simulated, unseen patients", *study_tables(rows), *level_tables(rows)]
    parts += ["## Estimated against true Dice coefficient, as the shipped model estimates", *estimate_tables(rows)]
    parts += ["## Estimated against true, with what the networks say", *refitted(rows, folder)]
    text = "\n\n".join(parts)
    if rows:
        (folder / "report.md").write_text(text + "\n", encoding="utf-8")
    return text


def study_tables(rows: Sequence[Row]) -> list[str]:
    """How good the masks of the study's patients are, by group; and whether a femur was found where there is one."""
    study = [row for row in rows if row["part"] == "study"]
    if not study:
        return ["No patient is done yet."]
    judged = [row for row in study if is_judged(row)]
    groups: dict[str, list[Row]] = {"all": judged}
    groups["all but stems"] = [row for row in judged if row["truth"] != "stem"]
    for truth in PRESENCE:
        groups[f"truly {truth}"] = [row for row in judged if row["truth"] == truth]
    for name in sorted({row["protocol"] for row in judged}):
        groups[name] = [row for row in judged if row["protocol"] == name]
    head = ("femora", "n", "mean DSC", "DSC", "head DSC", "VD %", "abs VD %", "HD95 mm", "ASSD mm", "surface Dice")
    lines = [(*_measures(name, group), _failures(group)) for name, group in groups.items() if group]
    patients = len({row["seed"] for row in study})
    said = f"{patients} patients. Median (quartiles); a failure is a Dice coefficient under {FAILURE_BELOW_DSC}."
    return [said, markdown((*head, "failures"), lines), "### Found where there is one", _presence(study)]


def _measures(name: str, rows: Sequence[Row]) -> tuple[object, ...]:
    percents = numbers(rows, "vd_percent")
    return (
        name,
        len(rows),
        shown(mean(numbers(rows, "dsc")), 4),
        median_and_quartiles(numbers(rows, "dsc")),
        median_and_quartiles(numbers(rows, "head_dsc")),
        median_and_quartiles(percents, 1),
        median_and_quartiles([abs(value) for value in percents], 1),
        median_and_quartiles(numbers(rows, "hd95_mm"), 2),
        median_and_quartiles(numbers(rows, "assd_mm"), 2),
        median_and_quartiles(numbers(rows, "surface_dice")),
    )


def is_judged(row: Row) -> bool:
    """Whether there is something to agree on: a sliver of a femur counts as none, and finding none is then right.

    What is found where there is none stands in the table of presence.
    """
    return bool(row["dsc"]) and row["truth"] != "absent"


def is_failure(row: Row) -> bool:
    """A Dice coefficient under 0.8; a femur that was missed has one of 0."""
    return bool(row["dsc"]) and float(row["dsc"]) < FAILURE_BELOW_DSC


def is_told(row: Row) -> bool:
    """Whether the user is told that this mask is not to be trusted, or that there is none."""
    return row["found"] == "absent" or bool(DOUBTS & set(row["flags"].split()))


def _failures(rows: Sequence[Row]) -> str:
    count = sum(is_failure(row) for row in rows)
    return f"{count} ({100 * count / len(rows):.1f} %)" if rows else "-"


def _presence(rows: Sequence[Row]) -> str:
    """Truth by what was found."""
    found = ("present", "cut", "absent")
    lines = []
    for truth in PRESENCE:
        group = [row for row in rows if row["truth"] == truth]
        lines.append((truth, len(group), *(sum(row["found"] == name for row in group) for name in found)))
    return markdown(("truly", "n", *(f"found {name}" for name in found)), lines)


def level_tables(rows: Sequence[Row]) -> list[str]:
    """The same patients at every level: where it breaks, and whether that is said."""
    own = [row for row in rows if row["part"] == "levels"]
    if not own:
        return []
    parts = [f"## The same {len({row['seed'] for row in own})} patients, one thing changed at a time"]
    head = ("level", "femora", "mean DSC", "DSC", "lowest", "head DSC", "HD95 mm", "failures", "of these told")
    for name, series in SERIES.items():
        lines = []
        for level in series:
            group = [row for row in own if row["level"] == level.name and is_judged(row)]
            failed, values = [row for row in group if is_failure(row)], numbers(group, "dsc")
            _, n, average, dsc, top, _, _, distance, *_ = _measures(level.name, group)
            low, told = shown(min(values), 3) if values else "-", sum(is_told(row) for row in failed)
            estimate = shown(mean(numbers(group, "estimated_dsc")))
            lines.append((level.name, n, average, dsc, low, top, distance, _failures(group), told, estimate))
        parts += [f"### By {name}", markdown((*head, "mean estimated DSC"), lines)]
    return parts


def estimate_tables(rows: Sequence[Row]) -> list[str]:
    """Correlation, calibration and warnings of the estimate that the rows hold."""
    known = [row for row in rows if is_judged(row) and row["estimated_dsc"]]
    parts = agreement(numbers(known, "estimated_dsc"), numbers(known, "dsc"))
    judged = [row for row in rows if is_judged(row)]
    failed = [row for row in judged if is_failure(row)]
    good = [row for row in judged if float(row["dsc"]) >= GOOD_FROM_DSC]
    told = [sum(is_told(row) for row in group) for group in (failed, good)]
    line = f"Told of {told[0]} of {len(failed)} failures; a false alarm at {told[1]} of {len(good)} masks with a true "
    return [*parts, line + f"coefficient of {GOOD_FROM_DSC} or more."]


def agreement(estimated: Sequence[float], true: Sequence[float]) -> list[str]:
    """Correlations and calibration as paragraphs."""
    if not estimated:
        return ["There is no estimate."]
    error = mean(np.abs(np.subtract(estimated, true)).tolist())
    line = (
        f"{len(true)} masks: Pearson {shown(pearson(estimated, true))}, Spearman {shown(spearman(estimated, true))}, "
    )
    line += f"mean absolute error {shown(error)}."
    lines = [(name, n, shown(guess), shown(fact)) for name, n, guess, fact in by_bins(estimated, true, EDGES)]
    return [line, markdown(("estimated", "masks", "mean estimated", "mean true"), lines)]


def feature_rows(rows: Sequence[Row]) -> list[tuple[str, float, MaskFeatures]]:
    """(patient, true DSC, features) of every mask."""
    found = []
    for row in rows:
        values = {name: number(row, f"{FEATURE_PREFIX}{name}") for name in MaskFeatures.__dataclass_fields__}
        if row["dsc"] and values["volume_ml"] is not None:
            found.append((f"patient-{row['seed']}", float(row["dsc"]), MaskFeatures.from_dict(values)))
    return found


def halves(
    table: Sequence[tuple[str, float, MaskFeatures]],
) -> tuple[list[tuple[str, float, MaskFeatures]], list[tuple[str, float, MaskFeatures]]]:
    """The rows of every other patient, and of the others: no patient is in both."""
    first = set(sorted({case for case, _, _ in table})[::2])
    return [row for row in table if row[0] in first], [row for row in table if row[0] not in first]


def refitted(rows: Sequence[Row], folder: Path) -> list[str]:
    """The model of mask quality fitted to half of the patients, judged by the other half; files written on the way."""
    table = feature_rows(rows)
    if not table:
        return ["No mask has features yet."]
    fit, other = halves(table)
    write_table(folder / "features.csv", table)
    write_table(folder / "features-fit.csv", fit)
    try:
        features, truth, groups = read_table(folder / "features-fit.csv")
        fit_model("network", NETWORK_TERMS, features, truth, groups, {"source": SOURCE})
        kept = [model for model in read_models() if model.name == "image"]
        described = {"source": SOURCE, "table": "features-fit.csv"}
        models = calibrate(folder / "features-fit.csv", folder / "mask_quality.json", described, kept)
    except UsageError as error:
        return [f"Not fitted: {error}"]
    patients = [len({case for case, _, _ in part}) for part in (fit, other)]
    parts = [
        f"Fitted to {len(fit)} masks of {patients[0]} patients; below, {len(other)} masks of {patients[1]} others."
    ]
    return [*parts, *judged_by(models, other, estimate_dsc)]


def judged_by(
    models: Sequence[DscModel],
    table: Sequence[tuple[str, float, MaskFeatures]],
    estimate: Callable[..., tuple[float | None, tuple[str, ...]]],
) -> list[str]:
    """How a model's estimates agree with the truth, and which failures they show."""
    pairs = [
        (guess, dsc)
        for guess, dsc in ((estimate(f, tuple(models))[0], dsc) for _, dsc, f in table)
        if guess is not None
    ]
    parts = agreement([guess for guess, _ in pairs], [dsc for _, dsc in pairs])
    failed = [guess for guess, dsc in pairs if dsc < FAILURE_BELOW_DSC]
    good = [guess for guess, dsc in pairs if dsc >= GOOD_FROM_DSC]
    told = [sum(guess < DOUBTFUL_BELOW_DSC for guess in group) for group in (failed, good)]
    line = (
        f"An estimate under {DOUBTFUL_BELOW_DSC} is given to {told[0]} of {len(failed)} failures and to {told[1]} of "
    )
    return [*parts, f"{line}{len(good)} masks with a true coefficient of {GOOD_FROM_DSC} or more."]
