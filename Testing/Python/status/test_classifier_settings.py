"""The settings of a classifier come from a file that anybody may have written."""

from __future__ import annotations

import json

import numpy as np
import pytest

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.status.calibration import Calibration
from OsteoScreenLib.status.classifier_settings import ClassifierSettings
from OsteoScreenLib.status.envelope import Envelope
from OsteoScreenLib.status.operating_points import OperatingPoints
from OsteoScreenLib.status.prediction_set import PredictionSets


def settings() -> ClassifierSettings:
    ones = np.ones(2)
    return ClassifierSettings(
        inputs=("age", "mean"),
        never_imputed=("age",),
        largest_missing_share=0.1,
        score="probability",
        output="probabilities",
        typical=np.array([60.0, 200.0]),
        calibration=Calibration(1.0, (0.0, 0.1, -0.1)),
        operating_points=OperatingPoints((0.4, 0.3, 0.2), "greatest Youden index", "100 cases"),
        prediction_sets=PredictionSets(0.9, 0.2, 100, "100 cases"),
        envelope=Envelope(("age", "mean"), 0 * ones, 300 * ones, ones, ones, np.eye(2), 4.0, 0.99),
        label={"t_score_source": "QCT", "t_score_site": "femoral_neck"},
        class_shares=(0.5, 0.3, 0.2),
    )


def test_settings_round_trip():
    text = settings().to_json()
    assert ClassifierSettings.from_json(text).to_json() == text


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"classes": ["normal", "osteoporosis", "osteopenia"]},
        {"inputs": []},
        {"inputs": ["age", "age"]},
        {"inputs": ["age", "other"]},
        {"score": "logit"},
        {"typical": [60.0]},
        {"typical": ["a", "b"]},
        {"calibration": {"slope": 1.0, "intercepts": [0.0, 0.0]}},
        {"calibration": {"slope": "steep", "intercepts": [0.0, 0.0, 0.0]}},
        {"operating_points": {}},
        {"envelope": None},
        {"label": 7},
    ],
)
def test_settings_with_a_slip_are_refused_in_words(change):
    data = {**json.loads(settings().to_json()), **change}
    with pytest.raises(ModelError, match="settings of a bone-status model cannot be used") as caught:
        ClassifierSettings.from_json(json.dumps(data))
    assert caught.value.code == "invalid_field"


@pytest.mark.parametrize("text", ["", "[]", "null", '{"schema_version": 1', "[" * 100_000])
def test_what_is_no_settings_file_is_refused(text):
    with pytest.raises(ModelError):
        ClassifierSettings.from_json(text)


def test_a_number_that_is_none_is_refused():
    text = settings().to_json().replace('"slope": 1.0', '"slope": NaN')
    with pytest.raises(ModelError, match="NaN is not a number of JSON"):
        ClassifierSettings.from_json(text)
