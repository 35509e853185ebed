"""BoneStatusLogic: answers of bone-status models of a finished case, and which models can be asked. No dialogs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from OsteoScreenLib.models.store import SHIPPED
from OsteoScreenLib.mrml.case_nodes import nodes_of
from OsteoScreenLib.mrml.measures_table import result_for_volume
from OsteoScreenLib.report.model_section import ModelSection, model_section
from OsteoScreenLib.result.case_result import CaseResult
from OsteoScreenLib.screening.status_models import installed_status_models
from OsteoScreenLib.status.status_answer import StatusAnswer


@dataclass(frozen=True)
class StatusModelChoice:
    """A model that can be asked.

    Attributes:
        model_id, version: as ``model.json`` says.
        demonstration: whether its answers mean nothing.
        only_by_name: a demonstration that came with OsteoScreen; it is not among those that are asked unnamed.
    """

    model_id: str
    version: str
    demonstration: bool
    only_by_name: bool


class BoneStatusLogic:
    """Nothing is calculated here: what the result of a case holds is what is shown."""

    def choices(self) -> tuple[StatusModelChoice, ...]:
        """Every bone-status model of the store, in its newest version."""
        return tuple(
            StatusModelChoice(
                entry.model_id,
                entry.version,
                bool(entry.document and entry.document["demonstration"]),
                bool(entry.origin == SHIPPED and entry.document and entry.document["demonstration"]),
            )
            for entry in installed_status_models()
        )

    def answersOf(self, volumeNode: Any) -> tuple[StatusAnswer, ...]:
        """The answers that the newest result of a volume holds, one for each model and femur; empty where none."""
        result = result_for_volume(nodes_of(volumeNode).measures, volumeNode)
        return () if result is None else result.model_status

    def section(self, result: CaseResult | None) -> ModelSection:
        """The same in words: a card for each model with a part for each femur, and notes on models not asked."""
        found = None if result is None else model_section(result)
        return ModelSection([], []) if found is None else found
