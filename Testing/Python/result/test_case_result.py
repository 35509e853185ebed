from __future__ import annotations

import json
from dataclasses import replace

import pytest

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.densitometry.densitometry_result import Densitometry, FemurDensitometry
from OsteoScreenLib.densitometry.measures import Measure
from OsteoScreenLib.densitometry.scores import PatientFacts
from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.result.case_result import SCHEMA_VERSION, CaseResult
from OsteoScreenLib.result.segmentation_facts import SegmentationFacts
from OsteoScreenLib.segmentation.femur_masks import FemurFinding
from OsteoScreenLib.status.bone_status import BoneStatus
from OsteoScreenLib.status.status_answer import DEMONSTRATION, ModelFacts, StatusAnswer, TopFeature

GEOMETRY = Geometry((4, 5, 6), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
FEMURS = {
    "left": FemurFinding("present", "", 152.5, ("inferior",), True, (1.0, -2.0, 3.5), 24.0, 0.96),
    "right": FemurFinding("absent", "The image ends above it."),
}
STATUS = BoneStatus("ct-abmd-rule", "left", "osteopenia", {"osteopenia": 1.0}, {"normal_at_least_t": -1.0})
MEASURED = Densitometry(
    {"left": FemurDensitometry("left", "metal lies in or at this femur")},
    no_calibration="internal: no fat",
    vertebrae={"L1": {"trabecular_hu": Measure(120.0, "HU", 2.5)}},
    facts=PatientFacts("F", 67.0),
)
ANSWER = StatusAnswer(
    BoneStatus("demo", "left", "osteopenia", {"osteopenia": 0.7}, {"osteopenia_from": 0.4}, demonstration_model=True),
    ModelFacts("A model", "0.1.0", "0" * 64, {"t_score_source": "QCT"}, 0.9),
    {"osteopenia": True},
    ("osteopenia", "osteoporosis"),
    {"osteopenia": 0.8},
    (TopFeature("age", 80.0, 66.0, 0.2, "age in years of 80 raises it"),),
    ("imputed",),
)
ADDED_IN_2 = ("femurs", "segmentation", "models")
ADDED_IN_3 = ("densitometry", "status")
ADDED_IN_4 = ("model_status", "status_notes")


def result(**changes) -> CaseResult:
    facts = {
        "input": {"name": "scan.nii.gz"},
        "quality": (QualityFlag("noise", Severity.INFO, "Noise.", {"noise_hu": 12.0}),),
        "femurs": FEMURS,
        "segmentation": SegmentationFacts("vbnet", timings_s={"coarse": 1.0}),
        "models": ({"id": "femur-vbnet", "version": "1.0", "sha256": "0" * 64},),
        "densitometry": MEASURED,
        "status": (STATUS,),
        "model_status": (ANSWER,),
        "status_notes": ("Another model was not asked.",),
        "timings_s": {"checks": 0.5},
        "software": {"osteoscreen": "0.1.0"},
    }
    return CaseResult("one", geometry=GEOMETRY, acquisition=Acquisition(), **{**facts, **changes})


def test_a_result_reads_back_as_it_was_written() -> None:
    for case in (result(), result(femurs={}, segmentation=None, models=(), densitometry=None, status=())):
        assert CaseResult.from_json(case.to_json()) == case


def test_the_document_uses_the_vocabulary_of_a_result() -> None:
    document = json.loads(result().to_json())
    assert document["schema_version"] == SCHEMA_VERSION == 4
    assert document["femurs"]["left"]["volume_ml"] == 152.5
    assert document["femurs"]["right"]["reason"] == "The image ends above it."
    assert document["segmentation"]["source"] == "vbnet"
    assert document["models"][0]["id"] == "femur-vbnet"


def test_a_demonstration_models_answer_is_never_without_its_warning_nor_among_the_rules() -> None:
    document = json.loads(result().to_json())
    (answer,) = document["model_status"]
    assert (answer["demonstration_model"], answer["warning"]) == (True, DEMONSTRATION)
    assert [entry["model"] for entry in document["status"]] == ["ct-abmd-rule"]
    trusted = replace(ANSWER, status=replace(ANSWER.status, demonstration_model=False))
    assert trusted.to_dict()["warning"] == ""


@pytest.mark.parametrize(
    ("version", "without"),
    [(1, ADDED_IN_2 + ADDED_IN_3 + ADDED_IN_4), (2, ADDED_IN_3 + ADDED_IN_4), (3, ADDED_IN_4)],
)
def test_a_result_of_an_earlier_schema_is_still_read(version, without) -> None:
    document = json.loads(result().to_json())
    earlier = {name: value for name, value in document.items() if name not in without}
    again = CaseResult.from_json(json.dumps({**earlier, "schema_version": version}))
    assert (again.model_status, again.status_notes) == ((), ())
    if version == 3:
        assert (again.densitometry, again.status) == (MEASURED, (STATUS,))
        return
    assert (again.densitometry, again.status) == (None, ())
    assert again.quality == result().quality
    if version == 1:
        assert (again.femurs, again.segmentation, again.models) == ({}, None, ())
    else:
        assert (again.femurs, again.segmentation) == (result().femurs, result().segmentation)


@pytest.mark.parametrize("version", [0, 5, "2", None])
def test_a_result_of_an_unknown_schema_is_refused_by_its_number(version) -> None:
    document = {**json.loads(result().to_json()), "schema_version": version}
    with pytest.raises(UsageError, match="schema version"):
        CaseResult.from_json(json.dumps(document))


@pytest.mark.parametrize(
    "damage",
    [
        {"femurs": {"left": {}}},
        {"femurs": []},
        {"femurs": {"left": {**FEMURS["left"].to_dict(), "head_centre_lps_mm": [1.0]}}},
        {"segmentation": {"source": "vbnet"}},
        {"models": [1]},
        {"densitometry": {"femora": {}}},
        {"densitometry": {**MEASURED.to_dict(), "schema_version": 9}},
        {"status": [{**STATUS.to_dict(), "class": "brittle"}]},
        {"status": [{**STATUS.to_dict(), "class": None}]},
        {"model_status": [STATUS.to_dict()]},
        {"model_status": [{**ANSWER.to_dict(), "prediction_set": ["brittle"]}]},
        {"model_status": [{**ANSWER.to_dict(), "top_features": [{"name": "age"}]}]},
    ],
)
def test_a_damaged_result_is_refused(damage) -> None:
    with pytest.raises(UsageError, match="not a result"):
        CaseResult.from_json(json.dumps({**json.loads(result().to_json()), **damage}))
