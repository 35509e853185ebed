"""Options on where femur masks come from, and the source they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.models.engines import AUTO, ENGINES
from OsteoScreenLib.screening.femur_source import TOTALSEGMENTATOR, VBNET, FemurSource, femur_source

EngineName = Annotated[
    str,
    typer.Option("--engine", metavar="NAME", help=f"What computes the networks: {', '.join((AUTO, *ENGINES))}."),
]
Threads = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", min=1, max=256, help="Processors for the networks; without it, all."),
]
Mask = Annotated[
    Path | None,
    typer.Option(
        "--segmentation", metavar="MASK", help="A mask of your own for the one INPUT: 1 left femur, 2 right femur."
    ),
]
NoSegmentation = Annotated[bool, typer.Option("--no-segmentation", help="Check the scans only; outline no femur.")]
SourceName = Annotated[
    str,
    typer.Option(
        "--source", metavar="NAME|MASKFILE", help=f"Who outlines: {VBNET}, {TOTALSEGMENTATOR}, or a mask of your own."
    ),
]
ScreenSourceName = Annotated[
    str | None,
    typer.Option("--source", metavar="NAME", help=f"Who outlines: {VBNET} (the default) or {TOTALSEGMENTATOR}."),
]


def source_for_screening(
    mask: Path | None,
    off: bool,
    engine: str,
    threads: int | None,
    n_inputs: int,
    source: str | None = None,
) -> FemurSource | None:
    """The source of masks for ``screen``; None where none are wanted.

    Raises:
        UsageError: options contradict each other, the engine or the source is unknown, or the mask is not a file.
    """
    given = {"--segmentation": mask is not None, "--no-segmentation": off, "--source": source is not None}
    if sum(given.values()) > 1:
        names = " and ".join(name for name, is_given in given.items() if is_given)
        raise UsageError(f"{names} exclude each other", next_step="Give one of them.")
    if source not in (None, VBNET, TOTALSEGMENTATOR):
        raise UsageError(f"There is no source {source!r}", next_step=f"Use {VBNET} or {TOTALSEGMENTATOR}.")
    refuse_unknown_engine(engine)
    if off:
        return None
    if mask is None:
        return femur_source(source or VBNET, engine, threads)
    if n_inputs != 1:
        raise UsageError(
            "A mask belongs to one scan, and there are several inputs", next_step="Screen them one at a time."
        )
    return femur_source(str(mask))


def refuse_unknown_engine(engine: str) -> None:
    """Raise UsageError for an engine that does not exist; one that is not installed is another matter."""
    if engine not in (AUTO, *ENGINES):
        raise UsageError(f"There is no engine {engine!r}", next_step=f"Use one of {', '.join((AUTO, *ENGINES))}.")
