"""The record of what is true of a patient, and how it is measured."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from OsteoScreenLib.phantom.areal_truth import ArealDensity
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.measure_truth import Painters, measure_truth, spine_box
from OsteoScreenLib.phantom.plan import plan_body
from OsteoScreenLib.phantom.reference_population import t_score, who_status
from OsteoScreenLib.phantom.shapes import ellipsoid, rod, union
from OsteoScreenLib.phantom.truth import FemurRecord, PatientTruth, SpineRecord
from OsteoScreenLib.phantom.volumetric_truth import RegionDensity


def _truth(left_neck: float, right_neck: float, hip: float = 0.9, spine: float = 1.0, **traits: object) -> PatientTruth:
    def femur(neck: float) -> FemurRecord:
        return FemurRecord(
            landmarks={"side": "L", "head_centre": [1.0, 2.0, 3.0]},
            areal={"femoral_neck": ArealDensity(5.0 * neck, 5.0), "total_hip": ArealDensity(35.0 * hip, 35.0)},
            volumetric={"neck": RegionDensity(300.0, 90.0, None, 12.0, 3.0)},
        )

    return PatientTruth(
        traits=draw_patient(1, **{"implant": None, "implant_side": None, **traits}),
        femurs={"L": femur(left_neck), "R": femur(right_neck)},
        spine=SpineRecord(ArealDensity(60.0 * spine, 60.0), {"L1": 120.5}),
        muscle_area_cm2={"L3": {"skeletal_muscle": 150.0, "paraspinal_left": 20.0}},
        k2hpo4_per_hydroxyapatite=0.97,
    )


def test_the_references_are_the_published_ones():
    assert t_score("femoral_neck", 0.858) == pytest.approx(0.0)
    assert t_score("femoral_neck", 0.738) == pytest.approx(-1.0)
    assert t_score("total_hip", 0.942 - 2 * 0.122) == pytest.approx(-2.0)
    assert t_score("spine_L1_L4", 1.047 + 0.110) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("t", "status"),
    [(-1.0, "normal"), (-1.01, "osteopenia"), (-2.49, "osteopenia"), (-2.5, "osteoporosis"), (0.4, "normal")],
)
def test_the_classes_have_the_borders_of_who(t, status):
    assert who_status(t) == status


def test_truth_survives_json():
    truth = _truth(0.7, 0.9)
    data = json.loads(json.dumps(truth.to_dict()))
    assert PatientTruth.from_dict(data) == truth
    assert PatientTruth.from_dict(data).to_dict() == truth.to_dict()
    assert data["femurs"]["L"]["volumetric"]["neck"]["total_k2hpo4_mg_cm3"] == pytest.approx(291.0)
    assert data["femurs"]["L"]["volumetric"]["neck"]["cortical_k2hpo4_mg_cm3"] is None
    with pytest.raises(KeyError):
        PatientTruth.from_dict({key: value for key, value in data.items() if key != "spine"})


def test_the_status_goes_by_the_left_femoral_neck_unless_it_holds_an_implant():
    assert _truth(0.5, 0.9).status == "osteoporosis"
    assert _truth(0.5, 0.9, implant="stem", implant_side="L").status == "normal"
    assert _truth(0.5, 0.9, implant="stem", implant_side="R").status == "osteoporosis"


def test_the_lowest_site_may_be_worse_than_the_neck():
    truth = _truth(0.9, 0.9, spine=0.7)
    assert truth.status == "normal"
    assert truth.status_lowest == "osteoporosis"


@pytest.mark.needs_module("scipy")
def test_measuring_finds_the_density_that_was_painted():
    from OsteoScreenLib.phantom.femur import femur_truth
    from OsteoScreenLib.phantom.femur_shape import draw_femur_shape

    traits = replace(draw_patient(3), implant=None, implant_side=None, fractured_vertebra=None)
    plan = plan_body(traits)
    marks = {side: femur_truth(draw_femur_shape(plan, side)) for side in "LR"}
    box = spine_box(plan)

    def femora(canvas):
        for side, number in (("L", 1), ("R", 2)):
            mark = marks[side]
            end = tuple((np.asarray(mark.shaft_point) - 200 * np.asarray(mark.shaft_axis)).tolist())
            neck = rod(mark.head_centre, mark.shaft_point, 15.0)
            canvas.paint(rod(mark.shaft_point, end, 15.0), "yellow_marrow", mineral=350.0, label=number)
            canvas.paint(neck, "yellow_marrow", mineral=350.0, label=number)
        return marks

    def spine(canvas):
        middles = [v.centre for v in plan.vertebrae if v.name.startswith("L") or v.name in ("T12", "T11")]
        rods = [rod(low, high, 24.0) for low, high in pairwise(middles)]
        canvas.paint(union(rods, 0.1), "red_marrow", mineral=150.0, label=LABEL["vertebra_L3"])

    def everything(canvas):
        level = float(canvas.z.ravel()[0])
        muscle = ellipsoid((60.0, 30.0, level), (30.0, 20.0, 40.0))
        canvas.paint(muscle, "muscle", label=LABEL["paraspinal_left"])

    def regions(canvas, side):
        mask = canvas.label == LABEL["femur_left" if side == "L" else "femur_right"]
        return {"whole": mask}, np.zeros_like(mask)

    truth = measure_truth(plan, marks, Painters(femora, spine, everything, regions))
    for side in "LR":
        # Half a circle's mean chord: pi / 4 of the diameter.
        assert truth.femurs[side].areal["femoral_neck"].abmd_g_cm2 == pytest.approx(0.35 * 3.0 * np.pi / 4, rel=0.02)
        whole = truth.femurs[side].volumetric["whole"]
        assert whole.trabecular_mg_cm3 == pytest.approx(350.0, rel=0.05)
        assert whole.cortical_mg_cm3 is None
    assert truth.spine.trabecular_mg_cm3["L2"] == pytest.approx(150.0, rel=0.02)
    assert truth.spine.areal.abmd_g_cm2 == pytest.approx(0.15 * 4.8 * np.pi / 4, rel=0.03)
    assert truth.spine.areal.area_cm2 == pytest.approx(4.8 * (box[3] - box[2]) / 10, rel=0.03)
    areas = truth.muscle_area_cm2["L3"]
    assert areas["skeletal_muscle"] == areas["paraspinal_left"] == pytest.approx(np.pi * 6.0, rel=0.03)
    assert truth.k2hpo4_per_hydroxyapatite == pytest.approx(0.97, abs=0.02)
