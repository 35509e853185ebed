"""``osteoscreen radiomics``: the features of masks as a table."""

from __future__ import annotations

from collections.abc import Sequence
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
from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.feature_table import FeatureRow, FeatureTable, joined
from OsteoScreenLib.radiomics.grid_image import GridImage, read_image, read_mask
from OsteoScreenLib.radiomics.mask_checks import labels_in
from OsteoScreenLib.radiomics.pyradiomics_engine import extract_with_pyradiomics
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.radiomics.settings_file import load_settings

_ENDINGS = (".csv", ".parquet")


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
    settings = Settings() if params is None else load_settings(params)
    bar = ProgressBar(console.err())
    try:
        table = _computed(image, masks, label, settings, engine, threads, bar)
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


def _computed(
    image: Path,
    masks: Sequence[Path],
    label: list[int] | None,
    settings: Settings,
    engine: Engine,
    threads: int | None,
    bar: ProgressCallback,
) -> FeatureTable:
    grey = read_image(image, progress=part_of(bar, 0.0, 0.1))
    tables = []
    for done, path in enumerate(masks):
        share = part_of(bar, 0.1 + 0.9 * done / len(masks), 0.1 + 0.9 * (done + 1) / len(masks))
        try:
            table = _of_mask(grey, read_mask(path), label, settings, engine, threads, share)
        except (CancelledError, UsageError, MissingPackageError):
            raise
        except OsteoScreenError as error:
            named = type(error)(error.message, path=error.path or path, next_step=error.next_step, code=error.code)
            table = FeatureTable((FeatureRow(label[0] if label else 0, {}, error=named),))
        rows = tuple(replace(row, image=image.name, mask=path.name) for row in table.rows)
        tables.append(FeatureTable(rows))
    return joined(tables)


def _of_mask(
    image: GridImage,
    mask: GridImage,
    label: list[int] | None,
    settings: Settings,
    engine: Engine,
    threads: int | None,
    progress: ProgressCallback,
) -> FeatureTable:
    named = None if settings.named_label is None else [settings.named_label]
    labels = label or named or list(labels_in(mask))
    if engine is Engine.PYRADIOMICS:
        return extract_with_pyradiomics(image, mask, settings, labels=labels, progress=progress)
    return extract(image, mask, settings, labels=labels, threads=threads, progress=progress)


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
