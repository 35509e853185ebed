"""The exported graph answers as scikit-learn does."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.training.feature_matrix import FeatureMatrix
from OsteoScreenLib.training.status_recipe import CLASSIFIERS, Recipe

pytestmark = [pytest.mark.needs_module("sklearn"), pytest.mark.needs_module("skl2onnx")]


def fitted(classifier: str):
    """A model of real measurements on scales from 0.1 to 1700, some of them missing."""
    from sklearn.datasets import load_wine

    from OsteoScreenLib.training.nested_validation import fit_status

    wine = load_wine()
    values = wine.data.copy()
    values[::7, 3] = values[::11, 12] = np.nan
    matrix = FeatureMatrix(tuple(wine.feature_names), values)
    recipe = Recipe("wine", classifier, kept=("ash",), trees=50, mrmr_features=(10,), inner_folds=3)
    groups = np.array([f"p{i}" for i in range(len(values))])
    return fit_status(matrix, wine.target, groups, recipe), values, recipe


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_the_graph_equals_scikit_learn_on_cases_seen_and_unseen(classifier):
    from OsteoScreenLib.status.status_classifier import open_session, run_session
    from OsteoScreenLib.training.export_status import OUTPUTS, export_onnx
    from OsteoScreenLib.training.status_pipeline import score_kind

    model, values, recipe = fitted(classifier)
    kind = score_kind(recipe)
    session = open_session(export_onnx(model, kind, values), "status.onnx", OUTPUTS[kind])
    rng = np.random.default_rng(0)
    unseen = np.nanmean(values, axis=0) + rng.normal(size=(2000, values.shape[1])) * np.nanstd(values, axis=0) * 1.5
    unseen[rng.random(unseen.shape) < 0.05] = np.nan
    for cases in (values, unseen):
        ours = run_session(session, OUTPUTS[kind], cases[:, model.pipeline.named_steps["select"].columns_])
        wanted = (
            model.pipeline.predict_proba(cases) if kind == "probability" else model.pipeline.decision_function(cases)
        )
        np.testing.assert_allclose(ours, wanted, atol=2e-6)


def test_a_graph_that_differs_is_refused(monkeypatch):
    from OsteoScreenLib.training import export_status

    model, values, _ = fitted("logistic")
    right = export_status._answers
    monkeypatch.setattr(export_status, "_answers", lambda *args: right(*args) + 0.01)
    with pytest.raises(ModelError, match=r"differs from scikit-learn by 0\.01") as caught:
        export_status.export_onnx(model, "probability", values)
    assert caught.value.code == "export_differs"


def test_the_graph_passes_the_look_through_that_every_bundle_gets():
    from OsteoScreenLib.models.onnx_content import check_onnx
    from OsteoScreenLib.training.export_status import export_onnx

    for classifier in CLASSIFIERS:
        model, values, _ = fitted(classifier)
        check_onnx(export_onnx(model, "decision" if classifier == "svm" else "probability", values), "status.onnx")
