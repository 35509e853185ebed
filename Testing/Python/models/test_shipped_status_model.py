"""The shipped bone-status model: a demonstration, small, that answers what is like its patients and nothing else."""

import numpy as np
import pytest

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.models.store import find_model
from OsteoScreenLib.screening.status_models import status_models
from OsteoScreenLib.status.feature_recipe import feature_recipe
from OsteoScreenLib.status.status_classifier import StatusClassifier

MODEL = "bone-status-demonstration-radiomics"

pytestmark = pytest.mark.needs_module("onnxruntime")


@pytest.fixture(scope="module")
def classifier():
    return StatusClassifier(find_model(MODEL))


def test_it_says_that_it_is_a_demonstration_made_from_simulated_patients(classifier):
    document = classifier.bundle.document
    assert document["demonstration"]
    assert "mean nothing for a patient" in document["intended_use"]
    assert all("simulated" in data["name"] for data in document["training_data"])
    assert sum(file.stat().st_size for file in classifier.bundle.folder.iterdir()) < 2_000_000


def test_it_is_asked_only_by_name():
    left_alone = status_models()
    assert all(model.bundle.model_id != MODEL for model in left_alone.classifiers)
    assert any(MODEL in note and "demonstration" in note for note in left_alone.notes)
    assert [model.bundle.model_id for model in status_models([MODEL]).classifiers] == [MODEL]
    with pytest.raises(UsageError, match="no bone-status model"):
        status_models(["femur-vbnet"])


def test_its_features_can_be_measured_here(classifier):
    recipe = feature_recipe(classifier.settings)
    assert recipe.problem == ""
    assert recipe.radiomics is not None


def test_denser_bone_is_called_better_and_what_no_patient_had_is_withheld(classifier):
    names, typical = classifier.settings.inputs, np.array(classifier.settings.typical)
    place = names.index("original_firstorder_Median")

    def asked(median_hu: float):
        values = np.where(np.arange(len(names)) == place, median_hu, typical)
        return classifier.answer(dict(zip(names, map(float, values), strict=True)), "left")

    thin, dense = asked(120.0), asked(260.0)
    assert thin.at_least["osteopenia"] > dense.at_least["osteopenia"] + 0.1
    assert thin.status.demonstration_model
    beyond = asked(900.0).status
    assert beyond.withheld
    assert "original_firstorder_Median is 900" in beyond.reasons[0]
