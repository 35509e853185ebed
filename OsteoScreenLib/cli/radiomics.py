"""``osteoscreen radiomics``: the features of masks as a table."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.progress_bar import ProgressBar
from OsteoScreenLib.errors import (
    CancelledError,
    MissingPackageError,
    OsteoScreenError,
    OutputError,
    UsageError,
)
from OsteoScreenLib.progress import ProgressCallback, part_of
from OsteoScreenLib.radiomics.feature_table import FeatureRow, FeatureTable, joined
from OsteoScreenLib.radiomics.grid_image import GridImage, read_image, read_mask
from OsteoScreenLib.radiomics.mask_checks import labels_in

_ENDINGS = (".csv", ".parquet")
_Compute = Callable[[GridImage, GridImage, ProgressCallback], FeatureTable]


class Engine(str, Enum):
    """Who computes."""

    BUILTIN = "builtin"
    PYRADIOMICS = "pyradiomics"


def radiomics(
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", show_default=False, help="Image file, DICOM folder or zip.")
    ],
    masks: Annotated[
        list[Path], typer.Argument(metavar="MASK...", show_default=False, help="Masks: NIfTI, NRRD or MetaImage files.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FEATURES", show_default=False, help="Table: .csv or .parquet.")
    ],
    label: Annotated[
        list[int] | None,
        typer.Option("--label", "-l", min=1, metavar="N", help="Only this label; may be given more than once."),
    ] = None,
    params: Annotated[
        str | None,
        typer.Option("--params", "-p", metavar="FILE", help="PyRadiomics' YAML or JSON; or femur, or paper."),
    ] = None,
    engine: Annotated[Engine, typer.Option("--engine", help="Who computes the features.")] = Engine.BUILTIN,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, metavar="N", help="Processors to use; all if not given.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FEATURES where it exists.")] = False,
    verbose: Verbose = False,
    log_file: LogFile = None,
) -> None:
    """Compute PyRadiomics' features of masks: one row for each mask and label.

    Without --label, the label that the parameters name; where they name none, every label of the mask. Exit code 0:
    every region has features. 1: some have none; their rows say why. 2: the call was wrong.
    """
    if verbose or log_file is not None:
        logs.set_up(verbose or logs.verbose_logging(), log_file)
    refuse_output(out, overwrite, _ENDINGS)
    bar = ProgressBar(console.err())
    try:
        with _reading(image, masks[0], part_of(bar, 0.0, 0.1)) as (grey, first_mask):
            compute = _engine(engine, params, label, threads)
            tables = _computed(grey, first_mask, masks, label, compute, part_of(bar, 0.1, 1.0))
        table = joined([_named(table, image, mask) for table, mask in zip(tables, masks, strict=True)])
    except (CancelledError, UsageError, MissingPackageError):
        raise
    except OsteoScreenError as error:
        console.say(console.err(), f"Error: {error}", "bold red")
        raise typer.Exit(1) from error
    finally:
        bar.close()
    table.write(out)
    _show(table, out)
    raise typer.Exit(1 if any(row.error is not None for row in table.rows) else 0)


def refuse_output(out: Path, overwrite: bool, endings: Sequence[str]) -> None:
    """Say before the work what would keep its result from being written."""
    if out.suffix.lower() not in endings:
        raise UsageError(f"The name of --out must end with {' or '.join(endings)}", path=out)
    if out.is_dir():
        raise UsageError("This is a folder", path=out, next_step="Give the name of a file as --out.")
    if out.exists() and not overwrite:
        raise UsageError(
            "This file exists", path=out, next_step="Add --overwrite to replace it, or give another --out."
        )
    if not out.absolute().parent.is_dir():
        raise OutputError("The folder of --out does not exist", path=out, next_step="Make it, or give another --out.")


@contextlib.contextmanager
def _reading(
    image: Path, mask: Path, progress: ProgressCallback
) -> Iterator[tuple[Future[GridImage], Future[GridImage]]]:
    """Both files read in threads of their own, while this one loads the engine; given up where that fails."""
    stopped = threading.Event()
    with ThreadPoolExecutor(2) as beside:
        try:
            yield beside.submit(read_image, image, progress, stopped.is_set), beside.submit(read_mask, mask)
        finally:
            stopped.set()


def _engine(engine: Engine, params: str | None, label: list[int] | None, threads: int | None) -> _Compute:
    """What computes the features of one mask."""
    from OsteoScreenLib.radiomics.extraction import extract
    from OsteoScreenLib.radiomics.pyradiomics_engine import extract_with_pyradiomics
    from OsteoScreenLib.radiomics.settings import Settings
    from OsteoScreenLib.radiomics.settings_file import load_settings

    settings = Settings() if params is None else load_settings(params)
    named = label or (None if settings.named_label is None else [settings.named_label])

    def compute(image: GridImage, mask: GridImage, progress: ProgressCallback) -> FeatureTable:
        labels = named or list(labels_in(mask))
        if engine is Engine.PYRADIOMICS:
            return extract_with_pyradiomics(image, mask, settings, labels=labels, progress=progress)
        return extract(image, mask, settings, labels=labels, threads=threads, progress=progress)

    return compute


def _computed(
    grey: Future[GridImage],
    first_mask: Future[GridImage],
    masks: Sequence[Path],
    label: list[int] | None,
    compute: _Compute,
    progress: ProgressCallback,
) -> list[FeatureTable]:
    """A table for each mask; one that cannot be used has its error in the only row."""
    image = grey.result()
    tables = []
    for done, path in enumerate(masks):
        share = part_of(progress, done / len(masks), (done + 1) / len(masks))
        try:
            tables.append(compute(image, first_mask.result() if done == 0 else read_mask(path), share))
        except (CancelledError, UsageError, MissingPackageError):
            raise
        except OsteoScreenError as error:
            named = type(error)(error.message, path=error.path or path, next_step=error.next_step, code=error.code)
            tables.append(FeatureTable((FeatureRow(label[0] if label else 0, {}, error=named),)))
    return tables


def _named(table: FeatureTable, image: Path, mask: Path) -> FeatureTable:
    return FeatureTable(tuple(replace(row, image=image.name, mask=mask.name) for row in table.rows))


def _show(table: FeatureTable, out: Path) -> None:
    for row in table.rows:
        name = f"{row.mask}, label {row.label}"
        if row.error is not None:
            console.say(console.err(), f"{name}: no features. {row.error}", "red")
            continue
        console.say(console.out(), f"{name}: {len(row.features)} features")
        for note in row.notes:
            console.say(console.err(), f"{name}: {note}", "yellow")
        if row.undefined:
            console.say(console.err(), f"{name}: {len(row.undefined)} features are not defined", "yellow")
    console.say(console.out(), f"Table: {out}")
