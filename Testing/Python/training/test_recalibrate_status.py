"""Recalibration at a site where the disease is more frequent: what a model loses there, and what it regains."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.evaluation.predictions import THREE_CLASSES
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.training.cohort import Cohort, CohortCase
from OsteoScreenLib.training.feature_matrix import FeatureMatrix, clinical_features
from OsteoScreenLib.training.status_recipe import Recipe

pytestmark = [pytest.mark.needs_module("sklearn"), pytest.mark.needs_module("skl2onnx")]

SCORES = (-0.3, -1.7, -3.1)


def population(counts: tuple[int, int, int], seed: int, name: str) -> tuple[Cohort, FeatureMatrix]:
    """Cases whose features follow the class in the same way everywhere; only the shares of the classes differ."""
    rng = np.random.default_rng(seed)
    classes = np.repeat([0, 1, 2], counts)
    values = rng.normal(size=(len(classes), 6)) + 0.9 * classes[:, None] * np.array([1, 1, 0.5, 0, 0, 0])
    cases = tuple(
        CohortCase(f"{name}{i}", f"{name}{i}", f"{name}{i}", SCORES[k], THREE_CLASSES[k], split="train")
        for i, k in enumerate(classes)
    )
    return Cohort(cases, "DXA", "femoral_neck"), FeatureMatrix(tuple(f"f{i}" for i in range(6)), values)


def losses(folder, cohort: Cohort, matrix: FeatureMatrix) -> float:
    """Mean log loss of a bundle on cases."""
    from OsteoScreenLib.status.status_classifier import StatusClassifier

    classifier = StatusClassifier(load_bundle(folder))
    p = classifier.probabilities(matrix.columns(classifier.settings.inputs).values)
    return float(-np.log(p[np.arange(len(p)), cohort.classes]).mean())


def test_intercepts_regain_nearly_all_that_a_shift_of_prevalence_costs(tmp_path):
    from OsteoScreenLib.training.recalibrate_status import recalibrate
    from OsteoScreenLib.training.train_status import TrainingOptions, train_status

    home, features = population((180, 90, 40), 0, "h")
    options = TrainingOptions(Recipe("radiomics", "logistic", mrmr_features=(6,)), ("radiomics",), permutations=0)
    parent = train_status(home, features, tmp_path / "home", options).bundles["radiomics"]

    site, site_features = population((25, 45, 60), 1, "s")
    further, further_features = population((250, 450, 600), 2, "f")
    whole = clinical_features(site).beside(site_features)
    done = recalibrate(parent, site, whole, tmp_path / "site", site="South")
    before = losses(parent, further, further_features)
    after = losses(done.folder, further, further_features)

    many, many_features = population((250, 450, 600), 3, "m")
    best = train_status(many, many_features, tmp_path / "best", options).bundles["radiomics"]
    least = losses(best, further, further_features)
    assert before - least > 0.15
    assert after - least < 0.25 * (before - least)
    assert done.after < done.before


def test_a_site_that_is_like_home_changes_little(tmp_path):
    from OsteoScreenLib.training.recalibrate_status import recalibrate
    from OsteoScreenLib.training.train_status import TrainingOptions, train_status

    home, features = population((180, 90, 40), 0, "h")
    options = TrainingOptions(Recipe("radiomics", "logistic", mrmr_features=(6,)), ("radiomics",), permutations=0)
    parent = train_status(home, features, tmp_path / "home", options).bundles["radiomics"]
    site, site_features = population((180, 90, 40), 4, "s")
    done = recalibrate(parent, site, clinical_features(site).beside(site_features), tmp_path / "site", site="Same")
    assert abs(losses(done.folder, site, site_features) - losses(parent, site, site_features)) < 0.03
