"""The features of one femur of a case, each measured once and only where a model asks for it."""

from __future__ import annotations

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.densitometry_result import FemurDensitometry
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.progress import CancelToken, ProgressCallback
from OsteoScreenLib.segmentation.femur_masks import FemurMasks
from OsteoScreenLib.status.case_features import (
    density_features,
    density_measures,
    patient_features,
    radiomics_features,
)
from OsteoScreenLib.status.classifier_settings import ClassifierSettings
from OsteoScreenLib.status.explanation_words import in_words
from OsteoScreenLib.status.feature_names import CLINICAL, RADIOMICS, feature_kind
from OsteoScreenLib.status.feature_recipe import FeatureRecipe


class FemurFeatures:
    """What can be measured of one femur, as a training measures it.

    Args:
        ct: the scan. masks: on its grid. femur: its densitometry, which gives the side. facts: of the patient.
        threads: for radiomics.
    """

    def __init__(
        self, ct: CTVolume, masks: FemurMasks, femur: FemurDensitometry, facts: PatientFacts, threads: int | None
    ) -> None:
        self._ct = ct
        self._masks = masks
        self._femur = femur
        self._known = {**patient_features(facts), **density_features(femur)}
        self._threads = threads
        self._radiomics: dict[str, dict[str, float]] = {}

    @property
    def side(self) -> str:
        """``left`` or ``right``."""
        return self._femur.side

    @property
    def age_years(self) -> float | None:
        """Of the patient; None where it is not known."""
        return self._known.get("age")

    def unknown(self, settings: ClassifierSettings) -> tuple[str, ...]:
        """Why a model cannot be asked, before any radiomics: what it always needs and is not known, in sentences."""
        measures = density_measures(self._femur)
        found = []
        for name in settings.never_imputed:
            if name in self._known or feature_kind(name) == RADIOMICS:
                continue
            why = f": {measures[name].withheld}" if name in measures else ""
            words = {"age": "age", "sex_male": "sex"}.get(name) or in_words(name)
            owner = "the patient's " if feature_kind(name) == CLINICAL else ""
            found.append(f"{owner}{words} is not known{why}")
        return tuple(found)

    def of(self, recipe: FeatureRecipe, progress: ProgressCallback, cancelled: CancelToken) -> dict[str, float]:
        """Every feature that a model with this recipe may take, by name.

        Raises:
            InputError: radiomics cannot be measured in this mask. CancelledError: the user asked to stop.
        """
        if recipe.radiomics is None:
            return dict(self._known)
        if recipe.key not in self._radiomics:
            self._radiomics[recipe.key] = radiomics_features(
                self._ct, self._masks, self.side, recipe.radiomics, self._threads, progress, cancelled
            )
        return {**self._radiomics[recipe.key], **self._known}
