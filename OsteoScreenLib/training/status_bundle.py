"""A bone-status model as a bundle that can be installed, with its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from OsteoScreenLib.errors import UsageError, printable
from OsteoScreenLib.models.bundle import ModelBundle
from OsteoScreenLib.models.document import is_id, is_version
from OsteoScreenLib.models.write_bundle import write_bundle
from OsteoScreenLib.status.classifier_settings import ClassifierSettings
from OsteoScreenLib.status.status_classifier import CLASSIFIER, TASK

INTENDED_USE = (
    "Research on opportunistic screening for osteoporosis from CT. Not a medical device; confirm a status by DXA."
)
TO_SHOW_THE_PROGRAM = "To show the program. Its answers mean nothing for a patient. Not a medical device."
_LONGEST_NAME = "radiomics"
"""Of the ladder; it ends a model's id."""
_FILE, _SETTINGS = "status.onnx", "status.json"


@dataclass(frozen=True)
class CardFacts:
    """What a maker says of a model, for its card.

    Attributes:
        model_id: beginning of the id; the model's name is added. version: three numbers.
        data_name, data_licence: of the cohort. licence: of the model.
        demonstration: whether its answers mean nothing, as after training on digital patients.
    """

    model_id: str = "bone-status"
    version: str = "0.1.0"
    data_name: str = "Cohort of the maker, not named"
    data_licence: str = "not stated"
    licence: str = "not stated"
    demonstration: bool = False

    def __post_init__(self) -> None:
        """Refuse at once what a bundle would refuse after hours of training. Raises UsageError."""
        longest = f"{self.model_id}-{_LONGEST_NAME}"
        if not is_id(longest) or not is_version(self.version):
            raise UsageError(
                f"No model can be called {printable(self.model_id)[:80]} {printable(self.version)[:40]}",
                next_step="Take small letters, digits and hyphens, such as my-clinic, and a version such as 1.0.0.",
            )


def status_document(
    name: str,
    facts: CardFacts,
    settings: ClassifierSettings,
    cases: int,
    metrics: Mapping[str, Any],
    training: Mapping[str, Any],
    limits: list[str],
) -> dict[str, Any]:
    """``model.json`` of a model that was just trained; ``files`` is filled in when it is written."""
    label = f"{settings.label['t_score_source']} T-score, {settings.label['t_score_site'].replace('_', ' ')}"
    return {
        "schema_version": 1,
        "id": f"{facts.model_id}-{name.replace('_', '-')}",
        "version": facts.version,
        "task": TASK,
        "title": f"Bone status in three classes ({name.replace('_', ' ')}), by {label}",
        "licence": facts.licence,
        "intended_use": TO_SHOW_THE_PROGRAM if facts.demonstration else INTENDED_USE,
        "limits": limits,
        "demonstration": facts.demonstration,
        "networks": {},
        "classifiers": {CLASSIFIER: {"file": _FILE, "settings": _SETTINGS}},
        "training_data": [{"name": facts.data_name, "licence": facts.data_licence, "cases": cases, "label": label}],
        "training": dict(training),
        "metrics": dict(metrics),
        "parent": None,
    }


def write_status_bundle(
    folder: Path, document: Mapping[str, Any], onnx: bytes, settings: ClassifierSettings
) -> ModelBundle:
    """Write the bundle, and load it as everybody else will. Raises ModelError, OutputError."""
    return write_bundle(folder, document, {_FILE: onnx, _SETTINGS: settings.to_json().encode("utf-8")})
