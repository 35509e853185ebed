"""FeatureRecipe: how the features of a model were measured, and whether they can be measured so again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from OsteoScreenLib.densitometry.settings import default_settings
from OsteoScreenLib.errors import UsageError, printable
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.status.classifier_settings import ClassifierSettings
from OsteoScreenLib.status.feature_names import CLINICAL, DENSITOMETRY, RADIOMICS, feature_kind

SMALLEST_VOXEL_MM = 0.2
"""Finer than any CT of the hip; a bundle that asks for less would fill the memory. Own choice."""


@dataclass(frozen=True, eq=False)
class FeatureRecipe:
    """How a model's features are to be measured.

    Attributes:
        kinds: of features that it takes.
        problem: why they cannot be measured as they were, as a sentence; empty where they can.
        radiomics: PyRadiomics' parameters; None where it takes none or there is a problem.
        key: the same for models whose radiomics are measured in the same way.
        masks: digests and names of the networks that made the masks it learnt from; empty where masks were given.
    """

    kinds: frozenset[str]
    problem: str = ""
    radiomics: Settings | None = None
    key: str = ""
    masks: Mapping[str, str] | None = None

    @property
    def measures(self) -> bool:
        """Whether anything of it is measured in the image."""
        return self.kinds != {CLINICAL}


def feature_recipe(settings: ClassifierSettings) -> FeatureRecipe:
    """Read how the features of a model were measured, from its own record; nothing in that is trusted."""
    kinds = frozenset(feature_kind(name) for name in settings.inputs)
    record = settings.feature_settings
    if kinds == {CLINICAL}:
        return FeatureRecipe(kinds)
    if record.get("source") == "table":
        return FeatureRecipe(
            kinds, "the model was made from a table of features, so how they are measured is not known"
        )
    if record.get("source") != "images":
        return FeatureRecipe(kinds, "the model does not say how its features were measured")
    if DENSITOMETRY in kinds and _digest(record.get("densitometry")) != default_settings().sha256:
        return FeatureRecipe(kinds, "the model was made with other settings of densitometry than this version has")
    masks = _masks(record.get("masks"))
    if RADIOMICS not in kinds:
        return FeatureRecipe(kinds, masks=masks)
    try:
        found = _radiomics(record["radiomics"])
    except UsageError as error:
        return FeatureRecipe(kinds, f"the model's settings of radiomics cannot be used: {error.message}")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return FeatureRecipe(kinds, "the model's settings of radiomics cannot be read")
    if any(0 < step < SMALLEST_VOXEL_MM for step in found.values["resampledPixelSpacing"] or ()):
        return FeatureRecipe(kinds, f"the model's radiomics want voxels under {SMALLEST_VOXEL_MM} mm")
    return FeatureRecipe(kinds, "", found, json.dumps(record["radiomics"], sort_keys=True), masks)


def _radiomics(record: Mapping[str, Any]) -> Settings:
    """The settings as a training records them: the fields of ``Settings`` as JSON."""
    parts = {"setting": "values", "imageType": "image_types", "featureClass": "feature_classes"}
    return Settings.from_dict({section: record[name] for section, name in parts.items()})


def _digest(record: Any) -> Any:
    return record.get("sha256") if isinstance(record, Mapping) else None


def _masks(record: Any) -> dict[str, str]:
    entries = record if isinstance(record, list) else []
    return {
        str(entry.get("sha256")): printable(f"{entry.get('id')} {entry.get('version')}")[:100]
        for entry in entries
        if isinstance(entry, Mapping)
    }
