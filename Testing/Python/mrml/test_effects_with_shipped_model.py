"""Both Segment Editor effects with the networks that ship, on a digital patient: simulated, with known truth."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory.editor_case import EditorCase

pytestmark = [
    pytest.mark.shipped_model,
    pytest.mark.needs_module("slicer"),
    pytest.mark.needs_module("PySide6"),
    pytest.mark.needs_module("onnxruntime"),
]
if sys.platform.startswith("linux"):
    pytestmark.append(pytest.mark.needs_library("EGL", "libegl1"))

SPACING_MM = (2.0, 2.0, 3.0)
UNSEEN_SEED = 650_000


def test_a_click_at_the_left_hip_outlines_the_left_femur_which_then_is_split(host: Any, repository: Path) -> None:
    from OsteoScreenLib.phantom.digital_patient import make_digital_patient
    from OsteoScreenLib.phantom.draw_traits import draw_patient
    from OsteoScreenLib.phantom.labels import LABEL
    from OsteoScreenLib.phantom.protocol import PROTOCOLS

    protocol = replace(PROTOCOLS["hip"], spacing_xyz_mm=SPACING_MM)
    traits = draw_patient(UNSEEN_SEED, implant=None, implant_side=None)
    patient = make_digital_patient(traits, protocol, spacing_xyz_mm=SPACING_MM, with_truth=False)
    truth = patient.labels == LABEL["femur_left"]
    index = np.argwhere(truth).mean(axis=0)[::-1]
    lps = patient.ct.geometry.to_physical(index.tolist())
    case = EditorCase(host, repository, patient.ct)
    effect = case.choose("FemurVBNet")
    case.click_at((-lps[0], -lps[1], lps[2]))
    host.wait_until(lambda: effect.work.idle, limit_s=600.0)
    assert host.dialogs == []
    assert case.ids() == ["femur_left"]
    found = case.mask("femur_left")
    assert 2.0 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth)) > 0.93
    host.click(case.choose("SplitProximalFemur").ui.applyButton)
    regions = [f"femur_left_{region}" for region in ("head", "neck", "trochanteric", "intertrochanteric", "shaft")]
    assert case.ids() == ["femur_left", *regions]
    inside = np.sum([case.mask(segment_id) for segment_id in regions], axis=0)
    assert inside.max() == 1
    assert np.array_equal(inside > 0, found)
    case.close()
