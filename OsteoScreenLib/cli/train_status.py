"""``osteoscreen train status``: bone-status models from a cohort table; needs scikit-learn and skl2onnx."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import JsonLines, ProgressKind, ProgressOption, Teller, teller_of
from OsteoScreenLib.errors import MissingPackageError, OsteoScreenError
from OsteoScreenLib.progress import part_of
from OsteoScreenLib.training.packages import missing_packages

if TYPE_CHECKING:
    from OsteoScreenLib.training.cohort import Cohort
    from OsteoScreenLib.training.train_status import TrainingOptions, TrainingOutcome

Table = Annotated[Path, typer.Argument(metavar="COHORT", show_default=False, help="Table: CSV, Excel or Parquet.")]
Run = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the training.", show_default=False)]
Features = Annotated[
    Path | None, typer.Option("--features", metavar="FILE", help="Features by case_id; without it, from the images.")
]
Params = Annotated[str, typer.Option("--params", "-p", metavar="FILE", help="Of radiomics: femur, paper or a file.")]
StabilityTable = Annotated[
    Path | None, typer.Option("--stability", metavar="FILE", help="Table of osteoscreen stability: only stable ones.")
]
Split = Annotated[str, typer.Option("--split", help="given, random (7:3), site or date.")]
TestSite = Annotated[list[str] | None, typer.Option("--test-site", metavar="NAME", help="Repeatable.")]
TestFrom = Annotated[str | None, typer.Option("--test-from", metavar="YYYY-MM-DD", help="First day to test on.")]
Rungs = Annotated[list[str] | None, typer.Option("--model", help="Only this rung of the ladder; repeatable.")]
Classifier = Annotated[str, typer.Option("--classifier", help="forest, logistic, svm or boosting.")]
Selector = Annotated[str, typer.Option("--selector", help="lasso, boruta or none.")]
OperatingPoint = Annotated[str, typer.Option("--operating-point", help="youden or sensitivity.")]
Target = Annotated[float, typer.Option("--target", help="Sensitivity to reach.")]
Coverage = Annotated[float, typer.Option("--coverage", help="Of the conformal sets.")]
Permutations = Annotated[int, typer.Option("--permutations", min=0, max=10000, help="Of the labels.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of folds, forests and the random split.")]
ModelId = Annotated[str, typer.Option("--id", help="Beginning of the models' ids.")]
Version = Annotated[str, typer.Option("--version", help="Of the models.")]
DataName = Annotated[str, typer.Option("--data-name", help="Of the cohort, for the card.")]
DataLicence = Annotated[str, typer.Option("--data-licence", help="Of the cohort.")]
Licence = Annotated[str, typer.Option("--licence", help="Of the models.")]
Demonstration = Annotated[bool, typer.Option("--demonstration", help="The answers mean nothing.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, metavar="N", help="For features.")]


def status(
    table: Table,
    out: Run,
    features: Features = None,
    params: Params = "femur",
    stability: StabilityTable = None,
    split: Split = "given",
    test_site: TestSite = None,
    test_from: TestFrom = None,
    model: Rungs = None,
    classifier: Classifier = "forest",
    selector: Selector = "lasso",
    operating_point: OperatingPoint = "youden",
    target: Target = 0.9,
    coverage: Coverage = 0.9,
    permutations: Permutations = 20,
    seed: Seed = 0,
    model_id: ModelId = "bone-status",
    version: Version = "0.1.0",
    data_name: DataName = "Cohort, not named",
    data_licence: DataLicence = "not stated",
    licence: Licence = "not stated",
    demonstration: Demonstration = False,
    threads: Threads = None,
    progress: ProgressOption = ProgressKind.BAR,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Train the ladder of bone-status models from a cohort table; run it again to go on with the features.

    Writes DIR/predictions.csv (for `osteoscreen evaluate`), DIR/report.json, DIR/features.csv and DIR/bundles.
    """
    with _begun(progress, verbose, log_file) as teller:
        from OsteoScreenLib.training.cohort_file import read_cohort
        from OsteoScreenLib.training.cohort_splits import split_cohort
        from OsteoScreenLib.training.ladder import RUNGS
        from OsteoScreenLib.training.status_bundle import CardFacts
        from OsteoScreenLib.training.status_recipe import Recipe
        from OsteoScreenLib.training.train_one_status import OperatingRule
        from OsteoScreenLib.training.train_status import TrainingOptions

        options = TrainingOptions(
            Recipe("radiomics", classifier, selector=selector, coverage=coverage, seed=seed),
            tuple(model or RUNGS),
            OperatingRule(operating_point, target),
            permutations,
            CardFacts(model_id, version, data_name, data_licence, licence, demonstration),
        )
        sites = tuple(test_site or ())
        cohort = split_cohort(read_cohort(table), split, seed=seed, test_sites=sites, test_from=test_from)
        _train(cohort, features, out, params, stability, threads, options, teller)


@contextmanager
def _begun(kind: ProgressKind, verbose: bool, log_file: Path | None) -> Iterator[Teller]:
    """What tells progress; an error reaches a program that follows the run whole, however many lines it has."""
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    teller = teller_of(kind)
    try:
        _check_packages()
        yield teller
    except OsteoScreenError as error:
        if isinstance(teller, JsonLines):
            teller.event("failed", message=str(error))
        raise
    finally:
        teller.close()


def _train(
    cohort: Cohort,
    features: Path | None,
    out: Path,
    params: str,
    stability: Path | None,
    threads: int | None,
    options: TrainingOptions,
    teller: Teller,
) -> None:
    """Measure or read the features, train, and say where everything lies."""
    from OsteoScreenLib.training.feature_sources import cohort_features
    from OsteoScreenLib.training.nested_validation import refuse_too_few
    from OsteoScreenLib.training.stable_features import read_stable
    from OsteoScreenLib.training.train_status import train_status

    refuse_too_few(cohort, options.base)
    stable = None if stability is None else read_stable(stability)
    measuring = 0.0 if features else 0.5
    measured = cohort_features(cohort, features, out, params, threads=threads, progress=part_of(teller, 0.0, measuring))
    outcome = train_status(
        measured.cohort,
        measured.matrix,
        out,
        replace(options, feature_settings=measured.settings),
        stable=stable,
        failed=measured.failed,
        progress=part_of(teller, measuring, 1.0),
    )
    teller.close()
    _tell(outcome, measured.failed, teller)
    raise typer.Exit(1 if measured.failed else 0)


def _tell(outcome: TrainingOutcome, failed: Mapping[str, str], teller: Teller) -> None:
    if isinstance(teller, JsonLines):
        teller.event("outcome", failed=dict(failed), **outcome.to_dict())
        return
    screen = console.out()
    for case, why in failed.items():
        console.say(screen, f"No features of {case}: {why}", "yellow")
    for name, why in outcome.left_out.items():
        console.say(screen, f"No model {name}: {why}.", "yellow")
    for warning in outcome.warnings:
        console.say(screen, f"Warning: {warning}.", "yellow")
    for folder in outcome.bundles.values():
        console.say(screen, f"Bundle: {folder}. Install it with: osteoscreen models install {folder}")
    table = outcome.predictions
    console.say(screen, f"Predictions: {table}. Study: osteoscreen evaluate {table} --split NAME --out DIR")


def recalibrate_status(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", show_default=False, help="Folder of a bone-status model.")
    ],
    table: Annotated[Path, typer.Argument(metavar="COHORT", show_default=False, help="Cohort table of the site.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the new bundle.", show_default=False)
    ],
    features: Annotated[
        Path, typer.Option("--features", metavar="FILE", help="Features by case_id.", show_default=False)
    ],
    site: Annotated[str, typer.Option("--site", metavar="NAME", help="Name of the site.", show_default=False)],
    slope: Annotated[bool, typer.Option("--slope/--intercepts-only", help="Fit a slope too (Platt).")] = False,
    operating_point: Annotated[str, typer.Option("--operating-point", help="youden or sensitivity.")] = "youden",
    target: Annotated[float, typer.Option("--target", help="Sensitivity to reach.")] = 0.9,
    version: Annotated[
        str | None, typer.Option("--version", help="Of the new model; its parent's if not given.")
    ] = None,
) -> None:
    """Fit a model's probabilities and operating points to a site, as a new bundle that names its parent."""
    _check_packages()
    from OsteoScreenLib.training.cohort_file import read_cohort
    from OsteoScreenLib.training.feature_file import read_features
    from OsteoScreenLib.training.feature_matrix import clinical_features
    from OsteoScreenLib.training.recalibrate_status import recalibrate
    from OsteoScreenLib.training.train_one_status import OperatingRule

    cohort = read_cohort(table)
    matrix = clinical_features(cohort).beside(read_features(features, cohort))
    rule = OperatingRule(operating_point, target)
    made = recalibrate(bundle, cohort, matrix, out, site=site, slope=slope, operating=rule, version=version)
    before, after = made.before, made.after
    console.say(console.out(), f"Log loss of {made.cases} cases: {before:.3f} before, {after:.3f} after (cross-fitted)")
    console.say(console.out(), f"Bundle: {made.folder}. Install it with: osteoscreen models install {made.folder}")


def _check_packages() -> None:
    """Say which package is absent before anything is read or made."""
    for package in missing_packages():
        raise MissingPackageError(
            f"Training needs the package {package}", next_step="Run: pip install 'osteoscreen[train]'"
        )
