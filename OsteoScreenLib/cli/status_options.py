"""Options on bone-status models: which ones are asked about the femora."""

from __future__ import annotations

from typing import Annotated

import typer

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.screening.status_models import StatusModels, status_models

StatusModelNames = Annotated[
    list[str] | None,
    typer.Option(
        "--status-model",
        metavar="ID",
        help="Ask this bone-status model only; may be given more than once. Without it: every one you installed.",
    ),
]
NoStatusModels = Annotated[bool, typer.Option("--no-status-models", help="Ask no bone-status model.")]


def status_models_for_screening(
    wanted: list[str] | None, off: bool, measured: bool, threads: int | None
) -> StatusModels | None:
    """The models to ask; None where none are.

    Args:
        wanted: ids as typed. off: whether none are wanted. measured: whether bone density is measured, without which
            no model can be asked. threads: for radiomics.

    Raises:
        UsageError: options contradict each other, or a name is no bone-status model. ModelError, MissingPackageError: a
            model that was named cannot be used.
    """
    if wanted and off:
        raise UsageError("--status-model and --no-status-models exclude each other", next_step="Give one of them.")
    if wanted and not measured:
        raise UsageError(
            "--status-model needs masks and bone density",
            next_step="Leave out --no-segmentation and --no-densitometry.",
        )
    return None if off or not measured else status_models(wanted or (), threads)
