"""``osteoscreen train status``: bone-status models from a cohort table; needs scikit-learn and skl2onnx."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.errors import MissingPackageError
from OsteoScreenLib.progress import part_of

NEEDED = {"sklearn": "scikit-learn", "skl2onnx": "skl2onnx"}


def status(
    table: Annotated[
        Path, typer.Argument(metavar="COHORT", show_default=False, help="Cohort table: CSV, Excel or Parquet.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the training.", show_default=False)
    ],
    features: Annotated[
        Path | None,
        typer.Option("--features", metavar="FILE", help="Features by case_id; without it, from the images."),
    ] = None,
    params: Annotated[
        str, typer.Option("--params", "-p", metavar="FILE", help="Radiomics parameters: femur, paper or a file.")
    ] = "femur",
    stability: Annotated[
        Path | None,
        typer.Option("--stability", metavar="FILE", help="Table of osteoscreen stability: only stable ones."),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="given, random (7:3), site or date.")] = "given",
    test_site: Annotated[list[str] | None, typer.Option("--test-site", metavar="NAME", help="Repeatable.")] = None,
    test_from: Annotated[
        str | None, typer.Option("--test-from", metavar="YYYY-MM-DD", help="First day to test on.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="Only this rung of the ladder; repeatable.")
    ] = None,
    classifier: Annotated[str, typer.Option("--classifier", help="forest, logistic, svm or boosting.")] = "forest",
    selector: Annotated[str, typer.Option("--selector", help="lasso, boruta or none.")] = "lasso",
    operating_point: Annotated[str, typer.Option("--operating-point", help="youden or sensitivity.")] = "youden",
    target: Annotated[float, typer.Option("--target", help="Sensitivity to reach.")] = 0.9,
    coverage: Annotated[float, typer.Option("--coverage", help="Of the conformal sets.")] = 0.9,
    permutations: Annotated[int, typer.Option("--permutations", min=0, max=10000, help="Of the labels.")] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of folds, forests and the random split.")] = 0,
    model_id: Annotated[str, typer.Option("--id", help="Beginning of the models' ids.")] = "bone-status",
    version: Annotated[str, typer.Option("--version", help="Of the models.")] = "0.1.0",
    data_name: Annotated[str, typer.Option("--data-name", help="Of the cohort, for the card.")] = "Cohort, not named",
    data_licence: Annotated[str, typer.Option("--data-licence", help="Of the cohort.")] = "not stated",
    licence: Annotated[str, typer.Option("--licence", help="Of the models.")] = "not stated",
    demonstration: Annotated[bool, typer.Option("--demonstration", help="The answers mean nothing.")] = False,
    threads: Annotated[int | None, typer.Option("--threads", min=1, metavar="N", help="For features.")] = None,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Train the ladder of bone-status models from a cohort table; run it again to go on with the features.

    Writes DIR/predictions.csv (for `osteoscreen evaluate`), DIR/report.json, DIR/features.csv and DIR/bundles.
    """
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    _check_packages()
    from OsteoScreenLib.training.cohort_file import read_cohort
    from OsteoScreenLib.training.cohort_splits import split_cohort
    from OsteoScreenLib.training.feature_sources import cohort_features
    from OsteoScreenLib.training.ladder import RUNGS
    from OsteoScreenLib.training.stable_features import read_stable
    from OsteoScreenLib.training.status_bundle import CardFacts
    from OsteoScreenLib.training.status_recipe import Recipe
    from OsteoScreenLib.training.train_one_status import OperatingRule
    from OsteoScreenLib.training.train_status import TrainingOptions, train_status

    recipe = Recipe("radiomics", classifier, selector=selector, coverage=coverage, seed=seed)
    cohort = split_cohort(read_cohort(table), split, seed=seed, test_sites=tuple(test_site or ()), test_from=test_from)
    stable = None if stability is None else read_stable(stability)
    bar = ProgressBar(console.err())
    try:
        measured = cohort_features(
            cohort, features, out, params, threads=threads, progress=part_of(bar, 0.0, 0.0 if features else 0.5)
        )
        options = TrainingOptions(
            recipe,
            tuple(model or RUNGS),
            OperatingRule(operating_point, target),
            permutations,
            CardFacts(model_id, version, data_name, data_licence, licence, demonstration),
            measured.settings,
        )
        outcome = train_status(
            measured.cohort,
            measured.matrix,
            out,
            options,
            stable=stable,
            failed=measured.failed,
            progress=part_of(bar, 0.0 if features else 0.5, 1.0),
        )
    finally:
        bar.close()
    screen = console.out()
    for case, why in measured.failed.items():
        console.say(screen, f"No features of {case}: {why}", "yellow")
    for name, why in outcome.left_out.items():
        console.say(screen, f"No model {name}: {why}.", "yellow")
    for warning in outcome.warnings:
        console.say(screen, f"Warning: {warning}.", "yellow")
    for folder in outcome.bundles.values():
        console.say(screen, f"Bundle: {folder}. Install it with: osteoscreen models install {folder}")
    console.say(
        screen, f"Predictions: {outcome.predictions}. Evaluate them with: osteoscreen evaluate {outcome.predictions}"
    )
    raise typer.Exit(1 if measured.failed else 0)


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
    for module, package in NEEDED.items():
        if importlib.util.find_spec(module) is None:
            raise MissingPackageError(
                f"Training needs the package {package}", next_step="Run: pip install 'osteoscreen[train]'"
            )
