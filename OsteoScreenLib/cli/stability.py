"""``osteoscreen stability``: which features a small change of mask, noise or grid leaves as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.cli.radiomics import refuse_output
from OsteoScreenLib.errors import CancelledError, OsteoScreenError, OutputError, UsageError
from OsteoScreenLib.progress import ProgressCallback, part_of
from OsteoScreenLib.radiomics.grid_image import read_image, read_mask
from OsteoScreenLib.radiomics.mask_checks import labels_in
from OsteoScreenLib.radiomics.perturbations import PERTURBATIONS
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.radiomics.settings_file import load_settings
from OsteoScreenLib.radiomics.stability import ALL, Measured, Stability, measure, stability, stability_csv


def stability_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGE MASK [IMAGE MASK ...]", show_default=False, help="Pairs; every label is a subject."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="TABLE.csv", show_default=False, help="Table to write.")],
    params: Annotated[
        str | None,
        typer.Option("--params", "-p", metavar="FILE", help="PyRadiomics' YAML or JSON; or femur, or paper."),
    ] = None,
    perturb: Annotated[
        list[str] | None,
        typer.Option("--perturb", metavar="NAME", help=f"Only this: {', '.join(PERTURBATIONS)}. Repeatable."),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, max=100, help="Draws of each random change.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the random changes.")] = 0,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, metavar="N", help="Processors to use; all if not given.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace TABLE.csv where it exists.")] = False,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Measure how stable features are: ICC(2,1) over subjects when mask, noise, position or grid change a little.

    Exit code 0: the table is written. 1: a subject could not be measured, or there are too few. 2: the call was wrong.
    """
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    refuse_output(out, overwrite, (".csv",))
    if len(files) % 2:
        raise UsageError("Images and masks must come in pairs", next_step="Give IMAGE MASK IMAGE MASK ...")
    for name in perturb or ():
        if name not in PERTURBATIONS:
            raise UsageError(f"{name} is not a perturbation", next_step=f"Known are: {', '.join(PERTURBATIONS)}.")
    settings = Settings() if params is None else load_settings(params)
    kinds = tuple(dict.fromkeys(perturb or PERTURBATIONS))
    bar = ProgressBar(console.err())
    try:
        rows = stability(_measured(files, settings, kinds, repeats, seed, threads, bar))
    except (CancelledError, UsageError):
        raise
    except OsteoScreenError as error:
        console.say(console.err(), f"Error: {error}", "bold red")
        raise typer.Exit(1) from error
    finally:
        bar.close()
    try:
        out.write_text(stability_csv(rows), encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"The table cannot be written: {error.strerror or error}", path=out) from error
    _show(rows, out)


def _measured(
    files: Sequence[Path],
    settings: Settings,
    kinds: Sequence[str],
    repeats: int,
    seed: int,
    threads: int | None,
    progress: ProgressCallback,
) -> list[Measured]:
    pairs = list(zip(files[::2], files[1::2], strict=True))
    subjects = []
    for done, (image_file, mask_file) in enumerate(pairs):
        image, mask = read_image(image_file), read_mask(mask_file)
        labels = labels_in(mask) if settings.named_label is None else (settings.named_label,)
        for n, label in enumerate(labels):
            start, step = done / len(pairs), 1 / len(pairs) / len(labels)
            share = part_of(progress, start + n * step, start + (n + 1) * step)
            try:
                subjects.append(
                    measure(
                        image,
                        mask,
                        label,
                        settings,
                        perturbations=kinds,
                        repeats=repeats,
                        seed=seed,
                        threads=threads,
                        progress=share,
                    )
                )
            except CancelledError:
                raise
            except OsteoScreenError as error:
                raise type(error)(error.message, path=mask_file, next_step=error.next_step, code=error.code) from error
    return subjects


def _show(rows: Sequence[Stability], out: Path) -> None:
    for kind in dict.fromkeys(row.perturbation for row in rows):
        own = [row for row in rows if row.perturbation == kind]
        defined = [row.icc for row in own if row.icc is not None]
        middle = f"median ICC {sorted(defined)[len(defined) // 2]:.3f}" if defined else "no ICC is defined"
        name = "all together" if kind == ALL else kind
        stable = sum(row.stable for row in own)
        console.say(console.out(), f"{name:<13}{stable} of {len(own)} features stable, {middle}")
    console.say(console.out(), f"Subjects: {rows[0].subjects}. Table: {out}" if rows else f"Table: {out}")
