"""Which bone-status models a screening is to ask: for the ``osteoscreen`` program, and for this process."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from OsteoScreenLib.errors import UsageError, printable
from OsteoScreenLib.screening.status_models import StatusModels, installed_status_models, status_models

ALL, NONE = "", "-"
"""What a scene remembers in the place of a model's id: every one that the user installed, or none."""


@dataclass(frozen=True)
class BoneStatusOrder:
    """What is asked.

    Attributes:
        wanted: :data:`ALL`, :data:`NONE` or the id of one model.
    """

    wanted: str = ALL

    def arguments(self) -> list[str]:
        """Arguments of ``osteoscreen screen``."""
        if self.wanted == NONE:
            return ["--no-status-models"]
        return [] if self.wanted == ALL else ["--status-model", self.wanted]

    def check(self) -> None:
        """See that the model that is named is there: before the long work.

        Raises:
            UsageError: ``no_such_model``; a saved scene may name one that is not installed here.
        """
        if self.wanted in (ALL, NONE) or self.wanted in {entry.model_id for entry in installed_status_models()}:
            return
        raise UsageError(
            f"The bone-status model {escape(printable(self.wanted)[:100])} is not installed here",
            next_step="Install it, or choose other models in the section Bone status.",
            code="no_such_model",
        )

    def models(self, threads: int | None = None) -> StatusModels | None:
        """The same for the library; None where none are to be asked.

        Raises:
            UsageError: there is no such model. ModelError, MissingPackageError: the one that is named cannot be used.
        """
        if self.wanted == NONE:
            return None
        return status_models([] if self.wanted == ALL else [self.wanted], threads)
