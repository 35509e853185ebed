"""``osteoscreen train``: fitting models on own data; needs the extra ``train`` (torch, MONAI, scikit-learn)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.cli.train_status import recalibrate_status, status
from OsteoScreenLib.errors import MissingPackageError, UsageError

PARTS = ("pool", "coarse", "fine", "export")
NEEDED = ("torch", "monai", "onnx")


Run = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the run.", show_default=False)]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Configuration; without it the shipped one.")
]
Real = Annotated[
    Path | None,
    typer.Option("--real", metavar="DIR", help="CT with femur masks: NAME_CT.nii.gz beside NAME_femur.nii.gz."),
]
LabelMaps = Annotated[
    Path | None, typer.Option("--label-maps", metavar="DIR", help="Real label maps of pelves, for simulation.")
]
LeaveOut = Annotated[
    list[str] | None, typer.Option("--leave-out", metavar="NAME", help="A real case not to train on; repeatable.")
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="PART", help=f"Do only this part, of {', '.join(PARTS)}; repeatable."),
]
StartFrom = Annotated[
    Path | None,
    typer.Option("--start-from", metavar="DIR", help="Fine-tune: folder of another run or of a model bundle."),
]
Pool = Annotated[
    Path | None, typer.Option("--pool", metavar="DIR", help="Simulated samples of another run to use again.")
]
Minutes = Annotated[
    float | None, typer.Option("--minutes", metavar="M", min=0.1, help="Time for each network, instead of steps.")
]
Threads = Annotated[int, typer.Option("--threads", metavar="N", min=1, max=64, help="Threads on a CPU.")]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help="cpu or cuda.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="A few samples and steps, to see that all works.")]


def segmentation(
    out: Run,
    config: Config = None,
    real: Real = None,
    label_maps: LabelMaps = None,
    leave_out: LeaveOut = None,
    only: Only = None,
    start_from: StartFrom = None,
    pool: Pool = None,
    minutes: Minutes = None,
    threads: Threads = 1,
    device: Device = "cpu",
    dry_run: DryRun = False,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Train the femur networks; run it again to go on. The result is a bundle: ``osteoscreen models install``."""
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    if unknown := sorted(set(only or ()) - set(PARTS)):
        raise UsageError(f"There is no part {unknown[0]!r}", next_step=f"Use one of {', '.join(PARTS)}.")
    _check_packages()
    from OsteoScreenLib.training.femur_training import FemurTraining
    from OsteoScreenLib.training.segmentation_config import DEFAULT_CONFIG, read_config

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


def export_monai(
    source: Annotated[
        Path,
        typer.Argument(metavar="BUNDLE_OR_RUN", show_default=False, help="Folder of a model bundle or of a run."),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the MONAI bundle.", show_default=False)
    ],
) -> None:
    """Write a model of OsteoScreen as a MONAI bundle."""
    _check_packages()
    from OsteoScreenLib.training.monai_bundle import export_monai_bundle

    console.say(console.out(), f"MONAI bundle: {export_monai_bundle(source, out)}")


def import_monai(
    source: Annotated[
        Path,
        typer.Argument(metavar="MONAI_BUNDLE", show_default=False, help="Folder or zip file of the MONAI bundle."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the bundle.", show_default=False)],
) -> None:
    """Turn a MONAI bundle of OsteoScreen's networks into a bundle that can be installed."""
    _check_packages()
    from OsteoScreenLib.training.monai_import import import_monai_bundle

    bundle = import_monai_bundle(source, out)
    console.say(console.out(), f"Bundle: {bundle}. Install it with: osteoscreen models install {bundle}")


COMMANDS: dict[str, Callable[..., None]] = {
    "segmentation": segmentation,
    "status": status,
    "recalibrate-status": recalibrate_status,
    "export-monai": export_monai,
    "import-monai": import_monai,
}


def _check_packages() -> None:
    """Say which package is absent before anything is read or made."""
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            raise MissingPackageError(
                f"Training needs the package {name}", next_step="Run: pip install 'osteoscreen[train]'"
            )
