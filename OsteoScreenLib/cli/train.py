"""``osteoscreen train``: fitting models on own data; needs the extra ``train`` (torch, MONAI)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.errors import MissingPackageError, UsageError

train = typer.Typer(help="Fit models on your own data.", no_args_is_help=True)

PARTS = ("pool", "coarse", "fine", "export")


@train.callback()
def _common() -> None:
    """Fit models on your own data."""


@train.command()
def segmentation(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the run.", show_default=False)],
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Configuration; without it the shipped one.")
    ] = None,
    real: Annotated[
        Path | None,
        typer.Option("--real", metavar="DIR", help="CT with femur masks: NAME_CT.nii.gz beside NAME_femur.nii.gz."),
    ] = None,
    label_maps: Annotated[
        Path | None, typer.Option("--label-maps", metavar="DIR", help="Real label maps of pelves, for simulation.")
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", metavar="NAME", help="A real case not to train on; repeatable.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="PART", help=f"Do only this part, of {', '.join(PARTS)}; repeatable."),
    ] = None,
    start_from: Annotated[
        Path | None,
        typer.Option("--start-from", metavar="RUN", help="Fine-tune: folder of a run, or a checkpoint's folder."),
    ] = None,
    pool: Annotated[
        Path | None, typer.Option("--pool", metavar="DIR", help="Simulated samples of another run to use again.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", metavar="M", min=0.1, help="Time for each network, instead of steps.")
    ] = None,
    threads: Annotated[int, typer.Option("--threads", metavar="N", min=1, max=64, help="Threads on a CPU.")] = 1,
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="cpu or cuda.")] = "cpu",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="A few samples and steps, to see that all works.")] = False,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Train the femur networks; run it again to go on. The result is a bundle: ``osteoscreen models install``."""
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    if unknown := sorted(set(only or ()) - set(PARTS)):
        raise UsageError(f"There is no part {unknown[0]!r}", next_step=f"Use one of {', '.join(PARTS)}.")
    try:
        from OsteoScreenLib.training.femur_training import FemurTraining
        from OsteoScreenLib.training.segmentation_config import DEFAULT_CONFIG, read_config
    except ImportError as error:
        raise MissingPackageError(
            f"Training needs the package {error.name}", next_step="Run: pip install 'osteoscreen[train]'"
        ) from error
    training = FemurTraining(
        out,
        read_config(config or DEFAULT_CONFIG),
        real=real,
        label_maps=label_maps,
        leave_out=tuple(leave_out or ()),
        pool=pool,
        start_from=start_from,
        minutes=minutes,
        threads=threads,
        device=device,
        dry_run=dry_run,
    )
    bar = ProgressBar(console.err())
    try:
        bundle = training.run(tuple(only or PARTS), progress=bar)
    finally:
        bar.close()
    if bundle is not None:
        console.say(console.out(), f"Bundle: {bundle}. Install it with: osteoscreen models install {bundle}")
