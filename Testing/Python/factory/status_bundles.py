"""Small bone-status models that learnt from jittered copies of one simulated femur."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from densitometry.bodies import body

from OsteoScreenLib.ct.sidecar import write_sidecar
from OsteoScreenLib.ct.write import write_image, write_labels
from OsteoScreenLib.training.cohort import Cohort, CohortCase
from OsteoScreenLib.training.feature_matrix import FeatureMatrix, clinical_features

PARAMETERS = {
    "setting": {"resampledPixelSpacing": [2, 2, 2], "binWidth": 25},
    "imageType": {"Original": {}},
    "featureClass": {"firstorder": None, "shape": ["MeshVolume", "SurfaceArea"]},
}
KEPT = ("age", "sex_male", "densitometry_total_hip_mean_hu", "densitometry_femoral_neck_abmd")
AGE = 66.0


@dataclass(frozen=True, eq=False)
class Hip:
    """A simulated left femur on disk, and what a training measures of it.

    Attributes:
        image, mask: files. case: of a cohort. features: by name, age and sex among them. settings: as a bundle says.
    """

    image: Path
    mask: Path
    case: CohortCase
    features: dict[str, float]
    settings: dict[str, Any]


def make_hip(folder: Path) -> Hip:
    """Write the femur and measure it as ``osteoscreen train status`` does."""
    from OsteoScreenLib.training.feature_sources import cohort_features

    made = body()
    image = write_image(made.ct, folder / "hip.nii.gz")
    write_sidecar(made.ct.acquisition, image)
    mask = write_labels(made.labels, made.ct.geometry, folder / "mask.nii.gz")
    params = folder / "params.json"
    params.write_text(json.dumps(PARAMETERS), encoding="utf-8")
    case = CohortCase("hip", "p", "p", -1.5, "osteopenia", image, mask, side="left", sex="female", age=AGE)
    cohort = Cohort((case,), "QCT", "femoral_neck")
    found = cohort_features(cohort, None, folder / "kept", str(params))
    assert not found.failed
    features = dict(zip(found.matrix.names, found.matrix.values[0].tolist(), strict=True))
    features = {name: value for name, value in features.items() if np.isfinite(value)}
    return Hip(image, mask, case, {**features, "age": AGE, "sex_male": 0.0}, dict(found.settings))


def make_status_bundle(folder: Path, hip: Hip, name: str = "fusion", **changes: Any) -> Path:
    """Train a model on 90 jittered copies of the femur; the femur itself lies in their midst.

    Args:
        folder: for the bundle. name: ``fusion``, ``radiomics`` or ``age_sex``.
        changes: ``demonstration``, ``settings`` (how features were measured), ``title`` or ``version``.
    """
    from OsteoScreenLib.training.status_bundle import CardFacts, status_document, write_status_bundle
    from OsteoScreenLib.training.status_recipe import Recipe
    from OsteoScreenLib.training.train_one_status import train_one_status

    cohort, matrix = _population(hip)
    kept = {"fusion": KEPT, "age_sex": KEPT[:2]}.get(name, ())
    recipe = Recipe(
        name,
        "logistic",
        select_radiomics=name != "age_sex",
        kept=tuple(kept),
        mrmr_features=(4,),
        outer_folds=3,
        inner_folds=3,
    )
    trained = train_one_status(cohort, matrix, recipe, feature_settings=changes.get("settings", hip.settings))
    facts = CardFacts("test-status", changes.get("version", "0.1.0"), demonstration=changes.get("demonstration", False))
    document = status_document(name, facts, trained.settings, 90, {}, {}, [])
    document["title"] = changes.get("title", document["title"])
    write_status_bundle(folder, document, trained.onnx, trained.settings)
    return folder


def _population(hip: Hip) -> tuple[Cohort, FeatureMatrix]:
    rng = np.random.default_rng(0)
    names = tuple(name for name in hip.features if name not in KEPT[:2])
    base = np.array([hip.features[name] for name in names])
    scores = np.linspace(-3.4, 0.4, 90)
    cases = tuple(
        replace(
            hip.case,
            case_id=f"c{i}",
            patient_id=f"p{i}",
            group=f"p{i}",
            t_score=float(t),
            status="normal" if t >= -1.0 else "osteoporosis" if t <= -2.5 else "osteopenia",
            sex=("female", "male")[i % 2],
            age=float(np.clip(AGE - 4.0 * (t + 1.5) + rng.normal(0, 6), 40, 95)),
            split="train",
        )
        for i, t in enumerate(scores)
    )
    cohort = Cohort(cases, "QCT", "femoral_neck")
    slope = rng.uniform(-0.1, 0.1, len(names))
    values = base * (1 + np.outer(scores + 1.5, slope) + rng.normal(0, 0.1, (90, len(names))))
    return cohort, clinical_features(cohort).beside(FeatureMatrix(names, values))
