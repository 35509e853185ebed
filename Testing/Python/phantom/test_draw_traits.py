"""Distributions of the traits of digital patients."""

from __future__ import annotations

import numpy as np
import pytest

from OsteoScreenLib.phantom.bone_density import expected_neck_abmd
from OsteoScreenLib.phantom.draw_traits import FRACTURE_WEIGHTS, draw_patient, fracture_probability
from OsteoScreenLib.phantom.plan import plan_body


@pytest.fixture(scope="module")
def people():
    return [draw_patient(seed) for seed in range(1500)]


def test_the_same_seed_draws_the_same_patient():
    assert draw_patient(5) == draw_patient(5)
    assert draw_patient(5) != draw_patient(6)


def test_a_given_trait_is_kept_and_leaves_the_others():
    free, given = draw_patient(8), draw_patient(8, implant="stem", implant_side="L")
    assert (given.implant, given.implant_side) == ("stem", "L")
    assert (given.height_m, given.bone_z, given.fat_z) == (free.height_m, free.bone_z, free.fat_z)
    assert draw_patient(8, bmi=25.0).bmi == pytest.approx(25.0, abs=0.05)
    with pytest.raises(TypeError):
        draw_patient(8, shoe_size=43)
    with pytest.raises(ValueError, match="sex"):
        draw_patient(8, sex="X")


def test_size_follows_the_published_distributions(people):
    for sex, height, deviation in (("M", 1.75, 0.072), ("F", 1.61, 0.068)):
        group = [p for p in people if p.sex == sex]
        assert len(group) > 600
        heights = np.array([p.height_m for p in group])
        assert heights.mean() == pytest.approx(height, abs=0.02)
        assert heights.std() == pytest.approx(deviation, rel=0.15)
        bmi = np.array([p.bmi for p in group])
        assert 28.0 < bmi.mean() < 30.0
        assert bmi.min() > 16.5
        assert bmi.max() < 44.5
    ages = np.array([p.age_years for p in people])
    assert ages.min() >= 40.0
    assert ages.max() <= 90.0


def test_bone_density_falls_with_age_rises_with_bmi_and_goes_with_muscle(people):
    abmd = np.array([expected_neck_abmd(p) for p in people])
    women = np.array([p.sex == "F" for p in people])
    age = np.array([p.age_years for p in people])
    bmi = np.array([p.bmi for p in people])
    muscle = np.array([p.muscle_z for p in people])
    bone_z = np.array([p.bone_z for p in people])
    assert np.corrcoef(abmd[women], age[women])[0, 1] < -0.35
    assert 0.15 < np.corrcoef(abmd[women], bmi[women])[0, 1] < 0.5
    assert 0.2 < np.corrcoef(bone_z, muscle)[0, 1] < 0.4


def test_findings_are_as_frequent_as_published(people):
    old = [p for p in people if 50 <= p.age_years <= 79]
    assert 0.01 < np.mean([p.implant == "stem" for p in people]) < 0.06
    assert 0.07 < np.mean([p.fractured_vertebra is not None for p in old]) < 0.18
    assert all((p.implant is None) == (p.implant_side is None) for p in people)
    assert {p.implant_side for p in people} == {None, "L", "R"}
    assert sum(FRACTURE_WEIGHTS) == pytest.approx(1.0)


def test_weak_bone_breaks_more_often():
    assert fracture_probability(draw_patient(1, bone_z=-2.0)) > 3 * fracture_probability(draw_patient(1, bone_z=1.0))


def test_every_drawn_patient_has_a_body(people):
    for person in people[:50]:
        plan = plan_body(person)
        assert plan.hip_half_width_mm < 320
        assert 0 < plan.subcutaneous_fat_mm < 90
