"""The features of one femur: measured in the same way for training and for prediction, under the same names."""

from __future__ import annotations

import math

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.densitometry_result import FemurDensitometry
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurMasks
from OsteoScreenLib.status.feature_names import DENSITOMETRY_PREFIX

REGION_MEASURES = ("mean_hu", "trabecular_hu", "trabecular_vbmd")
AREAL_MEASURES = ("abmd",)


def radiomics_features(
    ct: CTVolume,
    masks: FemurMasks,
    side: str,
    settings: Settings,
    threads: int | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> dict[str, float]:
    """Radiomics of a femur by name; what is not defined is left out.

    Args:
        ct: HU as read. masks: on its grid. side: ``left`` or ``right``. settings: PyRadiomics' parameters.

    Raises:
        InputError: there is no mask of this femur, or it cannot be used. CancelledError: the user asked to stop.
    """
    image, mask = GridImage.of_ct(ct), GridImage(masks.labels, ct.geometry)
    labels = [SIDE_LABELS[side]]
    row = extract(image, mask, settings, labels=labels, threads=threads, progress=progress, cancelled=cancelled).rows[0]
    if row.error is not None:
        raise row.error
    return {name: float(value) for name, value in row.features.items() if math.isfinite(value)}


def density_measures(femur: FemurDensitometry) -> dict[str, Measure]:
    """The measures of a femur that models may take, withheld ones too, as ``densitometry_<region>_<measure>``."""
    found = {}
    for part, wanted in ((femur.regions, REGION_MEASURES), (femur.areal, AREAL_MEASURES)):
        for place, measures in part.items():
            for name in wanted:
                if name in measures:
                    found[f"{DENSITOMETRY_PREFIX}{place}_{name}"] = measures[name]
    return found


def density_features(femur: FemurDensitometry) -> dict[str, float]:
    """The densities of a femur by name; what is withheld is left out."""
    measures = density_measures(femur)
    return {name: float(measure.value) for name, measure in measures.items() if measure.value is not None}


def patient_features(facts: PatientFacts) -> dict[str, float]:
    """Age and sex by name; what is not known is left out."""
    found = {} if facts.age_years is None else {"age": float(facts.age_years)}
    return found if facts.sex is None else {**found, "sex_male": 1.0 if facts.sex == "M" else 0.0}
