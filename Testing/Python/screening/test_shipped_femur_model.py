"""The model that ships finds the femora of a digital patient: simulated, with known truth, never seen in training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from OsteoScreenLib.phantom.digital_patient import make_digital_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.protocol import PROTOCOLS
from OsteoScreenLib.screening.femur_source import femur_source
from OsteoScreenLib.screening.pipeline import screen

UNSEEN_SEED = 650_000

pytestmark = pytest.mark.shipped_model


@pytest.mark.needs_module("onnxruntime")
def test_both_femora_of_a_digital_patient_are_found_outlined_and_named_by_the_shipped_model() -> None:
    protocol = replace(PROTOCOLS["hip"], spacing_xyz_mm=(2.0, 2.0, 3.0))
    patient = make_digital_patient(
        draw_patient(UNSEEN_SEED, implant=None, implant_side=None),
        protocol,
        spacing_xyz_mm=(2.0, 2.0, 3.0),
        with_truth=False,
    )
    case = screen(patient.ct, "patient", segmenter=femur_source())
    assert case.masks is not None
    for side, number in (("left", 1), ("right", 2)):
        found, truth = case.masks.labels == number, patient.labels == LABEL[f"femur_{side}"]
        dsc = 2.0 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth))
        assert dsc > 0.93, f"{side}: {dsc:.3f}"
        assert case.result.femurs[side].presence == "present"
    assert case.result.models[0]["id"] == "femur-vbnet"
