"""``osteoscreen phantom``: CTs that the program makes itself, for a first try and for tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.errors import OutputError
from OsteoScreenLib.progress import ProgressCallback, part_of
from OsteoScreenLib.screening.output_folder import output_error, prepare_output


def phantom(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.", show_default=False)],
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=9999, help="How many.")] = 1,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Seed of the first; others follow.")] = 0,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Write CT series of a geometric body, not of anatomy: body-0001/, body-0002/, ... as DICOM folders."""
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    folders = [out / f"body-{number:04d}" for number in range(1, count + 1)]
    for folder in folders:
        if folder.exists():
            raise OutputError("This folder exists already", path=folder, next_step="Give another --out, or remove it.")
    prepare_output(out)
    bar = ProgressBar(console.err())
    try:
        for number, folder in enumerate(folders):
            part = part_of(bar, number / count, (number + 1) / count)
            _write_body(folder, seed + number, part)
    finally:
        bar.close()
    many = "1 DICOM folder" if count == 1 else f"{count} DICOM folders"
    console.say(console.out(), f"Wrote {many} to {out}. Each is a geometric body, not anatomy.")


def _write_body(folder: Path, seed: int, progress: ProgressCallback) -> None:
    """Make a body and write it; the folder appears complete or not at all."""
    from OsteoScreenLib.phantom.dicom_series import write_dicom_series
    from OsteoScreenLib.phantom.geometric_body import make_geometric_body

    partial = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        body = make_geometric_body(seed, progress=part_of(progress, 0.0, 0.8))
        progress(0.8, f"Writing {folder.name}")
        write_dicom_series(body, partial)
        partial.rename(folder)
    except OSError as error:
        raise output_error(error, folder) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
