"""Bone density from the Python console: nodes in, measures, regions and landmarks out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from densitometry.bodies import body

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.densitometry.measure import measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.errors import InputError, UsageError
from OsteoScreenLib.mrml.acquisition_attribute import keep_acquisition
from OsteoScreenLib.mrml.case_nodes import nodes_of
from OsteoScreenLib.mrml.density_markups import landmarks_of
from OsteoScreenLib.mrml.density_order import DensityOrder
from OsteoScreenLib.mrml.measures_table import result_for_volume
from OsteoScreenLib.mrml.osteoscreen_logic import OsteoScreenLogic
from OsteoScreenLib.mrml.patient_facts import note_facts
from OsteoScreenLib.mrml.region_node import regions_of
from OsteoScreenLib.mrml.segmentation_node import read_masks, write_masks
from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter

pytestmark = pytest.mark.needs_module("slicer")


@pytest.fixture
def case(scene: Any) -> tuple[Any, Any]:
    """A volume, of whose patient nothing is known, and the segmentation of its left femur."""
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Body")
    facts = replace(body().ct.acquisition, sex=None, age_years=None)
    write_volume_node(replace(body().ct, acquisition=facts), volume)
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Mine")
    write_masks(body().labels, volume, segmentation)
    return volume, segmentation


def test_the_measures_are_those_of_the_library(case):
    measured = OsteoScreenLogic().measureDensity(*case, sex="F", ageYears=70.0)
    ct = replace(body().ct, acquisition=measured_acquisition(case[0]))
    direct = measure(ct, body().labels, facts=PatientFacts("F", 70.0), flags=result_of(case[0]).quality)
    assert measured.femora["left"].areal == direct.femora["left"].areal
    assert measured.femora["left"].regions == direct.femora["left"].regions
    assert measured.calibration == direct.calibration
    assert measured.femora["left"].status.status is not None


def measured_acquisition(volume: Any) -> Acquisition:
    return OsteoScreenLogic().acquisition(volume)


def result_of(volume: Any) -> Any:
    return result_for_volume(nodes_of(volume).measures, volume)


def test_they_come_into_the_scene_and_are_replaced_there(case, scene):
    volume, segmentation = case
    OsteoScreenLogic().measureDensity(*case, sex="F", ageYears=70.0)
    assert nodes_of(volume).segmentation is segmentation
    assert regions_of(volume) is not None
    assert len(landmarks_of(volume)) == 5
    number = scene.GetNumberOfNodes()
    edited = read_masks(segmentation, volume)
    edited[:3] = 0
    write_masks(edited, volume, segmentation)
    before = result_of(volume).femurs["left"].volume_ml
    OsteoScreenLogic().measureDensity(*case, sex="F", ageYears=70.0)
    assert result_of(volume).femurs["left"].volume_ml < before
    assert scene.GetNumberOfNodes() == number
    np.testing.assert_array_equal(read_masks(segmentation, volume), edited)


def test_what_nobody_knows_is_withheld_and_what_the_user_noted_is_used(case):
    logic = OsteoScreenLogic()
    unknown = logic.measureDensity(*case).femora["left"]
    assert unknown.areal["femoral_neck"]["t_score"].withheld == "the patient's sex and age is not known"
    note_facts(PatientFacts("M", 75.0), case[0])
    assert logic.measureDensity(*case).facts == PatientFacts("M", 75.0)
    assert logic.measureDensity(*case, sex="F").facts == PatientFacts("F", 75.0)


def test_the_scans_own_facts_come_last(case):
    keep_acquisition(Acquisition(kvp=120.0, sex="F", age_years=66.0, facts_from="dicom"), case[0])
    assert OsteoScreenLogic().measureDensity(*case).facts == PatientFacts("F", 66.0)
    assert OsteoScreenLogic().measureDensity(*case, ageYears=67.0).facts == PatientFacts("F", 67.0)


def test_the_calibration_that_is_asked_for_is_taken(case):
    assert OsteoScreenLogic().measureDensity(*case, calibration="fixed").calibration.method == "fixed"
    assert OsteoScreenLogic().measureDensity(*case, calibration="internal").calibration.method == "internal"


def test_what_cannot_be_is_refused_before_anything_is_measured(case, scene, tmp_path):
    logic, number = OsteoScreenLogic(), scene.GetNumberOfNodes()
    with pytest.raises(UsageError, match="lines is missing"):
        logic.measureDensity(*case, calibration="site")
    with pytest.raises(UsageError):
        logic.measureDensity(*case, siteSettings=str(tmp_path / "none.json"))
    with pytest.raises(ValueError, match="a calibration is one of"):
        logic.measureDensity(*case, calibration="magic")
    with pytest.raises(ValueError, match="an age lies between"):
        logic.measureDensity(*case, ageYears=700.0)
    with pytest.raises(InputError, match="no femur segment"):
        logic.measureDensity(case[0], None)
    assert scene.GetNumberOfNodes() == number


def test_a_screening_measures_bone_density_too(case, scene):
    volume, segmentation = case
    order = DensityOrder(PatientFacts("F", 70.0))
    segmenter = GivenMaskSegmenter(body().labels)
    result = OsteoScreenLogic().screen(volume, segmentation, segmenter=segmenter, density=order)
    assert result.densitometry.facts == PatientFacts("F", 70.0)
    assert regions_of(volume) is not None
    assert len(landmarks_of(volume)) == 5
    without = OsteoScreenLogic().screen(volume, segmentation, segmenter=segmenter)
    assert without.densitometry.facts == PatientFacts()


def test_facts_of_a_scan_that_was_shown_stay_with_its_volume(case, monkeypatch):
    import slicer

    from OsteoScreenLib.mrml import acquisition_attribute

    told = Acquisition(modality="CT", kvp=100.0, sex="F", age_years=66.0, facts_from="dicom")
    with monkeypatch.context() as patched:
        patched.setattr(acquisition_attribute, "acquisition_of", lambda node, database: told)
        OsteoScreenLogic().measureDensity(*case)
    monkeypatch.delattr(slicer, "dicomDatabase", raising=False)
    assert OsteoScreenLogic().read(case[0]).acquisition == told
