from __future__ import annotations

import json

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
ADDED_IN_2 = ("femurs", "segmentation", "models")
ADDED_IN_3 = ("densitometry", "status")


def result(**changes) -> CaseResult:
    facts = {
        "input": {"name": "scan.nii.gz"},
        "quality": (QualityFlag("noise", Severity.INFO, "Noise.", {"noise_hu": 12.0}),),
        "femurs": FEMURS,
        "segmentation": SegmentationFacts("vbnet", timings_s={"coarse": 1.0}),
        "models": ({"id": "femur-vbnet", "version": "1.0", "sha256": "0" * 64},),
        "densitometry": MEASURED,
        "status": (STATUS,),
        "timings_s": {"checks": 0.5},
        "software": {"osteoscreen": "0.1.0"},
    }
    return CaseResult("one", geometry=GEOMETRY, acquisition=Acquisition(), **{**facts, **changes})


def test_a_result_reads_back_as_it_was_written() -> None:
    for case in (result(), result(femurs={}, segmentation=None, models=(), densitometry=None, status=())):
        assert CaseResult.from_json(case.to_json()) == case


def test_the_document_uses_the_vocabulary_of_a_result() -> None:
    document = json.loads(result().to_json())
    assert document["schema_version"] == SCHEMA_VERSION == 3
    assert document["femurs"]["left"]["volume_ml"] == 152.5
    assert document["femurs"]["right"]["reason"] == "The image ends above it."
    assert document["segmentation"]["source"] == "vbnet"
    assert document["models"][0]["id"] == "femur-vbnet"


@pytest.mark.parametrize(("version", "without"), [(1, ADDED_IN_2 + ADDED_IN_3), (2, ADDED_IN_3)])
def test_a_result_of_an_earlier_schema_is_still_read(version, without) -> None:
    document = json.loads(result().to_json())
    earlier = {name: value for name, value in document.items() if name not in without}
    again = CaseResult.from_json(json.dumps({**earlier, "schema_version": version}))
    assert (again.densitometry, again.status) == (None, ())
    assert again.quality == result().quality
    if version == 1:
        assert (again.femurs, again.segmentation, again.models) == ({}, None, ())
    else:
        assert (again.femurs, again.segmentation) == (result().femurs, result().segmentation)


@pytest.mark.parametrize("version", [0, 4, "2", None])
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
    ],
)
def test_a_damaged_result_is_refused(damage) -> None:
    with pytest.raises(UsageError, match="not a result"):
        CaseResult.from_json(json.dumps({**json.loads(result().to_json()), **damage}))
