"""``osteoscreen evaluate``: predictions against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from OsteoScreenLib.cli import logs
from OsteoScreenLib.cli.evaluate_segmentation import evaluate_segmentation
from OsteoScreenLib.cli.evaluate_status import evaluate_status_file, prevalences
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.evaluation.bootstrap import RESAMPLES
from OsteoScreenLib.evaluation.head_region import TOP_MM
from OsteoScreenLib.evaluation.reporting import read_answers
from OsteoScreenLib.evaluation.segmentation_metrics import TOLERANCE_MM
from OsteoScreenLib.evaluation.status_study import StudySettings

_MASKS, _STATUS = "Masks (--segmentation)", "Bone status (PREDICTIONS.csv)"

Predictions = Annotated[
    Path | None,
    typer.Argument(
        metavar="PREDICTIONS.csv",
        show_default=False,
        help="Table of predicted bone status: a row for each case and model. Docs/evaluation.md has its columns.",
    ),
]
Segmentation = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        "--segmentation",
        metavar="PREDICTED REFERENCE",
        show_default=False,
        help="Two mask files, or two folders of masks with the same file names; 1 is the left femur, 2 the right.",
        rich_help_panel=_MASKS,
    ),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder for the tables and figures.")]
Tolerance = Annotated[
    float,
    typer.Option(
        "--tolerance",
        metavar="MM",
        min=0.0,
        max=100.0,
        help="Tolerance of the surface Dice.",
        rich_help_panel=_MASKS,
    ),
]
Top = Annotated[
    float,
    typer.Option(
        "--top",
        metavar="MM",
        min=1.0,
        max=1000.0,
        help="Height of the region of the head under the reference's top.",
        rich_help_panel=_MASKS,
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Of the bootstrap intervals.")]
Split = Annotated[
    str | None,
    typer.Option("--split", metavar="NAME", help="Evaluate the rows of this split.", rich_help_panel=_STATUS),
]
Prevalence = Annotated[
    list[str] | None,
    typer.Option(
        "--prevalence",
        metavar="[CLASS=]SHARE",
        help="PPV and NPV too where this share (0 to 1) has the class; osteoporosis if none is named. Repeatable.",
        rich_help_panel=_STATUS,
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        "--reference",
        metavar="MODEL",
        help="Compare all others with this model, instead of every pair.",
        rich_help_panel=_STATUS,
    ),
]
Answers = Annotated[
    Path | None,
    typer.Option(
        "--answers",
        metavar="FILE",
        help="The to_answer.csv of an earlier run with your answers to METRICS, CLEAR and TRIPOD+AI.",
        rich_help_panel=_STATUS,
    ),
]
Resamples = Annotated[
    int,
    typer.Option(
        "--resamples", metavar="N", min=100, max=100_000, help="Draws of the bootstrap.", rich_help_panel=_STATUS
    ),
]
Figures = Annotated[
    bool, typer.Option("--figures/--no-figures", help="Draw figures; wants Matplotlib.", rich_help_panel=_STATUS)
]


def evaluate(
    predictions: Predictions = None,
    segmentation: Segmentation = None,
    out: Out = None,
    tolerance: Tolerance = TOLERANCE_MM,
    top: Top = TOP_MM,
    seed: Seed = 0,
    split: Split = None,
    prevalence: Prevalence = None,
    reference: Reference = None,
    answers: Answers = None,
    resamples: Resamples = RESAMPLES,
    figures: Figures = True,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Evaluate predicted bone status (PREDICTIONS.csv), or masks of the femora (--segmentation), against the truth.

    Exit code 0: all was evaluated. 1: some masks could not be; the tables hold the others. 2: the call was wrong.
    """
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    if predictions is None and segmentation is None:
        raise UsageError(
            "It is not said what to evaluate",
            next_step="Give a table PREDICTIONS.csv, or --segmentation PREDICTED REFERENCE.",
        )
    if predictions is not None and segmentation is not None:
        raise UsageError("It is said twice what to evaluate", next_step="Leave the table or --segmentation out.")
    if out is None:
        raise UsageError("There is no folder for the tables", next_step="Add --out DIR.")
    if segmentation is not None:
        raise typer.Exit(evaluate_segmentation(*segmentation, out, tolerance, top, seed))
    if predictions is not None:
        settings = StudySettings(
            split=split,
            prevalence=prevalences(prevalence or []),
            reference=reference,
            seed=seed,
            resamples=resamples,
            answers=read_answers(answers) if answers else {},
        )
        evaluate_status_file(predictions, out, settings, figures)
